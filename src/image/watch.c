#include "image/watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SHORT_ID 12

void watch_say(const struct image_transfer *t, const char *format, ...)
{
	char *line autofree = NULL;
	va_list args;
	int n;

	if (!t->said)
		return;
	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n >= 0)
		t->said(t->data, line);
}

void watch_tell(const struct image_transfer *t, const char *digest, const char *status,
		uint64_t done_bytes, uint64_t total_bytes)
{
	char *id autofree = NULL;

	if (!t->watch)
		return;
	id = alloc_string_n(digest_hex(digest), SHORT_ID);
	t->watch(t->data, &(struct image_event){ id, status, done_bytes, total_bytes });
}
