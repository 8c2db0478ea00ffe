/*
 * Go's text/template (pkg.go.dev/text/template) over JSON values, as far as docker's --format needs
 * it: actions, fields, variables, pipelines, if, with, range, break, continue, comments, trim
 * markers, docker's functions and Go's for text, comparison and logic. Not there: define, template,
 * block, call, html, js, urlquery.
 *
 * Both the text and the data may be hostile: nesting, steps and (by the caller's buffer) output are
 * bounded.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct template;

/* ERROR_BAD_INPUT "template: :LINE: why", in Go's words. */
struct error *template_parse(const char *text, struct template **ret)
	__attribute__((nonnull, warn_unused_result));
void template_free(struct template *t);
DEFINE_AUTO(struct template *, template_free);
#define autotemplate __attribute__((cleanup(template_free_p)))

/* What docker's Go types say about a field that its JSON does not show. */
enum template_field_kind {
	TEMPLATE_MAP,  /* a map: any key may be asked for, null is empty */
	TEMPLATE_LIST, /* null is an empty list */
};
struct template_field {
	const char *name; /* a table of them ends with NULL */
	enum template_field_kind kind;
};

struct template_options {
	const struct template_field *fields; /* NULL: none */
	bool heading; /* docker's column heads: functions give back their first argument */
	/*
	 * {{.NAME "argument"}} on the data itself: a new reference, or NULL if there is no such
	 * method; may be NULL
	 */
	json_t *(*method)(void *data, const char *name, const char *argument);
	void *data;
};

/*
 * Appends the result to @out. A field that is not there is ERROR_BAD_INPUT, as with docker's
 * inspect: "template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\"".
 */
struct error *template_execute(const struct template *t, const struct template_options *o,
			       json_t *data, struct buf *out)
	__attribute__((nonnull, warn_unused_result));
