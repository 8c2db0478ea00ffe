/*
 * Whether a container runs, told without trusting a pid: its monitor holds a lock (flock(2), which
 * survives execve(2)) on the directory STATE/containers/ID from before the container exists until
 * after the exit record is written. A lock that is free says for certain that the monitor is gone,
 * whatever was killed or rebooted.
 */
#pragma once

#include "engine/handle.h"

enum alive {
	/* no run-time directory: never started, its end recorded and cleaned up, or /run emptied */
	ALIVE_NOTHING,
	ALIVE_RUNS,   /* a monitor holds it */
	ALIVE_EXITED, /* an exit record waits to be recorded */
	ALIVE_LOST,   /* no monitor and no exit record */
};

/*
 * The lock of a container's operations; held while *@ret_fd is open. With @wait false *@ret_fd is
 * -1 when another process has it. alive_unlock_removed() takes the lock file away with the
 * container; those who waited for it start over.
 */
struct error *alive_lock(struct engine *e, const char *id, bool wait, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));
void alive_unlock_removed(struct engine *e, const char *id, int *fd) __attribute__((nonnull));

/* Makes STATE/containers/ID, empty, for a start; the caller holds the container's lock. */
struct error *alive_make_dir(struct engine *e, const char *id, int *ret_state_dir)
	__attribute__((nonnull, warn_unused_result));

/*
 * What the process that becomes the monitor does first, with a descriptor of that directory that it
 * opened itself after the fork: the lock belongs to the open file, so a copy in another process
 * would keep it.
 */
struct error *alive_hold(int state_dir) __attribute__((warn_unused_result));

/* The state now; *@ret_state_dir (may be NULL) is -1 for ALIVE_NOTHING, else the caller's. */
struct error *alive_probe(struct engine *e, const char *id, enum alive *ret, int *ret_state_dir)
	__attribute__((nonnull(1, 2, 3), warn_unused_result));

/*
 * Whether a monitor holds the directory of this descriptor, which may have been removed meanwhile;
 * and waiting until it does not, with false when the time is over first.
 */
bool alive_is_held(int state_dir);
bool alive_wait_released(int state_dir, int64_t timeout_ms);

/*
 * Waits until the container has ended and its output is in the log, at most @timeout_ms (-1: for
 * ever); *@ret is ALIVE_RUNS when the time is over first.
 */
struct error *alive_wait(struct engine *e, const char *id, int64_t timeout_ms, enum alive *ret)
	__attribute__((nonnull, warn_unused_result));

/* "STATE/containers/ID"; the caller frees. */
char *alive_path(struct engine *e, const char *id) __attribute__((nonnull, returns_nonnull));

/*
 * The container @ref as it is now: what ended meanwhile is recorded first. ERROR_NOT_FOUND also
 * where that removed it.
 */
struct error *alive_find(struct engine *e, const char *ref, bool whole, struct container **ret)
	__attribute__((nonnull, warn_unused_result));
