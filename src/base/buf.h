/*
 * A growing byte buffer that cannot be made without its maximum: over it, adding fails with
 * ERROR_LIMIT. The bytes are always followed by a NUL that does not count, so text can be used as a
 * string.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct buf {
	char *data; /* NULL while empty; use buf_text() for a string */
	size_t length;
	size_t size;
	size_t max;
};

/* For the initialiser: struct buf b autobuf = BUF_MAX(65536); */
#define BUF_MAX(bytes) ((struct buf){ .max = (bytes) })

void buf_done(struct buf *b);
#define autobuf __attribute__((cleanup(buf_done)))

/* Makes room for @more bytes after the present ones. */
struct error *buf_reserve(struct buf *b, size_t more) __attribute__((nonnull, warn_unused_result));
struct error *buf_add(struct buf *b, const void *data, size_t length)
	__attribute__((nonnull, warn_unused_result));
struct error *buf_add_text(struct buf *b, const char *text)
	__attribute__((nonnull, warn_unused_result));
struct error *buf_printf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull, warn_unused_result));

/* Forgets the first @length bytes. */
void buf_consume(struct buf *b, size_t length) __attribute__((nonnull));

/* The content as a string, "" when empty; valid until the next change. */
const char *buf_text(const struct buf *b) __attribute__((nonnull, returns_nonnull));

/* The content as a string that the caller frees; the buffer is empty afterwards. */
char *buf_take(struct buf *b) __attribute__((nonnull, returns_nonnull));
