/*
 * The documents that say what an archive holds: OCI descriptors, indexes and manifests (image-spec,
 * descriptor.md, image-index.md, manifest.md) and docker's manifest.json. Docker's own media types
 * (…distribution.manifest.v2) have the same shape and pass as such.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

#define OCI_INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define DOCKER_MANIFEST_TYPE "application/vnd.docker.distribution.manifest.v2+json"

/* Annotations of an index that name an image: its whole name, and what is often only its tag. */
#define CONTAINERD_NAME "io.containerd.image.name"
#define OCI_REF_NAME "org.opencontainers.image.ref.name"

#define MANIFEST_MAX (4 << 20)

struct platform {
	char *architecture, *os, *variant;
};

struct descriptor {
	char *media_type, *digest;
	int64_t size_bytes;
	char **annotations; /* map */
	struct platform *platform;
};

struct oci_index {
	char *media_type;
	json_t *layers, *config; /* must not be there: CVE-2021-41190 */
	struct descriptor *manifests;
	size_t n_manifests;
};

struct oci_manifest {
	char *media_type, *artifact_type;
	json_t *manifests; /* must not be there */
	struct descriptor config;
	struct descriptor *layers;
	size_t n_layers;
};

/* One image of docker's manifest.json. */
struct docker_image {
	char *config;
	char **repo_tags, **layers;
};

struct docker_manifest {
	struct docker_image *images;
	size_t n_images;
};

/*
 * Each fills its zeroed @ret and checks digests, sizes and bounds; errors do not name the
 * document.
 */
struct error *manifest_decode_index(const char *text, size_t length, struct oci_index *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *manifest_decode(const char *text, size_t length, struct oci_manifest *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *manifest_decode_docker(const char *text, size_t length, struct docker_manifest *ret)
	__attribute__((nonnull, warn_unused_result));

void manifest_index_done(struct oci_index *index) __attribute__((nonnull));
void manifest_done(struct oci_manifest *manifest) __attribute__((nonnull));
void manifest_docker_done(struct docker_manifest *manifest) __attribute__((nonnull));
#define autoindex __attribute__((cleanup(manifest_index_done)))
#define automanifest __attribute__((cleanup(manifest_done)))
#define autodocker __attribute__((cleanup(manifest_docker_done)))

/* Whether @d is of an index, by its media type. */
bool manifest_is_index_type(const char *media_type);
bool manifest_is_index(const struct descriptor *d) __attribute__((nonnull));

/* The value of annotation @key, or NULL. */
const char *manifest_annotation(const struct descriptor *d, const char *key)
	__attribute__((nonnull));
