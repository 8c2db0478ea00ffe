/*
 * image_commit(): what a container has changed becomes one more layer. bulkhead-pack makes a tar
 * stream of the upper directory, and that is unpacked like any other: what comes out is what its
 * digest says, whatever the container did meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/strv.h"
#include "image/catalog.h"
#include "image/change.h"
#include "image/commit.h"
#include "image/config.h"
#include "image/pack.h"

#include "base/banned.h"

/* Of a tar archive of nothing, 1024 zeroes: docker has no layer for it either. */
#define EMPTY_LAYER "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

static struct error *pack_layer(struct making *k, int upper)
{
	struct sandbox s autosandbox = SANDBOX_NONE;
	int tree autoclose = -1;

	TRY(sandbox_source(upper, &tree));
	TRY(pack_start(&s, "diff", tree, &k->layer.source.fd));
	fd_close(&tree);
	k->layer.is_stream = true;
	TRY(layer_unpack_all(&k->w, &k->layer, 1, NULL, NULL));
	return sandbox_finish(&s, NULL, NULL, NULL);
}

static struct error *read_base(struct making *k, const char *base)
{
	char *text autofree = NULL;

	TRY(catalog_config(k->w.store->db, base, &text));
	return config_decode(text, strlen(text), &k->config);
}

static void replace_text(char **field, const char *text)
{
	free(*field);
	*field = alloc_string(text);
}

/*
 * What the container runs with; it cannot say otherwise than its image how it is built or checked.
 */
static struct error *take_config(struct image_config *config, const struct image_config *of)
{
	json_t *copy autojson = json_encode(&image_config_type, of);
	struct image_config fresh = { 0 };

	TRY(json_decode(&image_config_type, copy, &fresh));
	fresh.shell = take(config->shell);
	fresh.on_build = take(config->on_build);
	fresh.healthcheck = take(config->healthcheck);
	json_done(&image_config_type, config);
	*config = fresh;
	return NULL;
}

static void add_history(struct config_file *config, const struct image_commit *c, bool empty)
{
	json_t *entry = json_object();

	json_object_set_new(entry, "created", json_string_nocheck(config->created));
	if (c->author)
		json_object_set_new(entry, "author", json_string(c->author));
	json_object_set_new(entry, "created_by", json_string(c->command ? c->command : ""));
	if (c->message)
		json_object_set_new(entry, "comment", json_string(c->message));
	if (empty)
		json_object_set_new(entry, "empty_layer", json_true());
	if (!json_is_array(config->history)) {
		json_decref(config->history);
		config->history = json_array();
	}
	json_array_append_new(config->history, entry);
}

static struct error *write_config(struct making *k, const struct image_commit *c, bool empty)
{
	struct config_file *config = &k->config;

	TRY(take_config(&config->config, c->config));
	TRY(change_apply_all(&config->config, c->changes));
	free(config->created);
	config->created = config_now();
	replace_text(&config->author, c->author);
	replace_text(&config->comment, c->message);
	add_history(config, c, empty);
	if (!empty)
		strv_add(&config->rootfs.diff_ids, k->layer.found_diff_id);
	if (strv_length(config->rootfs.diff_ids) > CONFIG_LAYERS_MAX)
		return error_new(ERROR_LIMIT, "an image has at most %d layers", CONFIG_LAYERS_MAX);
	return NULL;
}

struct error *image_commit(struct image_store *store, const char *base, int upper,
			   const struct image_commit *c, char ret_id[DIGEST_SIZE])
{
	struct making k automaking = MAKING_NONE;
	bool empty;

	TRY(making_begin(&k, store, c->reference));
	TRY(read_base(&k, base));
	TRY(pack_layer(&k, upper));
	empty = strcmp(k.layer.found_diff_id, EMPTY_LAYER) == 0;
	TRY(write_config(&k, c, empty));
	return making_commit(&k, !empty, ret_id);
}
