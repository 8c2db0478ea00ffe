/*
 * Version 1 (kernel: admin-guide/cgroup-v1): a hierarchy per controller, also on hybrid hosts. The
 * child joins by writing "0" to each "tasks" itself: moving another process waits for a grace
 * period of the kernel, some ten milliseconds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"
#include "oci/systemd.h"

#include "base/banned.h"

#define THAW_DEPTH_MAX 100

/*
 * Hierarchies whose groups limit, count, or freeze; cpuset only when asked for, its groups must be
 * filled first.
 */
static const char *const wanted[] = { "memory",	 "cpu",	    "cpuacct", "pids",
				      "devices", "freezer", "blkio",   NULL };

static bool is_wanted(const char *controllers, const struct oci_resources *r)
{
	for (size_t i = 0; wanted[i]; i++)
		if (cgroup_has(controllers, wanted[i]))
			return true;
	return cgroup_has(controllers, "cpuset") && (r->cpuset_cpus || r->cpuset_mems);
}

static struct error *write_int(int dir, const char *file, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%jd", (intmax_t)value);
	return path_write_existing(dir, file, text);
}

/* A new group of cpuset holds nothing until it is given what its parent has. */
struct error *cgroup_fill_cpuset(int parent, int dir)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (int i = 0; i < 2; i++) {
		char *own autofree = NULL, *text autofree = NULL;

		TRY(path_read_text(dir, files[i], 4096, &own));
		if (own[strspn(own, "\n")]) /* somebody has filled it */
			continue;
		TRY(path_read_text(parent, files[i], 4096, &text));
		TRY(path_write_existing(dir, files[i], text));
	}
	return NULL;
}

/* What all containers together may have: the host keeps a reserve (requirement C2). */
static struct error *limit_parent(const char *mount, const char *controllers)
{
	char *path autofree = alloc_printf("%s/bulkhead", mount);
	int top autoclose = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || dir < 0)
		return error_sys("open %s", path);
	if (cgroup_has(controllers, "memory"))
		TRY(write_int(dir, "memory.limit_in_bytes", cgroup_memory_ceiling()));
	if (cgroup_has(controllers, "pids"))
		TRY(write_int(dir, "pids.max", cgroup_pids_ceiling()));
	return cgroup_has(controllers, "cpuset") ? cgroup_fill_cpuset(top, dir) : NULL;
}

/* The groups between the engine's and the container's. */
static struct error *make_between(const char *base, const char *controllers, char *const *names)
{
	int above autoclose = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (above < 0)
		return error_sys("open %s", base);
	for (size_t i = 0; names && names[i]; i++) {
		int dir autoclose = -1;

		TRY(error_wrap(path_open_dir(above, names[i], 0755, &dir), "in %s", base));
		if (cgroup_has(controllers, "cpuset"))
			TRY(cgroup_fill_cpuset(above, dir));
		fd_close(&above);
		above = fd_take(&dir);
	}
	return NULL;
}

static struct error *make_above(const char *mount, const char *controllers, char *const *names)
{
	char *base autofree = alloc_printf("%s/bulkhead", mount);

	if (mkdir(base, 0755) == 0)
		TRY(limit_parent(mount, controllers));
	else if (errno != EEXIST)
		return error_sys("make %s", base);
	return make_between(base, controllers, names);
}

static struct error *make_one(struct cgroup *cg, const char *mount, const char *controllers,
			      const struct oci_spec *spec)
{
	char **names autostrv = cgroup_parent_names(spec->cgroup_parent);
	char *below autofree = strv_join(names, "/");
	char *parent autofree = alloc_printf("%s/bulkhead%s%s", mount, names ? "/" : "", below);
	bool made;

	TRY(cgroup_make_place(cg, parent, controllers, spec->id, &made));
	if (made)
		return NULL;
	TRY(make_above(mount, controllers, names));
	TRY(cgroup_make_place(cg, parent, controllers, spec->id, &made));
	return made ? NULL : error_new(ERROR_CONFLICT, "%s was removed meanwhile", parent);
}

static struct error *fill_own_cpuset(const struct cgroup_place *place)
{
	int parent autoclose = -1;

	if (!cgroup_has(place->controllers, "cpuset"))
		return NULL;
	parent = openat(place->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return parent < 0 ? error_sys("open %s/..", place->path)
			  : cgroup_fill_cpuset(parent, place->dir);
}

static struct error *make(struct cgroup *cg, const struct oci_spec *spec)
{
	const struct cgroup_mount_point *m;

	TRY(cgroup_mounts(&m));
	for (; m->path; m++) {
		if (!is_wanted(m->controllers, &spec->resources))
			continue;
		TRY(make_one(cg, m->path, m->controllers, spec));
		TRY(fill_own_cpuset(&cg->places[cg->n - 1]));
		TRY(cgroup_open_tasks(cg));
	}
	return cg->n ? NULL
		     : error_new(ERROR_UNSUPPORTED, "no cgroup controller that limits is mounted");
}

/* Frozen processes must be thawed to die: also those of groups that the container has made. */
static void thaw(const char *path, int depth)
{
	char *file autofree = alloc_printf("%s/freezer.state", path);
	struct dirent *entry;
	DIR *stream;

	if (access(file, F_OK) < 0 || depth > THAW_DEPTH_MAX)
		return; /* only the freezer's hierarchy has it */
	error_ignore(path_write_existing(AT_FDCWD, file, "THAWED"), "it is tried again");
	stream = opendir(path);
	while (stream && (entry = readdir(stream))) {
		char *below autofree = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = alloc_printf("%s/%s", path, entry->d_name);
		thaw(below, depth + 1);
	}
	if (stream)
		closedir(stream);
}

static struct error *kill_listed(const char *path, size_t *ret_n)
{
	pid_t *pids autofree = NULL;
	size_t n;

	*ret_n = 0;
	TRY(cgroup_processes(path, &pids, &n));
	for (size_t i = 0; i < n; i++)
		if (kill(pids[i], SIGKILL) == 0)
			(*ret_n)++;
	if (*ret_n)
		thaw(path, 0);
	return NULL;
}

static struct error *kill_group(const char *path)
{
	for (int tries = 0; tries < 500;
	     tries++) { /* five seconds; a fork bomb needs more than one round */
		size_t n;

		TRY(kill_listed(path, &n));
		if (!n)
			return NULL;
		usleep(tries < 10 ? 1000 : 10000);
	}
	return error_new(ERROR_TIMEOUT, "processes in %s do not die", path);
}

/* Goes into the group bulkhead/monitors of the hierarchy at @mount, if that is one. */
static struct error *enter_monitors(const char *mount, const char *list)
{
	int top autoclose = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int base autoclose = -1, monitors autoclose = -1;
	struct statfs fs;

	if (top < 0)
		return errno == ENOENT ? NULL : error_sys("open %s", mount);
	if (fstatfs(top, &fs) < 0)
		return error_sys("%s", mount);
	if (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC)
		return NULL;
	TRY(path_open_dir(top, "bulkhead", 0755, &base));
	TRY(path_open_dir(base, "monitors", 0755, &monitors));
	return error_wrap(path_write_existing(monitors, list, "0"), "%s/bulkhead/monitors", mount);
}

/*
 * Version 1 kills nothing by group, but systemd does: what is in the group of a session or unit, of
 * these two hierarchies, ends with it. That they are at these places is fixed by systemd
 * (systemd.io, CGROUP_DELEGATION).
 */
static struct error *leave_unit(void)
{
	if (!systemd_is_running())
		return NULL;
	TRY(enter_monitors("/sys/fs/cgroup/systemd", "tasks"));
	return enter_monitors("/sys/fs/cgroup/unified", "cgroup.procs");
}

static struct error *fork_monitor(pid_t *ret_pid)
{
	struct error *err = NULL;

	*ret_pid = fork();
	if (*ret_pid < 0)
		return error_sys("fork");
	if (*ret_pid == 0)
		err = leave_unit();
	if (err) /* in the child, which has nobody to return it to yet */
		log_notice("the container ends with the unit that started it: %s",
			   error_message(err));
	error_free(err);
	return NULL;
}

const struct cgroup_ops cgroup_v1 = {
	.name = "v1", .make = make, .fork = fork_monitor, .kill = kill_group
};
