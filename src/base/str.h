/*
 * Strings as users and files write them: numbers, sizes, durations, quoting. Every parser takes the
 * whole string or fails with ERROR_BAD_INPUT and a text that says what it is not ("\"5x\" is not a
 * size"); the caller adds to whom.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define STR_PARSER __attribute__((nonnull, warn_unused_result))

bool str_equal(const char *a, const char *b); /* NULL equals only NULL */
bool str_has_prefix(const char *text, const char *prefix) __attribute__((nonnull));
bool str_has_suffix(const char *text, const char *suffix) __attribute__((nonnull));
bool str_is_empty(const char *text); /* NULL or "" */

/* Decimal numbers within [@min, @max]; no sign for unsigned, no blanks, no overflow. */
struct error *str_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret) STR_PARSER;
struct error *str_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret) STR_PARSER;
struct error *str_parse_octal(const char *text, uint32_t max, uint32_t *ret) STR_PARSER;

/*
 * Bytes as docker writes them: 512, 5k, 64m, 1.5g, 2GiB, 10MB; units are powers of 1024, case does
 * not matter.
 */
struct error *str_parse_size(const char *text, int64_t *ret_bytes) STR_PARSER;

/* true/false, 1/0, t/f as Go's strconv.ParseBool takes them. */
struct error *str_parse_bool(const char *text, bool *ret) STR_PARSER;

/* A decimal fraction such as --cpus 1.5, in billionths. */
struct error *str_parse_nano(const char *text, int64_t *ret_nano) STR_PARSER;

/*
 * "\"text\"" with control characters escaped and at most 64 bytes shown, for messages. The caller
 * frees.
 */
char *str_quote(const char *text) __attribute__((returns_nonnull, malloc));

/* "1.23MB" (powers of 1000) as docker prints sizes with four digits; the caller frees. */
char *str_human_size(uint64_t bytes) __attribute__((returns_nonnull, malloc));

/*
 * Replaces control characters by '?' in place, U+0080 to U+009F too, which terminals obey as they
 * do ESC: for text of others that is shown or logged.
 */
void str_blank_controls(char *text, size_t length) __attribute__((nonnull));
