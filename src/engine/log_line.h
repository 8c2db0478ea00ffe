/*
 * One line of a container's log, as docker's json-file driver and our monitor write it:
 * {"log":"text\n","stream":"stdout","time":"2024-01-02T03:04:05.000000006Z"}
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct log_line {
	int stream;	 /* 1 or 2 */
	int64_t time_ns; /* since the epoch */
	char *text;
	size_t length;
};

/*
 * Parses the line without its newline; a malformed one is ERROR_BAD_INPUT. log_line_done() frees
 * the text.
 */
struct error *log_line_parse(const char *line, size_t length, struct log_line *ret)
	__attribute__((nonnull, warn_unused_result));
void log_line_done(struct log_line *line) __attribute__((nonnull));
