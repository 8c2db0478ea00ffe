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
#include "oci/cgroup_limit.h"
#include "oci/setup.h"
#include "oci/systemd.h"

#include "base/banned.h"

#define REMOVE_DEPTH_MAX 100
#define RESERVE_MIN (256LL << 20)

struct error *cgroup_detect(const struct cgroup_ops **ret)
{
	const struct cgroup_mount_point *m;

	TRY(cgroup_mounts(&m));
	if (!m->path)
		return error_new(ERROR_UNSUPPORTED, "no cgroup file system is mounted");
	*ret = &cgroup_v2;
	/* Any controller that is left to version 1 makes the host one of version 1. */
	for (; m->path; m++)
		if (*m->controllers && !str_has_prefix(m->controllers, "name="))
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

	*ret_made = false;
	if (mkdir(path, 0755) < 0)
		return errno == ENOENT ? NULL : error_sys("make %s", path);
	*ret_made = true;
	return cgroup_add_place(cg, path, controllers);
}

struct error *cgroup_add_place(struct cgroup *cg, const char *path, const char *controllers)
{
	struct cgroup_place *place = &cg->places[cg->n];

	if (cg->n == CGROUP_PLACES_MAX)
		return error_new(ERROR_LIMIT, "more than %d cgroup hierarchies", CGROUP_PLACES_MAX);
	cg->n++;
	*place = (struct cgroup_place){
		.controllers = alloc_string(controllers),
		.path = alloc_string(path),
		.join = -1,
	};
	place->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->dir < 0 ? error_sys("open %s", path) : NULL;
}

struct error *cgroup_open_tasks(struct cgroup *cg)
{
	struct cgroup_place *place = &cg->places[cg->n - 1];

	place->join = openat(place->dir, "tasks", O_WRONLY | O_CLOEXEC);
	return place->join < 0 ? error_sys("open %s/tasks", place->path) : NULL;
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

/* Of the hierarchy that has @path below its mount point; a deeper mount point comes before. */
static const char *controllers_at(const struct cgroup_mount_point *m, const char *path)
{
	const char *found = NULL;
	size_t longest = 0;

	for (; m->path; m++) {
		size_t length = strlen(m->path);

		if (length > longest && str_has_prefix(path, m->path) && path[length] == '/') {
			longest = length;
			found = m->controllers;
		}
	}
	return found;
}

/* The PATH of "CONTROLLERS:PATH", or all of it. */
static const char *sub_path(const char *sub)
{
	const char *colon = strchr(sub, ':');

	return colon ? colon + 1 : sub;
}

/* Whether @sub is about the hierarchy of @controllers: with none named it is about all of them. */
static bool is_about(const char *sub, const char *controllers)
{
	const char *path = sub_path(sub);
	char *list autofree = alloc_string_n(sub, (size_t)(path - sub));
	char **names autostrv = NULL;

	if (path == sub)
		return true;
	list[strlen(list) - 1] = '\0';
	names = strv_split(list, ',');
	for (size_t i = 0; names[i]; i++)
		if (cgroup_has(controllers, names[i]))
			return true;
	return false;
}

/* Nothing of the command line leads out of the container's own groups. */
static struct error *check_sub(const char *sub, char *const *paths,
			       const struct cgroup_mount_point *mounts)
{
	char **parts autostrv = strv_split(sub_path(sub), '/');

	if (strv_contains(parts, ".."))
		return error_new(ERROR_BAD_INPUT, "%s is not a sub cgroup path", sub_path(sub));
	for (size_t i = 0; paths && paths[i]; i++) {
		const char *controllers = controllers_at(mounts, paths[i]);

		if (controllers && is_about(sub, controllers))
			return NULL;
	}
	return error_new(ERROR_BAD_INPUT, "unknown controller in %s", sub);
}

static char *with_sub(const char *path, const char *controllers, char *const *subs)
{
	for (size_t i = 0; subs && subs[i]; i++)
		if (is_about(subs[i], controllers))
			return alloc_printf("%s/%s", path, sub_path(subs[i]));
	return alloc_string(path);
}

struct error *cgroup_open(struct cgroup *cg, char *const *paths, char *const *subs,
			  const struct cgroup_ops *ops)
{
	const struct cgroup_mount_point *mounts;

	TRY(cgroup_mounts(&mounts));
	for (size_t i = 0; subs && subs[i]; i++)
		TRY(error_wrap(check_sub(subs[i], paths, mounts), "--cgroup"));
	cg->ops = ops;
	for (size_t i = 0; paths && paths[i]; i++) {
		const char *controllers = controllers_at(mounts, paths[i]);
		char *path autofree = NULL;

		if (!controllers)
			return error_new(ERROR_NOT_FOUND, "%s is in no cgroup file system",
					 paths[i]);
		path = with_sub(paths[i], controllers, subs);
		TRY(cgroup_add_place(cg, path, controllers));
		if (*controllers)
			TRY(cgroup_open_tasks(cg));
	}
	return NULL;
}

static struct error *move_place(struct cgroup_place *place, char *path)
{
	fd_close(&place->dir);
	free(place->path);
	place->path = path;
	place->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->dir < 0 ? error_sys("open %s", path) : NULL;
}

struct error *cgroup_follow(struct cgroup *cg, pid_t pid)
{
	char *file autofree = alloc_printf("/proc/%d/cgroup", (int)pid);
	char *text autofree = NULL, *group autofree = NULL;
	const struct cgroup_mount_point *mount;
	const char *inside;

	TRY(cgroup_unified_mount(&mount));
	TRY(path_read_text(AT_FDCWD, file, 1 << 20, &text));
	group = cgroup_line(text, "");
	inside = group;
	if (strcmp(mount->root, "/") != 0 && str_has_prefix(group, mount->root))
		inside += strlen(mount->root);
	for (size_t i = 0; i < cg->n; i++)
		if (!*cg->places[i].controllers)
			return move_place(&cg->places[i],
					  alloc_printf("%s%s", mount->path, inside));
	return NULL;
}

struct error *cgroup_join(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->places[i].join >= 0 && write(cg->places[i].join, "0", 1) < 0)
			return error_sys("join %s", cg->places[i].path);
	return NULL;
}

struct error *cgroup_signal(const char *path, int signal)
{
	pid_t *pids autofree = NULL;
	size_t n;

	TRY(cgroup_processes(path, &pids, &n));
	for (size_t i = 0; i < n; i++)
		if (kill(pids[i], signal) < 0 && errno != ESRCH)
			return error_sys("signal process %d", (int)pids[i]);
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

static bool freezes(const char *path)
{
	char *file autofree = alloc_printf("%s/freezer.state", path);

	return access(file, F_OK) == 0;
}

/* The freezer's first: who is frozen there dies in no other hierarchy either. */
struct error *cgroup_remove(char *const *paths, const struct cgroup_ops *ops)
{
	struct error *first = NULL;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; paths && paths[i]; i++) {
			struct error *err = NULL;

			if (round == 0 ? freezes(paths[i]) : access(paths[i], F_OK) == 0)
				err = remove_tree(paths[i], ops, 0);
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
	free(cg->unit);
	*cg = (struct cgroup){ 0 };
}

struct error *oci_fork(pid_t *ret_pid)
{
	const struct cgroup_ops *ops;

	TRY(cgroup_detect(&ops));
	return ops->fork(ret_pid);
}

static struct error *limit(const struct cgroup *cg, const struct oci_spec *spec)
{
	const struct config_resources r = cgroup_resources_of(&spec->resources);
	struct cgroup_devices devices autodevices = { 0 };

	TRY(cgroup_limit(cg, &r, true));
	if (spec->resources.all_devices)
		return NULL;
	TRY(cgroup_devices_of(spec, &devices));
	for (size_t i = 0; i < cg->n; i++)
		if (cg->ops == &cgroup_v2 || cgroup_has(cg->places[i].controllers, "devices"))
			TRY(error_wrap(cgroup_devices_set(&cg->places[i], &devices), "%s",
				       cg->places[i].path));
	return NULL;
}

struct error *step_make_cgroup(struct setup *s)
{
	TRY(cgroup_detect(&s->cgroup.ops));
	if (s->spec->cgroup_parent) /* the host may have become another one since it was made */
		TRY(oci_check_cgroup_parent(s->spec->cgroup_parent));
	if (s->spec->bundle)
		return cgroup_bundle_make(&s->cgroup, s->spec->bundle, s->spec->id);
	TRY(s->cgroup.ops->make(&s->cgroup, s->spec));
	return limit(&s->cgroup, s->spec);
}

void undo_make_cgroup(struct setup *s)
{
	char **paths autostrv = NULL;

	for (size_t i = 0; i < s->cgroup.n; i++)
		strv_add(&paths, s->cgroup.places[i].path);
	systemd_release_scope(s->cgroup.first);
	s->cgroup.first = 0;
	if (s->cgroup.ops)
		error_ignore(cgroup_remove(paths, s->cgroup.ops), "the start has failed already");
	if (s->cgroup.unit)
		error_ignore(systemd_stop_unit(s->cgroup.unit), "the start has failed already");
}

struct error *step_open_cgroup(struct setup *s)
{
	return cgroup_open(&s->cgroup, s->joined->cgroups,
			   s->spec->bundle ? s->spec->bundle->sub_cgroups : NULL,
			   cgroup_by_name(s->joined->cgroup_manager));
}

struct error *step_join_cgroup(struct setup *s)
{
	TRY(cgroup_join(&s->cgroup));
	if (s->cgroup_namespace >= 0 && setns(s->cgroup_namespace, CLONE_NEWCGROUP) < 0)
		return error_sys("join the cgroup namespace");
	return NULL;
}
