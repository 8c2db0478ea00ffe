/* What is written to the pipe: small pieces together, large ones as they are. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct output {
	int fd; /* the caller's */
	char *buffer;
	size_t filled;
	uint64_t bytes; /* so far */
};

void output_begin(struct output *o, int fd) __attribute__((nonnull));
void output_done(struct output *o) __attribute__((nonnull));
#define autooutput __attribute__((cleanup(output_done)))

struct error *output_add(struct output *o, const void *data, size_t length)
	__attribute__((nonnull, warn_unused_result));

/*
 * Room for *@ret_size more bytes at the end of the buffer, and taking @length of them as written
 * there.
 */
struct error *output_room(struct output *o, char **ret, size_t *ret_size)
	__attribute__((nonnull, warn_unused_result));
void output_take(struct output *o, size_t length) __attribute__((nonnull));

struct error *output_zeroes(struct output *o, uint64_t length)
	__attribute__((nonnull, warn_unused_result));
struct error *output_flush(struct output *o) __attribute__((nonnull, warn_unused_result));
