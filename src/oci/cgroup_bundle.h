/* Control groups of a bundle; see cgroup_bundle.c. */
#pragma once

#include "config/config.h"
#include "oci/cgroup.h"

/* The groups at linux.cgroupsPath, or among the engine's own where there is none. */
struct error *cgroup_bundle_make(struct cgroup *cg, const struct oci_spec *spec)
	__attribute__((nonnull, warn_unused_result));

/* Removes the empty groups of a bundle whose config.json is in @state_dir, and no state file. */
struct error *cgroup_bundle_delete_unsaved(int state_dir) __attribute__((warn_unused_result));

/* Fills the zeroed @ret; ERROR_UNSUPPORTED names what is not applied here. */
struct error *cgroup_bundle_resources(const struct config_resources *config,
				      struct oci_resources *ret)
	__attribute__((nonnull, warn_unused_result));
