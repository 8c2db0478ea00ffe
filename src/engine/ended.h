/*
 * The end of a container, recorded once whoever notices it: the command that waited, the `_ended`
 * that the monitor spawns, or any command that finds the record and the run-time directory
 * disagree. Each step can be done again, and the record changes after the steps it speaks of and
 * before the run-time directory goes, so that a killed command's work is finished by the next.
 */
#pragma once

#include "engine/alive.h"
#include "engine/handle.h"

/* Whether the record of @c and what was probed say the same, so that there is nothing to do. */
bool ended_agrees(const struct container *c, enum alive alive) __attribute__((nonnull));

/*
 * Makes the record say what is true. Takes the container's lock; with @wait false a container that
 * another process works on is left to it. A container that is not recorded any more is no error.
 */
struct error *ended_mend(struct engine *e, const char *id, bool wait)
	__attribute__((nonnull, warn_unused_result));

/*
 * After a start that failed, for who holds the lock: the container has exited with the status of
 * @why (128 where it has none) and its text; --rm removes it. *@lock is closed where the container
 * is removed.
 */
struct error *ended_start_failed(struct engine *e, const struct container *c,
				 const struct error *why, int *lock)
	__attribute__((nonnull, warn_unused_result));

/*
 * Removes a container that does not run, for who holds the lock: directories, anonymous volumes
 * with @volumes, record, lock. @c is whole.
 */
struct error *ended_remove(struct engine *e, const struct container *c, bool volumes, int *lock)
	__attribute__((nonnull, warn_unused_result));
