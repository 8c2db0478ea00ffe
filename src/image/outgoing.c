#include "image/outgoing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "image/archive.h"
#include "image/catalog.h"
#include "image/manifest.h"
#include "image/pack.h"
#include "image/pump.h"

#include "base/banned.h"

#define DOCKER_CONFIG_TYPE "application/vnd.docker.container.image.v1+json"
#define DOCKER_LAYER_TYPE "application/vnd.docker.image.rootfs.diff.tar"
#define OCI_CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define OCI_LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"
#define PLAIN_MAX (256ULL << 30)

void outgoing_done(struct outgoing *o)
{
	for (size_t i = 0; o->layers && i < o->n; i++)
		fd_close(&o->layers[i].file);
	free(o->layers);
	free(o->media_type);
	buf_done(&o->manifest);
}

struct error *outgoing_open_blob(struct image_store *store, const char *digest, int *ret_fd)
{
	*ret_fd = openat(store->blobs, digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? error_sys("open blob %s", digest) : NULL;
}

struct error *outgoing_open_layer(struct image_store *store, const struct outgoing *o, size_t i,
				  int *ret_fd)
{
	const struct outgoing_layer *l = &o->layers[i];

	if (l->file < 0)
		return outgoing_open_blob(store, l->digest, ret_fd);
	*ret_fd = fcntl(l->file, F_DUPFD_CLOEXEC, 0);
	if (*ret_fd < 0 || lseek(*ret_fd, 0, SEEK_SET) < 0)
		return error_sys("open layer %.19s", l->diff_id);
	return NULL;
}

/* ---- layers ---- */

/*
 * What the tail of a layer's media type says of its bytes: "", "gzip", "zstd". NULL: something that
 * neither registries nor other engines know.
 */
static struct error *compression_of(struct image_store *store, const struct outgoing *o, size_t i,
				    const char **ret)
{
	unsigned char head[ARCHIVE_MAGIC_SIZE] = { 0 };
	int fd autoclose = -1;

	TRY(outgoing_open_layer(store, o, i, &fd));
	if (pread(fd, head, sizeof(head), 0) < 0)
		return error_sys("read blob %s", o->layers[i].digest);
	if (memcmp(head, "\x1f\x8b", 2) == 0)
		*ret = "gzip";
	else if (memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
		*ret = "zstd";
	else
		*ret = archive_is_compressed(head, sizeof(head)) ? NULL : "";
	return NULL;
}

static struct error *run_unpacker(struct pump pumps[2], int *ret_plain)
{
	struct sandbox s autosandbox = SANDBOX_NONE;
	struct sandbox *const helpers[] = { &s };
	int in_end autoclose = -1, out_end autoclose = -1;

	TRY(pump_pipe(&in_end, &pumps[0].out));
	TRY(pump_pipe(ret_plain, &out_end));
	pumps[1].in = *ret_plain;
	TRY(sandbox_start(&s, "decompress", in_end, out_end, -1));
	fd_close(&in_end);
	fd_close(&out_end);
	TRY(pump_run(pumps, 2, helpers, 1));
	return sandbox_finish(&s, NULL, NULL, NULL);
}

static struct error *make_file(struct image_store *store, int *ret_fd)
{
	*ret_fd = openat(store->tmp, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return *ret_fd < 0 ? error_sys("make a file for a layer") : NULL;
}

/* A layer that came as xz or bzip2 goes out plain, in a file without a name. */
static struct error *make_plain(struct image_store *store, struct outgoing *o, size_t i)
{
	struct outgoing_layer *l = &o->layers[i];
	struct digest *digest autodigest = NULL;
	int blob autoclose = -1, pipe autoclose = -1;
	struct pump pumps[2] = {
		{ .is_file = true, .left = UINT64_MAX, .out = -1, .max = PLAIN_MAX },
		{ .left = UINT64_MAX, .out = -1, .max = PLAIN_MAX },
	};
	struct error *err;

	TRY(outgoing_open_blob(store, l->digest, &blob));
	TRY(digest_new(&digest));
	TRY(make_file(store, &l->file));
	pumps[0].in = blob;
	pumps[1].copy = l->file;
	pumps[1].digest = digest;
	pumps[0].name = pumps[1].name = "the layer";
	err = run_unpacker(pumps, &pipe);
	l->size = pumps[1].total;
	pump_done(&pumps[0]);
	pump_done(&pumps[1]);
	TRY(err);
	digest_finish(digest, l->digest);
	if (strcmp(l->digest, l->diff_id) != 0)
		return error_new(ERROR_UNTRUSTED, "its bytes are damaged: they are %s", l->digest);
	return NULL;
}

/* A plain layer goes to a registry as docker sends it. */
static struct error *make_compressed(struct image_store *store, struct outgoing *o, size_t i)
{
	struct outgoing_layer *l = &o->layers[i];
	int plain autoclose = -1, packed autoclose = -1;
	struct pack_input in = { .digest = l->diff_id, .mode = "gzip" };

	TRY(outgoing_open_layer(store, o, i, &plain));
	TRY(make_file(store, &packed));
	in.fd = plain;
	TRY(pack_compress(&in, packed, l->digest, &l->size));
	fd_close(&l->file);
	l->file = fd_take(&packed);
	return NULL;
}

/* The blob of each layer: the one that the image's manifest names, if it is kept. */
static struct error *find_layers(struct image_store *store, struct outgoing *o,
				 const struct oci_manifest *manifest)
{
	o->n = strv_length(o->image->diff_ids);
	o->layers = alloc_zeroed(o->n, sizeof(*o->layers));
	for (size_t i = 0; i < o->n; i++)
		o->layers[i].file = -1;
	for (size_t i = 0; i < o->n; i++) {
		struct outgoing_layer *l = &o->layers[i];
		const char *wanted = manifest->n_layers == o->n ? manifest->layers[i].digest : NULL;

		l->diff_id = o->image->diff_ids[i];
		TRY(catalog_find_blob(store->db, l->diff_id, wanted, l->digest, &l->size));
	}
	return NULL;
}

/* ---- the manifest ---- */

static bool names_these_layers(const struct outgoing *o, const struct oci_manifest *manifest)
{
	if (manifest->n_layers != o->n)
		return false;
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(manifest->layers[i].digest, o->layers[i].digest) != 0)
			return false;
	return true;
}

static json_t *descriptor(const char *media_type, uint64_t size, const char *digest)
{
	return json_pack("{s:s, s:I, s:s}", "mediaType", media_type, "size", (json_int_t)size,
			 "digest", digest);
}

/* Makes of each layer what others understand, and lists the tails of their media types. */
static struct error *prepare_layers(struct image_store *store, struct outgoing *o, bool compress,
				    char ***tails)
{
	for (size_t i = 0; i < o->n; i++) {
		const char *tail;

		TRY(compression_of(store, o, i, &tail));
		if (!tail)
			TRY(error_wrap(make_plain(store, o, i), "layer %.19s",
				       o->layers[i].diff_id));
		if (compress && (!tail || !*tail)) {
			TRY(error_wrap(make_compressed(store, o, i), "layer %.19s",
				       o->layers[i].diff_id));
			tail = "gzip";
		}
		strv_add(tails, tail ? tail : "");
	}
	return NULL;
}

static json_t *describe_layers(const struct outgoing *o, char *const *tails, bool oci)
{
	json_t *layers = json_array();

	for (size_t i = 0; i < o->n; i++) {
		const char *joint = !*tails[i] ? "" : oci ? "+" : ".";
		char *type autofree = alloc_printf(
			"%s%s%s", oci ? OCI_LAYER_TYPE : DOCKER_LAYER_TYPE, joint, tails[i]);

		json_array_append_new(layers,
				      descriptor(type, o->layers[i].size, o->layers[i].digest));
	}
	return layers;
}

static struct error *make_manifest(struct image_store *store, struct outgoing *o,
				   enum outgoing_kind kind)
{
	bool for_docker = kind == OUTGOING_DOCKER, oci;
	char **tails autostrv = NULL;
	json_t *document autojson = NULL;
	struct error *err;
	char *text;

	TRY(prepare_layers(store, o, for_docker, &tails));
	/* docker has no type for zstd */
	oci = !for_docker || strv_contains(tails, "zstd");
	o->media_type = alloc_string(oci ? OCI_MANIFEST_TYPE : DOCKER_MANIFEST_TYPE);
	document = json_pack("{s:i, s:s, s:o, s:o}", "schemaVersion", 2, "mediaType", o->media_type,
			     "config",
			     descriptor(oci ? OCI_CONFIG_TYPE : DOCKER_CONFIG_TYPE, o->config_size,
					o->image->id),
			     "layers", describe_layers(o, tails, oci));
	text = json_dumps(document, JSON_INDENT(3));
	if (!text)
		return error_new(ERROR_BUG, "write a manifest");
	buf_consume(&o->manifest, o->manifest.length);
	err = buf_add_text(&o->manifest, text);
	free(text);
	return err;
}

/* The manifest that the image came with; *@ret is empty where there was none. */
static struct error *read_manifest(struct image_store *store, struct outgoing *o,
				   struct oci_manifest *ret)
{
	char digest[DIGEST_SIZE];

	TRY(catalog_manifest(store->db, o->image->id, digest));
	if (!*digest)
		return NULL;
	TRY(path_read(store->blobs, digest_hex(digest), &o->manifest));
	return error_wrap(manifest_decode(buf_text(&o->manifest), o->manifest.length, ret),
			  "manifest %s", digest);
}

static struct error *choose_manifest(struct image_store *store, struct outgoing *o,
				     enum outgoing_kind kind)
{
	struct oci_manifest manifest automanifest = { 0 };
	const char *type;

	TRY(read_manifest(store, o, &manifest));
	TRY(find_layers(store, o, &manifest));
	type = manifest.media_type && *manifest.media_type ? manifest.media_type
							   : OCI_MANIFEST_TYPE;
	if (!o->manifest.length || !names_these_layers(o, &manifest) ||
	    (kind == OUTGOING_OCI && strcmp(type, OCI_MANIFEST_TYPE) != 0))
		return make_manifest(store, o, kind);
	o->media_type = alloc_string(type);
	return NULL;
}

struct error *outgoing_open(struct image_store *store, const struct image *image,
			    enum outgoing_kind kind, struct outgoing *ret)
{
	struct outgoing o autooutgoing = { .image = image, .manifest = BUF_MAX(MANIFEST_MAX) };
	struct stat st;

	if (fstatat(store->blobs, digest_hex(image->id), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("look at blob %s", image->id);
	o.config_size = (uint64_t)st.st_size;
	TRY(choose_manifest(store, &o, kind));
	TRY(digest_of(o.manifest.data, o.manifest.length, o.manifest_digest));
	*ret = o;
	o = (struct outgoing){ 0 };
	return NULL;
}
