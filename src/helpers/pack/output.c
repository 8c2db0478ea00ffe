#include "helpers/pack/output.h"

#include <string.h>

#include "base/fd.h"

#include "base/banned.h"

#define BUFFER_SIZE (256 << 10)

void output_begin(struct output *o, int fd)
{
	*o = (struct output){ .fd = fd, .buffer = alloc_zeroed(BUFFER_SIZE, 1) };
}

void output_done(struct output *o)
{
	alloc_free_pointer(&o->buffer);
}

struct error *output_flush(struct output *o)
{
	size_t length = o->filled;

	o->filled = 0;
	return length ? fd_write_all(o->fd, o->buffer, length) : NULL;
}

struct error *output_room(struct output *o, char **ret, size_t *ret_size)
{
	if (o->filled > BUFFER_SIZE / 2)
		TRY(output_flush(o));
	*ret = o->buffer + o->filled;
	*ret_size = BUFFER_SIZE - o->filled;
	return NULL;
}

void output_take(struct output *o, size_t length)
{
	o->filled += length;
	o->bytes += length;
}

struct error *output_add(struct output *o, const void *data, size_t length)
{
	const char *next = data;
	size_t size;
	char *room;

	while (length) {
		TRY(output_room(o, &room, &size));
		if (size > length)
			size = length;
		memcpy(room, next, size);
		output_take(o, size);
		next += size;
		length -= size;
	}
	return NULL;
}

struct error *output_zeroes(struct output *o, uint64_t length)
{
	size_t size;
	char *room;

	while (length) {
		TRY(output_room(o, &room, &size));
		if (size > length)
			size = (size_t)length;
		memset(room, 0, size);
		output_take(o, size);
		length -= size;
	}
	return NULL;
}
