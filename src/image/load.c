/*
 * image_load(): the images of an archive, by its index.json (OCI image layout; docker 25 and later
 * write one too) or by docker's manifest.json. Where an archive has both, the index says what
 * there is, and manifest.json adds names.
 */
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "image/archive.h"
#include "image/catalog.h"
#include "image/commit.h"
#include "image/config.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/watch.h"

#include "base/banned.h"

#define INDEX_DEPTH_MAX 4

struct load {
	struct image_store *store;
	struct work *w;
	struct archive *archive;
	const struct image_transfer *transfer;
	struct platform platform;      /* what is wanted of an image for several */
	struct docker_manifest docker; /* of an archive that has both: only its names are used */
	size_t n_loaded;
};

/* ---- one image ---- */

/* What a commit needs of an archive: where its layers are. */
struct found_image {
	struct load *load;
	const struct oci_manifest *manifest; /* NULL: .paths */
	char **paths;			     /* of docker's manifest.json */
};

static struct error *find_layer(void *data, size_t i, struct layer_request *ret)
{
	struct found_image *f = data;

	if (!f->manifest)
		return archive_find(f->load->archive, f->paths[i], &ret->source);
	ret->digest = f->manifest->layers[i].digest;
	return archive_find_blob(f->load->archive, ret->digest, &ret->source);
}

/* docker says so when a name moves; the old image stays, without a name. */
static struct error *say_what_moves(struct load *l, char *const *names, const char *config,
				    size_t config_length)
{
	char id[DIGEST_SIZE];

	TRY(digest_of(config, config_length, id));
	for (size_t i = 0; names && names[i]; i++) {
		struct image *old autoimage = NULL;
		struct error *err = catalog_find_name(l->store->db, names[i], &old);

		if (error_is(err, ERROR_NOT_FOUND)) {
			error_free(err);
			continue;
		}
		TRY(err);
		if (strcmp(old->id, id) != 0)
			watch_say(l->transfer,
				  "The image %s already exists, renaming the old one with ID %s to "
				  "empty string",
				  names[i], old->id);
	}
	return NULL;
}

/* An image that is for another platform than the one asked for is not what was wanted. */
static struct error *check_platform(const struct load *l, const struct config_file *config)
{
	const struct platform has = config_platform(config);
	char *text autofree = NULL;

	if (!l->transfer->platform || platform_matches(&l->platform, &has))
		return NULL;
	text = platform_text(&has);
	return error_new(ERROR_NOT_FOUND, "the image is for %s, not for %s", text,
			 l->transfer->platform);
}

/* docker's words for a layer of an archive; it is told by its diff id. */
static void watch_layer(void *data, const struct layer_request *r, enum layer_state state,
			uint64_t bytes)
{
	const struct load *l = data;
	bool done = state == LAYER_DONE;

	if (r->diff_id)
		watch_tell(l->transfer, r->diff_id, done ? "Load complete" : "Loading layer",
			   done ? 0 : bytes, done ? 0 : r->source.length);
}

static struct error *add_image(struct load *l, struct commit *c, const struct config_file *config,
			       struct found_image *found)
{
	size_t n = found->manifest ? found->manifest->n_layers : strv_length(found->paths);
	char id[DIGEST_SIZE];

	if (n != strv_length(config->rootfs.diff_ids))
		return error_new(ERROR_BAD_INPUT, "%zu layers, but its config has %zu diff ids", n,
				 strv_length(config->rootfs.diff_ids));
	TRY(check_platform(l, config));
	c->diff_ids = config->rootfs.diff_ids;
	c->progress = watch_layer;
	c->progress_data = l;
	TRY(say_what_moves(l, c->names, c->config, c->config_length));
	TRY(commit_image(l->w, c, find_layer, found, id));
	l->n_loaded++;
	for (size_t i = 0; c->names && c->names[i]; i++)
		watch_say(l->transfer, "Loaded image: %s", c->names[i]);
	if (!c->names)
		watch_say(l->transfer, "Loaded image ID: %s", id);
	return NULL;
}

/* ---- docker's manifest.json ---- */

/* @text as a name of an image in its short form, once. */
static struct error *add_name(char ***names, const char *text)
{
	char *name autofree = NULL;

	TRY(image_reference_parse(text, &name));
	if (!strv_contains(*names, name))
		strv_add(names, name);
	return NULL;
}

static struct error *add_names(char ***names, char *const *texts)
{
	for (size_t i = 0; texts && texts[i]; i++)
		TRY(add_name(names, texts[i]));
	return NULL;
}

/*
 * A config file's own name is its digest, as docker and skopeo write it; then it has to be right.
 */
static struct error *check_config_name(const char *path, const struct buf *text)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char found[DIGEST_SIZE];
	size_t n = strspn(name, "0123456789abcdef");

	if (n != 64 || (name[n] && strcmp(name + n, ".json") != 0))
		return NULL;
	TRY(digest_of(text->data, text->length, found));
	if (strncmp(digest_hex(found), name, 64) != 0)
		return error_new(ERROR_UNTRUSTED, "%s: does not match its digest, it is %s", path,
				 found);
	return NULL;
}

static struct error *load_docker_image(struct load *l, const struct docker_image *image)
{
	struct buf text autobuf = BUF_MAX(CONFIG_MAX);
	struct config_file config autoconfig = { 0 };
	struct found_image found = { .load = l, .paths = image->layers };
	struct commit c = { 0 };
	char **names autostrv = NULL;

	TRY(add_names(&names, image->repo_tags));
	TRY(archive_read(l->archive, image->config, &text));
	TRY(check_config_name(image->config, &text));
	TRY(error_wrap(config_decode(text.data, text.length, &config), "%s", image->config));
	c.config = text.data;
	c.config_length = text.length;
	c.names = names;
	return add_image(l, &c, &config, &found);
}

static struct error *load_docker(struct load *l)
{
	for (size_t i = 0; i < l->docker.n_images; i++) {
		const struct docker_image *image = &l->docker.images[i];

		TRY(error_wrap(load_docker_image(l, image), "image %s",
			       image->repo_tags && *image->repo_tags ? *image->repo_tags
								     : image->config));
	}
	return NULL;
}

/* ---- OCI ---- */

/*
 * The names of the image that @d describes. containerd's is a whole one; the OCI's is one where the
 * writer was podman or buildah, but a bare tag where it was skopeo or docker, which names nothing.
 */
static struct error *names_of(const struct descriptor *d, char ***names)
{
	const char *whole = manifest_annotation(d, CONTAINERD_NAME);
	const char *ref = manifest_annotation(d, OCI_REF_NAME);

	if (whole)
		return add_name(names, whole);
	if (ref && strpbrk(ref, ":/"))
		return add_name(names, ref);
	return NULL;
}

/* Names that docker's manifest.json has for the image with this config. */
static struct error *add_docker_names(struct load *l, const char *config_digest, char ***names)
{
	for (size_t i = 0; i < l->docker.n_images; i++) {
		const struct docker_image *image = &l->docker.images[i];

		if (strstr(image->config, digest_hex(config_digest)))
			TRY(add_names(names, image->repo_tags));
	}
	return NULL;
}

/* "name@sha256:…" for each name: the manifest's digest is what a registry would know it by. */
static struct error *digests_of(char *const *names, const char *digest, char ***ret)
{
	for (size_t i = 0; names && names[i]; i++) {
		struct reference ref autoreference = { 0 };
		char *text autofree = NULL;

		TRY(reference_parse(names[i], &ref));
		text = alloc_printf("%s@%s", ref.name, digest);
		if (!strv_contains(*ret, text))
			strv_add(ret, text);
	}
	return NULL;
}

static struct error *load_manifest(struct load *l, const char *digest, char ***names)
{
	struct buf text autobuf = BUF_MAX(MANIFEST_MAX), config_text autobuf = BUF_MAX(CONFIG_MAX);
	struct oci_manifest manifest automanifest = { 0 };
	struct config_file config autoconfig = { 0 };
	struct found_image found = { .load = l, .manifest = &manifest };
	char **digests autostrv = NULL;
	struct commit c = { 0 };

	TRY(archive_read_blob(l->archive, digest, &text));
	TRY(error_wrap(manifest_decode(text.data, text.length, &manifest), "manifest %s", digest));
	TRY(archive_read_blob(l->archive, manifest.config.digest, &config_text));
	TRY(config_decode(config_text.data, config_text.length, &config));
	TRY(add_docker_names(l, manifest.config.digest, names));
	TRY(digests_of(*names, digest, &digests));
	c.config = config_text.data;
	c.config_length = config_text.length;
	c.manifest = text.data;
	c.manifest_length = text.length;
	c.names = *names;
	c.digests = digests;
	return add_image(l, &c, &config, &found);
}

static bool is_wanted(const struct load *l, const struct platform *p)
{
	return p && platform_matches(&l->platform, p);
}

static struct error *load_described(struct load *l, const struct descriptor *d, char ***names,
				    int depth);

/* Of an index, the one image for this host. */
static struct error *load_index(struct load *l, const char *digest, char ***names, int depth)
{
	struct buf text autobuf = BUF_MAX(MANIFEST_MAX);
	struct oci_index index autoindex = { 0 };
	const struct descriptor *chosen;

	if (depth > INDEX_DEPTH_MAX)
		return error_new(ERROR_BAD_INPUT, "index %s: too many levels", digest);
	TRY(archive_read_blob(l->archive, digest, &text));
	TRY(error_wrap(manifest_decode_index(text.data, text.length, &index), "index %s", digest));
	chosen = platform_choose(&index, &l->platform);
	return chosen ? load_described(l, chosen, names, depth)
		      : platform_missing(&index, &l->platform);
}

static struct error *load_described(struct load *l, const struct descriptor *d, char ***names,
				    int depth)
{
	return manifest_is_index(d) ? load_index(l, d->digest, names, depth + 1)
				    : load_manifest(l, d->digest, names);
}

/*
 * Whether an earlier entry of the index is of the same manifest: docker writes one for each name.
 */
static bool is_repeated(const struct oci_index *index, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(index->manifests[k].digest, index->manifests[i].digest) == 0)
			return true;
	return false;
}

/*
 * A plain manifest beside others of the same name that are for other platforms is one of an
 * image's.
 */
static bool is_for_another(const struct load *l, const struct oci_index *index, size_t i)
{
	const struct descriptor *d = &index->manifests[i];

	if (!d->platform || is_wanted(l, d->platform))
		return false;
	for (size_t k = 0; k < index->n_manifests; k++) {
		const struct descriptor *other = &index->manifests[k];

		if (k != i && other->platform &&
		    str_equal(manifest_annotation(other, OCI_REF_NAME),
			      manifest_annotation(d, OCI_REF_NAME)))
			return true;
	}
	return false;
}

static struct error *load_layout(struct load *l)
{
	struct buf text autobuf = BUF_MAX(MANIFEST_MAX);
	struct oci_index index autoindex = { 0 };

	TRY(archive_read(l->archive, "index.json", &text));
	TRY(error_wrap(manifest_decode_index(text.data, text.length, &index), "index.json"));
	for (size_t i = 0; i < index.n_manifests; i++) {
		const struct descriptor *d = &index.manifests[i];
		char **names autostrv = NULL;

		if (is_repeated(&index, i) || platform_is_none(d) || is_for_another(l, &index, i))
			continue;
		for (size_t k = i; k < index.n_manifests; k++)
			if (strcmp(index.manifests[k].digest, d->digest) == 0)
				TRY(names_of(&index.manifests[k], &names));
		TRY(load_described(l, d, &names, 0));
	}
	return l->n_loaded || !index.n_manifests ? NULL : platform_missing(&index, &l->platform);
}

/* ---- choosing ---- */

/* *@ret_present false where the archive has no such file. */
static struct error *has_file(struct load *l, const char *path, bool *ret_present)
{
	struct extent e autoextent = EXTENT_NONE;
	struct error *err = archive_find(l->archive, path, &e);

	*ret_present = !err;
	if (error_is(err, ERROR_NOT_FOUND)) {
		error_free(err);
		return NULL;
	}
	return err;
}

static struct error *read_docker_manifest(struct load *l)
{
	struct buf text autobuf = BUF_MAX(MANIFEST_MAX);

	TRY(archive_read(l->archive, "manifest.json", &text));
	return error_wrap(manifest_decode_docker(text.data, text.length, &l->docker),
			  "manifest.json");
}

static struct error *load_archive(struct load *l)
{
	bool is_oci, is_docker;

	TRY(has_file(l, "index.json", &is_oci));
	TRY(has_file(l, "manifest.json", &is_docker));
	if (!is_oci && !is_docker)
		return error_new(ERROR_BAD_INPUT,
				 "not an image archive: it has neither index.json nor "
				 "manifest.json");
	if (is_docker)
		TRY(read_docker_manifest(l));
	TRY(is_oci ? load_layout(l) : load_docker(l));
	return l->n_loaded ? NULL : error_new(ERROR_BAD_INPUT, "the archive has no image in it");
}

static struct error *choose_platform(struct load *l)
{
	struct platform host = platform_host();

	if (l->transfer->platform)
		return platform_parse(l->transfer->platform, &l->platform);
	l->platform.os = alloc_string(host.os);
	l->platform.architecture = alloc_string(host.architecture);
	l->platform.variant = alloc_string(host.variant);
	return NULL;
}

struct error *image_load(struct image_store *store, int fd, const struct image_transfer *transfer)
{
	struct work w autowork = WORK_NONE;
	struct archive *archive autoarchive = NULL;
	struct load l = { .store = store, .w = &w, .transfer = transfer };
	struct error *err;

	TRY(work_begin(store, &w));
	TRY(archive_open(fd, store->tmp, &archive));
	l.archive = archive;
	err = choose_platform(&l);
	if (!err)
		err = load_archive(&l);
	manifest_docker_done(&l.docker);
	platform_done(&l.platform);
	return err;
}
