/*
 * systemd as the owner of the cgroup tree: on its hosts we may only use what it has delegated
 * (systemd.io, CGROUP_DELEGATION). Slices cannot be delegated, so it is one transient scope in a
 * slice of ours, asked for over D-Bus when it is not there; it goes when its last process has gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define SYSTEMD_SCOPE_PATH "bulkhead.slice/bulkhead.scope"

bool systemd_is_running(void);

/* The path, from the root of the hierarchy, of our scope in @slice; the caller frees. */
char *systemd_scope_in(const char *slice) __attribute__((nonnull, returns_nonnull, malloc));

/*
 * Starts the scope whose group is @path, SLICE/SCOPE at its end, with these limits around a process
 * made for it, and waits until that is in the group. The caller moves *@ret_first where it belongs
 * and then calls systemd_release_scope(). libsystemd is loaded here. ERROR_CONFLICT while an
 * earlier scope is still on its way out.
 */
struct error *systemd_make_scope(const char *path, int64_t memory_bytes, int64_t pids,
				 pid_t *ret_first) __attribute__((nonnull, warn_unused_result));

/* Ends that process, once another is in the scope. 0 is nobody. */
void systemd_release_scope(pid_t first);
