/* engine_disk_usage(): GET /system/df of the Docker Engine API 1.47. */
#include <stdlib.h>
#include <string.h>

#include "base/db.h"
#include "base/json.h"
#include "base/strv.h"
#include "engine/record.h"
#include "engine/size.h"
#include "engine/volumes.h"

#include "base/banned.h"

static json_int_t count_containers(struct container *const *containers, size_t n, const char *image)
{
	json_int_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += strcmp(containers[i]->image_id, image) == 0;
	return count;
}

/* What is asked for by several of the functions below. */
struct usage {
	struct engine *e;
	struct container **containers;
	size_t n;
	json_t *document;
};

static void usage_done(struct usage *u)
{
	for (size_t i = 0; i < u->n; i++)
		container_free(u->containers[i]);
	free(u->containers);
	json_decref(u->document);
}
#define autousage __attribute__((cleanup(usage_done)))

/* ---- images ---- */

static json_t *describe(const struct image *image)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:I, s:s, s:s}", "Id", image->id, "RepoTags",
			 json_texts(image->names), "RepoDigests", json_texts(image->digests),
			 "Created", image->created ? image->created : "", "Size",
			 (json_int_t)image->size_bytes, "Os", image->os ? image->os : "",
			 "Architecture", image->architecture ? image->architecture : "");
}

static struct error *add_image(struct usage *u, const struct image *image, json_t *list)
{
	json_t *row = describe(image);
	uint64_t shared, content;

	json_array_append_new(list, row);
	TRY(image_shared_size(engine_images(u->e), image->id, &shared));
	TRY(image_content_size(engine_images(u->e), image->id, &content));
	json_object_set_new(row, "SharedSize", json_integer((json_int_t)shared));
	json_object_set_new(row, "ContentSize", json_integer((json_int_t)content));
	json_object_set_new(row, "Containers",
			    json_integer(count_containers(u->containers, u->n, image->id)));
	return NULL;
}

static struct error *add_images(struct usage *u)
{
	json_t *list = json_array();
	struct image **images = NULL;
	struct error *err = NULL;
	uint64_t total;
	size_t n = 0;

	json_object_set_new(u->document, "Images", list);
	TRY(image_store_size(engine_images(u->e), &total));
	json_object_set_new(u->document, "LayersSize", json_integer((json_int_t)total));
	TRY(image_list(engine_images(u->e), &images, &n));
	for (size_t i = 0; i < n; i++) {
		if (!err)
			err = add_image(u, images[i], list);
		image_free(images[i]);
	}
	free(images);
	return err;
}

/* ---- containers ---- */

static struct error *add_containers(struct usage *u)
{
	json_t *list = json_array();
	int dir;

	json_object_set_new(u->document, "Containers", list);
	TRY(handle_dir(u->e, HANDLE_CONTAINERS, &dir));
	for (size_t i = 0; i < u->n; i++) {
		char *upper autofree = alloc_printf("%s/diff", u->containers[i]->id);

		json_array_append_new(list,
				      json_pack("{s:s, s:I}", "Id", u->containers[i]->id, "SizeRw",
						(json_int_t)size_of_tree(dir, upper)));
	}
	return NULL;
}

/* ---- volumes ---- */

static struct error *add_volumes(struct usage *u)
{
	json_t *list = json_array();
	struct db_statement *s;
	bool row;
	int dir;

	json_object_set_new(u->document, "Volumes", list);
	TRY(handle_dir(u->e, HANDLE_VOLUMES, &dir));
	TRY(db_prepare(u->e->db,
		       "SELECT name, (SELECT count(*) FROM volume_use WHERE volume = name)"
		       " FROM volume ORDER BY name",
		       &s));
	for (;;) {
		TRY(db_step(s, &row));
		if (!row)
			return NULL;
		json_array_append_new(list, json_pack("{s:s, s:{s:I, s:I}}", "Name", db_text(s, 0),
						      "UsageData", "Size",
						      (json_int_t)size_of_tree(dir, db_text(s, 0)),
						      "RefCount", (json_int_t)db_int(s, 1)));
	}
}

struct error *engine_disk_usage(struct engine *e, json_t **ret)
{
	struct usage u autousage = { .e = e, .document = json_object() };

	TRY(engine_list(e, ENGINE_LIST_ALL, &u.containers, &u.n));
	TRY(add_images(&u));
	TRY(add_containers(&u));
	TRY(add_volumes(&u));
	json_object_set_new(u.document, "BuildCache", json_array());
	*ret = take(u.document);
	return NULL;
}
