/*
 * Lists in docker's --format: a template for each row, "table TEMPLATE" with heads, "json". A row
 * is a JSON object of texts, made by its command.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"

/* The head of a column, by the name of its field; a table of them ends with NULL. */
struct listing_column {
	const char *field, *head;
};

struct listing {
	const struct listing_column *columns;
	const char *format;	    /* what the user wants; NULL: @default_format */
	const char *default_format; /* "table {{.ID}}\t{{.Names}}" */
	/*
	 * A row's method, as of struct template_options, called with its subject; NULL: there is
	 * none.
	 */
	json_t *(*method)(void *subject, const char *name, const char *argument);
	void *const *subjects; /* one for each row */
};

/* Sets the field of a row to @text, which it takes over. */
void listing_put(json_t *row, const char *field, char *text) __attribute__((nonnull));

/* Prints @rows, an array, on stdout. */
struct error *listing_print(const struct listing *l, json_t *rows)
	__attribute__((nonnull, warn_unused_result));
