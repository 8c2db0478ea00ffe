/*
 * image_pull(): from a reference to an image of the store. The registry's documents are read here,
 * each after its digest was compared; layers go the way of all layers (image/layer.h), from a pipe
 * of the registry's.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/strv.h"
#include "image/catalog.h"
#include "image/commit.h"
#include "image/config.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/watch.h"
#include "registry/registry.h"

#include "base/banned.h"

#define INDEX_DEPTH_MAX 4

/* As many as docker's max-concurrent-downloads; a link is rarely filled by one. */
#define DOWNLOADS 3

struct pull {
	struct image_store *store;
	const struct image_transfer *transfer;
	struct registry *registry;
	const struct reference *ref;
	struct platform platform;
	struct oci_manifest manifest;
	char top_digest[DIGEST_SIZE]; /* of what the tag means: an index or a manifest */
	struct layer_remote remote;
	bool new; /* something was fetched */
};

static void pull_done(struct pull *p)
{
	manifest_done(&p->manifest);
	platform_done(&p->platform);
}
#define autopull __attribute__((cleanup(pull_done)))

/* ---- documents ---- */

static struct error *refuse_old(const char *media_type)
{
	if (str_has_prefix(media_type, "application/vnd.docker.distribution.manifest.v1"))
		return error_new(ERROR_UNSUPPORTED,
				 "it is of schema 1, which names nothing by what it contains: have "
				 "it pushed again by a program of after 2016");
	return NULL;
}

/* What the registry calls it and what it calls itself must be the same (CVE-2021-41190). */
static struct error *check_type(const char *said, const char *own)
{
	if (!str_is_empty(own) && !str_is_empty(said) && strcmp(said, own) != 0 &&
	    manifest_is_index_type(said) != manifest_is_index_type(own))
		return error_new(ERROR_UNTRUSTED,
				 "the registry calls it %.100s, but it calls itself %.100s", said,
				 own);
	return NULL;
}

static struct error *get_manifest(struct pull *p, const char *reference, int depth,
				  struct registry_document *ret);

/* Goes from an index to the manifest for the platform. */
static struct error *descend(struct pull *p, struct registry_document *d, int depth)
{
	struct oci_index index autoindex = { 0 };
	struct registry_document next autodocument = { 0 };
	const struct descriptor *chosen;

	if (depth > INDEX_DEPTH_MAX)
		return error_new(ERROR_BAD_INPUT, "index %s: too many levels", d->digest);
	TRY(error_wrap(manifest_decode_index(buf_text(&d->text), d->text.length, &index),
		       "index %s", d->digest));
	TRY(check_type(d->media_type, index.media_type));
	chosen = platform_choose(&index, &p->platform);
	if (!chosen)
		return platform_missing(&index, &p->platform);
	TRY(get_manifest(p, chosen->digest, depth + 1, &next));
	registry_document_done(d);
	*d = next;
	next = (struct registry_document){ 0 };
	return NULL;
}

static struct error *get_manifest(struct pull *p, const char *reference, int depth,
				  struct registry_document *ret)
{
	TRY(registry_get_manifest(p->registry, reference, ret));
	if (!depth)
		memcpy(p->top_digest, ret->digest, DIGEST_SIZE);
	TRY(refuse_old(ret->media_type));
	return manifest_is_index_type(ret->media_type) ? descend(p, ret, depth) : NULL;
}

static struct error *read_manifest(struct pull *p, const struct registry_document *d)
{
	TRY(error_wrap(manifest_decode(buf_text(&d->text), d->text.length, &p->manifest),
		       "manifest %s", d->digest));
	TRY(check_type(d->media_type, p->manifest.media_type));
	if (str_has_prefix(p->manifest.config.media_type ? p->manifest.config.media_type : "",
			   "application/vnd.oci.empty") ||
	    !str_is_empty(p->manifest.artifact_type))
		return error_new(ERROR_UNSUPPORTED, "it is an artifact (%.100s), not an image",
				 str_is_empty(p->manifest.artifact_type)
					 ? "application/vnd.oci.empty.v1+json"
					 : p->manifest.artifact_type);
	return NULL;
}

/* ---- layers ---- */

static struct error *open_layer(void *data, size_t slot, size_t position, uint64_t offset,
				int *ret_fd)
{
	struct pull *p = data;
	const struct descriptor *d = &p->manifest.layers[position];

	return registry_open_blob(p->registry, slot,
				  &(struct registry_blob){ d->digest, (uint64_t)d->size_bytes },
				  offset, ret_fd);
}

static struct error *finish_layer(void *data, size_t slot)
{
	return registry_end_blob(((struct pull *)data)->registry, slot);
}

static struct error *find_layer(void *data, size_t i, struct layer_request *ret)
{
	struct pull *p = data;
	const struct descriptor *d = &p->manifest.layers[i];

	ret->digest = d->digest;
	ret->source.length = (uint64_t)d->size_bytes;
	ret->remote = &p->remote;
	ret->position = i;
	p->new = true;
	watch_tell(p->transfer, d->digest, "Pulling fs layer", 0, 0);
	return NULL;
}

/* Called once, when it is known which layers are missing. */
static struct error *connect_for(void *data, size_t n_missing)
{
	struct pull *p = data;
	size_t n = n_missing < DOWNLOADS ? n_missing : DOWNLOADS;

	p->remote.slots = n ? n : 1;
	return registry_connect(p->registry, n);
}

static void watch_layer(void *data, const struct layer_request *r, enum layer_state state,
			uint64_t bytes)
{
	static const char *const words[] = {
		[LAYER_WAITING] = "Waiting",
		[LAYER_FETCHING] = "Downloading",
		[LAYER_UNPACKING] = "Extracting",
		[LAYER_DONE] = "Pull complete",
	};
	bool counted = state == LAYER_FETCHING || state == LAYER_UNPACKING;

	watch_tell(((const struct pull *)data)->transfer, r->digest, words[state],
		   counted ? bytes : 0, counted ? r->source.length : 0);
}

static struct error *tell_present(struct pull *p, char *const *diff_ids)
{
	char **chain autostrv = NULL;
	bool present;

	TRY(config_chain(diff_ids, &chain));
	for (size_t i = 0; chain && chain[i]; i++) {
		TRY(catalog_has_layer(p->store->db, chain[i], &present));
		if (present)
			watch_tell(p->transfer, p->manifest.layers[i].digest, "Already exists", 0,
				   0);
	}
	return NULL;
}

/* ---- the image ---- */

static struct error *check_config(struct pull *p, const struct config_file *config)
{
	const struct platform has = config_platform(config);
	size_t n = strv_length(config->rootfs.diff_ids);

	if (n != p->manifest.n_layers)
		return error_new(ERROR_BAD_INPUT, "%zu layers, but its config has %zu diff ids",
				 p->manifest.n_layers, n);
	if (!platform_matches(&p->platform, &has)) {
		char *wanted autofree = platform_text(&p->platform);
		char *found autofree = platform_text(&has);

		if (p->transfer->platform || !str_equal(has.os, "linux"))
			return error_new(ERROR_UNSUPPORTED, "it is for %s, not for %s", found,
					 wanted);
		log_notice("the image is for %s, this host is %s", found, wanted);
	}
	return NULL;
}

static struct error *commit(struct pull *p, const struct registry_document *d, char id[DIGEST_SIZE])
{
	struct buf text autobuf = BUF_MAX(CONFIG_MAX);
	struct config_file config autoconfig = { 0 };
	struct work w autowork = WORK_NONE;
	char *name autofree = p->ref->tag ? reference_text(p->ref) : NULL;
	char *digest autofree = alloc_printf("%s@%s", p->ref->name, p->top_digest);
	char *names[] = { name, NULL }, *digests[] = { digest, NULL };
	struct commit c = { .manifest = buf_text(&d->text),
			    .manifest_length = d->text.length,
			    .names = names,
			    .digests = digests,
			    .connect = connect_for,
			    .progress = watch_layer,
			    .progress_data = p };

	TRY(registry_get_blob(p->registry, p->manifest.config.digest,
			      (uint64_t)p->manifest.config.size_bytes, &text));
	TRY(error_wrap(config_decode(buf_text(&text), text.length, &config), "config %s",
		       p->manifest.config.digest));
	TRY(check_config(p, &config));
	TRY(tell_present(p, config.rootfs.diff_ids));
	c.config = text.data;
	c.config_length = text.length;
	c.diff_ids = config.rootfs.diff_ids;
	TRY(work_begin(p->store, &w));
	return commit_image(&w, &c, find_layer, p, id);
}

/* ---- one reference ---- */

static void say_result(struct pull *p, bool up_to_date)
{
	char *name autofree = reference_text(p->ref);

	watch_say(p->transfer, "Digest: %s", p->top_digest);
	watch_say(p->transfer,
		  up_to_date ? "Status: Image is up to date for %s"
			     : "Status: Downloaded newer image for %s",
		  name);
}

/*
 * Whether the name already means what the registry has: then one question was all. Only a name that
 * the same digest was pulled under counts.
 */
static struct error *is_up_to_date(struct pull *p, char id[DIGEST_SIZE], bool *ret)
{
	char *name autofree = reference_text(p->ref), *known autofree = NULL;
	struct image *image autoimage = NULL;
	bool wanted = true;
	struct error *err = catalog_find_name(p->store->db, name, &image);

	*ret = false;
	if (error_is(err, ERROR_NOT_FOUND)) {
		error_free(err);
		return NULL;
	}
	TRY(err);
	if (p->transfer->platform)
		TRY(image_is_for(image, p->transfer->platform, &wanted));
	if (!wanted)
		return NULL;
	if (p->ref->digest)
		memcpy(p->top_digest, p->ref->digest, DIGEST_SIZE);
	else
		TRY(registry_head_manifest(p->registry, p->ref->tag, p->top_digest));
	known = alloc_printf("%s@%s", p->ref->name, p->top_digest);
	*ret = *p->top_digest && strv_contains(image->digests, known);
	memcpy(id, image->id, DIGEST_SIZE);
	return NULL;
}

static struct error *pull_one(struct pull *p, char id[DIGEST_SIZE])
{
	struct registry_document d autodocument = { 0 };
	const char *reference = p->ref->digest ? p->ref->digest : p->ref->tag;
	char before[DIGEST_SIZE] = "";
	bool up_to_date;

	TRY(is_up_to_date(p, before, &up_to_date));
	if (up_to_date) {
		memcpy(id, before, DIGEST_SIZE);
		say_result(p, true);
		return NULL;
	}
	TRY(get_manifest(p, reference, 0, &d));
	TRY(read_manifest(p, &d));
	TRY(commit(p, &d, id));
	say_result(p, strcmp(before, id) == 0);
	return NULL;
}

static struct error *pull_reference(struct image_store *store, const struct reference *ref,
				    const struct image_transfer *transfer,
				    struct registry *registry, char id[DIGEST_SIZE])
{
	struct platform host = platform_host();
	struct pull p autopull = {
		.store = store,
		.transfer = transfer,
		.registry = registry,
		.ref = ref,
	};

	p.remote = (struct layer_remote){ .open = open_layer, .finish = finish_layer, .data = &p };
	if (transfer->platform) {
		TRY(platform_parse(transfer->platform, &p.platform));
	} else {
		p.platform.os = alloc_string(host.os);
		p.platform.architecture = alloc_string(host.architecture);
	}
	return pull_one(&p, id);
}

static struct error *pull_all(struct image_store *store, const struct reference *ref,
			      const struct image_transfer *transfer, struct registry *registry,
			      char id[DIGEST_SIZE])
{
	char **tags autostrv = NULL;

	TRY(registry_list_tags(registry, &tags));
	if (!strv_length(tags))
		return error_new(ERROR_NOT_FOUND, "%s has no tags", ref->name);
	for (size_t i = 0; tags[i]; i++) {
		char *text autofree = alloc_printf("%s:%s", ref->name, tags[i]);
		struct reference one autoreference = { 0 };

		TRY(error_wrap(reference_parse(text, &one), "a tag of the registry's"));
		watch_say(transfer, "%s: Pulling from %s", tags[i], ref->name);
		TRY(error_wrap(pull_reference(store, &one, transfer, registry, id), "%s", text));
	}
	return NULL;
}

struct error *image_pull(struct image_store *store, const char *text,
			 const struct image_transfer *transfer, char *ret_id)
{
	struct reference ref autoreference = { 0 };
	struct registry *registry autoregistry = NULL;
	char *host autofree = NULL, *repository autofree = NULL, id[DIGEST_SIZE];

	TRY(reference_parse(text, &ref));
	reference_split(&ref, &host, &repository);
	TRY(registry_open(transfer->registry, host, repository, &registry));
	if (!transfer->all_tags)
		watch_say(transfer, "%s: Pulling from %s", ref.digest ? ref.digest : ref.tag,
			  repository);
	TRY(transfer->all_tags ? pull_all(store, &ref, transfer, registry, id)
			       : pull_reference(store, &ref, transfer, registry, id));
	if (ret_id)
		memcpy(ret_id, id, DIGEST_SIZE);
	return NULL;
}

/* ---- only to be looked at ---- */

struct error *image_remote_manifest(const char *text, const struct registry_options *options,
				    bool referrers, char **ret_text)
{
	struct reference ref autoreference = { 0 };
	struct registry *registry autoregistry = NULL;
	struct registry_document d autodocument = { 0 }, of autodocument = { 0 };
	char *host autofree = NULL, *repository autofree = NULL;
	const char *digest;

	TRY(reference_parse(text, &ref));
	reference_split(&ref, &host, &repository);
	TRY(registry_open(options, host, repository, &registry));
	digest = ref.digest;
	if (!referrers || !digest) {
		TRY(registry_get_manifest(registry, digest ? digest : ref.tag, &d));
		digest = d.digest;
	}
	if (referrers) {
		struct error *err = registry_get_referrers(registry, digest, &of);

		if (error_is(err, ERROR_NOT_FOUND)) {
			error_free(err);
			return error_new(ERROR_NOT_FOUND, "nothing refers to %s@%s", ref.name,
					 digest);
		}
		TRY(err);
	}
	*ret_text = buf_take(referrers ? &of.text : &d.text);
	return NULL;
}
