/*
 * One container from one specification: namespaces, root file system, limits, privileges, and the
 * state file that says what runs. Terms are those of the OCI runtime specification 1.2. The caller
 * forks once; that child calls oci_start() and becomes the container's monitor, so the container is
 * its child for life.
 *
 * Two kinds of containers share the steps: those of the engine, whose root is an overlay of layers
 * and whose ids are leased (oci_start()), and those of a bundle, which config.json describes in
 * full (oci_create(), for `bulkhead-oci`).
 *
 * Nothing here knows images, networks or the database.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/proc.h"
#include "oci/control.h"
#include "oci/spec.h"

struct config_hook;
struct config_process;

void oci_spec_done(struct oci_spec *spec) __attribute__((nonnull));

/* What a program that is about to start is to its parent. -1 where there is none. */
struct oci_running {
	pid_t pid;
	int pidfd;
	int stdin_fd;  /* write end */
	int stdout_fd; /* read end; with a terminal its master comes over .channel */
	int stderr_fd;
	int hold_fd; /* its mount namespace */
	int oom_fd;  /* memory.events or memory.oom_control */
	int channel; /* for started_wait() */
};
#define OCI_RUNNING_NONE                                                                           \
	{                                                                                          \
		.pidfd = -1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .hold_fd = -1,      \
		.oom_fd = -1, .channel = -1                                                        \
	}
void oci_running_done(struct oci_running *r) __attribute__((nonnull));

/* Kills it, waits for its end, and closes what is in *@r. */
void oci_running_kill(struct oci_running *r) __attribute__((nonnull));

/*
 * Sets the container up as a child of this process. On return state.json stands, nothing is left to
 * do for the parent, and the child is about to execute the program: started_wait() on .channel
 * (base/started.h) tells when it has, or the error, which has status 126 or 127 where the program
 * itself was at fault; the container is then to be killed and deleted. When this function fails
 * itself, every step has been undone.
 */
struct error *oci_start(const struct oci_spec *spec, struct oci_running *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Makes the container @id of a bundle: its first process waits at its gate, with everything done
 * but the execution of its program, and outlives the caller. Its run-time directory @state_dir, at
 * @state_path, is the caller's. When this fails, every step has been undone, but for what hooks
 * have done.
 */
struct error *oci_create(const char *id, int state_dir, const char *state_path,
			 const struct oci_bundle *bundle, struct oci_running *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Lets the process at the gate execute its program and waits until it has; the error is the
 * process's own. ERROR_CONFLICT where it does not wait: it runs already, or is gone.
 */
struct error *oci_gate_open(int state_dir) __attribute__((warn_unused_result));
bool oci_gate_is_closed(int state_dir);

/* Hooks of one kind. */
struct oci_hooks {
	const char *name; /* as in config.json */
	const struct config_hook *list;
	size_t n;
	int dir;	   /* where they start; negative: where we are */
	const int *output; /* oci_hook_output(); NULL: none */
	void (*warn)(const char *text);
};

/*
 * Runs them in this process's namespaces, one after the other, with the container's state as the
 * specification words it on their stdin: its status is "created", "running", "stopped". The first
 * that fails ends the row; with @warn none does, and each that fails is told to it.
 */
struct error *oci_run_hooks(const struct oci_hooks *row, const char *state)
	__attribute__((nonnull, warn_unused_result));

/*
 * The value of an annotation of config.json, or NULL. docs/runtime.md has those of crun's that are
 * honoured.
 */
const char *oci_annotation(const struct oci_bundle *bundle, const char *key)
	__attribute__((nonnull));

/* Opens the files that annotations name for the stdout and stderr of hooks; -1 where none do. */
struct error *oci_hook_output(const struct oci_bundle *bundle, int ret_fds[2])
	__attribute__((nonnull, warn_unused_result));

/* That state: ociVersion, id, status, pid (0: none), bundle, annotations. The caller frees. */
char *oci_state_text(const char *id, const struct oci_bundle *bundle, const char *status, pid_t pid)
	__attribute__((nonnull, returns_nonnull));

/*
 * fork(2) of the process that will call oci_start() or oci_exec(): as a member of the host's group
 * of monitors, so that the end of the session or unit that started a container does not take its
 * monitor. *@ret_pid is 0 in the child.
 */
struct error *oci_fork(pid_t *ret_pid) __attribute__((nonnull, warn_unused_result));

/* The run-time facts of a container: STATE/containers/ID/state.json. */
struct oci_state {
	char *id;
	int64_t pid, start_ticks;
	char *boot_id;
	int64_t first_id; /* of the leased range; 0: host user namespace */
	bool leased;	  /* false for a range that another container lent */
	char **cgroups;	  /* absolute directories */
	char *cgroup_manager;
	int64_t created_ns;
	bool shares_pids;   /* it has no pid namespace of its own */
	char *systemd_unit; /* whose group it is; NULL: systemd knows nothing of it */
	char *bundle;	    /* its absolute path; NULL for the engine's containers */
};
void oci_state_done(struct oci_state *state);

/* ERROR_NOT_FOUND when @state_dir has no state file: nothing was started. */
struct error *oci_state_load(int state_dir, struct oci_state *ret)
	__attribute__((nonnull, warn_unused_result));
/* The same of its text. A number or a path that no start has saved is ERROR_BAD_INPUT. */
struct error *oci_state_parse(const char *text, size_t length, struct oci_state *ret)
	__attribute__((nonnull, warn_unused_result));

/* Whether its first process still runs: same boot, same pid, same start time. */
bool oci_state_is_alive(const struct oci_state *state) __attribute__((nonnull));

/* Sends @signal to the first process; ERROR_NOT_FOUND when it does not run. */
struct error *oci_kill(const struct oci_state *state, int signal)
	__attribute__((nonnull, warn_unused_result));

/* Sends @signal to every process in its groups. */
struct error *oci_kill_all(const struct oci_state *state, int signal)
	__attribute__((nonnull, warn_unused_result));

/*
 * Kills whatever is left in the container's cgroups, removes them, gives its id range back, and
 * removes state.json. @state_path is what was in oci_spec.state_path. Nothing of it may be there
 * any more.
 */
struct error *oci_delete(int state_dir, const char *state_path)
	__attribute__((nonnull, warn_unused_result));

/*
 * Starts @spec->process in the running container of @state, with the privileges @spec gives; the
 * root, mounts and limits are the container's. The program is a child of this process; its start
 * is told as that of oci_start().
 */
struct error *oci_exec(const struct oci_spec *spec, const struct oci_state *state,
		       struct oci_running *ret) __attribute__((nonnull, warn_unused_result));

/*
 * Whether a container can be put below the control group @parent: a path of plain names, absolute
 * or not, that begins at the engine's own group either way; or the name of a slice, where systemd
 * owns the groups. ERROR_BAD_INPUT, or ERROR_UNSUPPORTED for a slice that this host's groups are
 * not in.
 */
struct error *oci_check_cgroup_parent(const char *parent)
	__attribute__((nonnull, warn_unused_result));

/*
 * The same in a container of a bundle: @process, checked by config_process_parse(), with the stdio
 * of the caller or a terminal, the filter of the container's config.json, and what @io says of the
 * descriptors.
 */
struct error *oci_exec_bundle(const struct oci_bundle *io, const struct config_process *process,
			      const struct oci_state *state, struct oci_running *ret)
	__attribute__((nonnull, warn_unused_result));

/* The options of mounts that are known here, one by one; NULL after the last. */
const char *oci_mount_option(size_t index);

/* What this host has, for `info`. */
struct oci_features {
	int cgroup_version; /* 1, 2; hybrid counts as 1 */
	bool systemd;
	int landlock_abi; /* 0: none */
	bool apparmor, selinux;
};
void oci_features(struct oci_features *ret) __attribute__((nonnull));

/*
 * Whether @profile, JSON in Docker's form, can be compiled, whatever the container's capabilities.
 * ERROR_BAD_INPUT names the place; ERROR_UNSUPPORTED for notifications. What is found here a start
 * would find too, but later.
 */
struct error *oci_seccomp_check(const char *profile) __attribute__((nonnull, warn_unused_result));

/*
 * Capabilities by name: "CHOWN" or "CAP_CHOWN" in any case. oci_capability_name() is "CAP_CHOWN",
 * or NULL.
 */
struct error *oci_capability_parse(const char *text, int *ret_number)
	__attribute__((nonnull, warn_unused_result));
const char *oci_capability_name(int number);

/* Whether the capability means nothing in a user namespace that is not the host's. */
bool oci_capability_is_of_host_only(int number);

/*
 * The bounding set from --cap-add and --cap-drop (names or ALL), docker's rules, on the default
 * set.
 */
struct error *oci_capabilities(char *const *add, char *const *drop, uint64_t *ret_mask)
	__attribute__((nonnull(3), warn_unused_result));
uint64_t oci_capabilities_all(void);
