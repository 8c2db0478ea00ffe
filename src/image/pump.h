/*
 * Moves bytes between the processes of a pipeline and counts and hashes them on the way, so that
 * what comes out of a pump is exactly what its digest is of. Bytes are copied through our own
 * memory, never spliced: a page that the sender still owns could change after it was hashed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "image/sandbox.h"

struct pump {
	int in;		 /* a pipe, made non-blocking, or a file; the caller's */
	uint64_t offset; /* of a file */
	uint64_t left;	 /* bytes to move; UINT64_MAX: until the end */
	bool is_file;
	bool is_shared; /* a pipe or terminal of the user's: its flags are not ours to change */
	int out;	/* owned, closed at the end; -1: only count and hash */
	struct digest *digest; /* NULL: none */
	int copy;	       /* the caller's: a file that all bytes go to as well; 0: none */
	uint64_t copied;       /* bytes that are in it already: they are read there, not from .in */
	/* Called for each piece that has come; NULL: nobody. */
	void (*moved)(void *data, uint64_t total);
	void *moved_data;
	uint64_t total; /* moved so far */
	uint64_t max;	/* more is ERROR_LIMIT, told about .name */
	const char *name;
	/* private */
	char *buffer;
	size_t filled, sent;
	bool at_end, broken, done;
};

/*
 * Refuses a stream that is more than @factor times another, once it is over @floor: what is written
 * from a few bytes is a bomb. Checked by pump_run() for the pair's second pump.
 */
#define PUMP_BOMB_FLOOR (1ULL << 30)
#define PUMP_BOMB_FACTOR 200

/* Half of the pipe buffers that F_SETPIPE_SZ gives an ordinary user (fcntl(2)). */
#define PUMP_BUFFER (512 << 10)

/* A pipe of 1 MiB where the kernel grants it. */
struct error *pump_pipe(int *ret_read, int *ret_write) __attribute__((nonnull, warn_unused_result));

/*
 * Runs @n pumps side by side, reading the reports of @n_sandboxes helpers meanwhile, until all are
 * at their end. A reader that goes away is no error here: the pump goes on hashing, and the
 * helper's report says why it went. With two pumps the second's bytes are made of the first's.
 */
struct error *pump_run(struct pump *pumps, size_t n, struct sandbox *const *sandboxes,
		       size_t n_sandboxes) __attribute__((nonnull(1), warn_unused_result));

/* Frees the buffer and closes .out. */
void pump_done(struct pump *p) __attribute__((nonnull));
#define autopump __attribute__((cleanup(pump_done)))
