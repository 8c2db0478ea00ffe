/*
 * What the steps of one container's start share. The parent fills it; the child gets a copy by
 * clone3(2), and after that only what comes over the channel.
 */
#pragma once

#include "base/fd.h"
#include "oci/cgroup.h"
#include "oci/oci.h"
#include "oci/seccomp.h"
#include "oci/user.h"

#define SETUP_ETC_FILES 3

struct step;

struct setup {
	const struct oci_spec *spec;
	const struct oci_state *joined; /* exec: the container that is joined; NULL for a start */

	const struct step *steps;
	unsigned int clone_namespaces,
		join_namespaces; /* CLONE_NEW*; those to join are .join_pidfd's */
	int join_pidfd;
	int container_pidfd;  /* exec: owned */
	int cgroup_namespace; /* the one the child itself joins; -1: none */

	/* Parent and child, by the same descriptor numbers. */
	int channel_parent, channel_child; /* SOCK_SEQPACKET; its end at exec tells of success */
	int child_stdio[3];
	/*
	 * We are an ordinary user's: only in the container's user namespace may anything be done,
	 * so the child does what is the parent's else.
	 */
	bool rootless;
	bool user_namespace; /* the container has one that is not the host's */
	bool leased;
	uint32_t ids; /* its first host id */
	struct cgroup cgroup;
	struct seccomp_program seccomp;

	/* Parent. */
	pid_t pid;
	int pidfd, userns;
	int root, dev;		  /* detached mounts: the root file system, /dev */
	int *sources;		  /* one detached mount for each bind of the specification */
	int etc[SETUP_ETC_FILES]; /* detached mounts of the files in etc.c; -1: not wanted */
	int *nodes;		  /* of a bundle: detached mounts of the host's device nodes */
	size_t n_nodes;
	struct oci_running *running;

	/* Child. */
	int root_dir; /* the root where it is attached */
	struct user user;
	int hook_output[2];	  /* see oci_hook_output() */
	int gate, gate_errors;	  /* of a bundle: where it waits, and what it tells after that */
	bool past_gate, filtered; /* and whether the filter is in force */
	bool in_cwd;		  /* of a bundle: it was entered before privileges were dropped */
	char *program;		  /* of a bundle: what will be executed */
};

/* The error for a child that is gone and has not said why. */
struct error *child_killed(void) __attribute__((returns_nonnull, warn_unused_result));

enum step_side { STEP_PARENT, STEP_CHILD };

/*
 * One step. The parent runs its rows from first to last; "clone" makes the child, which runs its
 * own rows meanwhile. When a step fails, the undo of every step that the parent has done runs in
 * reverse. The name is put before the error.
 */
struct step {
	const char *name;
	enum step_side side;
	struct error *(*run)(struct setup *s);
	void (*undo)(struct setup *s);
};

/*
 * Runs the child's rows and never returns: it ends in the program, or sends its error to the
 * parent.
 */
void steps_run_child(struct setup *s) __attribute__((noreturn));

/* Each concern's steps; what they do and why then stands at the table in steps.c. */
struct error *step_lease_ids(struct setup *s);
void undo_lease_ids(struct setup *s);
struct error *step_make_cgroup(struct setup *s);
void undo_make_cgroup(struct setup *s);
struct error *step_stdio(struct setup *s);
struct error *step_clone(struct setup *s);
void undo_clone(struct setup *s);
struct error *step_write_maps(struct setup *s);
struct error *step_limits(struct setup *s);
struct error *step_make_root(struct setup *s);
struct error *step_make_dev(struct setup *s);
struct error *step_open_sources(struct setup *s);
struct error *step_make_etc(struct setup *s);
struct error *step_load_seccomp(struct setup *s);
struct error *step_save_state(struct setup *s);
void undo_save_state(struct setup *s);
struct error *step_hand_over_root(struct setup *s);
struct error *step_hand_over(struct setup *s);

struct error *step_open_cgroup(struct setup *s);
struct error *step_go(struct setup *s);

struct error *step_join_cgroup(struct setup *s);
struct error *step_wait_for_go(struct setup *s);
struct error *step_open_root(struct setup *s);
struct error *step_unshare(struct setup *s);
struct error *step_receive_root(struct setup *s);
struct error *step_receive(struct setup *s);
struct error *step_become_root(struct setup *s);
struct error *step_attach_root(struct setup *s);
struct error *step_mount_kernel(struct setup *s);
struct error *step_mount_dev(struct setup *s);
struct error *step_mount_requested(struct setup *s);
struct error *step_attach_etc(struct setup *s);
struct error *step_sysctl(struct setup *s);
struct error *step_mask(struct setup *s);
struct error *step_make_cwd(struct setup *s);
struct error *step_find_user(struct setup *s);
struct error *step_terminal(struct setup *s);
struct error *step_pivot(struct setup *s);
struct error *step_names(struct setup *s);
struct error *step_network(struct setup *s);
struct error *step_session(struct setup *s);
struct error *step_close(struct setup *s);
/* That of the program, to be freed. */
char **setup_environment(const struct setup *s) __attribute__((nonnull));
struct error *step_enter_cwd(struct setup *s);
struct error *step_cwd(struct setup *s);
struct error *step_privileges(struct setup *s);
struct error *step_execute(struct setup *s);

/* The filter, with its listener where it has one: by the child, and by the parent. */
struct error *listener_install(struct setup *s);
struct error *listener_hand_on(struct setup *s, int number);
struct error *step_serve_listener(struct setup *s);

/*
 * Of bundles alone. nodes_wanted(): how many device nodes the parent sends, of which node @i is one
 * unless it is made after all. keeps_groups(): whether the program has the supplementary groups of
 * who calls us.
 */
size_t nodes_wanted(const struct setup *s);
bool node_is_shown(const struct setup *s, size_t i);
bool keeps_groups(const struct setup *s);

/* What copies mounts, by the parent or where it may not by the child. */
struct error *rootfs_clone(struct setup *s);
struct error *sources_open(struct setup *s);
/*
 * Whether the parent has a descriptor for mount @i: the source, or where only the child can open
 * that, in its turn, the user namespace that its ids are to be mapped by. source_open_late() does
 * the latter: @m is a copy, of which the caller frees .source and .data, and may turn out to be a
 * link to be made (mount_take_link()).
 */
bool source_is_sent(const struct setup *s, size_t i);
struct error *source_open_late(struct setup *s, struct oci_mount *m, int userns, int *ret_fd);
struct error *nodes_open(struct setup *s);
struct error *step_make_gate(struct setup *s);
void undo_make_gate(struct setup *s);
struct error *step_inherit_stdio(struct setup *s);
struct error *step_open_nodes(struct setup *s);
struct error *step_open_hook_output(struct setup *s);
struct error *step_run_hooks(struct setup *s);
struct error *step_wait_ready(struct setup *s);
struct error *step_leave_scope(struct setup *s);

struct error *step_make_nodes(struct setup *s);
struct error *step_finish_mounts(struct setup *s);
struct error *step_container_hooks(struct setup *s);
struct error *step_find_program(struct setup *s);
struct error *step_hear_of_state(struct setup *s);
struct error *step_gate(struct setup *s);
struct error *step_start_hooks(struct setup *s);
struct error *step_initial_affinity(struct setup *s);
struct error *step_final_affinity(struct setup *s);
struct error *step_reset_affinity(struct setup *s);
struct error *step_filter(struct setup *s);
struct error *step_early_filter(struct setup *s);
