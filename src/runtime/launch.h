/* What `create` and `run` share: from the bundle to a process that waits at its gate. */
#pragma once

#include "runtime/container.h"

struct launch_options {
	char *bundle, *config, *console_socket, *pid_file, *pidfd_socket;
	int preserve_fds;
	bool no_pivot, no_new_keyring;

	/* of run */
	bool detach, keep, no_subreaper;
};

extern const struct option launch_options[];

/*
 * Makes the container @id; *@ret is open and locked. Without .detach this process keeps its
 * terminal, whose master is in *@running then.
 */
struct error *launch(struct runtime *rt, const struct launch_options *o, const char *id,
		     struct container *ret, struct oci_running *running)
	__attribute__((nonnull, warn_unused_result));

/*
 * Opens its gate and runs its poststart hooks. *@ret_said: the container's stderr has the error,
 * too.
 */
struct error *launch_start(struct container *c, bool *ret_said)
	__attribute__((nonnull(1), warn_unused_result));
