/* image_push(): an image as it goes out (outgoing.h), blob by blob, the manifest last. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/strv.h"
#include "image/catalog.h"
#include "image/outgoing.h"
#include "image/reference.h"
#include "image/store.h"
#include "image/watch.h"
#include "registry/registry.h"

#include "base/banned.h"

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

/* Another repository of the registry that the image is known from: it has these blobs. */
static struct error *find_source(struct push *p, const struct image *image, char **ret)
{
	for (char **d = image->digests; d && *d && !*ret; d++) {
		struct reference ref autoreference = { 0 };
		char *host autofree = NULL, *repository autofree = NULL;

		TRY(reference_parse(*d, &ref));
		reference_split(&ref, &host, &repository);
		if (strcmp(host, p->host) == 0 && strcmp(repository, p->repository) != 0)
			*ret = take(repository);
	}
	return NULL;
}

/* ---- sending ---- */

static struct error *send_layer(struct push *p, const struct outgoing *o, size_t i,
				const char *from)
{
	const char *digest = o->layers[i].digest, *shown = o->layers[i].diff_id;
	char *mounted autofree = NULL;
	int fd autoclose = -1;
	bool present, was_mounted;

	watch_tell(p->transfer, shown, "Preparing", 0, 0);
	TRY(registry_has_blob(p->registry, digest, &present));
	if (present) {
		watch_tell(p->transfer, shown, "Layer already exists", 0, 0);
		return NULL;
	}
	TRY(outgoing_open_layer(p->store, o, i, &fd));
	watch_tell(p->transfer, shown, "Pushing", 0, o->layers[i].size);
	TRY(registry_put_blob(p->registry,
			      &(struct registry_upload){ { digest, o->layers[i].size }, fd, from },
			      &was_mounted));
	if (was_mounted)
		mounted = alloc_printf("Mounted from %s", from);
	watch_tell(p->transfer, shown, was_mounted ? mounted : "Pushed", 0, 0);
	return NULL;
}

static struct error *send_config(struct push *p, const struct outgoing *o)
{
	const char *digest = o->image->id;
	bool present, mounted;
	int fd autoclose = -1;

	TRY(registry_has_blob(p->registry, digest, &present));
	if (present)
		return NULL;
	TRY(outgoing_open_blob(p->store, digest, &fd));
	return registry_put_blob(p->registry,
				 &(struct registry_upload){ { digest, o->config_size }, fd, NULL },
				 &mounted);
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
	struct outgoing o autooutgoing = { 0 };
	char *from autofree = NULL;

	TRY(outgoing_open(p->store, image, OUTGOING_DOCKER, &o));
	TRY(find_source(p, image, &from));
	if (from)
		registry_will_push(p->registry, from);
	for (size_t i = 0; i < o.n; i++)
		TRY(send_layer(p, &o, i, from));
	TRY(send_config(p, &o));
	TRY(send_manifest(p, &o, ref->tag));
	TRY(record(p, image, ref->name, o.manifest_digest));
	watch_say(p->transfer, "%s: digest: %s size: %zu", ref->tag, o.manifest_digest,
		  o.manifest.length);
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

static struct error *names_to_push(struct image_store *store, const struct reference *ref,
				   bool all_tags, char ***ret)
{
	if (!all_tags) {
		strv_add_owned(ret, reference_text(ref));
		return NULL;
	}
	TRY(catalog_names_of(store->db, ref->name, ret));
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
	char **names autostrv = NULL;

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
	watch_say(transfer, "The push refers to repository [%s/%s]", p.host, p.repository);
	TRY(registry_open(transfer->registry, p.host, p.repository, &p.registry));
	registry_will_push(p.registry, NULL);
	for (size_t i = 0; names[i]; i++)
		TRY(push_name(&p, names[i]));
	return NULL;
}
