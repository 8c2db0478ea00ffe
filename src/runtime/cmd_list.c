/* bulkhead-oci list: all containers below --root. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "runtime/commands.h"
#include "runtime/status.h"

#include "base/banned.h"

struct list_options {
	bool quiet;
	char *format;
};

static const struct option options[] = {
	OPTION(struct list_options, quiet, "quiet", 'q', option_bool, "Print only ids"),
	OPTION(struct list_options, format, "format", 'f', option_text,
	       "\"table\" or \"json\" (default \"table\")"),
	OPTION_END,
};

struct row {
	char *cells[6];
};

static const char *const titles[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
#define COLUMNS (sizeof(titles) / sizeof(*titles))

static struct row row_of(const struct container *c)
{
	enum status status = container_status(c);

	return (struct row){ {
		alloc_string(c->id),
		alloc_printf("%jd",
			     status == STATUS_STOPPED ? (intmax_t)0 : (intmax_t)c->state.pid),
		alloc_string(status_name(status)),
		alloc_string(c->state.bundle ? c->state.bundle : ""),
		status_created(c),
		status_owner(c),
	} };
}

/* As Go's text/tabwriter lays it out for runc: at least 12 wide, one blank between. */
static void print_table(const struct row *rows, size_t n)
{
	int widths[COLUMNS];

	for (size_t i = 0; i < COLUMNS; i++) {
		widths[i] = (int)strlen(titles[i]) + 1;
		for (size_t r = 0; r < n; r++)
			if ((int)strlen(rows[r].cells[i]) + 1 > widths[i])
				widths[i] = (int)strlen(rows[r].cells[i]) + 1;
		if (widths[i] < 12)
			widths[i] = 12;
	}
	for (size_t i = 0; i < COLUMNS; i++)
		printf("%-*s", i + 1 < COLUMNS ? widths[i] : 0, titles[i]);
	putchar('\n');
	for (size_t r = 0; r < n; r++) {
		for (size_t i = 0; i < COLUMNS; i++)
			printf("%-*s", i + 1 < COLUMNS ? widths[i] : 0, rows[r].cells[i]);
		putchar('\n');
	}
}

static void rows_free(struct row *rows, size_t n)
{
	for (size_t r = 0; r < n; r++)
		for (size_t i = 0; i < COLUMNS; i++)
			free(rows[r].cells[i]);
	free(rows);
}

/* Containers that go while we look, or were never completed, are passed over. */
static bool open_next(struct runtime *rt, const char *id, struct container *c)
{
	struct error *err = container_look(rt, id, c);

	if (!err && c->state.id)
		return true;
	error_ignore(err, "it is not there any more");
	return false;
}

static struct error *list_json(struct runtime *rt, char *const *ids)
{
	json_t *all autojson = json_array();
	char *text autofree = NULL;

	for (size_t i = 0; ids && ids[i]; i++) {
		struct container c autocontainer = CONTAINER_NONE;

		if (open_next(rt, ids[i], &c))
			json_array_append_new(all, status_json(&c));
	}
	text = json_dumps(all, JSON_COMPACT);
	puts(json_array_size(all) ? text : "null");
	return NULL;
}

static struct error *list_table(struct runtime *rt, char *const *ids, bool quiet)
{
	struct row *rows = alloc_zeroed(strv_length(ids) + 1, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; ids && ids[i]; i++) {
		struct container c autocontainer = CONTAINER_NONE;

		if (!open_next(rt, ids[i], &c))
			continue;
		if (quiet)
			puts(c.id);
		else
			rows[n++] = row_of(&c);
	}
	if (!quiet)
		print_table(rows, n);
	rows_free(rows, n);
	return NULL;
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct list_options *o = data;
	char **ids autostrv = NULL;

	(void)arguments;
	TRY(container_list(rt, &ids));
	if (!o->format || str_equal(o->format, "table"))
		return list_table(rt, ids, o->quiet);
	if (!str_equal(o->format, "json"))
		return error_new(ERROR_BAD_INPUT, "invalid format option: %s", o->format);
	return o->quiet ? list_table(rt, ids, true) : list_json(rt, ids);
}

const struct command cmd_list = {
	.name = "list",
	.arguments = "",
	.summary = "List containers",
	.options = options,
	.options_size = sizeof(struct list_options),
	.min_arguments = 0,
	.max_arguments = 0,
	.run = run,
};
