/* A store of its own for each test, and archives of images to put into it. */
#pragma once

#include "unit/tar.h"

#include <dirent.h>

#include "base/buf.h"
#include "base/db.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/strv.h"
#include "image/config.h"
#include "image/image.h"

struct fixture {
	char path[32];
	int root;
	struct db *db;
	struct image_store *store;
	char **said;
};

static inline void fixture_open(struct fixture *f)
{
	static const char *const schemas[] = { image_schema, NULL };

	assert_ok(db_open(f->root, "bulkhead.db", 1, schemas, &f->db));
	assert_ok(image_store_open(f->root, f->db, &f->store));
}

static inline void fixture_close(struct fixture *f)
{
	image_store_close(f->store);
	db_close(f->db);
}

static inline int fixture_begin(void **state)
{
	struct fixture *f = alloc_zeroed(1, sizeof(*f));

	f->root = test_make_dir(f->path);
	fixture_open(f);
	*state = f;
	return 0;
}

static inline int fixture_end(void **state)
{
	struct fixture *f = *state;

	fixture_close(f);
	assert_ok(path_remove_tree(AT_FDCWD, f->path));
	close(f->root);
	strv_free(f->said);
	free(f);
	return 0;
}

static inline void fixture_said(void *data, const char *line)
{
	strv_add(&((struct fixture *)data)->said, line);
}

/* How many entries a directory of the store has. */
static inline size_t fixture_count(struct fixture *f, const char *name)
{
	int fd = openat(f->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* Nothing at all is in the store. */
static inline void fixture_assert_empty(struct fixture *f)
{
	struct image **list = NULL;
	size_t n = 1;

	assert_int_equal(fixture_count(f, "layers"), 0);
	assert_int_equal(fixture_count(f, "blobs/sha256"), 0);
	assert_int_equal(fixture_count(f, "tmp"), 0);
	assert_ok(image_list(f->store, &list, &n));
	assert_int_equal(n, 0);
}

/* ---- pieces of archives ---- */

#define BLOB_MAX (4 << 20)

/* A piece of an archive in memory, with its digest. */
struct blob {
	struct buf bytes;
	char digest[DIGEST_SIZE];
};
#define BLOB_NONE                                                                                  \
	{                                                                                          \
		.bytes = BUF_MAX(BLOB_MAX)                                                         \
	}

static inline void blob_done(struct blob *b)
{
	buf_done(&b->bytes);
}
#define autoblob __attribute__((cleanup(blob_done)))

/* Takes the digest of what was added to @b. */
static inline void blob_seal(struct blob *b)
{
	assert_ok(digest_of(b->bytes.data, b->bytes.length, b->digest));
}

static inline void blob_from_tar(struct blob *b, struct tar *t)
{
	int fd = tar_end(t);

	assert_ok(fd_read_all(fd, &b->bytes));
	close(fd);
	blob_seal(b);
}

/* A layer of one file @path with @content, plain in @plain, and as a registry has it in @packed. */
static inline void blob_layer(struct blob *plain, struct blob *packed, const char *filter,
			      const char *path, const char *content)
{
	struct tar t = tar_begin(NULL);

	tar_file(&t, path, content);
	blob_from_tar(plain, &t);
	t = tar_begin(filter);
	tar_file(&t, path, content);
	blob_from_tar(packed, &t);
}

/* The config of an image with these layers; @extra goes into its "config" object. */
static inline void blob_config(struct blob *b, const struct blob *const *layers, size_t n,
			       const char *extra)
{
	assert_ok(buf_printf(&b->bytes,
			     "{\"architecture\":\"%s\",\"os\":\"linux\",\"created\":"
			     "\"2020-02-02T02:02:02Z\",\"config\":{%s},\"rootfs\":{\"type\":"
			     "\"layers\",\"diff_ids\":[",
			     config_host_architecture(), extra));
	for (size_t i = 0; i < n; i++)
		assert_ok(buf_printf(&b->bytes, "%s\"%s\"", i ? "," : "", layers[i]->digest));
	assert_ok(buf_add_text(&b->bytes, "]}}"));
	blob_seal(b);
}

static inline void blob_manifest(struct blob *b, const struct blob *config,
				 const struct blob *const *layers, size_t n)
{
	assert_ok(buf_printf(&b->bytes,
			     "{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\",\"size\":%zu},"
			     "\"layers\":[",
			     config->digest, config->bytes.length));
	for (size_t i = 0; i < n; i++)
		assert_ok(buf_printf(&b->bytes, "%s{\"digest\":\"%s\",\"size\":%zu}", i ? "," : "",
				     layers[i]->digest, layers[i]->bytes.length));
	assert_ok(buf_add_text(&b->bytes, "]}"));
	blob_seal(b);
}

static inline void put_bytes(struct tar *t, const char *path, const void *data, size_t length)
{
	struct archive_entry *e = tar_entry(path, S_IFREG | 0644);

	archive_entry_set_size(e, (la_int64_t)length);
	assert_int_equal(archive_write_header(t->archive, e), ARCHIVE_OK);
	if (length)
		assert_int_equal(archive_write_data(t->archive, data, length), length);
	archive_entry_free(e);
}

/* Puts @b into the archive as blobs/sha256/HEX. */
static inline void put_blob(struct tar *t, const struct blob *b)
{
	char *path autofree = alloc_printf("blobs/sha256/%s", digest_hex(b->digest));

	put_bytes(t, path, b->bytes.data, b->bytes.length);
}

/* A docker archive of an image @name of one layer with the file @path; NULL: no name. */
static inline int docker_archive(const char *name, const char *path, const char *content)
{
	struct blob plain autoblob = BLOB_NONE, unused autoblob = BLOB_NONE;
	struct blob config autoblob = BLOB_NONE;
	const struct blob *layers[] = { &plain };
	struct tar t = tar_begin(NULL);
	char *config_name autofree = NULL, *manifest autofree = NULL;

	blob_layer(&plain, &unused, "gzip", path, content);
	blob_config(&config, layers, 1, "\"Cmd\":[\"/bin/sh\"]");
	config_name = alloc_printf("%s.json", digest_hex(config.digest));
	manifest = name ? alloc_printf("[{\"Config\":\"%s\",\"RepoTags\":[\"%s\"],\"Layers\":"
				       "[\"x/layer.tar\"]}]",
				       config_name, name)
			: alloc_printf("[{\"Config\":\"%s\",\"Layers\":[\"x/layer.tar\"]}]",
				       config_name);
	put_bytes(&t, config_name, config.bytes.data, config.bytes.length);
	put_bytes(&t, "x/layer.tar", plain.bytes.data, plain.bytes.length);
	put_bytes(&t, "manifest.json", manifest, strlen(manifest));
	return tar_end(&t);
}

/* Loads the archive and closes it. */
static inline struct error *load(struct fixture *f, int fd)
{
	struct error *err;

	strv_free(f->said);
	f->said = NULL;
	err = image_load(f->store, fd, &(struct image_transfer){ .said = fixture_said, .data = f });
	close(fd);
	return err;
}

/* The text of @path in layer @i of the image @ref; the caller frees. */
static inline char *layer_text(struct fixture *f, const char *ref, size_t i, const char *path)
{
	struct image *image autoimage = NULL;
	int fds[16];
	size_t n = 0;
	char *text = NULL;

	assert_ok(image_find(f->store, ref, &image));
	assert_ok(image_open_layers(f->store, image, fds, 16, &n));
	assert_true(i < n);
	assert_ok(path_read_text(fds[i], path, 4096, &text));
	while (n)
		close(fds[--n]);
	return text;
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
