#include "cli/images_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/human.h"
#include "cli/image_filter.h"
#include "cli/listing.h"

#include "base/banned.h"

#define SHORT_ID 12

static const struct listing_column columns[] = {
	{ "Image", "IMAGE" },
	{ "ID", "ID" },
	{ "DiskUsage", "DISK USAGE" },
	{ "ContentSize", "CONTENT SIZE" },
	{ "Used", "USED" },
	{ NULL, NULL },
};

static const char *text_of(const json_t *image, const char *key)
{
	const char *text = json_string_value(json_object_get(image, key));

	return text ? text : "";
}

static uint64_t number_of(const json_t *image, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(image, key));
}

/* Takes over @name. */
static void add_row(json_t *rows, const json_t *image, char *name, bool used)
{
	uint64_t content = number_of(image, "ContentSize");
	json_t *row = json_object();

	listing_put(row, "Image", name);
	listing_put(row, "ID", alloc_string_n(digest_hex(text_of(image, "Id")), SHORT_ID));
	listing_put(row, "DiskUsage", human_size(number_of(image, "Size") + content));
	listing_put(row, "ContentSize", human_size(content));
	json_object_set_new(row, "Used", json_string(used ? "\u2714" : ""));
	json_array_append_new(rows, row);
}

static bool is_named(const json_t *tags, const char *reference)
{
	json_t *tag;
	size_t i;

	json_array_foreach(tags, i, tag)
		if (image_filter_name(json_string_value(tag), reference))
			return true;
	return false;
}

static void add_image(json_t *rows, const json_t *image, const char *reference)
{
	const json_t *tags = json_object_get(image, "RepoTags");
	bool used = number_of(image, "Containers");
	json_t *tag;
	size_t i;

	if (reference && !is_named(tags, reference))
		return;
	json_array_foreach(tags, i, tag)
		add_row(rows, image, alloc_string(json_string_value(tag)), used);
	if (!json_array_size(tags))
		add_row(rows, image, alloc_string("<untagged>"), used);
	add_row(rows, image,
		alloc_printf("\u2514\u2500 %s/%s", text_of(image, "Os"),
			     text_of(image, "Architecture")),
		false);
}

struct error *images_tree_print(struct engine *e, const char *reference)
{
	const struct listing listing = {
		.columns = columns,
		.default_format =
			"table {{.Image}}\t{{.ID}}\t{{.DiskUsage}}\t{{.ContentSize}}\t{{.Used}}",
	};
	json_t *usage autojson = NULL, *rows autojson = json_array(), *image;
	size_t i;

	TRY(engine_disk_usage(e, &usage));
	json_array_foreach(json_object_get(usage, "Images"), i, image)
		add_image(rows, image, reference);
	return listing_print(&listing, rows);
}
