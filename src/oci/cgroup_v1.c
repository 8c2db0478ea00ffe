/*
 * Version 1 (kernel: admin-guide/cgroup-v1): a hierarchy per controller, also on hybrid hosts. The
 * child joins by writing "0" to each "tasks" itself: moving another process waits for a grace
 * period of the kernel, some ten milliseconds.
 */
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
#include "oci/cgroup_files.h"
#include "oci/systemd.h"

#include "base/banned.h"

/*
 * Hierarchies whose groups limit, count, or freeze; cpuset only when asked for, its groups must be
 * filled first.
 */
static const char *const wanted[] = { "memory",	 "cpu",	    "cpuacct", "pids",
				      "devices", "freezer", "blkio",   NULL };

static bool has(const char *controllers, const char *one)
{
	char **list autostrv = strv_split(controllers, ',');

	return strv_contains(list, one);
}

static bool is_wanted(const char *controllers, const struct oci_resources *r)
{
	for (size_t i = 0; wanted[i]; i++)
		if (has(controllers, wanted[i]))
			return true;
	return has(controllers, "cpuset") && (r->cpuset_cpus || r->cpuset_mems);
}

static struct error *write_int(int dir, const char *file, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%jd", (intmax_t)value);
	return path_write_existing(dir, file, text);
}

/* A new group of cpuset holds nothing until it is given what its parent has. */
static struct error *fill_cpuset(int parent, int dir)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (int i = 0; i < 2; i++) {
		char *text autofree = NULL;

		TRY(path_read_text(parent, files[i], 4096, &text));
		TRY(path_write_existing(dir, files[i], text));
	}
	return NULL;
}

/* One that somebody has filled stays as it is. */
static struct error *fill_empty_cpuset(int parent, int dir)
{
	char *cpus autofree = NULL, *mems autofree = NULL;

	TRY(path_read_text(dir, "cpuset.cpus", 4096, &cpus));
	TRY(path_read_text(dir, "cpuset.mems", 4096, &mems));
	return cpus[strspn(cpus, "\n")] && mems[strspn(mems, "\n")] ? NULL
								    : fill_cpuset(parent, dir);
}

struct error *cgroup_fill_cpuset(const char *path)
{
	char *above autofree = alloc_printf("%s/..", path);
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int parent autoclose = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || parent < 0)
		return error_sys("open %s", path);
	if (faccessat(dir, "cpuset.cpus", F_OK, 0) < 0)
		return NULL;
	return error_wrap(fill_empty_cpuset(parent, dir), "%s", path);
}

/* What all containers together may have: the host keeps a reserve (requirement C2). */
static struct error *limit_parent(const char *mount, const char *controllers)
{
	char *path autofree = alloc_printf("%s/bulkhead", mount);
	int top autoclose = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || dir < 0)
		return error_sys("open %s", path);
	if (has(controllers, "memory"))
		TRY(write_int(dir, "memory.limit_in_bytes", cgroup_memory_ceiling()));
	if (has(controllers, "pids"))
		TRY(write_int(dir, "pids.max", cgroup_pids_ceiling()));
	return has(controllers, "cpuset") ? fill_cpuset(top, dir) : NULL;
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
		if (has(controllers, "cpuset"))
			TRY(fill_empty_cpuset(above, dir));
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

static struct error *make(struct cgroup *cg, const struct oci_spec *spec)
{
	char **mounts autostrv = NULL;

	TRY(cgroup_mounts(&mounts));
	for (size_t i = 0; mounts[i]; i += 2) {
		struct cgroup_place *place;

		if (!is_wanted(mounts[i + 1], &spec->resources))
			continue;
		TRY(make_one(cg, mounts[i], mounts[i + 1], spec));
		place = &cg->places[cg->n - 1];
		place->join = openat(place->dir, "tasks", O_WRONLY | O_CLOEXEC);
		if (place->join < 0)
			return error_sys("open %s/tasks", place->path);
	}
	return cg->n ? NULL
		     : error_new(ERROR_UNSUPPORTED, "no cgroup controller that limits is mounted");
}

/* -1 is unlimited in these files too. */
static struct error *limit_memory(int dir, const struct oci_resources *r)
{
	if (r->memory_bytes)
		TRY(write_int(dir, "memory.limit_in_bytes", r->memory_bytes));
	if (r->memory_reservation_bytes)
		TRY(write_int(dir, "memory.soft_limit_in_bytes", r->memory_reservation_bytes));
	if (r->memory_swap_bytes) {
		struct error *err =
			write_int(dir, "memory.memsw.limit_in_bytes", r->memory_swap_bytes);

		if (err && error_errno(err) != ENOENT)
			return err;
		error_ignore(err, "this kernel does not account swap");
	}
	return NULL;
}

static struct error *limit_cpu(int dir, const struct oci_resources *r)
{
	if (r->cpu_shares)
		TRY(write_int(dir, "cpu.shares", r->cpu_shares));
	if (r->cpu_period_us)
		TRY(write_int(dir, "cpu.cfs_period_us", r->cpu_period_us));
	return r->cpu_quota_us ? write_int(dir, "cpu.cfs_quota_us", r->cpu_quota_us) : NULL;
}

static struct error *limit_cpuset(const struct cgroup_place *place, const struct oci_resources *r)
{
	char *above autofree = alloc_printf("%s/..", place->path);
	int parent autoclose = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0)
		return error_sys("open %s", above);
	TRY(fill_cpuset(parent, place->dir));
	if (r->cpuset_cpus)
		TRY(path_write_existing(place->dir, "cpuset.cpus", r->cpuset_cpus));
	return r->cpuset_mems ? path_write_existing(place->dir, "cpuset.mems", r->cpuset_mems)
			      : NULL;
}

/* Everything is denied, then each device allowed: one rule a write. */
static struct error *limit_devices(int dir, const struct oci_spec *spec)
{
	struct cgroup_device *devices autofree = NULL;
	int allow autoclose = -1;
	size_t n;

	if (spec->resources.all_devices)
		return NULL;
	TRY(cgroup_devices_of(spec, &devices, &n));
	TRY(path_write_existing(dir, "devices.deny", "a"));
	allow = openat(dir, "devices.allow", O_WRONLY | O_CLOEXEC);
	if (allow < 0)
		return error_sys("open devices.allow");
	for (size_t i = 0; i < n; i++) {
		char major[12] = "*", minor[12] = "*", rule[48];

		if (devices[i].major >= 0)
			snprintf(major, sizeof(major), "%d", devices[i].major);
		if (devices[i].minor >= 0)
			snprintf(minor, sizeof(minor), "%d", devices[i].minor);
		snprintf(rule, sizeof(rule), "%c %s:%s %s", devices[i].type, major, minor,
			 devices[i].access);
		TRY(error_wrap(fd_write_all(allow, rule, strlen(rule)), "devices.allow \"%s\"",
			       rule));
	}
	return NULL;
}

static struct error *limit_place(const struct cgroup_place *place, const struct oci_spec *spec)
{
	const struct oci_resources *r = &spec->resources;

	if (has(place->controllers, "memory"))
		TRY(limit_memory(place->dir, r));
	if (has(place->controllers, "cpu"))
		TRY(limit_cpu(place->dir, r));
	if (has(place->controllers, "cpuset") && (r->cpuset_cpus || r->cpuset_mems))
		TRY(limit_cpuset(place, r));
	if (has(place->controllers, "pids") && r->pids_limit > 0)
		TRY(write_int(place->dir, "pids.max", r->pids_limit));
	return has(place->controllers, "devices") ? limit_devices(place->dir, spec) : NULL;
}

static struct error *limit(struct cgroup *cg, const struct oci_spec *spec)
{
	for (size_t i = 0; i < cg->n; i++)
		TRY(error_wrap(limit_place(&cg->places[i], spec), "%s", cg->places[i].path));
	return NULL;
}

/* A frozen group must be thawed to die. */
static void thaw(int dir)
{
	struct error *err = path_write_existing(dir, "freezer.state", "THAWED");

	error_ignore(err, "only the freezer's hierarchy has it");
}

static struct error *kill_listed(const char *path, size_t *ret_n)
{
	char *text autofree = NULL;
	char **lines autostrv = NULL;
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_n = 0;
	if (dir < 0)
		return errno == ENOENT ? NULL : error_sys("open %s", path);
	TRY(path_read_text(dir, "cgroup.procs", 1 << 22, &text));
	lines = strv_split(text, '\n');
	for (size_t i = 0; lines[i]; i++) {
		struct error *err autoerror = NULL;
		uint64_t pid;

		if (!*lines[i])
			continue;
		err = str_parse_u64(lines[i], 1, 1 << 22, &pid);
		if (!err && kill((pid_t)pid, SIGKILL) == 0)
			(*ret_n)++;
	}
	if (*ret_n)
		thaw(dir);
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
	.name = "v1", .make = make, .limit = limit, .fork = fork_monitor, .kill = kill_group
};
