/* --device turned into what oci/ sets up. */
#pragma once

#include "engine/handle.h"
#include "oci/oci.h"

/*
 * Fills the devices of @ret. A directory of the host's /dev stands for every node that is in it
 * now; one without any is ERROR_BAD_INPUT.
 */
struct error *spec_devices(const struct container *c, struct oci_spec *ret)
	__attribute__((nonnull, warn_unused_result));
