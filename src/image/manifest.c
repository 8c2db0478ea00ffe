#include "image/manifest.h"

#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "base/strv.h"
#include "image/config.h"

#include "base/banned.h"

#define DOCKER_LIST_MEDIA_TYPE "application/vnd.docker.distribution.manifest.list.v2+json"

/* Far above what any archive names; bounds the work, not the memory. */
#define MANIFESTS_MAX 10000

static const struct json_field platform_fields[] = {
	JSON_FIELD(platform, "architecture", architecture, JSON_TEXT, 0),
	JSON_FIELD(platform, "os", os, JSON_TEXT, 0),
	JSON_FIELD(platform, "variant", variant, JSON_TEXT, 0),
	{ 0 },
};
static const struct json_type platform_type = { .size = sizeof(struct platform),
						.fields = platform_fields };

static const struct json_field descriptor_fields[] = {
	JSON_FIELD(descriptor, "mediaType", media_type, JSON_TEXT, 0),
	JSON_FIELD(descriptor, "digest", digest, JSON_TEXT, JSON_REQUIRED),
	JSON_FIELD(descriptor, "size", size_bytes, JSON_INT64, JSON_REQUIRED),
	JSON_FIELD(descriptor, "annotations", annotations, JSON_MAP, 0),
	JSON_STRUCT(descriptor, "platform", platform, JSON_POINTER, &platform_type, 0),
	{ 0 },
};
static const struct json_type descriptor_type = { .size = sizeof(struct descriptor),
						  .fields = descriptor_fields };

static const struct json_field index_fields[] = {
	JSON_FIELD(oci_index, "mediaType", media_type, JSON_TEXT, 0),
	JSON_FIELD(oci_index, "layers", layers, JSON_ANY, 0),
	JSON_FIELD(oci_index, "config", config, JSON_ANY, 0),
	JSON_LIST(oci_index, "manifests", manifests, n_manifests, &descriptor_type, JSON_REQUIRED),
	{ 0 },
};
static const struct json_type index_type = { .size = sizeof(struct oci_index),
					     .fields = index_fields };

static const struct json_field manifest_fields[] = {
	JSON_FIELD(oci_manifest, "mediaType", media_type, JSON_TEXT, 0),
	JSON_FIELD(oci_manifest, "artifactType", artifact_type, JSON_TEXT, 0),
	JSON_FIELD(oci_manifest, "manifests", manifests, JSON_ANY, 0),
	JSON_STRUCT(oci_manifest, "config", config, JSON_NESTED, &descriptor_type, JSON_REQUIRED),
	JSON_LIST(oci_manifest, "layers", layers, n_layers, &descriptor_type, JSON_REQUIRED),
	{ 0 },
};
static const struct json_type manifest_type = { .size = sizeof(struct oci_manifest),
						.fields = manifest_fields };

static const struct json_field docker_image_fields[] = {
	JSON_FIELD(docker_image, "Config", config, JSON_TEXT, JSON_REQUIRED),
	JSON_FIELD(docker_image, "RepoTags", repo_tags, JSON_TEXTS, 0),
	JSON_FIELD(docker_image, "Layers", layers, JSON_TEXTS, 0),
	{ 0 },
};
static const struct json_type docker_image_type = { .size = sizeof(struct docker_image),
						    .fields = docker_image_fields };

static const struct json_field docker_fields[] = {
	JSON_LIST(docker_manifest, "images", images, n_images, &docker_image_type, JSON_REQUIRED),
	{ 0 },
};
static const struct json_type docker_type = { .size = sizeof(struct docker_manifest),
					      .fields = docker_fields };

static struct error *check_descriptor(const struct descriptor *d)
{
	if (!digest_is_valid(d->digest)) {
		char *quoted autofree = str_quote(d->digest);

		return error_new(ERROR_UNSUPPORTED, "digest: %s is not a sha256 digest", quoted);
	}
	if (d->size_bytes < 0)
		return error_new(ERROR_BAD_INPUT, "size: negative");
	return NULL;
}

static struct error *check_descriptors(const struct descriptor *list, size_t n, const char *name,
				       size_t max)
{
	if (n > max)
		return error_new(ERROR_LIMIT, "%s: %zu entries, more than %zu", name, n, max);
	for (size_t i = 0; i < n; i++)
		TRY(error_wrap(check_descriptor(&list[i]), "%s[%zu]", name, i));
	return NULL;
}

/* What one reader takes for an index and another for a manifest (CVE-2021-41190). */
static struct error *both_kinds(void)
{
	return error_new(ERROR_UNTRUSTED, "it is an index and a manifest at once");
}

struct error *manifest_decode_index(const char *text, size_t length, struct oci_index *ret)
{
	struct error *err;

	TRY(json_decode_text(&index_type, text, length, ret));
	err = ret->layers || ret->config ? both_kinds() : NULL;
	if (!err)
		err = check_descriptors(ret->manifests, ret->n_manifests, "manifests",
					MANIFESTS_MAX);
	if (err)
		manifest_index_done(ret);
	return err;
}

struct error *manifest_decode(const char *text, size_t length, struct oci_manifest *ret)
{
	struct error *err;

	TRY(json_decode_text(&manifest_type, text, length, ret));
	err = ret->manifests ? both_kinds() : NULL;
	if (!err)
		err = error_wrap(check_descriptor(&ret->config), "config");
	if (!err)
		err = check_descriptors(ret->layers, ret->n_layers, "layers", CONFIG_LAYERS_MAX);
	if (err)
		manifest_done(ret);
	return err;
}

struct error *manifest_decode_docker(const char *text, size_t length, struct docker_manifest *ret)
{
	json_t *list autojson = NULL;
	json_t *wrapped autojson = json_object();
	struct error *err;

	TRY(json_parse(text, length, &list));
	json_object_set(wrapped, "images", list); /* the tables begin with an object */
	TRY(json_decode(&docker_type, wrapped, ret));
	err = NULL;
	if (ret->n_images > MANIFESTS_MAX)
		err = error_new(ERROR_LIMIT, "%zu images", ret->n_images);
	for (size_t i = 0; !err && i < ret->n_images; i++)
		if (strv_length(ret->images[i].layers) > CONFIG_LAYERS_MAX)
			err = error_new(ERROR_LIMIT, "images[%zu].Layers: more than %d", i,
					CONFIG_LAYERS_MAX);
	if (err)
		manifest_docker_done(ret);
	return err;
}

void manifest_index_done(struct oci_index *index)
{
	json_done(&index_type, index);
}

void manifest_done(struct oci_manifest *manifest)
{
	json_done(&manifest_type, manifest);
}

void manifest_docker_done(struct docker_manifest *manifest)
{
	json_done(&docker_type, manifest);
}

bool manifest_is_index_type(const char *media_type)
{
	return str_equal(media_type, OCI_INDEX_TYPE) ||
	       str_equal(media_type, DOCKER_LIST_MEDIA_TYPE);
}

bool manifest_is_index(const struct descriptor *d)
{
	return manifest_is_index_type(d->media_type);
}

const char *manifest_annotation(const struct descriptor *d, const char *key)
{
	for (char **a = d->annotations; a && a[0] && a[1]; a += 2)
		if (strcmp(a[0], key) == 0)
			return a[1];
	return NULL;
}
