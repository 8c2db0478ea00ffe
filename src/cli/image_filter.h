/* Filters that several commands about images have. */
#pragma once

#include "engine/engine.h"

/*
 * Whether the name @name is what @pattern means: a shell's pattern for the repository, with or
 * without the tag.
 */
bool image_filter_name(const char *name, const char *pattern) __attribute__((nonnull));

/* Whether it was created before the moment @value (human_parse_time()). */
struct error *image_filter_until(const struct image *image, const char *value, bool *ret)
	__attribute__((nonnull, warn_unused_result));

/* When it says that it was created; 0, older than any other, where it says nothing sensible. */
int64_t image_filter_created_ns(const struct image *image) __attribute__((nonnull));
