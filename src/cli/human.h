/* Times and sizes as people read and write them, in docker's words. */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* "About a minute", "3 weeks": @seconds rounded down to one unit. The caller frees. */
char *human_duration(int64_t seconds) __attribute__((returns_nonnull, malloc));

/* "3 weeks ago", of a time in nanoseconds since the epoch; the caller frees. */
char *human_ago(int64_t then_ns) __attribute__((returns_nonnull, malloc));

/*
 * "2024-05-01 10:00:00 +0000 UTC" in the local time zone, as docker's lists show it; the caller
 * frees.
 */
char *human_time(int64_t ns) __attribute__((returns_nonnull, malloc));

/* "2024-05-01T10:00:00.123456789Z"; the caller frees. */
char *human_rfc3339(int64_t ns) __attribute__((returns_nonnull, malloc));

/*
 * A moment as --since takes it: "1136073600.5" (seconds since the epoch), "2006-01-02T15:04:05.9Z",
 * the same shorter or without zone (then local time), or how long ago: "1h30m".
 */
struct error *human_parse_time(const char *text, int64_t *ret_ns)
	__attribute__((nonnull, warn_unused_result));

/*
 * The first @n characters of @text, the last of them "…" where something was cut; the caller frees.
 */
char *human_ellipsis(const char *text, size_t n) __attribute__((nonnull, returns_nonnull, malloc));

/* "123MB": powers of 1000, three digits, as the lists show sizes; the caller frees. */
char *human_size(uint64_t bytes) __attribute__((returns_nonnull, malloc));
