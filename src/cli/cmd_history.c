/* bulkhead history */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/human.h"
#include "cli/listing.h"

#include "base/banned.h"

#define SHORT_ID 12
#define CREATED_BY_WIDTH 45

struct history_options {
	bool human, no_trunc, quiet;
	char *format;
};

static const struct option options[] = {
	OPTION(struct history_options, format, "format", 0, option_text,
	       "Format output using a Go template: 'TEMPLATE', 'table TEMPLATE' or 'json'"),
	OPTION(struct history_options, human, "human", 'H', option_bool,
	       "Print sizes and dates in human readable format (default true)"),
	OPTION(struct history_options, no_trunc, "no-trunc", 0, option_bool,
	       "Don't truncate output"),
	OPTION(struct history_options, quiet, "quiet", 'q', option_bool, "Only show image IDs"),
	OPTION_END,
};

static const struct history_options defaults = { .human = true };

static const struct listing_column columns[] = {
	{ "ID", "IMAGE" },
	{ "CreatedSince", "CREATED" },
	{ "CreatedAt", "CREATED AT" },
	{ "CreatedBy", "CREATED BY" },
	{ "Size", "SIZE" },
	{ "Comment", "COMMENT" },
	{ NULL, NULL },
};

static const char *text_of(const json_t *entry, const char *key)
{
	return json_string_value(json_object_get(entry, key));
}

/* To the second: a history says no more. */
static char *moment(int64_t ns)
{
	char *text autofree = human_rfc3339(ns);

	return alloc_printf("%.*sZ", (int)strcspn(text, ".Z"), text);
}

static void put_created(json_t *row, const json_t *entry, bool human)
{
	int64_t seconds = json_integer_value(json_object_get(entry, "Created"));
	int64_t ns = seconds * 1000000000;

	listing_put(row, "CreatedAt", seconds ? moment(ns) : alloc_string("N/A"));
	listing_put(row, "CreatedSince",
		    !seconds ? alloc_string("N/A")
		    : human  ? human_ago(ns)
			     : moment(ns));
}

static json_t *make_row(const json_t *entry, const struct history_options *o)
{
	const char *id = text_of(entry, "Id"), *digits = strchr(id, ':');
	uint64_t size = (uint64_t)json_integer_value(json_object_get(entry, "Size"));
	char *by autofree = alloc_string(text_of(entry, "CreatedBy"));
	json_t *row = json_object();

	listing_put(row, "ID",
		    digits && !o->no_trunc ? alloc_string_n(digits + 1, SHORT_ID)
					   : alloc_string(id));
	put_created(row, entry, o->human);
	for (char *c = by; *c; c++)
		if (*c == '\t')
			*c = ' ';
	listing_put(row, "CreatedBy",
		    o->no_trunc ? alloc_string(by) : human_ellipsis(by, CREATED_BY_WIDTH));
	listing_put(row, "Size",
		    o->human ? human_size(size) : alloc_printf("%ju", (uintmax_t)size));
	json_object_set_new(row, "Comment", json_string(text_of(entry, "Comment")));
	return row;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct history_options *o = data;
	struct listing listing = {
		.columns = columns,
		.format = o->format,
		.default_format =
			"table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
	};
	json_t *entries autojson = NULL, *rows autojson = json_array(), *entry;
	struct engine *e;
	size_t i;

	TRY(cli_engine(cli, &e));
	TRY(image_history(engine_images(e), arguments[0], &entries));
	json_array_foreach(entries, i, entry)
		json_array_append_new(rows, make_row(entry, o));
	if (o->quiet)
		listing.default_format = "{{.ID}}";
	return listing_print(&listing, rows);
}

const struct command cmd_history = {
	.name = "history",
	.arguments = "IMAGE",
	.summary = "Show the history of an image",
	.options = options,
	.options_size = sizeof(struct history_options),
	.defaults = &defaults,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
