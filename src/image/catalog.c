#include "image/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/strv.h"
#include "image/config.h"

#include "base/banned.h"

const char image_schema[] =
	"CREATE TABLE IF NOT EXISTS images (id TEXT PRIMARY KEY, config TEXT NOT NULL,"
	" layers TEXT NOT NULL, manifest TEXT, size INTEGER NOT NULL, loaded INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS image_names (name TEXT PRIMARY KEY,"
	" image TEXT NOT NULL REFERENCES images (id), is_digest INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS image_names_image ON image_names (image);"
	"CREATE TABLE IF NOT EXISTS layers (name TEXT PRIMARY KEY, diff_id TEXT NOT NULL,"
	" size INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS image_layers (image TEXT NOT NULL REFERENCES images (id),"
	" position INTEGER NOT NULL, layer TEXT NOT NULL REFERENCES layers (name),"
	" PRIMARY KEY (image, position)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS image_layers_layer ON image_layers (layer);"
	"CREATE TABLE IF NOT EXISTS layer_blobs (digest TEXT PRIMARY KEY, diff_id TEXT NOT NULL,"
	" size INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS layer_blobs_diff_id ON layer_blobs (diff_id);";

/* ---- writing ---- */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct error *add_image_layers(struct db *db, const struct catalog_image *image)
{
	struct db_statement *s;

	for (size_t i = 0; image->layers && image->layers[i]; i++) {
		TRY(db_prepare(db,
			       "INSERT INTO image_layers (image, position, layer) VALUES (?, ?, ?)",
			       &s));
		db_bind_text(s, 1, image->id);
		db_bind_int(s, 2, (int64_t)i);
		db_bind_text(s, 3, image->layers[i]);
		TRY(db_run(s));
	}
	return NULL;
}

struct error *catalog_add_image(struct db *db, const struct catalog_image *image)
{
	char *layers autofree = strv_join(image->layers, " ");
	struct db_statement *s;

	TRY(db_prepare(db,
		       "INSERT OR IGNORE INTO images (id, config, layers, manifest, size, loaded)"
		       " VALUES (?, ?, ?, ?, ?, ?)",
		       &s));
	db_bind_text(s, 1, image->id);
	db_bind_text(s, 2, image->config);
	db_bind_text(s, 3, layers);
	db_bind_text(s, 4, image->manifest);
	db_bind_int(s, 5, (int64_t)image->size_bytes);
	db_bind_int(s, 6, now_ns());
	TRY(db_run(s));
	return db_changed(db) ? add_image_layers(db, image) : NULL;
}

struct error *catalog_add_layer(struct db *db, const char *name, const char *diff_id,
				uint64_t size_bytes)
{
	struct db_statement *s;

	TRY(db_prepare(db, "INSERT INTO layers (name, diff_id, size) VALUES (?, ?, ?)", &s));
	db_bind_text(s, 1, name);
	db_bind_text(s, 2, diff_id);
	db_bind_int(s, 3, (int64_t)size_bytes);
	return db_run(s);
}

/*
 * The first column of the only row of @sql with its parameter (NULL: it has none); *@ret_found
 * false without a row.
 */
static struct error *look_up(struct db *db, const char *sql, const char *parameter, bool *ret_found,
			     int64_t *ret)
{
	struct db_statement *s;
	bool more;

	TRY(db_prepare(db, sql, &s));
	if (parameter)
		db_bind_text(s, 1, parameter);
	TRY(db_step(s, ret_found));
	if (!*ret_found)
		return NULL;
	*ret = db_int(s, 0);
	return db_step(s, &more); /* to its end, so that no read transaction stays open */
}

struct error *catalog_has_layer(struct db *db, const char *name, bool *ret)
{
	int64_t unused;

	return look_up(db, "SELECT 1 FROM layers WHERE name = ?", name, ret, &unused);
}

struct error *catalog_layer_size(struct db *db, const char *name, uint64_t *ret_bytes)
{
	int64_t size;
	bool found;

	TRY(look_up(db, "SELECT size FROM layers WHERE name = ?", name, &found, &size));
	if (!found)
		return error_new(ERROR_NOT_FOUND, "no such layer: %s", name);
	*ret_bytes = (uint64_t)size;
	return NULL;
}

struct error *catalog_has_blob(struct db *db, const char *hex, bool *ret)
{
	char *digest autofree = alloc_printf("sha256:%s", hex);
	int64_t unused;

	TRY(look_up(db, "SELECT 1 FROM images WHERE id = ?", digest, ret, &unused));
	if (!*ret)
		TRY(look_up(db, "SELECT 1 FROM layer_blobs WHERE digest = ?", digest, ret,
			    &unused));
	if (*ret)
		return NULL;
	return look_up(db, "SELECT 1 FROM images WHERE manifest = ? LIMIT 1", digest, ret, &unused);
}

struct error *catalog_add_blob(struct db *db, const char *digest, const char *diff_id,
			       uint64_t size_bytes)
{
	struct db_statement *s;

	TRY(db_prepare(
		db, "INSERT OR REPLACE INTO layer_blobs (digest, diff_id, size) VALUES (?, ?, ?)",
		&s));
	db_bind_text(s, 1, digest);
	db_bind_text(s, 2, diff_id);
	db_bind_int(s, 3, (int64_t)size_bytes);
	return db_run(s);
}

struct error *catalog_find_blob(struct db *db, const char *diff_id, const char *digest,
				char ret_digest[DIGEST_SIZE], uint64_t *ret_bytes)
{
	struct db_statement *s;
	bool row;

	TRY(db_prepare(db,
		       "SELECT digest, size FROM layer_blobs WHERE diff_id = ?"
		       " ORDER BY digest = ? DESC, size LIMIT 1",
		       &s));
	db_bind_text(s, 1, diff_id);
	db_bind_text(s, 2, digest ? digest : "");
	TRY(db_step(s, &row));
	if (!row)
		return error_new(ERROR_NOT_FOUND, "layer %.19s was not kept as it came", diff_id);
	if (strlen(db_text(s, 0)) != DIGEST_SIZE - 1)
		return error_new(ERROR_SYSTEM, "the database has a blob \"%s\"", db_text(s, 0));
	memcpy(ret_digest, db_text(s, 0), DIGEST_SIZE);
	*ret_bytes = (uint64_t)db_int(s, 1);
	db_reset(s);
	return NULL;
}

struct error *catalog_set_name(struct db *db, const char *name, bool is_digest, const char *id)
{
	struct db_statement *s;

	TRY(db_prepare(
		db, "INSERT OR REPLACE INTO image_names (name, image, is_digest) VALUES (?, ?, ?)",
		&s));
	db_bind_text(s, 1, name);
	db_bind_text(s, 2, id);
	db_bind_int(s, 3, is_digest);
	return db_run(s);
}

static struct error *run_with(struct db *db, const char *sql, const char *parameter)
{
	struct db_statement *s;

	TRY(db_prepare(db, sql, &s));
	if (parameter)
		db_bind_text(s, 1, parameter);
	return db_run(s);
}

struct error *catalog_remove_name(struct db *db, const char *name)
{
	return run_with(db, "DELETE FROM image_names WHERE name = ?", name);
}

static struct error *list_unused_layers(struct db *db, char ***ret)
{
	struct db_statement *s;
	bool row;

	TRY(db_prepare(db,
		       "SELECT name FROM layers WHERE NOT EXISTS"
		       " (SELECT 1 FROM image_layers WHERE layer = name)",
		       &s));
	for (;;) {
		TRY(db_step(s, &row));
		if (!row)
			return NULL;
		strv_add(ret, db_text(s, 0));
	}
}

struct error *catalog_remove_image(struct db *db, const char *id, char ***ret_layers)
{
	char **unused autostrv = NULL;

	TRY(run_with(db, "DELETE FROM image_names WHERE image = ?", id));
	TRY(run_with(db, "DELETE FROM image_layers WHERE image = ?", id));
	TRY(run_with(db, "DELETE FROM images WHERE id = ?", id));
	TRY(list_unused_layers(db, &unused));
	for (size_t i = 0; unused && unused[i]; i++)
		TRY(run_with(db, "DELETE FROM layers WHERE name = ?", unused[i]));
	if (unused)
		TRY(run_with(db,
			     "DELETE FROM layer_blobs WHERE NOT EXISTS"
			     " (SELECT 1 FROM layers WHERE diff_id = layer_blobs.diff_id)",
			     NULL));
	*ret_layers = take(unused);
	return NULL;
}

/* ---- reading ---- */

/*
 * Two plain queries, one for the image and one for its names, take SQLite a third of the time that
 * one with subqueries takes it, most of it to prepare; and this is on the way of every run.
 */
#define IMAGE_COLUMNS "SELECT id, config, layers, size, loaded FROM images "

static void move_config(struct config_file *config, struct image *image)
{
	image->architecture = take(config->architecture);
	image->os = take(config->os);
	image->variant = take(config->variant);
	image->author = take(config->author);
	image->comment = take(config->comment);
	image->created = take(config->created);
	image->diff_ids = take(config->rootfs.diff_ids);
	image->config = config->config;
	config->config = (struct image_config){ 0 };
}

static struct error *read_names(struct db *db, struct image *image)
{
	struct db_statement *s;
	bool row;

	TRY(db_prepare(db, "SELECT name, is_digest FROM image_names WHERE image = ?", &s));
	db_bind_text(s, 1, image->id);
	for (;;) {
		TRY(db_step(s, &row));
		if (!row)
			return NULL;
		strv_add(db_int(s, 1) ? &image->digests : &image->names, db_text(s, 0));
	}
}

static struct error *read_image(struct db *db, struct db_statement *s, struct image **ret)
{
	struct config_file config autoconfig = { 0 };
	struct image *image autoimage = NULL;

	TRY(error_wrap(config_decode(db_text(s, 1), strlen(db_text(s, 1)), &config), "image %s",
		       db_text(s, 0)));
	if (strlen(db_text(s, 0)) != DIGEST_SIZE - 1)
		return error_new(ERROR_SYSTEM, "the database has an image \"%s\"", db_text(s, 0));
	image = alloc_zeroed(1, sizeof(*image));
	memcpy(image->id, db_text(s, 0), DIGEST_SIZE);
	move_config(&config, image);
	if (*db_text(s, 2))
		image->layers = strv_split(db_text(s, 2), ' ');
	image->size_bytes = (uint64_t)db_int(s, 3);
	image->loaded_ns = db_int(s, 4);
	TRY(read_names(db, image));
	*ret = take(image);
	return NULL;
}

/* The only row of @s; without one *@ret stays NULL. */
static struct error *read_only_row(struct db *db, struct db_statement *s, struct image **ret)
{
	struct image *image autoimage = NULL;
	bool row, more;

	TRY(db_step(s, &row));
	if (!row)
		return NULL;
	TRY(read_image(db, s, &image));
	TRY(db_step(s, &more));
	if (more) {
		while (more)
			TRY(db_step(s, &more));
		return error_new(ERROR_BAD_INPUT, "ambiguous: several images have such an id");
	}
	*ret = take(image);
	return NULL;
}

struct error *catalog_find_name(struct db *db, const char *name, struct image **ret)
{
	struct image *image = NULL;
	struct db_statement *s;

	TRY(db_prepare(
		db, IMAGE_COLUMNS "WHERE id = (SELECT image FROM image_names WHERE name = ?)", &s));
	db_bind_text(s, 1, name);
	TRY(read_only_row(db, s, &image));
	if (!image)
		return error_new(ERROR_NOT_FOUND, "no such image: %s", name);
	*ret = image;
	return NULL;
}

struct error *catalog_find_id(struct db *db, const char *prefix, struct image **ret)
{
	char *from autofree = alloc_printf("sha256:%s", prefix);
	char *to autofree = alloc_printf("sha256:%sg", prefix); /* 'g' follows every digit */
	struct image *image = NULL;
	struct db_statement *s;

	TRY(db_prepare(db, IMAGE_COLUMNS "WHERE id >= ? AND id < ? LIMIT 2", &s));
	db_bind_text(s, 1, from);
	db_bind_text(s, 2, to);
	TRY(read_only_row(db, s, &image));
	if (!image)
		return error_new(ERROR_NOT_FOUND, "no such image: %s", prefix);
	*ret = image;
	return NULL;
}

struct error *catalog_list(struct db *db, struct image ***ret, size_t *ret_n)
{
	struct image **list = NULL;
	struct error *err = NULL;
	struct db_statement *s;
	size_t n = 0;
	bool row;

	TRY(db_prepare(db, IMAGE_COLUMNS "ORDER BY loaded DESC, id", &s));
	for (;;) {
		err = db_step(s, &row);
		if (err || !row)
			break;
		list = alloc_resize(list, n + 1, sizeof(*list));
		err = read_image(db, s, &list[n]);
		if (err)
			break;
		n++;
	}
	if (err) {
		while (n)
			image_free(list[--n]);
		free(list);
		return err;
	}
	*ret = list;
	*ret_n = n;
	return NULL;
}

struct error *catalog_manifest(struct db *db, const char *id, char ret_digest[DIGEST_SIZE])
{
	struct db_statement *s;
	bool row;

	*ret_digest = '\0';
	TRY(db_prepare(db, "SELECT manifest FROM images WHERE id = ?", &s));
	db_bind_text(s, 1, id);
	TRY(db_step(s, &row));
	if (row && strlen(db_text(s, 0)) == DIGEST_SIZE - 1)
		memcpy(ret_digest, db_text(s, 0), DIGEST_SIZE);
	db_reset(s);
	return NULL;
}

struct error *catalog_config(struct db *db, const char *id, char **ret_text)
{
	char *text autofree = NULL;
	struct db_statement *s;
	bool row, more;

	TRY(db_prepare(db, "SELECT config FROM images WHERE id = ?", &s));
	db_bind_text(s, 1, id);
	TRY(db_step(s, &row));
	if (!row)
		return error_new(ERROR_NOT_FOUND, "no such image: %s", id);
	text = alloc_string(db_text(s, 0));
	TRY(db_step(s, &more));
	*ret_text = take(text);
	return NULL;
}

struct error *catalog_names_of(struct db *db, const char *name, char ***ret)
{
	char *from autofree = alloc_printf("%s:", name);
	char *to autofree = alloc_printf("%s;", name); /* ';' follows ':' */
	struct db_statement *s;
	bool row;

	TRY(db_prepare(db,
		       "SELECT name FROM image_names WHERE name >= ? AND name < ?"
		       " AND NOT is_digest ORDER BY name",
		       &s));
	db_bind_text(s, 1, from);
	db_bind_text(s, 2, to);
	for (;;) {
		TRY(db_step(s, &row));
		if (!row)
			return NULL;
		/* "host:5000/name:tag" is of no repository "host". */
		if (!strchr(db_text(s, 0) + strlen(from), '/'))
			strv_add(ret, db_text(s, 0));
	}
}

static struct error *look_up_size(struct db *db, const char *sql, const char *parameter,
				  uint64_t *ret_bytes)
{
	int64_t bytes = 0;
	bool found;

	TRY(look_up(db, sql, parameter, &found, &bytes));
	*ret_bytes = (uint64_t)bytes;
	return NULL;
}

struct error *catalog_size(struct db *db, uint64_t *ret_bytes)
{
	return look_up_size(db,
			    "SELECT (SELECT total(size) FROM layers) +"
			    " (SELECT total(size) FROM layer_blobs)",
			    NULL, ret_bytes);
}

struct error *catalog_content_size(struct db *db, const char *id, uint64_t *ret_bytes)
{
	return look_up_size(db,
			    "SELECT total((SELECT min(b.size) FROM layer_blobs AS b"
			    " WHERE b.diff_id = l.diff_id))"
			    " FROM image_layers JOIN layers AS l ON layer = l.name WHERE image = ?",
			    id, ret_bytes);
}

struct error *catalog_shared_size(struct db *db, const char *id, uint64_t *ret_bytes)
{
	return look_up_size(
		db,
		"SELECT total(size) FROM image_layers AS mine JOIN layers ON layer = name"
		" WHERE image = ? AND EXISTS (SELECT 1 FROM image_layers AS other"
		" WHERE other.layer = mine.layer AND other.image <> mine.image)",
		id, ret_bytes);
}

struct error *catalog_blobs_of(struct db *db, const char *diff_id, char ***ret)
{
	struct db_statement *s;
	bool row;

	TRY(db_prepare(db, "SELECT digest FROM layer_blobs WHERE diff_id = ? ORDER BY digest", &s));
	db_bind_text(s, 1, diff_id);
	for (;;) {
		TRY(db_step(s, &row));
		if (!row)
			return NULL;
		strv_add(ret, db_text(s, 0));
	}
}
