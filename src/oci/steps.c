/*
 * The table of steps that make a container, in the kernel's order, and the two drivers that run it.
 * Parent and child run side by side from "clone" to "hand over": making namespaces takes the child
 * as long as the parent needs for the root, mounting on it as long as the parent needs for the
 * rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "oci/bundle.h"
#include "oci/setup.h"

#include "base/banned.h"

static const struct step start_steps[] = {
	/* Ids before everything that is owned by them. */
	{ "lease ids", STEP_PARENT, step_lease_ids, undo_lease_ids },
	/* Limits are in force before the first process that they limit. */
	{ "make cgroup", STEP_PARENT, step_make_cgroup, undo_make_cgroup },
	{ "open stdio", STEP_PARENT, step_stdio, NULL },
	/* The child finds it in its copy of our memory. */
	{ "load seccomp filter", STEP_PARENT, step_load_seccomp, NULL },
	{ "clone", STEP_PARENT, step_clone, undo_clone },
	{ "map ids", STEP_PARENT, step_write_maps, NULL },
	/*
	 * The overlay is made here, in the initial user namespace: the container's could not use
	 * the host's file system.
	 */
	{ "make root", STEP_PARENT, step_make_root, NULL },
	{ "hand over root", STEP_PARENT, step_hand_over_root, NULL },
	/* Device nodes need CAP_MKNOD over the host, which the child never has. */
	{ "make /dev", STEP_PARENT, step_make_dev, NULL },
	{ "open mount sources", STEP_PARENT, step_open_sources, NULL },
	{ "write /etc files", STEP_PARENT, step_make_etc, NULL },
	/* Hard limits above ours, and a lower OOM score, need the host's CAP_SYS_RESOURCE. */
	{ "raise limits", STEP_PARENT, step_limits, NULL },
	/*
	 * The state file stands before the program runs: whoever finds it after a crash knows what
	 * to end.
	 */
	{ "save state", STEP_PARENT, step_save_state, undo_save_state },
	/* Last: what goes wrong from here on comes over the channel, to whoever holds it then. */
	{ "hand over", STEP_PARENT, step_hand_over, NULL },

	/*
	 * Version 1 groups are joined by the child: no grace period, and the cgroup namespace must
	 * see them as its root.
	 */
	{ "join cgroup", STEP_CHILD, step_join_cgroup, NULL },
	{ "unshare namespaces", STEP_CHILD, step_unshare, NULL },
	{ "bring up network", STEP_CHILD, step_network, NULL },
	{ "set names", STEP_CHILD, step_names, NULL },
	{ "receive root", STEP_CHILD, step_receive_root, NULL },
	{ "attach root", STEP_CHILD, step_attach_root, NULL },
	/*
	 * What came over the channel came after the ids were mapped. Everything below is made by
	 * the container's root.
	 */
	{ "become root", STEP_CHILD, step_become_root, NULL },
	/*
	 * proc and sysfs may only be mounted while the host's own are still in sight
	 * (mount_namespaces(7)).
	 */
	{ "mount kernel file systems", STEP_CHILD, step_mount_kernel, NULL },
	{ "receive mounts", STEP_CHILD, step_receive, NULL },
	{ "mount /dev", STEP_CHILD, step_mount_dev, NULL },
	{ "set sysctl", STEP_CHILD, step_sysctl, NULL },
	{ "attach /etc files", STEP_CHILD, step_attach_etc, NULL },
	{ "mount", STEP_CHILD, step_mount_requested, NULL },
	{ "make working directory", STEP_CHILD, step_make_cwd, NULL },
	/* The image's own passwd is read by the one whom it could harm least. */
	{ "find user", STEP_CHILD, step_find_user, NULL },
	{ "open terminal", STEP_CHILD, step_terminal, NULL },
	/* After the user's mounts: no mount may uncover what is masked. */
	{ "mask paths", STEP_CHILD, step_mask, NULL },
	{ "pivot root", STEP_CHILD, step_pivot, NULL },
	{ "start session", STEP_CHILD, step_session, NULL },
	/*
	 * Before the working directory: no path may lead through a descriptor of ours
	 * (CVE-2024-21626).
	 */
	{ "close descriptors", STEP_CHILD, step_close, NULL },
	/*
	 * Landlock, limits, capabilities, ids, no_new_privs and seccomp: each narrows what the
	 * next may need.
	 */
	{ "drop privileges", STEP_CHILD, step_privileges, NULL },
	{ "change directory", STEP_CHILD, step_cwd, NULL },
	{ "execute", STEP_CHILD, step_execute, NULL },
	{ 0 },
};

/* A container of a bundle: everything is as config.json says, and it waits before its program. */
static const struct step create_steps[] = {
	{ "make cgroup", STEP_PARENT, step_make_cgroup, undo_make_cgroup },
	{ "make gate", STEP_PARENT, step_make_gate, undo_make_gate },
	{ "open stdio", STEP_PARENT, step_inherit_stdio, NULL },
	{ "open output of hooks", STEP_PARENT, step_open_hook_output, NULL },
	{ "load seccomp filter", STEP_PARENT, step_load_seccomp, NULL },
	{ "clone", STEP_PARENT, step_clone, undo_clone },
	{ "map ids", STEP_PARENT, step_write_maps, NULL },
	{ "make root", STEP_PARENT, step_make_root, NULL },
	{ "hand over root", STEP_PARENT, step_hand_over_root, NULL },
	{ "open mount sources", STEP_PARENT, step_open_sources, NULL },
	{ "open devices", STEP_PARENT, step_open_nodes, NULL },
	{ "set limits", STEP_PARENT, step_limits, NULL },
	{ "save state", STEP_PARENT, step_save_state, undo_save_state },
	{ "hand over", STEP_PARENT, step_hand_over, NULL },
	/* They may still change namespaces and mounts: before the child enters its root. */
	{ "run hooks", STEP_PARENT, step_run_hooks, NULL },
	{ "wait until it is ready", STEP_PARENT, step_wait_ready, NULL },
	{ "leave scope", STEP_PARENT, step_leave_scope, NULL },

	{ "join cgroup", STEP_CHILD, step_join_cgroup, NULL },
	{ "reset CPUs", STEP_CHILD, step_reset_affinity, NULL },
	{ "unshare namespaces", STEP_CHILD, step_unshare, NULL },
	{ "bring up network", STEP_CHILD, step_network, NULL },
	{ "set names", STEP_CHILD, step_names, NULL },
	{ "receive root", STEP_CHILD, step_receive_root, NULL },
	{ "attach root", STEP_CHILD, step_attach_root, NULL },
	{ "become root", STEP_CHILD, step_become_root, NULL },
	{ "receive mounts", STEP_CHILD, step_receive, NULL },
	{ "mount", STEP_CHILD, step_mount_requested, NULL },
	{ "make devices", STEP_CHILD, step_make_nodes, NULL },
	{ "finish mounts", STEP_CHILD, step_finish_mounts, NULL },
	{ "set sysctl", STEP_CHILD, step_sysctl, NULL },
	{ "make working directory", STEP_CHILD, step_make_cwd, NULL },
	{ "find user", STEP_CHILD, step_find_user, NULL },
	{ "open terminal", STEP_CHILD, step_terminal, NULL },
	{ "run hooks", STEP_CHILD, step_container_hooks, NULL },
	{ "mask paths", STEP_CHILD, step_mask, NULL },
	{ "pivot root", STEP_CHILD, step_pivot, NULL },
	{ "start session", STEP_CHILD, step_session, NULL },
	{ "close descriptors", STEP_CHILD, step_close, NULL },
	/* Before a listener's answer, which comes over the same channel. */
	{ "wait for the state file", STEP_CHILD, step_hear_of_state, NULL },
	/* After the descriptors are closed, while it may enter what its user may not. */
	{ "enter directory", STEP_CHILD, step_enter_cwd, NULL },
	{ "drop privileges", STEP_CHILD, step_privileges, NULL },
	{ "change directory", STEP_CHILD, step_cwd, NULL },
	/* `create` is to tell what `start` could not do. */
	{ "find program", STEP_CHILD, step_find_program, NULL },
	{ "install listener", STEP_CHILD, step_early_filter, NULL },
	{ "wait at the gate", STEP_CHILD, step_gate, NULL },
	{ "filter system calls", STEP_CHILD, step_filter, NULL },
	/* Programs of the container: what confines it confines them. */
	{ "run hooks", STEP_CHILD, step_start_hooks, NULL },
	{ "execute", STEP_CHILD, step_execute, NULL },
	{ 0 },
};

/* Another program in a container that runs: everything is there, only the process is new. */
static const struct step exec_steps[] = {
	{ "open cgroup", STEP_PARENT, step_open_cgroup, NULL },
	{ "open stdio", STEP_PARENT, step_stdio, NULL },
	{ "load seccomp filter", STEP_PARENT, step_load_seccomp, NULL },
	{ "clone", STEP_PARENT, step_clone, undo_clone },
	{ "raise limits", STEP_PARENT, step_limits, NULL },
	{ "go", STEP_PARENT, step_go, NULL },

	{ "join cgroup", STEP_CHILD, step_join_cgroup, NULL },
	/* Hard limits are raised by now. */
	{ "wait for the parent", STEP_CHILD, step_wait_for_go, NULL },
	{ "become root", STEP_CHILD, step_become_root, NULL },
	{ "open root", STEP_CHILD, step_open_root, NULL },
	{ "find user", STEP_CHILD, step_find_user, NULL },
	{ "open terminal", STEP_CHILD, step_terminal, NULL },
	{ "start session", STEP_CHILD, step_session, NULL },
	{ "close descriptors", STEP_CHILD, step_close, NULL },
	{ "drop privileges", STEP_CHILD, step_privileges, NULL },
	{ "change directory", STEP_CHILD, step_cwd, NULL },
	{ "execute", STEP_CHILD, step_execute, NULL },
	{ 0 },
};

/* The same for a bundle's: stdio is the caller's own. */
static const struct step exec_bundle_steps[] = {
	{ "open cgroup", STEP_PARENT, step_open_cgroup, NULL },
	{ "open stdio", STEP_PARENT, step_inherit_stdio, NULL },
	{ "load seccomp filter", STEP_PARENT, step_load_seccomp, NULL },
	{ "clone", STEP_PARENT, step_clone, undo_clone },
	{ "raise limits", STEP_PARENT, step_limits, NULL },
	{ "go", STEP_PARENT, step_go, NULL },
	{ "hand the listener on", STEP_PARENT, step_serve_listener, NULL },

	{ "set initial CPUs", STEP_CHILD, step_initial_affinity, NULL },
	{ "join cgroup", STEP_CHILD, step_join_cgroup, NULL },
	{ "set final CPUs", STEP_CHILD, step_final_affinity, NULL },
	{ "wait for the parent", STEP_CHILD, step_wait_for_go, NULL },
	{ "become root", STEP_CHILD, step_become_root, NULL },
	{ "open root", STEP_CHILD, step_open_root, NULL },
	{ "find user", STEP_CHILD, step_find_user, NULL },
	{ "open terminal", STEP_CHILD, step_terminal, NULL },
	{ "start session", STEP_CHILD, step_session, NULL },
	{ "close descriptors", STEP_CHILD, step_close, NULL },
	{ "enter directory", STEP_CHILD, step_enter_cwd, NULL },
	{ "drop privileges", STEP_CHILD, step_privileges, NULL },
	{ "change directory", STEP_CHILD, step_cwd, NULL },
	{ "find program", STEP_CHILD, step_find_program, NULL },
	{ "filter system calls", STEP_CHILD, step_filter, NULL },
	{ "execute", STEP_CHILD, step_execute, NULL },
	{ 0 },
};

/* Steps of the parent in which it hears what went wrong with the child, who has named its own. */
static bool hears_the_child(const struct step *step)
{
	return step->run == step_hand_over_root || step->run == step_hand_over ||
	       step->run == step_go || step->run == step_serve_listener;
}

static struct error *run_step(const struct step *step, struct setup *s)
{
	uint64_t start = log_is_debug() ? (uint64_t)clock_us() : 0;
	struct error *err = step->run(s);

	if (log_is_debug())
		log_debug("%-26s %5ju us%s", step->name, (uintmax_t)((uint64_t)clock_us() - start),
			  err ? ", failed" : "");
	/* A fault of the user's own program or input speaks for itself. */
	if (err && !error_status(err) && error_kind(err) == ERROR_SYSTEM && !hears_the_child(step))
		err = error_wrap(err, "%s", step->name);
	return err;
}

static void setup_init(struct setup *s, const struct oci_spec *spec, struct oci_running *running)
{
	*s = (struct setup){
		.spec = spec,
		.running = running,
		.channel_parent = -1,
		.channel_child = -1,
		.child_stdio = { -1, -1, -1 },
		.pidfd = -1,
		.container_pidfd = -1,
		.cgroup_namespace = -1,
		.userns = -1,
		.root = -1,
		.dev = -1,
		.root_dir = -1,
		.hook_output = { -1, -1 },
		.gate = -1,
		.gate_errors = -1,
		.rootless = spec->bundle && geteuid() != 0,
		.user_namespace = (spec->new_namespaces | spec->join_namespaces) & CLONE_NEWUSER,
		.clone_namespaces = spec->new_namespaces,
		.join_namespaces = spec->join_namespaces,
		.join_pidfd = spec->join_pidfd,
	};
	*running = (struct oci_running)OCI_RUNNING_NONE;
	for (int i = 0; i < SETUP_ETC_FILES; i++)
		s->etc[i] = -1;
	s->sources = alloc_zeroed(spec->n_mounts, sizeof(int));
	for (size_t i = 0; i < spec->n_mounts; i++)
		s->sources[i] = -1;
}

static void setup_done(struct setup *s)
{
	fd_close(&s->channel_parent);
	fd_close(&s->channel_child);
	for (int i = 0; i < 3; i++)
		fd_close(&s->child_stdio[i]);
	fd_close(&s->pidfd);
	fd_close(&s->container_pidfd);
	fd_close(&s->cgroup_namespace);
	fd_close(&s->userns);
	fd_close(&s->root);
	fd_close(&s->dev);
	fd_close(&s->hook_output[0]);
	fd_close(&s->hook_output[1]);
	fd_close(&s->gate);
	fd_close(&s->gate_errors);
	for (size_t i = 0; i < s->n_nodes; i++)
		fd_close(&s->nodes[i]);
	free(s->nodes);
	for (size_t i = 0; i < s->spec->n_mounts; i++)
		fd_close(&s->sources[i]);
	for (int i = 0; i < SETUP_ETC_FILES; i++)
		fd_close(&s->etc[i]);
	free(s->sources);
	s->sources = NULL;
	cgroup_close(&s->cgroup);
	user_done(&s->user);
	seccomp_program_done(&s->seccomp);
}

void oci_running_done(struct oci_running *r)
{
	fd_close(&r->pidfd);
	fd_close(&r->stdin_fd);
	fd_close(&r->stdout_fd);
	fd_close(&r->stderr_fd);
	fd_close(&r->hold_fd);
	fd_close(&r->oom_fd);
	fd_close(&r->channel);
}

void oci_running_kill(struct oci_running *r)
{
	siginfo_t info;

	if (r->pidfd >= 0) {
		error_ignore(proc_signal(r->pidfd, SIGKILL), "it is gone already");
		while (waitid(P_PIDFD, (id_t)r->pidfd, &info, WEXITED | __WALL) < 0 &&
		       errno == EINTR)
			;
	}
	oci_running_done(r);
}

/* Runs the parent's rows of @s->steps, and their undo when one fails. */
static struct error *run_parent(struct setup *s)
{
	struct error *err = NULL;
	size_t i;

	for (i = 0; s->steps[i].name && s->steps[i].side == STEP_PARENT && !err; i++)
		err = run_step(&s->steps[i], s);
	while (err && i-- > 0)
		if (s->steps[i].undo)
			s->steps[i].undo(s);
	return err;
}

struct error *oci_start(const struct oci_spec *spec, struct oci_running *ret)
{
	struct error *err;
	struct setup s;

	setup_init(&s, spec, ret);
	s.steps = start_steps;
	err = run_parent(&s);
	setup_done(&s);
	if (err)
		oci_running_done(ret);
	return err;
}

/* The host's id of the container's root: where a map has it, else the host's own. */
static uint32_t outside_of_root(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_uids; i++)
		if (spec->uids[i].inside == 0)
			return spec->uids[i].outside;
	return 0;
}

/* The cgroup namespace is joined by the child, when it is in its group. */
static struct error *take_cgroup_namespace(struct setup *s)
{
	for (size_t i = 0; i < s->spec->n_joins; i++)
		if (s->spec->joins[i].namespace == CLONE_NEWCGROUP)
			s->cgroup_namespace = fcntl(s->spec->joins[i].fd, F_DUPFD_CLOEXEC, 3);
	return NULL;
}

static struct error *create(const struct oci_spec *spec, struct oci_running *ret)
{
	struct error *err;
	struct setup s;

	setup_init(&s, spec, ret);
	s.steps = create_steps;
	s.ids = outside_of_root(spec);
	err = take_cgroup_namespace(&s);
	if (!err)
		err = run_parent(&s);
	setup_done(&s);
	if (err)
		oci_running_done(ret);
	return err;
}

struct error *oci_create(const char *id, int state_dir, const char *state_path,
			 const struct oci_bundle *bundle, struct oci_running *ret)
{
	struct oci_spec spec = {
		.state_dir = -1, .container_dir = -1, .join_pidfd = -1, .seccomp_cache = -1
	};
	struct error *err;

	spec.state_dir = fcntl(state_dir, F_DUPFD_CLOEXEC, 3);
	if (spec.state_dir < 0)
		return error_sys("run-time directory");
	spec.state_path = alloc_string(state_path);
	spec.id = alloc_string(id);
	err = bundle_spec(bundle, &spec);
	if (!err)
		err = create(&spec, ret);
	oci_spec_done(&spec);
	return err;
}

static struct error *exec_by(const struct step *steps, const struct oci_spec *spec,
			     const struct oci_state *state, struct oci_running *ret)
{
	struct error *err;
	struct setup s;

	setup_init(&s, spec, ret);
	s.steps = steps;
	s.joined = state;
	s.ids = (uint32_t)state->first_id;
	s.join_namespaces = spec->new_namespaces | spec->join_namespaces;
	s.clone_namespaces = 0;
	if (!spec->bundle) {
		/* What the container was asked to be may have given way to whom it joined. */
		s.user_namespace = s.ids != 0;
		s.join_namespaces &= ~(unsigned int)CLONE_NEWUSER;
		s.join_namespaces |= s.user_namespace ? CLONE_NEWUSER : 0;
	}
	err = proc_open((pid_t)state->pid, &s.container_pidfd);
	if (!err &&
	    !oci_state_is_alive(state)) /* looked at after it was opened: the pid is no other's */
		err = error_new(ERROR_CONFLICT, "the container is not running");
	s.join_pidfd = s.container_pidfd;
	if (!err)
		err = run_parent(&s);
	setup_done(&s);
	if (err)
		oci_running_done(ret);
	return err;
}

struct error *oci_exec(const struct oci_spec *spec, const struct oci_state *state,
		       struct oci_running *ret)
{
	return exec_by(exec_steps, spec, state, ret);
}

struct error *oci_exec_bundle(const struct oci_bundle *io, const struct config_process *process,
			      const struct oci_state *state, struct oci_running *ret)
{
	struct oci_spec spec = {
		.state_dir = -1, .container_dir = -1, .join_pidfd = -1, .seccomp_cache = -1
	};
	struct error *err;

	err = bundle_exec_spec(io, process, (pid_t)state->pid, &spec);
	if (!err)
		err = exec_by(exec_bundle_steps, &spec, state, ret);
	oci_spec_done(&spec);
	return err;
}

void steps_run_child(struct setup *s)
{
	const struct step *step = s->steps;
	char frame[ERROR_FRAME_MAX];
	struct error *err = NULL;
	size_t n;

	for (; step->name && !err; step++)
		if (step->side == STEP_CHILD)
			err = run_step(step, s);
	if (!err)
		err = error_new(ERROR_BUG, "the steps ended without a program");
	n = error_encode(err, frame, sizeof(frame));
	if (s->past_gate) {
		error_ignore(fd_write_all(s->gate_errors, frame, n), "nobody else would listen");
		/* For its log, as with runc: last, since a filter may end who writes there. */
		dprintf(STDERR_FILENO, "%s\n", error_message(err));
		_exit(error_status(err) ? error_status(err) : 1);
	}
	if (send(s->channel_child, frame, n, MSG_NOSIGNAL) < 0)
		_exit(error_status(err) ? error_status(err)
					: 125); /* the profile may forbid even that */
	_exit(error_status(err) ? error_status(err) : 125);
}
