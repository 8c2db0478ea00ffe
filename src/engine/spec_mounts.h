/* The mount points of a container's record as mounts of its specification. */
#pragma once

#include "engine/handle.h"
#include "oci/oci.h"

/*
 * Opens the sources (a missing one of -v is made, as docker does) and appends the mounts, parents
 * before children.
 */
struct error *spec_add_mounts(struct engine *e, const struct container *c, struct oci_spec *spec)
	__attribute__((nonnull, warn_unused_result));
