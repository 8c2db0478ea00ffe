/*
 * --filter of ps and images: "name=value"; values of one name are alternatives, different names
 * must all hold.
 */
#pragma once

#include <stdbool.h>

#include "base/option.h"

/* A strv of name, value, in the order given. */
extern const struct option_type option_filter;

/*
 * The filters of a command, a table that ends with .name NULL; a test says whether @subject passes
 * @value.
 */
struct filter {
	const char *name;
	struct error *(*test)(const void *subject, const char *value, bool *ret);
};

/* ERROR_BAD_INPUT for a filter that is not in @known. */
struct error *filter_check(char *const *filters, const struct filter *known)
	__attribute__((nonnull(2), warn_unused_result));

/*
 * Whether @subject passes all; labels must all hold, as with docker. The filters have been checked.
 */
struct error *filter_passes(char *const *filters, const struct filter *known, const void *subject,
			    bool *ret) __attribute__((nonnull(2, 4), warn_unused_result));

/* Whether a map of labels has "key" or "key=value". */
bool filter_label(char *const *labels, const char *wanted) __attribute__((nonnull(2)));
