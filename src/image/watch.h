/* What a transfer tells the one who watches it; nothing where nobody does. */
#pragma once

#include "image/image.h"

void watch_say(const struct image_transfer *t, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull));

/* How far the layer with @digest (its own, or its diff id) is. */
void watch_tell(const struct image_transfer *t, const char *digest, const char *status,
		uint64_t done_bytes, uint64_t total_bytes) __attribute__((nonnull));
