/* What can be done with a container that is there, by its control groups; part of oci.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct config_resources;
struct oci_bundle;
struct oci_state;

/*
 * Removes the empty groups that a `create` of @bundle left which was killed before there was a
 * state; systemd takes its scope away itself.
 */
struct error *oci_delete_unfinished(const char *id, const struct oci_bundle *bundle)
	__attribute__((nonnull, warn_unused_result));

/* Stops every process of it, or lets them go on; waits until they have. */
struct error *oci_freeze(const struct oci_state *state, bool frozen)
	__attribute__((nonnull, warn_unused_result));
bool oci_is_frozen(const struct oci_state *state) __attribute__((nonnull));

/* Its limits are from now on those of @r; what is not in there stays, and so do its devices. */
struct error *oci_update(const struct oci_state *state, const struct config_resources *r)
	__attribute__((nonnull, warn_unused_result));

/* The pids of all its processes, in its own groups and below; an array the caller frees. */
struct error *oci_processes(const struct oci_state *state, pid_t **ret, size_t *ret_n)
	__attribute__((nonnull, warn_unused_result));

/* What it uses, as JSON in the words of runc's `events --stats`; the caller frees. */
struct error *oci_stats(const struct oci_state *state, char **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Watching it run out of memory: .poll becomes ready for .events of poll(2), and
 * oci_oom_happened() then tells whether it was that.
 */
struct oci_oom {
	int poll, control;
	short events;
	char *path;
	uint64_t seen;
};
struct error *oci_oom_open(const struct oci_state *state, struct oci_oom *ret)
	__attribute__((nonnull, warn_unused_result));
bool oci_oom_happened(struct oci_oom *o) __attribute__((nonnull));
void oci_oom_close(struct oci_oom *o) __attribute__((nonnull));
