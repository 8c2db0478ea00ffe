/*
 * One change of an image's config in the words of a Dockerfile (docs.docker.com, Dockerfile
 * reference), as import and commit take them with -c: CMD ENTRYPOINT ENV EXPOSE LABEL STOPSIGNAL
 * USER VOLUME WORKDIR. No variables are expanded.
 */
#pragma once

#include "image/image.h"

/* ERROR_BAD_INPUT names the instruction; @config may then be partly changed. */
struct error *change_apply(struct image_config *config, const char *text)
	__attribute__((nonnull, warn_unused_result));

/* A strv of them, in their order; NULL: none. */
struct error *change_apply_all(struct image_config *config, char *const *changes)
	__attribute__((nonnull(1), warn_unused_result));
