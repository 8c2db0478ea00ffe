/* bulkhead images */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/filter.h"
#include "cli/human.h"
#include "cli/image_filter.h"
#include "cli/images_tree.h"
#include "cli/listing.h"

#include "base/banned.h"

#define SHORT_ID 12
#define NONE "<none>"

struct images_options {
	bool all, digests, no_trunc, quiet, tree;
	char *format, **filters;
};

static const struct option options[] = {
	OPTION(struct images_options, all, "all", 'a', option_bool,
	       "Show all images (there are no intermediate ones to hide)"),
	OPTION(struct images_options, digests, "digests", 0, option_bool, "Show digests"),
	OPTION(struct images_options, filters, "filter", 'f', option_filter,
	       "Filter output based on conditions provided"),
	OPTION(struct images_options, format, "format", 0, option_text,
	       "Format output using a Go template: 'TEMPLATE', 'table TEMPLATE' or 'json'"),
	OPTION(struct images_options, no_trunc, "no-trunc", 0, option_bool,
	       "Don't truncate output"),
	OPTION(struct images_options, quiet, "quiet", 'q', option_bool, "Only show image IDs"),
	OPTION(struct images_options, tree, "tree", 0, option_bool,
	       "List images with the platforms that each is here for, as a tree"),
	OPTION_END,
};

static const struct listing_column columns[] = {
	{ "ID", "IMAGE ID" },
	{ "Repository", "REPOSITORY" },
	{ "Tag", "TAG" },
	{ "Digest", "DIGEST" },
	{ "CreatedSince", "CREATED" },
	{ "CreatedAt", "CREATED AT" },
	{ "Size", "SIZE" },
	{ "Containers", "CONTAINERS" },
	{ "VirtualSize", "SIZE" },
	{ "SharedSize", "SHARED SIZE" },
	{ "UniqueSize", "UNIQUE SIZE" },
	{ NULL, NULL },
};

/* What the filters look at: an image, and where others are found. */
struct candidate {
	const struct image *image;
	struct image_store *images;
};

static struct error *test_reference(const void *subject, const char *value, bool *ret)
{
	const struct image *image = ((const struct candidate *)subject)->image;

	*ret = false;
	for (char **name = image->names; name && *name && !*ret; name++)
		*ret = image_filter_name(*name, value);
	return NULL;
}

static struct error *test_dangling(const void *subject, const char *value, bool *ret)
{
	const struct image *image = ((const struct candidate *)subject)->image;
	bool wanted;

	TRY(error_wrap(str_parse_bool(value, &wanted), "invalid filter 'dangling=%s'", value));
	*ret = wanted == !strv_length(image->names);
	return NULL;
}

static struct error *test_label(const void *subject, const char *value, bool *ret)
{
	*ret = filter_label(((const struct candidate *)subject)->image->config.labels, value);
	return NULL;
}

/* How much later than the image that @value names the candidate was created. */
static struct error *compare_created(const struct candidate *c, const char *value, int64_t *ret_ns)
{
	struct image *other autoimage = NULL;

	TRY(image_find(c->images, value, &other));
	*ret_ns = image_filter_created_ns(c->image) - image_filter_created_ns(other);
	return NULL;
}

static struct error *test_before(const void *subject, const char *value, bool *ret)
{
	int64_t later_ns;

	TRY(compare_created(subject, value, &later_ns));
	*ret = later_ns < 0;
	return NULL;
}

static struct error *test_since(const void *subject, const char *value, bool *ret)
{
	int64_t later_ns;

	TRY(compare_created(subject, value, &later_ns));
	*ret = later_ns > 0;
	return NULL;
}

static struct error *test_until(const void *subject, const char *value, bool *ret)
{
	return image_filter_until(((const struct candidate *)subject)->image, value, ret);
}

static const struct filter filters[] = {
	{ "until", test_until }, { "reference", test_reference }, { "dangling", test_dangling },
	{ "label", test_label }, { "before", test_before },	  { "since", test_since },
	{ NULL, NULL },
};

/* The digest by which the repository of @name knows the image. */
static char *digest_for(const struct image *image, const char *repository)
{
	size_t length = strlen(repository);

	for (char **d = image->digests; d && *d; d++)
		if (strncmp(*d, repository, length) == 0 && (*d)[length] == '@')
			return alloc_string(*d + length + 1);
	return alloc_string(NONE);
}

static void put_name(json_t *row, const struct image *image, const char *name)
{
	const char *colon = name ? strrchr(name, ':') : NULL;
	char *repository autofree = alloc_string(NONE);

	if (name && (!colon || strchr(colon, '/')))
		colon = name + strlen(name);
	if (name) {
		free(repository);
		repository = alloc_string_n(name, (size_t)(colon - name));
	}
	json_object_set_new(row, "Repository", json_string(repository));
	listing_put(row, "Tag", alloc_string(name && *colon ? colon + 1 : NONE));
	listing_put(row, "Digest", digest_for(image, repository));
}

static void put_created(json_t *row, const struct image *image)
{
	int64_t created_ns;
	struct error *err = human_parse_time(image->created ? image->created : "", &created_ns);

	listing_put(row, "CreatedSince", err ? alloc_string("N/A") : human_ago(created_ns));
	listing_put(row, "CreatedAt", err ? alloc_string("N/A") : human_time(created_ns));
	error_free(err);
}

static json_t *make_row(const struct image *image, const char *name, bool truncate)
{
	json_t *row = json_object();

	listing_put(row, "ID",
		    truncate ? alloc_string_n(digest_hex(image->id), SHORT_ID)
			     : alloc_string(image->id));
	put_name(row, image, name);
	put_created(row, image);
	listing_put(row, "Size", human_size(image->size_bytes));
	listing_put(row, "VirtualSize", str_human_size(image->size_bytes));
	json_object_set_new(row, "Containers", json_string("N/A"));
	json_object_set_new(row, "SharedSize", json_string("N/A"));
	json_object_set_new(row, "UniqueSize", json_string("N/A"));
	return row;
}

/* Docker's rule for an image of several names: "reference" is asked of each. */
static bool is_filtered_out(const struct images_options *o, const char *name)
{
	bool any = false;

	for (char **f = o->filters; f && *f; f += 2) {
		if (strcmp(*f, "reference") != 0)
			continue;
		if (image_filter_name(name, f[1]))
			return false;
		any = true;
	}
	return any;
}

/*
 * One row for each name that @pattern, the command's argument, and the filters leave; an image
 * without names has one, too.
 */
static void add_rows(const struct image *image, const struct images_options *o, const char *pattern,
		     json_t *rows)
{
	if (!strv_length(image->names) && !pattern)
		json_array_append_new(rows, make_row(image, NULL, !o->no_trunc));
	for (char **name = image->names; name && *name; name++)
		if ((!pattern || image_filter_name(*name, pattern)) && !is_filtered_out(o, *name))
			json_array_append_new(rows, make_row(image, *name, !o->no_trunc));
}

static struct error *print_rows(const struct images_options *o, json_t *rows)
{
	struct listing listing = {
		.columns = columns,
		.format = o->format,
		.default_format =
			"table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
	};

	if (o->digests)
		listing.default_format =
			"table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
	if (o->quiet)
		listing.default_format = "{{.ID}}";
	return listing_print(&listing, rows);
}

static struct error *add_if_passes(const struct candidate *c, const struct images_options *o,
				   const char *pattern, json_t *rows)
{
	bool passes;

	TRY(filter_passes(o->filters, filters, c, &passes));
	if (passes)
		add_rows(c->image, o, pattern, rows);
	return NULL;
}

static struct error *collect(struct image_store *store, const struct images_options *o,
			     const char *pattern, json_t *rows)
{
	struct image **images = NULL;
	struct error *err = NULL;
	size_t n = 0;

	TRY(image_list(store, &images, &n));
	for (size_t i = 0; i < n; i++) {
		struct candidate candidate = { .image = images[i], .images = store };

		if (!err)
			err = add_if_passes(&candidate, o, pattern, rows);
		image_free(images[i]);
	}
	free(images);
	return err;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct images_options *o = data;
	json_t *rows autojson = json_array();
	struct engine *e;

	TRY(filter_check(o->filters, filters));
	if (o->tree && (o->format || o->quiet || o->filters))
		return error_new(ERROR_BAD_INPUT,
				 "--tree cannot be combined with --filter, --format or --quiet");
	TRY(cli_engine(cli, &e));
	if (o->tree)
		return images_tree_print(e, arguments[0]);
	TRY(collect(engine_images(e), o, arguments[0], rows));
	return print_rows(o, rows);
}

const struct command cmd_images = {
	.name = "images",
	.arguments = "[REPOSITORY[:TAG]]",
	.summary = "List images",
	.options = options,
	.options_size = sizeof(struct images_options),
	.max_arguments = 1,
	.run = run,
};
