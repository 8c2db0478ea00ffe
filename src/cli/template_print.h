/* How Go's fmt shows JSON values: %v, and printf. */
#pragma once

#include <jansson.h>

#include "base/buf.h"

/*
 * Adds @value as %v: [a b], map[k:v] with sorted keys, <nil>; NULL, the value that is not there, is
 * "<no value>".
 */
struct error *template_print(struct buf *out, const json_t *value)
	__attribute__((nonnull(1), warn_unused_result));

/*
 * As @format and the @n values say; what does not fit is shown as Go does: %!d(string=a),
 * %!s(MISSING).
 */
struct error *template_printf(struct buf *out, const char *format, json_t *const *values, size_t n)
	__attribute__((nonnull(1, 2), warn_unused_result));

/*
 * The keys of @object, sorted, as an array of pointers into it that ends with NULL; the caller
 * frees the array.
 */
const char **template_sorted_keys(const json_t *object) __attribute__((nonnull, returns_nonnull));

/* Go's name for the type of a value: "string", "int", "[]interface {}". */
const char *template_type(const json_t *value) __attribute__((returns_nonnull));
