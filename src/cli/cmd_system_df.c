/* bulkhead system df */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/human.h"
#include "cli/listing.h"

#include "base/banned.h"

#define SHORT_ID 12

struct df_options {
	char *format;
	bool verbose;
};

static const struct option options[] = {
	OPTION(struct df_options, format, "format", 0, option_text,
	       "Format output using a Go template: 'TEMPLATE', 'table TEMPLATE' or 'json'"),
	OPTION(struct df_options, verbose, "verbose", 'v', option_bool,
	       "Show detailed information on space usage"),
	OPTION_END,
};

static const struct listing_column columns[] = {
	{ "Type", "TYPE" }, { "TotalCount", "TOTAL" },	      { "Active", "ACTIVE" },
	{ "Size", "SIZE" }, { "Reclaimable", "RECLAIMABLE" }, { NULL, NULL },
};

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* ---- the summary ---- */

struct sum {
	const char *type;
	int64_t total, active, size, reclaimable;
	bool no_percent;
};

static json_t *sum_row(const struct sum *sum)
{
	char *reclaimable = human_size((uint64_t)sum->reclaimable);
	json_t *row = json_object();

	listing_put(row, "Type", alloc_string(sum->type));
	listing_put(row, "TotalCount", alloc_printf("%jd", (intmax_t)sum->total));
	listing_put(row, "Active", alloc_printf("%jd", (intmax_t)sum->active));
	listing_put(row, "Size", human_size((uint64_t)sum->size));
	if (sum->size && !sum->no_percent)
		listing_put(row, "Reclaimable",
			    alloc_printf("%s (%jd%%)", reclaimable,
					 (intmax_t)(sum->reclaimable * 100 / sum->size)));
	else
		listing_put(row, "Reclaimable", alloc_string(reclaimable));
	free(reclaimable);
	return row;
}

/* What is shared with an image that is in use would not be freed. */
static struct sum sum_images(const json_t *usage)
{
	struct sum sum = { .type = "Images", .size = number(usage, "LayersSize") };
	int64_t used = 0;
	json_t *image;
	size_t i;

	json_array_foreach(json_object_get(usage, "Images"), i, image) {
		sum.total++;
		if (!number(image, "Containers"))
			continue;
		sum.active++;
		used += number(image, "Size") - number(image, "SharedSize");
	}
	sum.reclaimable = sum.active ? sum.size - used : sum.size;
	if (sum.reclaimable < 0)
		sum.reclaimable = 0;
	return sum;
}

static struct error *sum_containers(struct engine *e, const json_t *usage, struct sum *sum)
{
	json_t *container;
	size_t i;

	sum->type = "Containers";
	json_array_foreach(json_object_get(usage, "Containers"), i, container) {
		struct container *c autocontainer = NULL;
		struct error *err = engine_find(e, text(container, "Id"), &c);

		if (error_is(err, ERROR_NOT_FOUND)) { /* it went meanwhile */
			error_free(err);
			continue;
		}
		TRY(err);
		sum->total++;
		sum->size += number(container, "SizeRw");
		if (c->status == CONTAINER_RUNNING || c->status == CONTAINER_PAUSED)
			sum->active++;
		else
			sum->reclaimable += number(container, "SizeRw");
	}
	return NULL;
}

static struct sum sum_volumes(const json_t *usage)
{
	struct sum sum = { .type = "Local Volumes" };
	json_t *volume;
	size_t i;

	json_array_foreach(json_object_get(usage, "Volumes"), i, volume) {
		const json_t *data = json_object_get(volume, "UsageData");

		sum.total++;
		sum.size += number(data, "Size");
		if (number(data, "RefCount"))
			sum.active++;
		else
			sum.reclaimable += number(data, "Size");
	}
	return sum;
}

static struct error *print_summary(struct engine *e, const json_t *usage, const char *format)
{
	const struct listing listing = {
		.columns = columns,
		.format = format,
		.default_format =
			"table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
	};
	const struct sum images = sum_images(usage), volumes = sum_volumes(usage);
	const struct sum cache = { .type = "Build Cache", .no_percent = true };
	struct sum containers = { 0 };
	json_t *rows autojson = json_array();

	TRY(sum_containers(e, usage, &containers));
	json_array_append_new(rows, sum_row(&images));
	json_array_append_new(rows, sum_row(&containers));
	json_array_append_new(rows, sum_row(&volumes));
	json_array_append_new(rows, sum_row(&cache));
	return listing_print(&listing, rows);
}

/* ---- -v ---- */

static json_t *image_row(const json_t *image, const char *name)
{
	const char *colon = name ? strrchr(name, ':') : NULL, *id = text(image, "Id");
	int64_t shared = number(image, "SharedSize"), size = number(image, "Size"), ns;
	struct error *err = human_parse_time(text(image, "Created"), &ns);
	json_t *row = json_object();

	listing_put(row, "Repository",
		    colon ? alloc_string_n(name, (size_t)(colon - name)) : alloc_string("<none>"));
	listing_put(row, "Tag", alloc_string(colon ? colon + 1 : "<none>"));
	listing_put(row, "ID", alloc_string_n(digest_hex(id), SHORT_ID));
	listing_put(row, "CreatedSince", err ? alloc_string("N/A") : human_ago(ns));
	error_free(err);
	listing_put(row, "Size", human_size((uint64_t)size));
	listing_put(row, "SharedSize", human_size((uint64_t)shared));
	listing_put(row, "UniqueSize", human_size((uint64_t)(size - shared)));
	listing_put(row, "Containers", alloc_printf("%jd", (intmax_t)number(image, "Containers")));
	return row;
}

static struct error *print_images(const json_t *usage)
{
	static const struct listing_column heads[] = {
		{ "Repository", "REPOSITORY" },
		{ "Tag", "TAG" },
		{ "ID", "IMAGE ID" },
		{ "CreatedSince", "CREATED" },
		{ "Size", "SIZE" },
		{ "SharedSize", "SHARED SIZE" },
		{ "UniqueSize", "UNIQUE SIZE" },
		{ "Containers", "CONTAINERS" },
		{ NULL, NULL },
	};
	const struct listing listing = {
		.columns = heads,
		.default_format =
			"table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t"
			"{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
	};
	json_t *rows autojson = json_array(), *image, *tag;
	size_t i, k;

	json_array_foreach(json_object_get(usage, "Images"), i, image) {
		const json_t *tags = json_object_get(image, "RepoTags");

		json_array_foreach(tags, k, tag)
			json_array_append_new(rows, image_row(image, json_string_value(tag)));
		if (!json_array_size(tags))
			json_array_append_new(rows, image_row(image, NULL));
	}
	puts("Images space usage:\n");
	return listing_print(&listing, rows);
}

static json_t *container_df_row(const struct container *c, int64_t size)
{
	static const char *const words[] = { "created", "running", "paused", "exited", "dead" };
	json_t *row = json_object();
	int64_t volumes = 0;

	for (size_t i = 0; i < c->n_mounts; i++)
		volumes += strcmp(c->mounts[i].type, "volume") == 0;
	listing_put(row, "ID", alloc_string_n(c->id, SHORT_ID));
	listing_put(row, "Image", alloc_string(c->config.image ? c->config.image : ""));
	listing_put(row, "LocalVolumes", alloc_printf("%jd", (intmax_t)volumes));
	listing_put(row, "Size", human_size((uint64_t)size));
	listing_put(row, "RunningFor", human_ago(c->created_ns));
	listing_put(row, "Status", alloc_string(words[c->status]));
	listing_put(row, "Names", alloc_string(c->name));
	return row;
}

static struct error *print_containers(struct engine *e, const json_t *usage)
{
	static const struct listing_column heads[] = {
		{ "ID", "CONTAINER ID" },
		{ "Image", "IMAGE" },
		{ "LocalVolumes", "LOCAL VOLUMES" },
		{ "Size", "SIZE" },
		{ "RunningFor", "CREATED" },
		{ "Status", "STATUS" },
		{ "Names", "NAMES" },
		{ NULL, NULL },
	};
	const struct listing listing = {
		.columns = heads,
		.default_format = "table {{.ID}}\t{{.Image}}\t{{.LocalVolumes}}\t{{.Size}}\t"
				  "{{.RunningFor}}\t{{.Status}}\t{{.Names}}",
	};
	json_t *rows autojson = json_array(), *container;
	size_t i;

	json_array_foreach(json_object_get(usage, "Containers"), i, container) {
		struct container *c autocontainer = NULL;
		struct error *err = engine_find(e, text(container, "Id"), &c);

		if (!err)
			json_array_append_new(rows,
					      container_df_row(c, number(container, "SizeRw")));
		error_ignore(err, "it went meanwhile");
	}
	puts("\nContainers space usage:\n");
	return listing_print(&listing, rows);
}

static struct error *print_volumes(const json_t *usage)
{
	static const struct listing_column heads[] = {
		{ "Name", "VOLUME NAME" }, { "Links", "LINKS" }, { "Size", "SIZE" }, { NULL, NULL }
	};
	const struct listing listing = {
		.columns = heads,
		.default_format = "table {{.Name}}\t{{.Links}}\t{{.Size}}",
	};
	json_t *rows autojson = json_array(), *volume;
	size_t i;

	json_array_foreach(json_object_get(usage, "Volumes"), i, volume) {
		const json_t *data = json_object_get(volume, "UsageData");
		json_t *row = json_object();

		listing_put(row, "Name", alloc_string(text(volume, "Name")));
		listing_put(row, "Links", alloc_printf("%jd", (intmax_t)number(data, "RefCount")));
		listing_put(row, "Size", human_size((uint64_t)number(data, "Size")));
		json_array_append_new(rows, row);
	}
	puts("\nLocal Volumes space usage:\n");
	return listing_print(&listing, rows);
}

static struct error *print_details(struct engine *e, const json_t *usage)
{
	TRY(print_images(usage));
	TRY(print_containers(e, usage));
	TRY(print_volumes(usage));
	puts("\nBuild cache usage: 0B\n");
	return NULL;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct df_options *o = data;
	json_t *usage autojson = NULL;
	struct engine *e;

	(void)arguments;
	if (o->verbose && !str_is_empty(o->format))
		return error_new(ERROR_BAD_INPUT,
				 "--verbose has tables of its own, which --format cannot change");
	TRY(cli_engine(cli, &e));
	TRY(engine_disk_usage(e, &usage));
	return o->verbose ? print_details(e, usage) : print_summary(e, usage, o->format);
}

const struct command cmd_system_df = {
	.name = "df",
	.arguments = "",
	.summary = "Show what images, containers and volumes take on disk",
	.options = options,
	.options_size = sizeof(struct df_options),
	.run = run,
};
