#include "image/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/strv.h"
#include "image/catalog.h"
#include "image/config.h"

#include "base/banned.h"

/*
 * A layer that another command removes while we unpack the others is unpacked too, at the next
 * try.
 */
#define TRIES 3

struct committing {
	struct image_store *store;
	struct work *w;
	const struct commit *c;
	char id[DIGEST_SIZE], manifest_digest[DIGEST_SIZE];
	char **chain;
	struct layer_request *unpacked; /* by position; .directory "" where it was in the store */
	size_t n;
	int tries;
	uint64_t size_bytes;
};

static void committing_done(struct committing *k)
{
	free(k->unpacked);
	strv_free(k->chain);
}
#define autocommitting __attribute__((cleanup(committing_done)))

/* ---- before the transaction ---- */

static struct error *begin(struct committing *k)
{
	const struct commit *c = k->c;

	TRY(digest_of(c->config, c->config_length, k->id));
	if (c->manifest)
		TRY(digest_of(c->manifest, c->manifest_length, k->manifest_digest));
	TRY(config_chain(c->diff_ids, &k->chain));
	k->n = strv_length(k->chain);
	k->unpacked = alloc_zeroed(k->n, sizeof(*k->unpacked));
	return NULL;
}

/* The layers to be unpacked, and which they are of the image's. */
struct missing {
	struct layer_request *requests;
	size_t *positions, n;
};

static void missing_done(struct missing *m)
{
	for (size_t i = 0; i < m->n; i++)
		extent_done(&m->requests[i].source);
	free(m->requests);
	free(m->positions);
}
#define automissing __attribute__((cleanup(missing_done)))

/* Lists the layers that neither the store nor this work has. */
static struct error *list_missing(struct committing *k, commit_find_layer *find, void *data,
				  struct missing *m)
{
	bool present;

	for (size_t i = 0; i < k->n; i++) {
		struct layer_request *r = &m->requests[m->n];

		TRY(catalog_has_layer(k->store->db, k->chain[i], &present));
		if (present || *k->unpacked[i].directory)
			continue;
		*r = (struct layer_request){ .source = EXTENT_NONE };
		m->positions[m->n++] = i;
		TRY(error_wrap(find(data, i, r), "layer %.19s", k->c->diff_ids[i]));
		r->diff_id = k->c->diff_ids[i];
		snprintf(r->directory, sizeof(r->directory), "layer-%d-%zu", k->tries, i);
	}
	return NULL;
}

static struct error *unpack_missing(struct committing *k, commit_find_layer *find, void *data)
{
	struct missing m automissing = {
		.requests = alloc_zeroed(k->n, sizeof(*m.requests)),
		.positions = alloc_zeroed(k->n, sizeof(*m.positions)),
	};

	TRY(list_missing(k, find, data, &m));
	if (m.n && k->c->connect)
		TRY(k->c->connect(k->c->progress_data, m.n));
	TRY(layer_unpack_all(k->w, m.requests, m.n, k->c->progress, k->c->progress_data));
	for (size_t i = 0; i < m.n; i++) {
		k->unpacked[m.positions[i]] = m.requests[i];
		k->unpacked[m.positions[i]].source.fd = -1; /* it is done with */
	}
	return NULL;
}

static struct error *put_file(int dir, const char *name, const char *text, size_t length)
{
	return path_replace(dir, name, text, length, 0600, false);
}

static struct error *put_documents(struct committing *k)
{
	TRY(put_file(k->w->dir, "config", k->c->config, k->c->config_length));
	if (k->c->manifest)
		TRY(put_file(k->w->dir, "manifest", k->c->manifest, k->c->manifest_length));
	/* Everything that the transaction is about to name is on disk before it. */
	return syncfs(k->w->dir) < 0 ? error_sys("write the image store to disk") : NULL;
}

/* ---- the transaction ---- */

/* Moves @from in @from_dir to @name in @dir; what lies there without a row goes aside. */
static struct error *move_in(struct committing *k, int from_dir, const char *from, int dir,
			     const char *name)
{
	/* A layer and a blob may have the same name: hence the descriptor in it. */
	char *aside autofree = alloc_printf("aside-%d-%s", dir, name);

	if (renameat(dir, name, k->w->dir, aside) < 0 && errno != ENOENT)
		return error_sys("move %s aside", name);
	if (renameat(from_dir, from, dir, name) < 0)
		return error_sys("move %s into the image store", from);
	return NULL;
}

static struct error *record_blob(struct committing *k, int dir, const char *from,
				 const char *digest)
{
	bool present;

	TRY(catalog_has_blob(k->store->db, digest_hex(digest), &present));
	return present ? NULL : move_in(k, dir, from, k->store->blobs, digest_hex(digest));
}

/* The bytes of a layer as they came, which lie beside its files or where they were fetched to. */
static struct error *record_layer_blob(struct committing *k, const struct layer_request *r,
				       const char *diff_id)
{
	char *path autofree = alloc_printf("%s/%s", r->directory, LAYER_BLOB);

	TRY(r->remote ? record_blob(k, k->store->partial, digest_hex(r->found_digest),
				    r->found_digest)
		      : record_blob(k, k->w->dir, path, r->found_digest));
	TRY(catalog_add_blob(k->store->db, r->found_digest, diff_id, r->blob_bytes));
	if (r->remote)
		store_partial_drop(k->store, r->found_digest);
	else if (unlinkat(k->w->dir, path, 0) < 0 && errno != ENOENT)
		return error_sys("remove a second copy of a layer");
	return NULL;
}

/* *@ret_gone: a layer that was in the store is there no more. */
static struct error *record_layers(struct committing *k, bool *ret_gone)
{
	k->size_bytes = 0;
	for (size_t i = 0; i < k->n; i++) {
		const struct layer_request *r = &k->unpacked[i];
		uint64_t size;
		bool present;

		TRY(catalog_has_layer(k->store->db, k->chain[i], &present));
		*ret_gone = !present && !*r->directory;
		if (*ret_gone)
			return NULL;
		if (*r->directory)
			TRY(record_layer_blob(k, r, k->c->diff_ids[i]));
		if (!present) {
			TRY(move_in(k, k->w->dir, r->directory, k->store->layers, k->chain[i]));
			TRY(catalog_add_layer(k->store->db, k->chain[i], k->c->diff_ids[i],
					      r->size_bytes));
		}
		TRY(catalog_layer_size(k->store->db, k->chain[i], &size));
		k->size_bytes += size;
	}
	return NULL;
}

static struct error *record_names(struct committing *k)
{
	for (size_t i = 0; k->c->names && k->c->names[i]; i++)
		TRY(catalog_set_name(k->store->db, k->c->names[i], false, k->id));
	for (size_t i = 0; k->c->digests && k->c->digests[i]; i++)
		TRY(catalog_set_name(k->store->db, k->c->digests[i], true, k->id));
	return NULL;
}

static struct error *record_image(struct committing *k)
{
	const struct catalog_image image = {
		.id = k->id,
		.config = k->c->config,
		.layers = k->chain,
		.manifest = k->c->manifest ? k->manifest_digest : NULL,
		.size_bytes = k->size_bytes,
	};

	TRY(record_blob(k, k->w->dir, "config", k->id));
	if (k->c->manifest)
		TRY(record_blob(k, k->w->dir, "manifest", k->manifest_digest));
	TRY(catalog_add_image(k->store->db, &image));
	return record_names(k);
}

static struct error *record(struct committing *k, bool *ret_gone)
{
	TRY(record_layers(k, ret_gone));
	if (*ret_gone)
		return NULL;
	TRY(record_image(k));
	/* The renames, before the rows that rely on them. */
	if (fsync(k->store->layers) < 0 || fsync(k->store->blobs) < 0)
		return error_sys("write the image store to disk");
	return db_commit(k->store->db);
}

static struct error *record_or_undo(struct committing *k, bool *ret_gone)
{
	struct error *err;

	TRY(db_begin(k->store->db, true));
	err = record(k, ret_gone);
	if (err || *ret_gone)
		db_rollback(k->store->db);
	if (!err && !*ret_gone)
		return NULL;
	/* What was moved in has no row now. */
	error_ignore(store_sweep(k->store, k->w), "the next command sweeps again");
	return err;
}

struct error *commit_image(struct work *w, const struct commit *c, commit_find_layer *find,
			   void *data, char ret_id[DIGEST_SIZE])
{
	struct committing k autocommitting = { .store = w->store, .w = w, .c = c };
	bool gone = true;

	TRY(begin(&k));
	for (; gone && k.tries < TRIES; k.tries++) {
		TRY(unpack_missing(&k, find, data));
		TRY(put_documents(&k));
		TRY(record_or_undo(&k, &gone));
		if (gone) /* what was moved in has been swept away again */
			for (size_t i = 0; i < k.n; i++)
				*k.unpacked[i].directory = '\0';
	}
	if (gone)
		return error_new(ERROR_CONFLICT,
				 "another command keeps removing layers of this image");
	memcpy(ret_id, k.id, DIGEST_SIZE);
	return NULL;
}

/* ---- an image of a new layer ---- */

void making_done(struct making *m)
{
	extent_done(&m->layer.source);
	config_file_done(&m->config);
	strv_free(m->names);
	work_end(&m->w);
}

struct error *making_begin(struct making *m, struct image_store *store, const char *reference)
{
	char *name = NULL;

	if (reference) {
		TRY(image_reference_parse(reference, &name));
		strv_add_owned(&m->names, name);
	}
	return work_begin(store, &m->w);
}

/*
 * As commit_image() for an image whose uppermost layer is already unpacked, as @layer, and whose
 * others the store has; NULL: it has all.
 */
static struct error *commit_unpacked(struct work *w, const struct commit *c,
				     const struct layer_request *layer, char ret_id[DIGEST_SIZE])
{
	struct committing k autocommitting = { .store = w->store, .w = w, .c = c };
	bool gone = false;

	TRY(begin(&k));
	if (layer)
		k.unpacked[k.n - 1] = *layer;
	TRY(put_documents(&k));
	TRY(record_or_undo(&k, &gone));
	if (gone)
		return error_new(ERROR_CONFLICT, "a layer below was removed meanwhile");
	memcpy(ret_id, k.id, DIGEST_SIZE);
	return NULL;
}

struct error *making_commit(struct making *m, bool layer, char ret_id[DIGEST_SIZE])
{
	char *text autofree = json_encode_text(&config_file_type, &m->config);
	const struct commit c = {
		.config = text,
		.config_length = strlen(text),
		.diff_ids = m->config.rootfs.diff_ids,
		.names = m->names,
	};

	return commit_unpacked(&m->w, &c, layer ? &m->layer : NULL, ret_id);
}
