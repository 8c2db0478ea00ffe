/*
 * The mounts of a container: decided at create from -v, --mount, --tmpfs and the image's volumes,
 * kept in the record, opened at every start.
 */
#pragma once

#include "engine/handle.h"

/*
 * Fills @c->mounts (sorted so that a parent comes before what lies in it) and checks the sources.
 * Nothing is made. Two mounts at one place are ERROR_BAD_INPUT "Duplicate mount point: PATH"; an
 * image's volume gives way to a mount there.
 */
struct error *mounts_decide(struct engine *e, const struct policy *policy, struct container *c)
	__attribute__((nonnull, warn_unused_result));

/*
 * Opens the source of a bind or volume (O_PATH) for a start; a missing bind source is made where
 * that was asked. What was opened is checked again, so that a link put there since changes nothing.
 */
struct error *mounts_open_source(struct engine *e, const struct engine_mount *m, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));
