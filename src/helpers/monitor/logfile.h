/*
 * The container's log in the form of docker's json-file driver: one line
 * {"log":"text\n","stream":"stdout","time":"2024-01-02T03:04:05.000000000Z"} a record in
 * ID-json.log, older files in ID-json.log.1, .2 … Records are collected in a fixed buffer and
 * written whole, so a reader never sees a torn one; what cannot be written (disk full) is dropped
 * and counted, and the count is logged when writing works again. Nothing is allocated but for the
 * text of errors.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

enum {
	LOGFILE_TEXT_MAX = 16384, /* of one record: docker's bound, too */
	/* six bytes for each of the text's, and what is around it */
	LOGFILE_RECORD_MAX = 6 * LOGFILE_TEXT_MAX + 256,
	LOGFILE_BUFFER = LOGFILE_RECORD_MAX + 2 * 16384,
};

struct logfile {
	size_t used;	  /* bytes of whole records in out */
	uint64_t records; /* in out */
	int dir, fd;	  /* the caller's; ours, -1 while the file cannot be opened */
	uint64_t size;	  /* of the file, in whole records */
	uint64_t lost;	  /* records that could not be written and are not yet told of */
	uint64_t max_bytes;
	unsigned int max_files;
	int64_t retry_at_s;  /* when to try again to open the file */
	struct timespec now; /* of the records being added */
	char stamp[40];	     /* now as "2024-01-02T03:04:05.000000000Z" */
	char name[NAME_MAX + 1];
	char out[LOGFILE_BUFFER]; /* last: its pages stay untouched as long as nothing is logged */
};

/*
 * For ID-json.log in @dir (which stays the caller's and must outlive @l); made or continued with
 * the first record, since a file costs more than many a container. A file that would grow over
 * @max_bytes (0: no bound) is rotated, at most @max_files are kept.
 */
struct error *logfile_init(struct logfile *l, int dir, const char *id, uint64_t max_bytes,
			   unsigned int max_files) __attribute__((nonnull, warn_unused_result));

/* The time of the records that follow (CLOCK_REALTIME). */
void logfile_set_time(struct logfile *l, const struct timespec *now) __attribute__((nonnull));

/*
 * Adds one record of at most LOGFILE_TEXT_MAX bytes; @whole: it ends a line, a newline follows the
 * text. Bytes that are not UTF-8 become U+FFFD.
 */
void logfile_add(struct logfile *l, const char *stream, const char *text, size_t length, bool whole)
	__attribute__((nonnull));

/* Writes what was added. */
void logfile_flush(struct logfile *l) __attribute__((nonnull));

void logfile_close(struct logfile *l) __attribute__((nonnull));
