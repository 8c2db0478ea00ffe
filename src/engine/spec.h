/*
 * A container's record turned into what oci/ sets up. What a container is by default stands here,
 * in one table each: docs/defaults.md is checked against them.
 */
#pragma once

#include "engine/handle.h"
#include "oci/oci.h"

/*
 * Fills @ret for a start of @c in the run-time directory @state_dir (not taken over). The caller
 * calls oci_spec_done(), also after an error.
 */
struct error *spec_build(struct engine *e, const struct container *c, int state_dir,
			 struct oci_spec *ret) __attribute__((nonnull, warn_unused_result));

/* The same for another program in the running container: only what exec needs. */
struct error *spec_build_exec(struct engine *e, const struct container *c,
			      const struct exec_request *request, struct oci_spec *ret)
	__attribute__((nonnull, warn_unused_result));

/* Whether container root is the host's root: --userns=host or --privileged. */
bool spec_shares_root(const struct container *c) __attribute__((nonnull));
