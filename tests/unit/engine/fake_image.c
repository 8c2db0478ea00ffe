#include "unit/engine/fake_image.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

struct image_store {
	int unused;
};

const char image_schema[] = "CREATE TABLE IF NOT EXISTS image (id TEXT)";
int fake_image_removed;

struct error *image_store_open(int root_dir, struct db *db, struct image_store **ret)
{
	(void)root_dir;
	(void)db;
	*ret = alloc_zeroed(1, sizeof(**ret));
	return NULL;
}

void image_store_close(struct image_store *store)
{
	free(store);
}

struct error *image_find(struct image_store *store, const char *ref, struct image **ret)
{
	struct image *image;

	(void)store;
	if (!str_equal(ref, "busy") && !str_equal(ref, "busy:latest") &&
	    !str_equal(ref, FAKE_IMAGE_ID) && !str_equal(ref, "1111"))
		return error_new(ERROR_NOT_FOUND, "no such image: %s", ref);
	image = alloc_zeroed(1, sizeof(*image));
	memcpy(image->id, FAKE_IMAGE_ID, sizeof(image->id));
	image->size_bytes = 1000;
	strv_add(&image->names, "busy:latest");
	strv_add(&image->config.env, "PATH=/bin");
	strv_add(&image->config.cmd, "sh");
	strv_add(&image->config.volumes, "/data");
	*ret = image;
	return NULL;
}

void image_free(struct image *image)
{
	strv_free(image->names);
	strv_free(image->config.env);
	strv_free(image->config.cmd);
	strv_free(image->config.volumes);
	free(image);
}

struct error *image_list(struct image_store *store, struct image ***ret, size_t *ret_n)
{
	*ret = alloc_zeroed(1, sizeof(**ret));
	*ret_n = 1;
	return image_find(store, "busy", *ret);
}

struct error *image_open_layers(struct image_store *store, const struct image *image, int *fds,
				size_t max, size_t *ret_n)
{
	(void)store;
	(void)image;
	(void)fds;
	(void)max;
	*ret_n = 0;
	return NULL;
}

struct error *image_remove(struct image_store *store, const char *ref, bool force,
			   char ***ret_lines)
{
	(void)store;
	(void)force;
	strv_addf(ret_lines, "Untagged: %s", ref);
	fake_image_removed++;
	return NULL;
}

struct error *image_export(struct image_store *store, const struct image *image, int upper, int out)
{
	(void)store;
	(void)image;
	(void)upper;
	(void)out;
	return NULL;
}

struct error *image_commit(struct image_store *store, const char *base, int upper,
			   const struct image_commit *c, char ret_id[DIGEST_SIZE])
{
	(void)store;
	(void)base;
	(void)upper;
	(void)c;
	memset(ret_id, 0, DIGEST_SIZE);
	return NULL;
}

struct error *image_store_size(struct image_store *store, uint64_t *ret_bytes)
{
	(void)store;
	*ret_bytes = 1000;
	return NULL;
}

struct error *image_content_size(struct image_store *store, const char *id, uint64_t *ret_bytes)
{
	(void)store;
	(void)id;
	*ret_bytes = 0;
	return NULL;
}

struct error *image_shared_size(struct image_store *store, const char *id, uint64_t *ret_bytes)
{
	(void)store;
	(void)id;
	*ret_bytes = 0;
	return NULL;
}

struct error *image_verify(struct image_store *store, const struct image_verify *what,
			   struct image_verified *ret)
{
	(void)store;
	(void)what;
	*ret = (struct image_verified){ 0 };
	return NULL;
}
