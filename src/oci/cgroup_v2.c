/*
 * Version 2 (kernel: admin-guide/cgroup-v2): one hierarchy. The child is born in its group
 * (CLONE_INTO_CGROUP); devices are ruled by a BPF program.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"
#include "oci/systemd.h"

#include "base/banned.h"

/* The words of a file of a group. */
static char **read_words(int dir, const char *file)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(dir, file, 4096, &text);

	error_ignore(err, "a limit of a controller that is missing will say so");
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return strv_split(text ? text : "", ' ');
}

void cgroup_enable_controllers(int dir)
{
	char **names autostrv = read_words(dir, "cgroup.controllers");
	char **enabled autostrv = read_words(dir, "cgroup.subtree_control");

	for (size_t i = 0; names[i]; i++) {
		char *one autofree = alloc_printf("+%s", names[i]);

		if (*names[i] && !strv_contains(enabled, names[i]))
			error_ignore(path_write_existing(dir, "cgroup.subtree_control", one),
				     "a limit of that controller will say so");
	}
}

static struct error *write_int(int dir, const char *file, int64_t value)
{
	char text[24];

	if (value < 0)
		return path_write_existing(dir, file, "max");
	snprintf(text, sizeof(text), "%jd", (intmax_t)value);
	return path_write_existing(dir, file, text);
}

/*
 * Where our groups are: in a scope that systemd has delegated to us, ours or one in the slice
 * @parent, or below the root.
 */
static char *base_of(const char *mount, const char *parent)
{
	char *scope autofree = NULL;

	if (!systemd_is_running())
		return alloc_printf("%s/bulkhead", mount);
	if (!parent || !cgroup_parent_is_slice(parent))
		return alloc_printf("%s/" SYSTEMD_SCOPE_PATH, mount);
	scope = systemd_scope_in(parent);
	return alloc_printf("%s/%s", mount, scope);
}

static struct error *find_mount(const char **ret)
{
	const struct cgroup_mount_point *m;

	TRY(cgroup_unified_mount(&m));
	*ret = m->path;
	return NULL;
}

/* The limit of the parent of all (requirement C2); systemd sets it on its scope itself. */
static struct error *limit_base(int dir)
{
	TRY(write_int(dir, "memory.max", cgroup_memory_ceiling()));
	return write_int(dir, "pids.max", cgroup_pids_ceiling());
}

/*
 * Makes our part of the hierarchy: the base, "monitors" in it, and the controllers handed down. A
 * group with processes of its own can hand nothing down, so @first, the process that systemd's
 * scope was made with, goes to the monitors.
 */
static struct error *make_base(const char *mount, const char *base, pid_t first)
{
	int top autoclose = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir autoclose = -1, monitors autoclose = -1;

	if (top < 0)
		return error_sys("open %s", mount);
	if (!first) {
		cgroup_enable_controllers(top);
		if (mkdir(base, 0755) < 0 && errno != EEXIST)
			return error_sys("make %s", base);
	}
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_sys("open %s", base);
	TRY(path_open_dir(dir, "monitors", 0755, &monitors));
	if (first)
		TRY(write_int(monitors, "cgroup.procs", first));
	cgroup_enable_controllers(dir);
	return first ? NULL : limit_base(dir);
}

/*
 * One process at a time; who waited finds it made. *@ret_first keeps systemd's scope until the
 * caller ends it.
 */
static struct error *prepare(const char *mount, const char *base, pid_t *ret_first)
{
	char *monitors autofree = alloc_printf("%s/monitors", base);
	int run autoclose = -1, lock autoclose = -1;
	pid_t first = 0;

	*ret_first = 0;
	TRY(path_make_dirs("/run/bulkhead", 0700, &run));
	TRY(lock_take(run, "cgroup.lock", &lock));
	if (access(monitors, F_OK) == 0)
		return NULL;
	if (systemd_is_running())
		TRY(systemd_make_scope(base, cgroup_memory_ceiling(), cgroup_pids_ceiling(),
				       &first));
	*ret_first = first;
	return make_base(mount, base, first);
}

/*
 * The group is gone, or dying under our hands (ENODEV), or systemd has not done with the last one
 * yet.
 */
static bool is_passing(const struct error *err)
{
	return error_is(err, ERROR_CONFLICT) || error_errno(err) == ENOENT ||
	       error_errno(err) == ENODEV;
}

static struct error *make_in_base(struct cgroup *cg, const char *mount, const char *base,
				  const char *id)
{
	struct error *err;
	pid_t first;
	bool made;

	TRY(cgroup_make_place(cg, base, "", id, &made));
	if (made)
		return NULL;
	err = prepare(mount, base, &first);
	if (!err)
		err = cgroup_make_place(cg, base, "", id, &made);
	systemd_release_scope(first);
	if (!err && !made)
		err = error_new(ERROR_CONFLICT, "%s was removed meanwhile", base);
	return err;
}

/* Moves this process, the monitor, where a scope in a slice needs one to stay. */
static struct error *enter_scope(const char *mount, const char *base)
{
	char *list autofree = alloc_printf("%s/monitors/cgroup.procs", base);
	struct error *err;
	pid_t first;

	TRY(prepare(mount, base, &first));
	err = path_write_existing(AT_FDCWD, list, "0");
	systemd_release_scope(first);
	return err;
}

/* The monitor was born before the slice was known, in our own scope, and leaves that. */
static struct error *make_in_slice(struct cgroup *cg, const char *mount, const char *base,
				   const char *id)
{
	struct error *err = enter_scope(mount, base);
	bool made;

	for (int tries = 0; err && is_passing(err) && tries < 500; tries++) {
		error_ignore(err, "an earlier scope of that name is on its way out");
		usleep(10000);
		err = enter_scope(mount, base);
	}
	TRY(err);
	TRY(cgroup_make_place(cg, base, "", id, &made));
	return made ? NULL : error_new(ERROR_CONFLICT, "%s was removed meanwhile", base);
}

/*
 * A parent is made when it is missing, and hands the controllers down either way: its maker may
 * have left that to us.
 */
static struct error *make_in_parent(struct cgroup *cg, const char *mount, const char *base,
				    const struct oci_spec *spec)
{
	char **names autostrv = cgroup_parent_names(spec->cgroup_parent);
	char *below autofree = strv_join(names, "/");
	char *parent autofree = alloc_printf("%s/%s", base, below);
	int above autoclose = -1;
	pid_t first;
	bool made;

	/* This process is in the group of monitors: what is made here stays. */
	TRY(prepare(mount, base, &first));
	systemd_release_scope(first);
	above = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above < 0)
		return error_sys("open %s", base);
	for (size_t i = 0; names[i]; i++) {
		int dir = -1;

		TRY(error_wrap(path_open_dir(above, names[i], 0755, &dir), "in %s", base));
		cgroup_enable_controllers(dir);
		fd_close(&above);
		above = dir;
	}
	TRY(cgroup_make_place(cg, parent, "", spec->id, &made));
	return made ? NULL : error_new(ERROR_CONFLICT, "%s was removed meanwhile", parent);
}

static struct error *make(struct cgroup *cg, const struct oci_spec *spec)
{
	const char *mount;
	char *base autofree = NULL;

	TRY(find_mount(&mount));
	base = base_of(mount, spec->cgroup_parent);
	if (cgroup_parent_is_slice(spec->cgroup_parent))
		return make_in_slice(cg, mount, base, spec->id);
	if (spec->cgroup_parent)
		return make_in_parent(cg, mount, base, spec);
	return make_in_base(cg, mount, base, spec->id);
}

static struct error *fork_into(const char *monitors, pid_t *ret_pid)
{
	int dir autoclose = open(monitors, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid;

	if (dir < 0)
		return error_sys("open %s", monitors);
	pid = proc_clone(0, dir, NULL);
	if (pid < 0)
		return error_sys("clone into %s", monitors);
	*ret_pid = pid;
	return NULL;
}

static struct error *prepare_and_fork(const char *mount, const char *base, const char *monitors,
				      pid_t *ret_pid)
{
	struct error *err;
	pid_t first;

	TRY(prepare(mount, base, &first));
	err = fork_into(monitors, ret_pid);
	if (err || *ret_pid)
		systemd_release_scope(first);
	return err;
}

/*
 * systemd drops its scope with the last process in it, and takes some time for it: what we have
 * just seen, or made for a command beside us, may be gone when we clone into it. So this is tried
 * until it holds.
 */
static struct error *fork_monitor(pid_t *ret_pid)
{
	const char *mount;
	char *base autofree = NULL, *monitors autofree = NULL;
	struct error *err;

	TRY(find_mount(&mount));
	base = base_of(mount, NULL);
	monitors = alloc_printf("%s/monitors", base);
	err = fork_into(monitors, ret_pid);
	for (int tries = 0; err && is_passing(err) && tries < 500; tries++) {
		error_ignore(err, "the group of monitors is made at first use");
		if (tries)
			usleep(10000);
		err = prepare_and_fork(mount, base, monitors, ret_pid);
	}
	return err;
}

static bool is_populated(int dir)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(dir, "cgroup.events", 4096, &text);

	if (err) {
		error_ignore(err, "a group that is gone is empty");
		return false;
	}
	return strstr(text, "populated 1") != NULL;
}

/* cgroup.kill ends the whole subtree at once, frozen or not (Linux 5.14). */
static struct error *kill_group(const char *path)
{
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? NULL : error_sys("open %s", path);
	TRY(path_write_existing(dir, "cgroup.kill", "1"));
	for (int tries = 0; tries < 500 && is_populated(dir); tries++)
		usleep(tries < 10 ? 1000 : 10000);
	return is_populated(dir) ? error_new(ERROR_TIMEOUT, "processes in %s do not die", path)
				 : NULL;
}

const struct cgroup_ops cgroup_v2 = {
	.name = "v2", .make = make, .fork = fork_monitor, .kill = kill_group
};
