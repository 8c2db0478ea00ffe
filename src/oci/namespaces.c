/*
 * Making the child in its namespaces (clone3(2), unshare(2), setns(2)) and mapping its ids. The
 * user and pid namespaces are made by the clone; the others by the child itself, on its own CPU,
 * while the parent prepares the root.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/idrange.h"
#include "base/mount_flags.h"
#include "base/path.h"
#include "base/started.h"
#include "base/userns.h"
#include "config/config.h"
#include "oci/setup.h"

#include "base/banned.h"

/* What clone3 makes; the rest is the child's to unshare. */
#define CLONED (CLONE_NEWUSER | CLONE_NEWPID)

struct error *step_lease_ids(struct setup *s)
{
	if (s->join_namespaces & CLONE_NEWUSER) {
		s->ids = s->spec->join_ids;
		TRY(idrange_share(s->ids, s->spec->state_path));
		s->leased = true;
		return NULL;
	}
	if (!s->user_namespace)
		return NULL;
	TRY(idrange_lease(s->spec->state_path, &s->ids));
	s->leased = true;
	return NULL;
}

void undo_lease_ids(struct setup *s)
{
	if (s->leased)
		error_ignore(idrange_release(s->ids, s->spec->state_path),
			     "the lease ends with its owner's directory");
	s->leased = false;
}

/* Version 2 groups are entered at birth. */
static int birth_cgroup(const struct setup *s)
{
	for (size_t i = 0; i < s->cgroup.n; i++)
		if (!*s->cgroup.places[i].controllers)
			return s->cgroup.places[i].dir;
	return -1;
}

static void child_main(struct setup *s) __attribute__((noreturn));

static void child_main(struct setup *s)
{
	/* Our end only: the parent's death must be seen as an end of file. */
	fd_close(&s->channel_parent);
	steps_run_child(s);
}

/*
 * What the process that joins another container's namespaces tells before it is gone; the child
 * that it leaves is ours by CLONE_PARENT. A plain copy of this process, not one that shares its
 * memory: the child goes on with its stack.
 */
struct joined {
	pid_t pid;
	int pidfd; /* in the table of descriptors that both share */
	bool busy; /* its group takes no processes */
	size_t error_length;
	char error[ERROR_FRAME_MAX];
};

static void join_and_clone(struct setup *s, struct joined *told) __attribute__((noreturn));

/* The cgroup namespace is the child's. */
static bool is_first_round(const struct oci_join *join)
{
	return join->namespace != CLONE_NEWUSER && join->namespace != CLONE_NEWCGROUP;
}

/*
 * First those that are the host's to give; then the user namespace, which has the right to join the
 * others, its own. A first round that did not succeed counts only where the second does not either.
 */
static struct error *join_listed(const struct oci_spec *spec)
{
	bool *joined autofree = alloc_zeroed(spec->n_joins, sizeof(bool));

	for (size_t i = 0; i < spec->n_joins; i++) {
		const struct oci_join *join = &spec->joins[i];

		joined[i] = is_first_round(join) && setns(join->fd, (int)join->namespace) == 0;
	}
	for (int user = 1; user >= 0; user--)
		for (size_t i = 0; i < spec->n_joins; i++) {
			const struct oci_join *join = &spec->joins[i];

			if (joined[i] || join->namespace == CLONE_NEWCGROUP ||
			    (join->namespace == CLONE_NEWUSER) != user)
				continue;
			if (setns(join->fd, (int)join->namespace) < 0)
				return error_sys("join a namespace");
		}
	return NULL;
}

/* Of a directory /proc/PID, in the order of setns(2)'s own: the user namespace first. */
static struct error *join_each(int process, unsigned int namespaces)
{
	static const struct {
		unsigned int flag;
		const char *file;
	} files[] = { { CLONE_NEWUSER, "ns/user" }, { CLONE_NEWNS, "ns/mnt" },
		      { CLONE_NEWUTS, "ns/uts" },   { CLONE_NEWIPC, "ns/ipc" },
		      { CLONE_NEWPID, "ns/pid" },   { CLONE_NEWNET, "ns/net" },
		      { CLONE_NEWTIME, "ns/time" } };
	int fds[sizeof(files) / sizeof(*files)];
	size_t n = sizeof(files) / sizeof(*files);
	struct error *err = NULL;

	for (size_t i = 0; i < n; i++) { /* all of them while we still may */
		fds[i] = namespaces & files[i].flag
				 ? openat(process, files[i].file, O_RDONLY | O_CLOEXEC)
				 : -1;
		if (fds[i] < 0 && namespaces & files[i].flag && !err)
			err = error_sys("open the namespaces");
	}
	for (size_t i = 0; i < n; i++) {
		if (!err && fds[i] >= 0 && setns(fds[i], (int)files[i].flag) < 0)
			err = error_sys("join a namespace");
		fd_close(&fds[i]);
	}
	return err;
}

static struct error *join_all(struct setup *s)
{
	if (s->spec->n_joins)
		return join_listed(s->spec);
	if (!proc_can_poll(s->join_pidfd))
		return join_each(s->join_pidfd,
				 s->join_namespaces & ~(unsigned int)CLONE_NEWCGROUP);
	if (setns(s->join_pidfd, (int)(s->join_namespaces & ~(unsigned int)CLONE_NEWCGROUP)) < 0)
		return error_sys("join the namespaces");
	return NULL;
}

static void join_and_clone(struct setup *s, struct joined *told)
{
	struct error *err = NULL;

	err = join_all(s);
	if (!err) {
		/* The child must not write what it sees, 0, into what both share. */
		pid_t pid = proc_clone((s->clone_namespaces & CLONED) | CLONE_PARENT,
				       birth_cgroup(s), &told->pidfd);

		if (pid == 0)
			child_main(s);
		told->busy = pid < 0 && errno == EBUSY;
		if (pid < 0)
			err = error_sys("clone");
		told->pid = pid;
	}
	if (err)
		told->error_length = error_encode(err, told->error, sizeof(told->error));
	_exit(0);
}

static struct error *fork_joiner(struct setup *s, struct joined *told)
{
	pid_t pid = proc_clone(CLONE_FILES, -1, NULL);

	if (pid < 0)
		return error_sys("clone");
	if (pid == 0)
		join_and_clone(s, told);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (told->error_length)
		return error_decode(told->error, told->error_length);
	if (told->pid <= 0)
		return error_new(ERROR_SYSTEM, "the process that joins the namespaces was killed");
	s->pid = told->pid;
	s->pidfd = told->pidfd;
	return NULL;
}

/*
 * The cgroup namespace is joined last, by the child: who is in one may not clone into a group from
 * a group outside of it (admin-guide/cgroup-v2, "nsdelegate"). By descriptor, opened while we are
 * still the host's root.
 */
static struct error *open_cgroup_namespace(struct setup *s)
{
	char *path autofree = NULL;

	if (!s->joined || !(s->join_namespaces & CLONE_NEWCGROUP))
		return NULL;
	path = alloc_printf("/proc/%jd/ns/cgroup", (intmax_t)s->joined->pid);
	s->cgroup_namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (s->cgroup_namespace < 0)
		return error_sys("open %s", path);
	/* Still alive after that: the pid was no other's. */
	return error_wrap(proc_signal(s->join_pidfd, 0), "the container is not running");
}

static struct error *clone_joined(struct setup *s, bool *ret_busy)
{
	struct joined *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct error *err;

	if (told == MAP_FAILED)
		return error_sys("mmap");
	err = fork_joiner(s, told);
	*ret_busy = told->busy;
	munmap(told, sizeof(*told));
	return err;
}

static struct error *make_child(struct setup *s, bool *ret_busy)
{
	if (s->join_namespaces)
		return clone_joined(s, ret_busy);
	s->pid = proc_clone(s->clone_namespaces & CLONED, birth_cgroup(s), &s->pidfd);
	if (s->pid == 0)
		child_main(s);
	*ret_busy = s->pid < 0 && errno == EBUSY;
	return s->pid < 0 ? error_sys("clone") : NULL;
}

/*
 * A container that has made groups in its own hands controllers down to them: then its own takes no
 * processes any more (admin-guide/cgroup-v2, No Internal Process Constraint), and where its first
 * process is now is the place, as for runc. A group that was asked for is that, or an error.
 */
static bool may_follow_first(const struct setup *s)
{
	return s->joined && !(s->spec->bundle && s->spec->bundle->sub_cgroups);
}

struct error *step_clone(struct setup *s)
{
	bool busy = false;
	struct error *err;
	int ends[2];

	TRY(mount_flags_share());
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_sys("socketpair");
	s->channel_parent = ends[0];
	s->channel_child = ends[1];
	TRY(open_cgroup_namespace(s));
	err = make_child(s, &busy);
	if (err && busy && may_follow_first(s)) {
		error_ignore(err, "it may be in a group below");
		TRY(cgroup_follow(&s->cgroup, (pid_t)s->joined->pid));
		err = make_child(s, &busy);
	}
	TRY(err);
	fd_close(&s->channel_child);
	for (int i = 0; i < 3; i++)
		fd_close(&s->child_stdio[i]);
	return NULL;
}

void undo_clone(struct setup *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	while (waitpid(s->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

struct error *step_write_maps(struct setup *s)
{
	const struct id_map whole = { 0, s->ids, IDRANGE_LENGTH };
	const struct oci_spec *spec = s->spec;

	if (!s->user_namespace)
		return NULL;
	if (s->clone_namespaces & CLONE_NEWUSER)
		TRY(spec->bundle ? userns_write_maps(s->pid, spec->uids, spec->n_uids, spec->gids,
						     spec->n_gids)
				 : userns_write_maps(s->pid, &whole, 1, &whole, 1));
	return userns_open(s->pid, &s->userns);
}

/* Once it is the container's, the parent holds it: see base/started.h. */
static struct error *tell_mount_namespace(struct setup *s)
{
	int fd autoclose = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys("open /proc/self/ns/mnt");
	return started_tell(s->channel_child, STARTED_NAMESPACE, fd);
}

/* time_namespaces(7): before the first process is in it, which execve(2) makes this one. */
static struct error *set_clocks(const struct config_time_offsets *o)
{
	const struct {
		const char *name;
		const struct config_time_offset *offset;
	} clocks[] = { { "monotonic", o->monotonic }, { "boottime", o->boottime } };

	for (size_t i = 0; i < 2; i++) {
		const struct config_time_offset *offset = clocks[i].offset;
		char *line autofree =
			offset ? alloc_printf("%s %jd %u", clocks[i].name, (intmax_t)offset->secs,
					      offset->nanosecs)
			       : NULL;

		if (line)
			TRY(error_wrap(path_write_existing(AT_FDCWD, "/proc/self/timens_offsets",
							   line),
				       "linux.timeOffsets.%s", clocks[i].name));
	}
	return NULL;
}

struct error *step_unshare(struct setup *s)
{
	unsigned int flags = s->clone_namespaces & ~(unsigned int)CLONED;

	if (unshare((int)flags) < 0)
		return error_sys("unshare");
	if (s->spec->bundle)
		TRY(set_clocks(&s->spec->bundle->config->linux_.time_offsets));
	if (!(flags & CLONE_NEWNS))
		return NULL;
	/*
	 * Nothing of ours is to appear on the host, nothing of the host's here. A slave would still
	 * do the first, but new mounts of the host would show in the container.
	 */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_sys("make the mounts private");
	return tell_mount_namespace(s);
}

/* A namespace without root has only the ids of its program; its capabilities stay either way. */
static struct error *take_ids(const struct config_user *user)
{
	if (setresgid(0, 0, 0) < 0 &&
	    (errno != EINVAL || !user || setresgid(user->gid, user->gid, user->gid) < 0))
		return error_sys("take the container's root group");
	if (setresuid(0, 0, 0) < 0 &&
	    (errno != EINVAL || !user || setresuid(user->uid, user->uid, user->uid) < 0))
		return error_sys("take the container's root id");
	return NULL;
}

struct error *step_become_root(struct setup *s)
{
	const struct config_process *c = s->spec->process.config;

	/* Who maps its own id alone may give up no groups (user_namespaces(7), "setgroups"). */
	if (!keeps_groups(s) && setgroups(0, NULL) < 0 &&
	    !(s->spec->bundle && s->user_namespace && errno == EPERM))
		return error_sys("give up the host's groups");
	TRY(take_ids(c ? &c->user : NULL));
	/*
	 * The change of ids made the process dumpable by rule again; nobody may read it
	 * (CVE-2019-5736, CVE-2016-9962).
	 */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_sys("prctl");
	return NULL;
}

struct error *step_open_root(struct setup *s)
{
	s->root_dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return s->root_dir < 0 ? error_sys("open the container's root") : NULL;
}
