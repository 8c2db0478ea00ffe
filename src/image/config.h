/*
 * The image configuration (image-spec, config.md, with docker's additions). Its bytes are what the
 * image id is the digest of, so they are kept as they came; this is how they are read.
 */
#pragma once

#include "image/image.h"

#define CONFIG_MAX (4 << 20)

#define CONFIG_LAYERS_MAX IMAGE_LAYERS_MAX

struct config_rootfs {
	char *type;
	char **diff_ids;
};

struct config_file {
	char *architecture, *os, *variant, *os_version, *created, *author, *comment;
	struct image_config config;
	struct config_rootfs rootfs;
	json_t *history;
};
extern const struct json_type config_file_type;

/*
 * Fills the zeroed @ret from @text, and checks what the tables cannot. config_file_done() empties
 * it.
 */
struct error *config_decode(const char *text, size_t length, struct config_file *ret)
	__attribute__((nonnull, warn_unused_result));
void config_file_done(struct config_file *config) __attribute__((nonnull));
#define autoconfig __attribute__((cleanup(config_file_done)))

/*
 * The chain ids of @diff_ids, one per layer, lowest first (config.md, "Layer ChainID"), as the
 * hexadecimal names of layer directories. The caller frees the strv.
 */
struct error *config_chain(char *const *diff_ids, char ***ret)
	__attribute__((nonnull(2), warn_unused_result));

/* The architecture of this machine in the terms of image-spec ("amd64"). */
const char *config_host_architecture(void) __attribute__((returns_nonnull));

/*
 * The seconds since the epoch of @text, a "created" (RFC 3339) or NULL; false where it says nothing
 * sensible.
 */
bool config_created(const char *text, int64_t *ret_seconds)
	__attribute__((nonnull(2), warn_unused_result));

/* The present moment as "created" has it, RFC 3339 with nanoseconds; the caller frees. */
char *config_now(void) __attribute__((returns_nonnull, malloc));
