/*
 * Starting a helper program of ours (bulkhead-unpack, bulkhead-fetch) in namespaces of its own, its
 * ids mapped to the helpers' range (base/idrange.h). What else it has to give up it gives up itself
 * (base/confine.h).
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/proc.h"
#include "base/userns.h"

/* Ids 0-65535 of the helpers' user namespaces. */
extern const struct id_map helper_map;

/* Every namespace there is; a helper that talks to the network is not in one of its own. */
#define HELPER_ALONE                                                                               \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)
#define HELPER_ON_NETWORK (HELPER_ALONE & ~CLONE_NEWNET)

/*
 * Starts @spawn in new @namespaces (CLONE_NEW*, with the user namespace). If it cannot be executed
 * it sends a frame of type @error_type (base/msg.h) with the encoded error to descriptor @error_fd
 * of spawn->fds. The caller waits for *@ret_pid, or kills it: after a failure too, unless it is 0.
 */
struct error *helper_start(const struct proc_spawn *spawn, unsigned long namespaces, int error_fd,
			   uint32_t error_type, pid_t *ret_pid)
	__attribute__((nonnull, warn_unused_result));
