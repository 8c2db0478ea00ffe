/* The functions that templates can call: Go's and docker's. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What a function gets and gives; values may be NULL, "no value". */
struct template_call {
	json_t **values;
	size_t n;
	json_t *result; /* a new reference */
	size_t max;	/* of bytes a text result may have */
};

struct template_function {
	const char *name;
	int min, max;	/* number of values; max -1: any */
	bool is_docker; /* in headings it gives back its first value */
	struct error *(*call)(struct template_call *c); /* NULL: "and", "or", which stop early */
};

/* NULL if there is none of that name. */
const struct template_function *template_function_find(const char *name) __attribute__((nonnull));

/* Go's truth: not false, 0, "", empty, nil or missing. */
bool template_is_true(const json_t *value);
