/*
 * A plain tar archive from a descriptor, as libarchive reads it: in large blocks, skipping by
 * lseek(2) where the descriptor is a file. Names come out as the bytes that stand in the archive.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>

#include "base/error.h"

struct input;

struct error *input_open(int fd, struct input **ret) __attribute__((nonnull, warn_unused_result));
void input_free(struct input *in);
DEFINE_AUTO(struct input *, input_free);
#define autoinput __attribute__((cleanup(input_free_p)))

/* The next entry, NULL at the end of the archive; valid until the next call. */
struct error *input_next(struct input *in, struct archive_entry **ret)
	__attribute__((nonnull, warn_unused_result));

/* The next piece of the entry's bytes, and its place in the file; *@ret NULL after the last. */
struct error *input_data(struct input *in, const void **ret, size_t *ret_length,
			 int64_t *ret_offset) __attribute__((nonnull, warn_unused_result));

/*
 * Where the bytes of the present entry begin in the archive; after input_data() has given the
 * first of them.
 */
uint64_t input_position(struct input *in) __attribute__((nonnull));

/* Reads what follows the end of the archive, so that the writer of a pipe can finish. */
struct error *input_drain(struct input *in) __attribute__((nonnull, warn_unused_result));
