/* Finding, naming and removing images that are in the store. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/strv.h"
#include "image/catalog.h"
#include "image/config.h"
#include "image/reference.h"
#include "image/store.h"

#include "base/banned.h"

void image_free(struct image *image)
{
	if (!image)
		return;
	strv_free(image->names);
	strv_free(image->digests);
	strv_free(image->diff_ids);
	strv_free(image->layers);
	free(image->architecture);
	free(image->os);
	free(image->variant);
	free(image->author);
	free(image->comment);
	free(image->created);
	json_done(&image_config_type, &image->config);
	free(image);
}

/* The hexadecimal part of what could be an id, or NULL. */
static const char *id_part(const char *ref)
{
	if (str_has_prefix(ref, "sha256:"))
		ref += strlen("sha256:");
	return reference_is_hex(ref) ? ref : NULL;
}

static struct error *find_by_name(struct image_store *store, const char *ref, char **ret_name,
				  struct image **ret)
{
	struct reference parsed autoreference = { 0 };
	char *name autofree = NULL;

	TRY(reference_parse(ref, &parsed));
	name = reference_text(&parsed);
	TRY(catalog_find_name(store->db, name, ret));
	*ret_name = take(name);
	return NULL;
}

/* A name wins over an id that begins so, as with docker. *@ret_name: NULL when @ref is an id. */
static struct error *find(struct image_store *store, const char *ref, char **ret_name,
			  struct image **ret)
{
	struct error *err = find_by_name(store, ref, ret_name, ret);
	const char *hex = id_part(ref);

	if (!err)
		return NULL;
	if (hex && (error_is(err, ERROR_NOT_FOUND) || error_is(err, ERROR_BAD_INPUT))) {
		error_free(err);
		*ret_name = NULL;
		err = catalog_find_id(store->db, hex, ret);
	}
	if (error_is(err, ERROR_NOT_FOUND)) {
		error_free(err);
		return error_new(ERROR_NOT_FOUND, "no such image: %s", ref);
	}
	return err;
}

struct error *image_find(struct image_store *store, const char *ref, struct image **ret)
{
	char *name autofree = NULL;

	return find(store, ref, &name, ret);
}

/* When it was made, by its config (RFC 3339); what says nothing sensible counts as the oldest. */
static int64_t created_seconds(const struct image *image)
{
	int64_t seconds;

	return config_created(image->created, &seconds) ? seconds : INT64_MIN;
}

static int compare_newest(const void *left, const void *right)
{
	int64_t a = created_seconds(*(struct image *const *)left);
	int64_t b = created_seconds(*(struct image *const *)right);

	return a > b ? -1 : a < b;
}

struct error *image_list(struct image_store *store, struct image ***ret, size_t *ret_n)
{
	TRY(catalog_list(store->db, ret, ret_n));
	if (*ret_n)
		qsort(*ret, *ret_n, sizeof(**ret), compare_newest);
	return NULL;
}

struct error *image_tag(struct image_store *store, const char *ref, const char *name)
{
	struct image *image autoimage = NULL;
	char *text autofree = NULL, *old autofree = NULL;
	struct error *err;

	TRY(image_reference_parse(name, &text));
	TRY(db_begin(store->db, true));
	err = find(store, ref, &old, &image);
	if (!err)
		err = catalog_set_name(store->db, text, false, image->id);
	if (!err)
		return db_commit(store->db);
	db_rollback(store->db);
	return err;
}

/* ---- removing ---- */

struct removal {
	struct image_store *store;
	char ***lines;
	char **layers; /* no longer in any image */
};

static struct error *untag(struct removal *r, const char *name)
{
	TRY(catalog_remove_name(r->store->db, name));
	strv_addf(r->lines, "Untagged: %s", name);
	return NULL;
}

static struct error *untag_all(struct removal *r, char *const *names)
{
	for (size_t i = 0; names && names[i]; i++)
		TRY(untag(r, names[i]));
	return NULL;
}

static struct error *delete_image(struct removal *r, const struct image *image)
{
	TRY(catalog_remove_image(r->store->db, image->id, &r->layers));
	strv_addf(r->lines, "Deleted: %s", image->id);
	for (size_t i = strv_length(image->layers); i--;) /* the topmost first, as docker does */
		if (strv_contains(r->layers, image->layers[i]))
			strv_addf(r->lines, "Deleted: sha256:%s", image->layers[i]);
	return NULL;
}

static struct error *remove_found(struct removal *r, const struct image *image, const char *name,
				  bool force)
{
	size_t n_names = strv_length(image->names), n_digests = strv_length(image->digests);
	bool is_tag = name && strv_contains(image->names, name);

	if (!name && n_names > 1 && !force)
		return error_new(ERROR_CONFLICT,
				 "conflict: unable to delete %.12s (must be forced) - image is "
				 "referenced in multiple repositories",
				 digest_hex(image->id));
	/* A digest goes with the last tag; a tag or digest beside others goes alone. */
	if (name && (is_tag ? n_names > 1 : n_names > 0 || n_digests > 1))
		return untag(r, name);
	TRY(untag_all(r, image->names));
	TRY(untag_all(r, image->digests));
	return delete_image(r, image);
}

static struct error *remove_rows(struct removal *r, const char *ref, bool force)
{
	struct image *image autoimage = NULL;
	char *name autofree = NULL;

	TRY(find(r->store, ref, &name, &image));
	return remove_found(r, image, name, force);
}

struct error *image_remove(struct image_store *store, const char *ref, bool force,
			   char ***ret_lines)
{
	char **lines autostrv = NULL;
	struct removal r = { .store = store, .lines = &lines };
	struct work w autowork = WORK_NONE;
	struct error *err;

	/* Made first: if we are killed after the commit, it makes the next command sweep. */
	TRY(work_begin(store, &w));
	TRY(db_begin(store->db, true));
	err = remove_rows(&r, ref, force);
	if (!err)
		err = db_commit(store->db);
	else
		db_rollback(store->db);
	strv_free(r.layers);
	TRY(err);
	error_ignore(store_sweep(store, &w), "the next command sweeps again");
	for (size_t i = 0; lines && lines[i]; i++)
		strv_add(ret_lines, lines[i]);
	return NULL;
}

struct error *image_store_size(struct image_store *store, uint64_t *ret_bytes)
{
	return catalog_size(store->db, ret_bytes);
}

struct error *image_content_size(struct image_store *store, const char *id, uint64_t *ret_bytes)
{
	return catalog_content_size(store->db, id, ret_bytes);
}

struct error *image_shared_size(struct image_store *store, const char *id, uint64_t *ret_bytes)
{
	return catalog_shared_size(store->db, id, ret_bytes);
}
