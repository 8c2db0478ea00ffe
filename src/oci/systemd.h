/*
 * systemd as the owner of the cgroup tree: on its hosts we may only use what it has delegated
 * (systemd.io, CGROUP_DELEGATION). Slices cannot be delegated, so it is transient scopes, asked for
 * over D-Bus: one in a slice of ours for all containers of the engine, which goes when its last
 * process has gone; and one for each container of a bundle whose caller wants it so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/systemd_property.h"

#define SYSTEMD_SCOPE_PATH "bulkhead.slice/bulkhead.scope"

bool systemd_is_running(void);

/* The path of @slice from the root of the hierarchy, "a.slice/a-b.slice"; the caller frees. */
char *systemd_slice_path(const char *slice) __attribute__((nonnull, returns_nonnull, malloc));

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

/* The same for the unit @unit with any @properties, PIDs added to them; its group is @path. */
struct error *systemd_start_unit(const char *unit, const char *path,
				 struct systemd_properties *properties, pid_t *ret_first)
	__attribute__((nonnull, warn_unused_result));

/* Changes what a running unit has, until it ends. */
struct error *systemd_set_properties(const char *unit, const struct systemd_properties *properties)
	__attribute__((nonnull, warn_unused_result));

/* Ends the unit and waits until systemd knows it no more; one that it does not know is no error. */
struct error *systemd_stop_unit(const char *unit) __attribute__((nonnull, warn_unused_result));

/* Ends that process, once another is in the scope. 0 is nobody. */
void systemd_release_scope(pid_t first);
