/*
 * Platforms of images (image-spec, image-index.md, "platform object"; containerd's rules for
 * variants): which of an index's images a host can run.
 */
#pragma once

#include "image/image.h"
#include "image/manifest.h"

/* The host's own; texts are constants. */
struct platform platform_host(void);

struct config_file;

/* What an image is for; texts are the image's. */
struct platform platform_of(const struct image *image) __attribute__((nonnull));
struct platform config_platform(const struct config_file *config) __attribute__((nonnull));

/*
 * "linux/arm64/v8", "linux/amd64", "arm64", "amd64": only Linux can be run here, but images for any
 * architecture can be had. Fills the zeroed @ret; platform_done() frees.
 */
struct error *platform_parse(const char *text, struct platform *ret)
	__attribute__((nonnull, warn_unused_result));
void platform_done(struct platform *p) __attribute__((nonnull));
#define autoplatform __attribute__((cleanup(platform_done)))

/* Whether an image for @has is one for @wanted; NULL members of @has match nothing but NULL. */
bool platform_matches(const struct platform *wanted, const struct platform *has)
	__attribute__((nonnull));

/*
 * The manifest of @index for @wanted: the nearest variant, of equals the last, which is the newest.
 * An index of one entry without a platform is that entry. NULL: none.
 */
const struct descriptor *platform_choose(const struct oci_index *index,
					 const struct platform *wanted) __attribute__((nonnull));

/* The error for an index without @wanted: it says which there are. */
struct error *platform_missing(const struct oci_index *index, const struct platform *wanted)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));

/* Attestations ride along as manifests of platform unknown/unknown (buildkit). */
bool platform_is_none(const struct descriptor *d) __attribute__((nonnull));

/* "linux/arm64/v8"; the caller frees. */
char *platform_text(const struct platform *p) __attribute__((nonnull, returns_nonnull));
