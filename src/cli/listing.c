#include "cli/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/table.h"
#include "cli/template.h"

#include "base/banned.h"

#define OUTPUT_MAX (64 << 20)

/* In lists, docker lets a shell's '\t' and '\n' stand for the characters, even outside of {{ }}. */
static char *expand_escapes(const char *format)
{
	char *text = alloc_string(format), *to = text;

	for (const char *c = format; *c; c++) {
		bool escape = *c == '\\' && (c[1] == 't' || c[1] == 'n');

		*to++ = !escape ? *c : *++c == 't' ? '\t' : '\n';
	}
	*to = '\0';
	return text;
}

/* The head for {{.Label "com.example.some-name"}}: "some name". */
static json_t *head_of_method(void *data, const char *name, const char *argument)
{
	const char *last = strrchr(argument, '.');
	char *head autofree = alloc_string(last ? last + 1 : argument);

	(void)data;
	(void)name;
	for (char *c = head; *c; c++)
		if (*c == '-' || *c == '_')
			*c = ' ';
	return json_string(head);
}

static struct error *add_heads(const struct listing *l, const struct template *t, struct buf *out)
{
	struct template_options options = { .heading = true,
					    .method = l->method ? head_of_method : NULL };
	json_t *heads autojson = json_object();

	for (const struct listing_column *c = l->columns; c->field; c++)
		json_object_set_new(heads, c->field, json_string(c->head));
	TRY(template_execute(t, &options, heads, out));
	return buf_add_text(out, "\n");
}

static struct error *add_row(const struct listing *l, const struct template *t, json_t *rows,
			     size_t i, struct buf *out)
{
	struct template_options options = { .method = l->method,
					    .data = l->subjects ? l->subjects[i] : NULL };

	TRY(template_execute(t, &options, json_array_get(rows, i), out));
	return buf_add_text(out, "\n");
}

static struct error *add_json(const json_t *row, struct buf *out)
{
	char *text autofree = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);

	TRY(buf_add_text(out, text));
	return buf_add_text(out, "\n");
}

static struct error *add_rows(const struct listing *l, const char *format, json_t *rows, bool heads,
			      struct buf *out)
{
	struct template *t autotemplate = NULL;

	TRY(error_wrap(template_parse(format, &t), "failed to parse template"));
	if (heads)
		TRY(error_wrap(add_heads(l, t, out), "failed to execute template"));
	for (size_t i = 0; i < json_array_size(rows); i++)
		TRY(error_wrap(add_row(l, t, rows, i, out), "failed to execute template"));
	return NULL;
}

/* What stands behind "table", NULL where @format is no table. */
static const char *table_format(const struct listing *l, const char *format)
{
	const char *rest;

	if (strncmp(format, "table", 5) != 0 ||
	    (format[5] && format[5] != ' ' && format[5] != '\t'))
		return NULL;
	rest = format + 5 + strspn(format + 5, " \t");
	return *rest ? rest : l->default_format + strlen("table ");
}

/* Names and labels are others': what a terminal would obey in them is not for it to see. */
static void blank_controls(struct buf *text)
{
	for (size_t at = 0; at < text->length;) {
		size_t length = strcspn(text->data + at, "\n\t");

		str_blank_controls(text->data + at, length);
		at += length + 1;
	}
}

static struct error *put(struct buf *text)
{
	if (text->length && isatty(STDOUT_FILENO))
		blank_controls(text);
	if (text->length && fwrite(text->data, 1, text->length, stdout) != text->length)
		return error_sys("write to stdout");
	return NULL;
}

void listing_put(json_t *row, const char *field, char *text)
{
	json_object_set_new(row, field, json_string(text));
	free(text);
}

struct error *listing_print(const struct listing *l, json_t *rows)
{
	char *format autofree =
		expand_escapes(str_is_empty(l->format) ? l->default_format : l->format);
	const char *table = table_format(l, format);
	struct buf text autobuf = BUF_MAX(OUTPUT_MAX), aligned autobuf = BUF_MAX(OUTPUT_MAX);
	json_t *row;
	size_t i;

	if (strcmp(format, "json") == 0) {
		json_array_foreach(rows, i, row)
			TRY(add_json(row, &text));
		return put(&text);
	}
	TRY(add_rows(l, table ? table : format, rows, table != NULL, &text));
	if (!table)
		return put(&text);
	TRY(table_align(buf_text(&text), &aligned));
	return put(&aligned);
}
