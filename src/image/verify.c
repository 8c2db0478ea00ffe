/*
 * image_verify(): whether the store still is what its digests say. Every blob is hashed. Every
 * layer is unpacked once more from the blob that it came as, and what comes out is compared with
 * what the containers use; where they differ, the fresh one can take its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/strv.h"
#include "image/catalog.h"
#include "image/compare.h"
#include "image/layer.h"
#include "image/outgoing.h"
#include "image/pump.h"

#include "base/banned.h"

#define TOLD_MAX 20 /* differences of one layer that are told one by one */

struct verify {
	struct image_store *store;
	const struct image_verify *what;
	struct image_verified *sum;
	struct work w;
	char **layers, **blobs; /* that have been looked at */
	char **bad;		/* blobs that are damaged */
	/* of the layer that is being looked at */
	const char *layer;
	size_t n_told;
};

static void verify_done(struct verify *v)
{
	strv_free(v->layers);
	strv_free(v->blobs);
	strv_free(v->bad);
	work_end(&v->w);
}
#define autoverify __attribute__((cleanup(verify_done)))

static void say(struct verify *v, const char *line)
{
	v->what->said(v->what->data, line);
}

/* ---- blobs ---- */

static struct error *hash_blob(struct verify *v, const char *digest, char found[DIGEST_SIZE])
{
	char *name autofree = alloc_printf("blob %s", digest);
	struct digest *d autodigest = NULL;
	struct pump p autopump = {
		.out = -1, .is_file = true, .left = UINT64_MAX, .max = UINT64_MAX, .name = name
	};
	int fd autoclose = -1;

	TRY(outgoing_open_blob(v->store, digest, &fd));
	TRY(digest_new(&d));
	p.in = fd;
	p.digest = d;
	TRY(pump_run(&p, 1, NULL, 0));
	digest_finish(d, found);
	return NULL;
}

static struct error *check_blob(struct verify *v, const char *digest, const char *what,
				bool *ret_good)
{
	char found[DIGEST_SIZE], *line autofree = NULL;
	struct error *err;

	if (strv_contains(v->blobs, digest)) {
		*ret_good = !strv_contains(v->bad, digest);
		return NULL;
	}
	strv_add(&v->blobs, digest);
	v->sum->n_blobs++;
	err = hash_blob(v, digest, found);
	*ret_good = !err && strcmp(found, digest) == 0;
	if (err && error_errno(err) != ENOENT && error_errno(err) != EIO)
		return err;
	if (!*ret_good) {
		strv_add(&v->bad, digest);
		v->sum->n_damaged++;
		line = alloc_printf("%s %s: %s", what, digest,
				    err ? error_message(err) : "other bytes");
		say(v, line);
	}
	error_free(err);
	return NULL;
}

/* The text of a config is in the database too, which has a copy of it for every run. */
static struct error *heal_config(struct verify *v, const struct image *image)
{
	char *text autofree = NULL, digest[DIGEST_SIZE];

	TRY(catalog_config(v->store->db, image->id, &text));
	TRY(digest_of(text, strlen(text), digest));
	if (strcmp(digest, image->id) != 0)
		return NULL;
	TRY(path_replace(v->store->blobs, digest_hex(image->id), text, strlen(text), 0600, true));
	v->sum->n_healed++;
	say(v, "  healed");
	return NULL;
}

static struct error *check_documents(struct verify *v, const struct image *image)
{
	char manifest[DIGEST_SIZE];
	bool good;

	TRY(check_blob(v, image->id, "config", &good));
	if (!good && v->what->fix)
		TRY(heal_config(v, image));
	TRY(catalog_manifest(v->store->db, image->id, manifest));
	if (!*manifest)
		return NULL;
	TRY(check_blob(v, manifest, "manifest", &good));
	if (!good)
		say(v, "  remove the image and pull it again");
	return NULL;
}

/* ---- layers ---- */

static void tell_difference(void *data, const char *path, const char *what)
{
	struct verify *v = data;
	char *line autofree = alloc_printf("layer %.12s: %s: %s", v->layer, path, what);

	if (v->n_told++ == TOLD_MAX)
		say(v, "  and more");
	if (v->n_told <= TOLD_MAX)
		say(v, line);
}

/* Devices and owners that stand in files beside the tree. */
static struct error *compare_records(struct verify *v, int old, int fresh)
{
	static const char *const names[] = { "devices", "owners" };

	for (size_t i = 0; i < 2; i++) {
		char *a autofree = NULL, *b autofree = NULL;
		struct error *no_a = path_read_text(old, names[i], 64 << 20, &a);
		struct error *no_b = path_read_text(fresh, names[i], 64 << 20, &b);

		if (!no_a != !no_b || (a && b && strcmp(a, b) != 0))
			tell_difference(v, names[i], "another record");
		error_ignore(no_a, "most layers have none");
		error_ignore(no_b, "most layers have none");
	}
	return NULL;
}

static struct error *compare_layer(struct verify *v, int fresh, int64_t since_ns)
{
	int old autoclose =
		openat(v->store->layers, v->layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int old_diff autoclose = -1, fresh_diff autoclose = -1;

	if (old >= 0)
		old_diff = openat(old, "diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fresh_diff = openat(fresh, "diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fresh_diff < 0)
		return error_sys("open the fresh layer");
	if (old_diff < 0) {
		tell_difference(v, ".", "is missing");
		return NULL;
	}
	TRY(compare_trees(old_diff, fresh_diff, since_ns, tell_difference, v));
	return compare_records(v, old, fresh);
}

/* In one step; whoever looks sees the one or the other. */
static struct error *exchange(struct verify *v, const char *fresh)
{
	bool present;

	TRY(catalog_has_layer(v->store->db, v->layer, &present));
	if (!present) /* it was removed meanwhile */
		return NULL;
	if (renameat2(v->w.dir, fresh, v->store->layers, v->layer, RENAME_EXCHANGE) < 0 &&
	    (errno != ENOENT || renameat(v->w.dir, fresh, v->store->layers, v->layer) < 0))
		return error_sys("put the fresh layer %.12s in its place", v->layer);
	v->sum->n_healed++;
	say(v, "  healed");
	return fsync(v->store->layers) < 0 ? error_sys("write the image store to disk") : NULL;
}

static struct error *exchange_unless_busy(struct verify *v, const char *fresh)
{
	bool busy = false;
	struct error *err;

	if (!v->what->hold)
		return exchange(v, fresh);
	err = v->what->hold(v->what->hold_data, v->layer, &busy);
	if (!err && busy)
		say(v, "  not healed: a running container uses it");
	else if (!err)
		err = exchange(v, fresh);
	v->what->release(v->what->hold_data);
	return err;
}

static struct error *heal_layer(struct verify *v, const char *name)
{
	struct error *err;

	if (!v->what->fix)
		return NULL;
	if (syncfs(v->w.dir) < 0)
		return error_sys("write the image store to disk");
	TRY(db_begin(v->store->db, true)); /* so that nobody removes it between */
	err = exchange_unless_busy(v, name);
	db_rollback(v->store->db);
	return err;
}

static int64_t now_ns(void)
{
	struct timespec now;

	/* What the kernel stamps files with, which is a little behind. */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Unpacks @digest, a good blob of the layer, anew and compares. */
static struct error *unpack_and_compare(struct verify *v, const char *digest, const char *diff_id)
{
	struct layer_request request = { .source = EXTENT_NONE, .digest = digest, .is_kept = true };
	int64_t since_ns = now_ns();
	int fresh autoclose = -1;
	struct error *err;
	struct stat st;

	request.diff_id = diff_id;
	snprintf(request.directory, sizeof(request.directory), "layer-%zu", v->sum->n_layers);
	TRY(outgoing_open_blob(v->store, digest, &request.source.fd));
	err = fstat(request.source.fd, &st) < 0 ? error_sys("look at blob %s", digest) : NULL;
	request.source.length = err ? 0 : (uint64_t)st.st_size;
	if (!err)
		err = layer_unpack_all(&v->w, &request, 1, NULL, NULL);
	extent_done(&request.source);
	TRY(err);
	TRY(path_open_dir(v->w.dir, request.directory, 0, &fresh));
	TRY(compare_layer(v, fresh, since_ns));
	if (v->n_told) {
		v->sum->n_damaged++;
		TRY(heal_layer(v, request.directory));
	}
	fd_close(&fresh);
	return path_remove_tree(v->w.dir, request.directory);
}

static struct error *check_layer(struct verify *v, const char *layer, const char *diff_id)
{
	char **digests autostrv = NULL, *whole = NULL;

	if (strv_contains(v->layers, layer))
		return NULL;
	strv_add(&v->layers, layer);
	v->layer = layer;
	v->n_told = 0;
	v->sum->n_layers++;
	TRY(catalog_blobs_of(v->store->db, diff_id, &digests));
	for (char **digest = digests; digest && *digest; digest++) {
		bool good;

		TRY(check_blob(v, *digest, "blob", &good));
		if (good)
			whole = *digest;
		else
			say(v, "  remove the image and pull or load it again");
	}
	if (whole)
		return unpack_and_compare(v, whole, diff_id);
	tell_difference(v, ".",
			digests ? "its files cannot be compared with a damaged blob"
				: "it was not kept as it came: nothing to compare with");
	return NULL;
}

static struct error *check_image(struct verify *v, const struct image *image)
{
	v->sum->n_images++;
	TRY(check_documents(v, image));
	for (size_t i = 0; image->layers && image->layers[i]; i++)
		TRY(check_layer(v, image->layers[i], image->diff_ids[i]));
	return NULL;
}

static struct error *check_all(struct verify *v)
{
	struct image **images = NULL;
	struct error *err = NULL;
	size_t n = 0;

	TRY(image_list(v->store, &images, &n));
	for (size_t i = 0; i < n; i++) {
		if (!err)
			err = check_image(v, images[i]);
		image_free(images[i]);
	}
	free(images);
	return err;
}

struct error *image_verify(struct image_store *store, const struct image_verify *what,
			   struct image_verified *ret)
{
	struct verify v autoverify = { .store = store, .what = what, .sum = ret, .w = WORK_NONE };

	*ret = (struct image_verified){ 0 };
	TRY(work_begin(store, &v.w));
	if (!what->references || !*what->references)
		return check_all(&v);
	for (char *const *ref = what->references; *ref; ref++) {
		struct image *image autoimage = NULL;

		TRY(image_find(store, *ref, &image));
		TRY(check_image(&v, image));
	}
	return NULL;
}
