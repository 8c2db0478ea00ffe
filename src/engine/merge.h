/*
 * An image's configuration under that of a container, by docker's rules (daemon/commit.go, merge).
 */
#pragma once

#include "engine/engine.h"

/*
 * Completes @config from @image. ERROR_BAD_INPUT "no command specified" when neither says what to
 * run.
 */
struct error *merge_image(const struct image_config *image, struct container_config *config)
	__attribute__((nonnull, warn_unused_result));

/* Entrypoint and command in a row; the caller frees. */
char **merge_argv(const struct container_config *config) __attribute__((nonnull));
