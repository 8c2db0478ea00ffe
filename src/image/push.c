/*
 * image_push(): the manifest that an image came with goes out again byte for byte, with the blobs
 * that it names; an image that came without one, or whose layers are kept under other digests, gets
 * one of docker's kind made of what is kept.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "image/archive.h"
#include "image/catalog.h"
#include "image/config.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/store.h"
#include "registry/registry.h"

#include "base/banned.h"

#define DOCKER_CONFIG_TYPE "application/vnd.docker.container.image.v1+json"
#define DOCKER_LAYER_TYPE "application/vnd.docker.image.rootfs.diff.tar"
#define OCI_CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define OCI_LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"

struct push {
	struct image_store *store;
	const struct image_transfer *transfer;
	struct registry *registry;
	char *host, *repository;
};

static void push_done(struct push *p)
{
	registry_close(p->registry);
	free(p->host);
	free(p->repository);
}
#define autopush __attribute__((cleanup(push_done)))

static void say(const struct push *p, const char *line)
{
	if (p->transfer->said)
		p->transfer->said(p->transfer->data, line);
}

static void tell(const struct push *p, const char *digest, const char *status, uint64_t total)
{
	char id[13];

	if (!p->transfer->watch)
		return;
	memcpy(id, digest_hex(digest), 12);
	id[12] = '\0';
	p->transfer->watch(p->transfer->data, &(struct image_event){ id, status, 0, total });
}

/* ---- what is pushed ---- */

struct outgoing_layer {
	char digest[DIGEST_SIZE];
	const char *diff_id;
	uint64_t size;
};

/* An image on its way out. */
struct outgoing {
	const struct image *image;
	struct outgoing_layer *layers;
	size_t n;
	struct buf manifest;
	char *media_type;
	char *from; /* another repository of the same registry that has the layers; NULL */
};

static void outgoing_done(struct outgoing *o)
{
	free(o->layers);
	free(o->media_type);
	free(o->from);
	buf_done(&o->manifest);
}
#define autooutgoing __attribute__((cleanup(outgoing_done)))

static struct error *open_blob(struct image_store *store, const char *digest, int *ret_fd)
{
	*ret_fd = openat(store->blobs, digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? error_sys("open blob %s", digest) : NULL;
}

/* What the tail of a layer's media type says of its bytes. */
static struct error *compression_of(struct push *p, const char *digest, const char **ret)
{
	unsigned char head[ARCHIVE_MAGIC_SIZE] = { 0 };
	int fd autoclose = -1;

	TRY(open_blob(p->store, digest, &fd));
	if (pread(fd, head, sizeof(head), 0) < 0)
		return error_sys("read blob %s", digest);
	if (memcmp(head, "\x1f\x8b", 2) == 0)
		*ret = "gzip";
	else if (memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
		*ret = "zstd";
	else if (archive_is_compressed(head, sizeof(head)))
		return error_new(ERROR_UNSUPPORTED,
				 "layer %s is compressed in a way that registries do not know",
				 digest);
	else
		*ret = "";
	return NULL;
}

/*
 * The manifest that the image came with, where every layer that it names is still here; *@ret_found
 * false where it is not so.
 */
static struct error *read_manifest(struct push *p, struct outgoing *o, bool *ret_found)
{
	struct oci_manifest manifest automanifest = { 0 };
	char digest[DIGEST_SIZE];

	*ret_found = false;
	TRY(catalog_manifest(p->store->db, o->image->id, digest));
	if (!*digest)
		return NULL;
	TRY(path_read(p->store->blobs, digest_hex(digest), &o->manifest));
	TRY(error_wrap(manifest_decode(buf_text(&o->manifest), o->manifest.length, &manifest),
		       "manifest %s", digest));
	if (manifest.n_layers != o->n)
		return NULL;
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(manifest.layers[i].digest, o->layers[i].digest) != 0)
			return NULL;
	o->media_type = alloc_string(str_is_empty(manifest.media_type) ? OCI_MANIFEST_TYPE
								       : manifest.media_type);
	*ret_found = true;
	return NULL;
}

/* The blob of each layer: the one that the image's manifest names, if it is kept. */
static struct error *find_layers(struct push *p, struct outgoing *o)
{
	struct oci_manifest manifest automanifest = { 0 };
	struct buf text autobuf = BUF_MAX(MANIFEST_MAX);
	char digest[DIGEST_SIZE];

	o->n = strv_length(o->image->diff_ids);
	o->layers = alloc_zeroed(o->n, sizeof(*o->layers));
	TRY(catalog_manifest(p->store->db, o->image->id, digest));
	if (*digest) {
		TRY(path_read(p->store->blobs, digest_hex(digest), &text));
		TRY(error_wrap(manifest_decode(buf_text(&text), text.length, &manifest),
			       "manifest %s", digest));
	}
	for (size_t i = 0; i < o->n; i++) {
		struct outgoing_layer *l = &o->layers[i];
		const char *wanted = manifest.n_layers == o->n ? manifest.layers[i].digest : NULL;

		l->diff_id = o->image->diff_ids[i];
		TRY(catalog_find_blob(p->store->db, l->diff_id, wanted, l->digest, &l->size));
	}
	return NULL;
}

static struct error *size_of_blob(struct push *p, const char *digest, uint64_t *ret)
{
	struct stat st;

	if (fstatat(p->store->blobs, digest_hex(digest), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("look at blob %s", digest);
	*ret = (uint64_t)st.st_size;
	return NULL;
}

static json_t *descriptor(const char *media_type, uint64_t size, const char *digest)
{
	return json_pack("{s:s, s:I, s:s}", "mediaType", media_type, "size", (json_int_t)size,
			 "digest", digest);
}

/* docker's own kind where it knows the compression, else the OCI's. */
static struct error *make_manifest(struct push *p, struct outgoing *o)
{
	json_t *layers autojson = json_array(), *document autojson = NULL;
	char **tails autostrv = NULL;
	bool oci = false;
	uint64_t size;
	char *text;

	for (size_t i = 0; i < o->n; i++) {
		const char *tail;

		TRY(compression_of(p, o->layers[i].digest, &tail));
		oci = oci || strcmp(tail, "zstd") == 0;
		strv_add(&tails, tail);
	}
	for (size_t i = 0; i < o->n; i++) {
		char *type autofree =
			alloc_printf("%s%s%s", oci ? OCI_LAYER_TYPE : DOCKER_LAYER_TYPE,
				     !*tails[i] ? ""
				     : oci	? "+"
						: ".",
				     tails[i]);

		json_array_append_new(layers,
				      descriptor(type, o->layers[i].size, o->layers[i].digest));
	}
	TRY(size_of_blob(p, o->image->id, &size));
	document = json_pack("{s:i, s:s, s:o, s:O}", "schemaVersion", 2, "mediaType",
			     oci ? OCI_MANIFEST_TYPE : DOCKER_MANIFEST_TYPE, "config",
			     descriptor(oci ? OCI_CONFIG_TYPE : DOCKER_CONFIG_TYPE, size,
					o->image->id),
			     "layers", layers);
	text = json_dumps(document, JSON_INDENT(3));
	if (!text)
		return error_new(ERROR_BUG, "write a manifest");
	buf_consume(&o->manifest, o->manifest.length);
	struct error *err = buf_add_text(&o->manifest, text);

	free(text);
	TRY(err);
	free(o->media_type);
	o->media_type = alloc_string(oci ? OCI_MANIFEST_TYPE : DOCKER_MANIFEST_TYPE);
	return NULL;
}

/* Another repository of the registry that the image is known from: it has these blobs. */
static struct error *find_source(struct push *p, struct outgoing *o)
{
	for (char **d = o->image->digests; d && *d && !o->from; d++) {
		struct reference ref autoreference = { 0 };
		char *host autofree = NULL, *repository autofree = NULL;

		TRY(reference_parse(*d, &ref));
		reference_split(&ref, &host, &repository);
		if (strcmp(host, p->host) == 0 && strcmp(repository, p->repository) != 0)
			o->from = take(repository);
	}
	return NULL;
}

/* ---- sending ---- */

static struct error *send_blob(struct push *p, const struct outgoing *o, const char *digest,
			       const char *shown, uint64_t size)
{
	char *mounted autofree = NULL;
	int fd autoclose = -1;
	bool present, was_mounted;

	tell(p, shown, "Preparing", 0);
	TRY(registry_has_blob(p->registry, 0, digest, &present));
	if (present) {
		tell(p, shown, "Layer already exists", 0);
		return NULL;
	}
	TRY(open_blob(p->store, digest, &fd));
	tell(p, shown, "Pushing", size);
	TRY(registry_put_blob(p->registry, 0,
			      &(struct registry_upload){ { digest, size }, fd, o->from },
			      &was_mounted));
	if (was_mounted)
		mounted = alloc_printf("Mounted from %s", o->from);
	tell(p, shown, was_mounted ? mounted : "Pushed", 0);
	return NULL;
}

static struct error *send_config(struct push *p, const char *digest)
{
	bool present, mounted;
	int fd autoclose = -1;
	uint64_t size;

	TRY(registry_has_blob(p->registry, 0, digest, &present));
	if (present)
		return NULL;
	TRY(size_of_blob(p, digest, &size));
	TRY(open_blob(p->store, digest, &fd));
	return registry_put_blob(p->registry, 0,
				 &(struct registry_upload){ { digest, size }, fd, NULL }, &mounted);
}

static struct error *send_manifest(struct push *p, const struct outgoing *o, const char *tag)
{
	int fd autoclose = memfd_create("manifest", MFD_CLOEXEC);

	if (fd < 0)
		return error_sys("make a file for the manifest");
	TRY(fd_write_all(fd, o->manifest.data, o->manifest.length));
	return registry_put_manifest(p->registry, tag, o->media_type, fd, o->manifest.length);
}

/* A registry is where a digest comes from: the image has it from now on. */
static struct error *record(struct push *p, const struct image *image, const char *name,
			    const char *digest)
{
	char *text autofree = alloc_printf("%s@%s", name, digest);
	struct error *err;

	TRY(db_begin(p->store->db, true));
	err = catalog_set_name(p->store->db, text, true, image->id);
	if (!err)
		return db_commit(p->store->db);
	db_rollback(p->store->db);
	return err;
}

static struct error *push_image(struct push *p, const struct image *image,
				const struct reference *ref)
{
	struct outgoing o autooutgoing = { .image = image, .manifest = BUF_MAX(MANIFEST_MAX) };
	char digest[DIGEST_SIZE], *line autofree = NULL;
	bool found;

	TRY(find_layers(p, &o));
	TRY(read_manifest(p, &o, &found));
	if (!found)
		TRY(make_manifest(p, &o));
	TRY(find_source(p, &o));
	if (o.from)
		registry_will_push(p->registry, o.from);
	for (size_t i = 0; i < o.n; i++)
		TRY(send_blob(p, &o, o.layers[i].digest, o.layers[i].diff_id, o.layers[i].size));
	TRY(send_config(p, image->id));
	TRY(send_manifest(p, &o, ref->tag));
	TRY(digest_of(o.manifest.data, o.manifest.length, digest));
	TRY(record(p, image, ref->name, digest));
	line = alloc_printf("%s: digest: %s size: %zu", ref->tag, digest, o.manifest.length);
	say(p, line);
	return NULL;
}

static struct error *push_name(struct push *p, const char *name)
{
	struct reference ref autoreference = { 0 };
	struct image *image autoimage = NULL;

	TRY(reference_parse(name, &ref));
	TRY(catalog_find_name(p->store->db, name, &image));
	return error_wrap(push_image(p, image, &ref), "push %s", name);
}

/* The names of the store with the repository @name, sorted; the caller frees. */
static struct error *list_tags(struct image_store *store, const char *name, char ***ret)
{
	char *prefix autofree = alloc_printf("%s:", name);
	struct image **list = NULL;
	size_t n = 0;

	TRY(catalog_list(store->db, &list, &n));
	for (size_t i = 0; i < n; i++) {
		for (char **t = list[i]->names; t && *t; t++)
			if (str_has_prefix(*t, prefix) && !strchr(*t + strlen(prefix), '/'))
				strv_add(ret, *t);
		image_free(list[i]);
	}
	free(list);
	return NULL;
}

static struct error *names_to_push(struct image_store *store, const struct reference *ref,
				   bool all_tags, char ***ret)
{
	if (!all_tags) {
		strv_add_owned(ret, reference_text(ref));
		return NULL;
	}
	TRY(list_tags(store, ref->name, ret));
	if (!strv_length(*ret))
		return error_new(ERROR_NOT_FOUND,
				 "An image does not exist locally with the tag: %s", ref->name);
	return NULL;
}

struct error *image_push(struct image_store *store, const char *text,
			 const struct image_transfer *transfer)
{
	struct reference ref autoreference = { 0 };
	struct push p autopush = { .store = store, .transfer = transfer };
	char **names autostrv = NULL, *line autofree = NULL;

	TRY(reference_parse(text, &ref));
	if (ref.digest)
		return error_new(ERROR_BAD_INPUT, "cannot push a digest reference: %s", text);
	reference_split(&ref, &p.host, &p.repository);
	TRY(names_to_push(store, &ref, transfer->all_tags, &names));
	for (size_t i = 0; names[i]; i++) { /* before anything is sent */
		struct image *image autoimage = NULL;
		struct error *err = catalog_find_name(store->db, names[i], &image);

		if (error_is(err, ERROR_NOT_FOUND)) {
			error_free(err);
			return error_new(ERROR_NOT_FOUND,
					 "An image does not exist locally with the tag: %s",
					 ref.name);
		}
		TRY(err);
	}
	line = alloc_printf("The push refers to repository [%s/%s]", p.host, p.repository);
	say(&p, line);
	TRY(registry_open(transfer->registry, p.host, p.repository, &p.registry));
	registry_will_push(p.registry, NULL);
	for (size_t i = 0; names[i]; i++)
		TRY(push_name(&p, names[i]));
	return NULL;
}
