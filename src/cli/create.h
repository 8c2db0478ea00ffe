/* Making a container, as create and run do. */
#pragma once

#include "cli/container_options.h"

/*
 * Creates the container that @o describes (already completed), prints the engine's warnings, and
 * writes the --cidfile, which must not exist yet and is not left behind on failure.
 */
struct error *create_container(struct engine *e, const struct container_options *o,
			       char ret_id[ENGINE_ID_SIZE])
	__attribute__((nonnull, warn_unused_result));
