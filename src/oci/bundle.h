/* From config.json to the specification that the steps read. */
#pragma once

#include "config/config.h"
#include "oci/oci.h"

/*
 * Fills the zeroed @ret, of which the caller has set what belongs to it; it is the caller's then.
 */
struct error *bundle_spec(const struct oci_bundle *bundle, struct oci_spec *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * The same for another process in the container whose first is @pid: of its namespaces those that
 * are not ours are joined.
 */
struct error *bundle_exec_spec(const struct oci_bundle *io, const struct config_process *process,
			       pid_t pid, struct oci_spec *ret)
	__attribute__((nonnull, warn_unused_result));
