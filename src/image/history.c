/* image_history(): GET /images/{name}/history of the Docker Engine API 1.47. */
#include <string.h>

#include "base/strv.h"
#include "image/catalog.h"
#include "image/config.h"
#include "image/store.h"

#include "base/banned.h"

#define MISSING "<missing>"

static const char *text_of(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text ? text : "";
}

/* Seconds since the epoch; 0 where it says nothing sensible. */
static json_int_t created_seconds(const json_t *entry)
{
	int64_t seconds;

	return config_created(text_of(entry, "created"), &seconds) ? seconds : 0;
}

/* The newest first. Entries that have a layer take the image's in turn. */
static struct error *add_entries(struct image_store *store, const struct image *image,
				 const json_t *history, json_t *rows)
{
	const json_t *entry;
	size_t i, layer = 0, n_layers = strv_length(image->layers);

	json_array_foreach(history, i, entry) {
		bool empty = json_is_true(json_object_get(entry, "empty_layer"));
		uint64_t size = 0;

		if (!empty && layer < n_layers)
			TRY(catalog_layer_size(store->db, image->layers[layer++], &size));
		json_array_insert_new(rows, 0,
				      json_pack("{s:s, s:I, s:s, s:n, s:I, s:s}", "Id", MISSING,
						"Created", created_seconds(entry), "CreatedBy",
						text_of(entry, "created_by"), "Tags", "Size",
						(json_int_t)size, "Comment",
						text_of(entry, "comment")));
	}
	return NULL;
}

static void name_newest(const struct image *image, json_t *rows)
{
	json_t *newest = json_array_get(rows, 0);

	json_object_set_new(newest, "Id", json_string(image->id));
	json_object_set_new(newest, "Tags", json_texts(image->names));
}

struct error *image_history(struct image_store *store, const char *ref, json_t **ret)
{
	struct config_file config autoconfig = { 0 };
	struct image *image autoimage = NULL;
	json_t *rows autojson = json_array();
	char *text autofree = NULL;

	TRY(image_find(store, ref, &image));
	TRY(catalog_config(store->db, image->id, &text));
	TRY(config_decode(text, strlen(text), &config));
	TRY(add_entries(store, image, config.history, rows));
	if (json_array_size(rows))
		name_newest(image, rows);
	*ret = take(rows);
	return NULL;
}
