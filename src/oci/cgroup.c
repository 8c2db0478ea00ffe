#include "oci/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup_bundle.h"
#include "oci/setup.h"

#include "base/banned.h"

#define REMOVE_DEPTH_MAX 100
#define RESERVE_MIN (256LL << 20)

/*
 * The controllers among the super block options of a version 1 mount, without "rw" and other
 * generic ones.
 */
static char *controllers_of(const char *options)
{
	static const char *const known[] = { "cpuset",	   "cpu",      "cpuacct", "blkio",
					     "memory",	   "devices",  "freezer", "net_cls",
					     "perf_event", "net_prio", "hugetlb", "pids",
					     "rdma" };
	char **parts autostrv = strv_split(options, ',');
	char **found autostrv = NULL;

	for (size_t i = 0; parts[i]; i++)
		for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++)
			if (strcmp(parts[i], known[k]) == 0)
				strv_add(&found, parts[i]);
	return strv_join(found, ",");
}

/*
 * One line of mountinfo: "ID PARENT DEV ROOT POINT OPTIONS [TAGS] - TYPE SOURCE SUPER" (proc(5)).
 */
static void read_mount(char *line, char ***ret)
{
	char *tail = strstr(line, " - ");
	char *point, *end, *type, *super;
	char *controllers autofree = NULL;

	if (!tail)
		return;
	*tail = '\0';
	type = tail + 3;
	super = strrchr(type, ' ');
	if (!super || (!str_has_prefix(type, "cgroup ") && !str_has_prefix(type, "cgroup2 ")))
		return;
	point = line;
	for (int i = 0; i < 4 && point; i++)
		point = strchr(point + 1, ' ');
	if (!point || !(end = strchr(point + 1, ' ')))
		return;
	*end = '\0';
	controllers = controllers_of(super + 1);
	if (str_has_prefix(type, "cgroup2 "))
		*controllers = '\0';
	else if (!*controllers) /* systemd's own named hierarchy limits nothing */
		return;
	strv_add(ret, point + 1);
	strv_add(ret, controllers);
}

/*
 * Read once in the life of a process: a start asks for it three times, and no host moves its
 * hierarchies while containers use them.
 */
struct error *cgroup_mounts(char ***ret)
{
	static char **found;
	char *text autofree = NULL;
	char **lines autostrv = NULL;

	if (!found) {
		TRY(path_read_text(AT_FDCWD, "/proc/self/mountinfo", 8 << 20, &text));
		lines = strv_split(text, '\n');
		for (size_t i = 0; lines[i]; i++)
			read_mount(lines[i], &found);
	}
	for (size_t i = 0; found && found[i]; i++)
		strv_add(ret, found[i]);
	return NULL;
}

struct error *cgroup_detect(const struct cgroup_ops **ret)
{
	char **mounts autostrv = NULL;

	TRY(cgroup_mounts(&mounts));
	if (!mounts)
		return error_new(ERROR_UNSUPPORTED, "no cgroup file system is mounted");
	*ret = &cgroup_v2;
	/* Any controller that is left to version 1 makes the host one of version 1. */
	for (size_t i = 0; mounts[i]; i += 2)
		if (*mounts[i + 1])
			*ret = &cgroup_v1;
	return NULL;
}

const struct cgroup_ops *cgroup_by_name(const char *name)
{
	return str_equal(name, cgroup_v2.name) ? &cgroup_v2 : &cgroup_v1;
}

struct error *cgroup_make_place(struct cgroup *cg, const char *parent, const char *controllers,
				const char *id, bool *ret_made)
{
	char *path autofree = alloc_printf("%s/%s", parent, id);
	struct cgroup_place *place;

	*ret_made = false;
	if (cg->n == CGROUP_PLACES_MAX)
		return error_new(ERROR_LIMIT, "more than %d cgroup hierarchies", CGROUP_PLACES_MAX);
	if (mkdir(path, 0755) < 0)
		return errno == ENOENT ? NULL : error_sys("make %s", path);
	*ret_made = true;
	place = &cg->places[cg->n++];
	*place = (struct cgroup_place){
		.controllers = alloc_string(controllers),
		.dir = -1,
		.join = -1,
	};
	place->path = take(path);
	place->dir = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->dir < 0 ? error_sys("open %s", place->path) : NULL;
}

int64_t cgroup_memory_ceiling(void)
{
	struct sysinfo info;
	int64_t total, reserve;

	if (sysinfo(&info) < 0)
		return 0;
	total = (int64_t)info.totalram * info.mem_unit;
	reserve = total / 20 > RESERVE_MIN ? total / 20 : RESERVE_MIN;
	return total > 2 * reserve ? total - reserve : total / 2;
}

int64_t cgroup_pids_ceiling(void)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(AT_FDCWD, "/proc/sys/kernel/pid_max", 32, &text);
	uint64_t max = 32768;

	if (!err) {
		text[strcspn(text, "\n")] = '\0';
		err = str_parse_u64(text, 1, 1 << 22, &max);
	}
	error_ignore(err, "the kernel's smallest default is assumed");
	return (int64_t)(max - max / 10);
}

int cgroup_open_oom(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++) {
		int fd = openat(cg->places[i].dir, "memory.events", O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			fd = openat(cg->places[i].dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

struct error *cgroup_open(struct cgroup *cg, char *const *paths, const struct cgroup_ops *ops)
{
	cg->ops = ops;
	for (size_t i = 0; paths && paths[i] && cg->n < CGROUP_PLACES_MAX; i++) {
		struct cgroup_place *place = &cg->places[cg->n++];
		bool v2 = ops == &cgroup_v2;

		*place = (struct cgroup_place){ .controllers = alloc_string(v2 ? "" : "joined"),
						.join = -1 };
		place->path = alloc_string(paths[i]);
		place->dir = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (place->dir < 0)
			return error_sys("open %s", paths[i]);
		if (v2)
			continue;
		place->join = openat(place->dir, "tasks", O_WRONLY | O_CLOEXEC);
		if (place->join < 0)
			return error_sys("open %s/tasks", paths[i]);
	}
	return NULL;
}

struct error *cgroup_join(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->places[i].join >= 0 && write(cg->places[i].join, "0", 1) < 0)
			return error_sys("join %s", cg->places[i].path);
	return NULL;
}

struct error *cgroup_processes(const char *path, char ***pids)
{
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *text autofree = NULL;
	char **lines autostrv = NULL;

	if (dir < 0)
		return errno == ENOENT ? NULL : error_sys("open %s", path);
	TRY(path_read_text(dir, "cgroup.procs", 1 << 22, &text));
	lines = strv_split(text, '\n');
	for (size_t i = 0; lines[i]; i++)
		if (*lines[i])
			strv_add(pids, lines[i]);
	return NULL;
}

struct error *cgroup_signal(const char *path, int signal)
{
	char **pids autostrv = NULL;

	TRY(cgroup_processes(path, &pids));
	for (size_t i = 0; pids && pids[i]; i++) {
		uint64_t pid;

		TRY(str_parse_u64(pids[i], 1, 1 << 22, &pid));
		if (kill((pid_t)pid, signal) < 0 && errno != ESRCH)
			return error_sys("signal process %s", pids[i]);
	}
	return NULL;
}

static struct error *remove_group(const char *path)
{
	for (int tries = 0; rmdir(path) < 0; tries++) {
		if (errno == ENOENT)
			return NULL;
		if (errno != EBUSY || tries == 50) /* half a second: processes on their way out */
			return error_sys("remove %s", path);
		if (tries)
			usleep(10000);
	}
	return NULL;
}

static struct error *remove_tree(const char *path, const struct cgroup_ops *ops, int depth);

static struct error *remove_below(const char *path, const struct cgroup_ops *ops, int depth)
{
	DIR *stream = opendir(path);
	struct error *err = NULL;
	struct dirent *entry;

	if (!stream)
		return errno == ENOENT ? NULL : error_sys("read %s", path);
	while (!err && (entry = readdir(stream))) {
		char *below autofree = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = alloc_printf("%s/%s", path, entry->d_name);
		err = remove_tree(below, ops, depth + 1);
	}
	closedir(stream);
	return err;
}

/*
 * Killed first, so that nothing makes new groups; below it are those that a privileged container
 * made.
 */
static struct error *remove_tree(const char *path, const struct cgroup_ops *ops, int depth)
{
	if (rmdir(path) == 0 || errno == ENOENT)
		return NULL;
	if (depth > REMOVE_DEPTH_MAX)
		return error_new(ERROR_LIMIT, "%s: more than %d groups deep", path,
				 REMOVE_DEPTH_MAX);
	TRY(ops->kill(path));
	TRY(remove_below(path, ops, depth));
	return remove_group(path);
}

/* What is frozen in one hierarchy of version 1 can be killed in none, but for this. */
static void kill_frozen(char *const *paths)
{
	if (!cgroup_is_frozen(paths))
		return;
	error_ignore(cgroup_signal(paths[0], SIGKILL), "they are killed once more below");
	error_ignore(cgroup_freeze(paths, false), "what does not die then is told");
}

struct error *cgroup_remove(char *const *paths, const struct cgroup_ops *ops)
{
	struct error *first = NULL;

	if (paths && paths[0] && rmdir(paths[0]) < 0 && errno == EBUSY)
		kill_frozen(paths);
	for (size_t i = 0; paths && paths[i]; i++) {
		struct error *err = remove_tree(paths[i], ops, 0);

		if (!first)
			first = err;
		else
			error_ignore(err, "the first error counts");
	}
	return first;
}

void cgroup_close(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++) {
		free(cg->places[i].controllers);
		free(cg->places[i].path);
		fd_close(&cg->places[i].dir);
		fd_close(&cg->places[i].join);
	}
	cg->n = 0;
}

struct error *oci_fork(pid_t *ret_pid)
{
	const struct cgroup_ops *ops;

	TRY(cgroup_detect(&ops));
	return ops->fork(ret_pid);
}

struct error *step_make_cgroup(struct setup *s)
{
	TRY(cgroup_detect(&s->cgroup.ops));
	if (s->spec->cgroup_parent) /* the host may have become another one since it was made */
		TRY(oci_check_cgroup_parent(s->spec->cgroup_parent));
	TRY(s->spec->bundle ? cgroup_bundle_make(&s->cgroup, s->spec)
			    : s->cgroup.ops->make(&s->cgroup, s->spec));
	return s->cgroup.ops->limit(&s->cgroup, s->spec);
}

void undo_make_cgroup(struct setup *s)
{
	char **paths autostrv = NULL;

	for (size_t i = 0; i < s->cgroup.n; i++)
		strv_add(&paths, s->cgroup.places[i].path);
	if (s->cgroup.ops)
		error_ignore(cgroup_remove(paths, s->cgroup.ops), "the start has failed already");
}

struct error *step_open_cgroup(struct setup *s)
{
	return cgroup_open(&s->cgroup, s->joined->cgroups,
			   cgroup_by_name(s->joined->cgroup_manager));
}

struct error *step_join_cgroup(struct setup *s)
{
	TRY(cgroup_join(&s->cgroup));
	if (s->cgroup_namespace >= 0 && setns(s->cgroup_namespace, CLONE_NEWCGROUP) < 0)
		return error_sys("join the cgroup namespace");
	return NULL;
}
