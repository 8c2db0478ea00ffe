/*
 * image_save(): images as an archive that docker, podman, skopeo and older ones of them read: an
 * OCI image layout with docker's manifest.json and repositories beside it, as docker writes them
 * since version 25; or the layout alone. Layers are in it as they came. Every blob is hashed once
 * more on its way: what is damaged on disk does not go on. The same images give the same bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/tar.h"
#include "image/catalog.h"
#include "image/manifest.h"
#include "image/outgoing.h"
#include "image/platform.h"
#include "image/reference.h"

#include "base/banned.h"

#define LAYOUT "{\"imageLayoutVersion\": \"1.0.0\"}"
#define BLOBS "blobs/sha256"
#define PIECE (1 << 20)

/* One image with the names that it is saved under. */
struct saved {
	struct image *image;
	char **names;
	struct outgoing out;
};

struct save {
	struct image_store *store;
	const struct image_save *what;
	struct saved *images;
	size_t n;
	int out;
	char **written; /* digests of blobs that are in the archive */
	char *piece;
};

static void save_done(struct save *s)
{
	for (size_t i = 0; i < s->n; i++) {
		outgoing_done(&s->images[i].out);
		image_free(s->images[i].image);
		strv_free(s->images[i].names);
	}
	free(s->images);
	strv_free(s->written);
	free(s->piece);
}
#define autosave __attribute__((cleanup(save_done)))

/* ---- which images ---- */

static struct saved *find_saved(struct save *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->images[i].image->id, id) == 0)
			return &s->images[i];
	return NULL;
}

static struct error *check_platform(const struct save *s, const struct image *image)
{
	const struct platform has = platform_of(image);
	char *text autofree = NULL;
	bool matches;

	if (!s->what->platform)
		return NULL;
	TRY(image_is_for(image, s->what->platform, &matches));
	if (matches)
		return NULL;
	text = platform_text(&has);
	return error_new(ERROR_NOT_FOUND, "image %.19s is for %s, not for %s", image->id, text,
			 s->what->platform);
}

/* @name: NULL where it was given by its id. Takes over @image. */
static struct error *add_image(struct save *s, struct image *image, const char *name)
{
	struct saved *saved = find_saved(s, image->id);
	struct error *err = saved ? NULL : check_platform(s, image);

	if (saved || err)
		image_free(image);
	TRY(err);
	if (!saved) {
		s->images = alloc_resize(s->images, s->n + 1, sizeof(*s->images));
		saved = &s->images[s->n++];
		*saved = (struct saved){ .image = image };
		TRY(outgoing_open(s->store, image,
				  s->what->oci_layout ? OUTGOING_OCI : OUTGOING_ANY, &saved->out));
	}
	if (name && !strv_contains(saved->names, name))
		strv_add(&saved->names, name);
	return NULL;
}

/* All tags of a repository, for a name without one: docker's rule. *@ret_found: there were any. */
static struct error *add_repository(struct save *s, const char *repository, bool *ret_found)
{
	char **names autostrv = NULL;

	TRY(catalog_names_of(s->store->db, repository, &names));
	*ret_found = names != NULL;
	for (char **name = names; name && *name; name++) {
		struct image *image = NULL;

		TRY(catalog_find_name(s->store->db, *name, &image));
		TRY(add_image(s, image, *name));
	}
	return NULL;
}

static struct error *add_reference(struct save *s, const char *text)
{
	struct reference ref autoreference = { 0 };
	struct error *err = reference_parse(text, &ref);
	struct image *image = NULL;
	char *name autofree = NULL;
	bool found = false;

	error_ignore(err, "then it can only be an id");
	if (!err && !ref.digest && !strchr(path_last(text), ':'))
		TRY(add_repository(s, ref.name, &found));
	if (found)
		return NULL;
	TRY(image_find(s->store, text, &image));
	if (!err && !ref.digest)
		name = reference_text(&ref);
	return add_image(s, image, name && strv_contains(image->names, name) ? name : NULL);
}

/* ---- the tar file ---- */

static struct error *write_header(struct save *s, const char *path, mode_t mode, uint64_t size)
{
	const struct tar_entry e = { .path = path, .mode = mode, .size = size };
	struct buf b autobuf = BUF_MAX(8 * TAR_BLOCK);
	uint64_t bytes;

	TRY(tar_add_header(&b, &e, &bytes));
	return fd_write_all(s->out, b.data, b.length);
}

static struct error *write_padding(struct save *s, uint64_t size)
{
	static const char zeroes[TAR_BLOCK];

	return fd_write_all(s->out, zeroes, tar_padding(size));
}

static struct error *write_text(struct save *s, const char *path, const char *text, size_t length)
{
	TRY(write_header(s, path, S_IFREG | 0644, length));
	TRY(fd_write_all(s->out, text, length));
	return write_padding(s, length);
}

static struct error *write_json(struct save *s, const char *path, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);
	struct error *err = text ? write_text(s, path, text, strlen(text))
				 : error_new(ERROR_BUG, "write %s", path);

	free(text);
	return err;
}

/* Copies @fd and compares what was copied with @digest. */
static struct error *copy_blob(struct save *s, int fd, const char *digest, uint64_t size)
{
	struct digest *d autodigest = NULL;
	char found[DIGEST_SIZE];
	uint64_t left = size;

	TRY(digest_new(&d));
	while (left) {
		ssize_t n = read(fd, s->piece, left < PIECE ? (size_t)left : PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("read blob %s", digest);
		if (n == 0)
			break;
		digest_add(d, s->piece, (size_t)n);
		TRY(fd_write_all(s->out, s->piece, (size_t)n));
		left -= (uint64_t)n;
	}
	digest_finish(d, found);
	if (left || strcmp(found, digest) != 0)
		return error_new(ERROR_UNTRUSTED,
				 "blob %s is damaged on disk; see \"bulkhead image verify\"",
				 digest);
	return NULL;
}

/* Writes a blob unless the archive has it; closes @fd. */
static struct error *write_blob(struct save *s, int fd, const char *digest, uint64_t size)
{
	char *path autofree = alloc_printf(BLOBS "/%s", digest_hex(digest));
	int source autoclose = fd;

	if (strv_contains(s->written, digest))
		return NULL;
	strv_add(&s->written, digest);
	TRY(write_header(s, path, S_IFREG | 0644, size));
	TRY(copy_blob(s, source, digest, size));
	return write_padding(s, size);
}

static struct error *write_image(struct save *s, const struct saved *saved)
{
	const struct outgoing *o = &saved->out;
	char *path autofree = alloc_printf(BLOBS "/%s", digest_hex(o->manifest_digest));
	int fd;

	for (size_t i = 0; i < o->n; i++) {
		TRY(outgoing_open_layer(s->store, o, i, &fd));
		TRY(write_blob(s, fd, o->layers[i].digest, o->layers[i].size));
	}
	TRY(outgoing_open_blob(s->store, saved->image->id, &fd));
	TRY(write_blob(s, fd, saved->image->id, o->config_size));
	if (strv_contains(s->written, o->manifest_digest))
		return NULL;
	strv_add(&s->written, o->manifest_digest);
	return write_text(s, path, buf_text(&o->manifest), o->manifest.length);
}

/* ---- documents ---- */

static json_t *describe_platform(const struct image *image)
{
	json_t *platform = json_pack("{s:s, s:s}", "architecture",
				     image->architecture ? image->architecture : "", "os",
				     image->os ? image->os : "");

	if (!str_is_empty(image->variant))
		json_object_set_new(platform, "variant", json_string(image->variant));
	return platform;
}

static json_t *descriptor_of(const struct saved *saved)
{
	return json_pack("{s:s, s:s, s:I, s:o}", "mediaType", saved->out.media_type, "digest",
			 saved->out.manifest_digest, "size", (json_int_t)saved->out.manifest.length,
			 "platform", describe_platform(saved->image));
}

/* docker's two annotations for a name: the whole one, and the tag. */
static struct error *name_descriptor(json_t *descriptor, const char *name)
{
	char *host autofree = NULL, *repository autofree = NULL, *rest autofree = NULL;
	char *whole autofree = NULL;

	TRY(image_reference_split(name, &host, &repository, &rest));
	whole = alloc_printf("%s/%s%s", host, repository, rest);
	json_object_set_new(descriptor, "annotations",
			    json_pack("{s:s, s:s}", CONTAINERD_NAME, whole, OCI_REF_NAME,
				      *rest ? rest + 1 : ""));
	return NULL;
}

static struct error *write_index(struct save *s)
{
	json_t *manifests autojson = json_array(), *index autojson = NULL;

	for (size_t i = 0; i < s->n; i++) {
		for (char **name = s->images[i].names; name && *name; name++) {
			json_t *descriptor = descriptor_of(&s->images[i]);

			json_array_append_new(manifests, descriptor);
			TRY(name_descriptor(descriptor, *name));
		}
		if (!s->images[i].names)
			json_array_append_new(manifests, descriptor_of(&s->images[i]));
	}
	index = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType", OCI_INDEX_TYPE,
			  "manifests", manifests);
	return write_json(s, "index.json", index);
}

static json_t *blob_path(const char *digest)
{
	return json_sprintf(BLOBS "/%s", digest_hex(digest));
}

static json_t *docker_entry(const struct saved *saved)
{
	json_t *layers = json_array(),
	       *tags = saved->names ? json_texts(saved->names) : json_null();

	for (size_t i = 0; i < saved->out.n; i++)
		json_array_append_new(layers, blob_path(saved->out.layers[i].digest));
	return json_pack("{s:o, s:o, s:o}", "Config", blob_path(saved->image->id), "RepoTags", tags,
			 "Layers", layers);
}

static struct error *write_docker_manifest(struct save *s)
{
	json_t *list autojson = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(list, docker_entry(&s->images[i]));
	return write_json(s, "manifest.json", list);
}

/* {"debian": {"12": "…"}}: what docker before 1.10 looked at; its own loads still warn without. */
static struct error *write_repositories(struct save *s)
{
	json_t *repositories autojson = json_object();

	for (size_t i = 0; i < s->n; i++)
		for (char **name = s->images[i].names; name && *name; name++) {
			const struct outgoing *o = &s->images[i].out;
			struct reference ref autoreference = { 0 };
			json_t *tags;

			TRY(reference_parse(*name, &ref));
			tags = json_object_get(repositories, ref.name);
			if (!tags) {
				tags = json_object();
				json_object_set_new(repositories, ref.name, tags);
			}
			json_object_set_new(
				tags, ref.tag,
				json_string(o->n ? digest_hex(o->layers[o->n - 1].digest) : ""));
		}
	return json_object_size(repositories) ? write_json(s, "repositories", repositories) : NULL;
}

static struct error *write_archive(struct save *s)
{
	struct buf end autobuf = BUF_MAX(2 * TAR_BLOCK);

	TRY(write_header(s, "blobs", S_IFDIR | 0755, 0));
	TRY(write_header(s, BLOBS, S_IFDIR | 0755, 0));
	for (size_t i = 0; i < s->n; i++)
		TRY(write_image(s, &s->images[i]));
	TRY(write_index(s));
	if (!s->what->oci_layout) {
		TRY(write_docker_manifest(s));
		TRY(write_repositories(s));
	}
	TRY(write_text(s, "oci-layout", LAYOUT, strlen(LAYOUT)));
	TRY(tar_add_end(&end));
	return fd_write_all(s->out, end.data, end.length);
}

struct error *image_save(struct image_store *store, const struct image_save *what, int out)
{
	struct save s autosave = {
		.store = store, .what = what, .out = out, .piece = alloc_zeroed(PIECE, 1)
	};

	for (char *const *ref = what->references; *ref; ref++)
		TRY(add_reference(&s, *ref));
	return write_archive(&s);
}
