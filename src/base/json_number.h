/*
 * The numbers of base/json.h: which kinds there are, what each can hold, and the unsigned ones that
 * jansson has no type for. For json.c and json_encode.c.
 */
#pragma once

#include <stdbool.h>

#include "base/json.h"

/* Whether the kind is one number, in place or behind a pointer. */
bool json_kind_is_number(enum json_kind kind);

/* Whether @value is a string that a document can spell: not one that stands for a number. */
bool json_is_text(const json_t *value);

/* Checks @value against the kind and bounds of @f, and stores it at @target. */
struct error *json_decode_number(const struct json_field *f, const json_t *value, void *target)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* The number at @source, which is of @kind; null for a pointer that is NULL. */
json_t *json_encode_number(enum json_kind kind, const void *source)
	__attribute__((nonnull, returns_nonnull));

/* Whether it is 0, or a pointer that is NULL. */
bool json_number_is_empty(enum json_kind kind, const void *source) __attribute__((nonnull));

/* Sets the number to 0, or frees it. */
void json_number_done(enum json_kind kind, void *target) __attribute__((nonnull));

/* Turns the strings that stand for numbers in @text, a dump of a tree, into digits, in place. */
void json_unwrap_numbers(char *text) __attribute__((nonnull));
