/* Base64 (RFC 4648, 4), as HTTP's Basic scheme and docker's config.json have it. */
#pragma once

#include "base/buf.h"

/* Appends @length bytes of @data, padded. */
struct error *base64_encode(struct buf *b, const void *data, size_t length)
	__attribute__((nonnull, warn_unused_result));

/* Appends the bytes that @text stands for; padding may be missing. ERROR_BAD_INPUT. */
struct error *base64_decode(struct buf *b, const char *text)
	__attribute__((nonnull, warn_unused_result));
