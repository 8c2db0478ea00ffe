#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void buf_done(struct buf *b)
{
	int saved = errno;

	free(b->data);
	b->data = NULL;
	b->length = b->size = 0;
	errno = saved;
}

struct error *buf_reserve(struct buf *b, size_t more)
{
	size_t size = b->size ? b->size : 256;
	size_t needed;

	if (more > b->max || b->length > b->max - more ||
	    __builtin_add_overflow(b->length + more, 1, &needed)) /* the NUL */
		return error_new(ERROR_LIMIT, "more than %zu bytes", b->max);
	if (needed <= b->size)
		return NULL;
	while (size < needed)
		size = size > SIZE_MAX / 2 ? needed : size * 2;
	b->data = alloc_resize(b->data, size, 1);
	b->size = size;
	return NULL;
}

struct error *buf_add(struct buf *b, const void *data, size_t length)
{
	TRY(buf_reserve(b, length));
	memcpy(b->data + b->length, data, length);
	b->length += length;
	b->data[b->length] = '\0';
	return NULL;
}

struct error *buf_add_text(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

struct error *buf_printf(struct buf *b, const char *format, ...)
{
	char *text autofree = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		return error_new(ERROR_BUG, "format \"%s\"", format);
	}
	return buf_add(b, text, (size_t)n);
}

void buf_consume(struct buf *b, size_t length)
{
	assert(length <= b->length);
	if (!length)
		return;
	memmove(b->data, b->data + length, b->length - length);
	b->length -= length;
	b->data[b->length] = '\0';
}

const char *buf_text(const struct buf *b)
{
	return b->data && b->length ? b->data : "";
}

char *buf_take(struct buf *b)
{
	char *text = b->data ? b->data : alloc_string("");

	text[b->length] = '\0';
	b->data = NULL;
	b->length = b->size = 0;
	return text;
}
