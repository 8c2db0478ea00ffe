/*
 * SHA-256 digests as OCI writes them ("sha256:" and 64 hexadecimal digits; image-spec,
 * descriptor.md). OpenSSL's libcrypto computes; it is loaded on first use, because linking it costs
 * every `run` a millisecond.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define DIGEST_SIZE 72 /* "sha256:", 64 digits, NUL */
#define DIGEST_HEX_SIZE 65

struct digest;

struct error *digest_new(struct digest **ret) __attribute__((nonnull, warn_unused_result));
void digest_add(struct digest *d, const void *data, size_t length) __attribute__((nonnull(1)));

/* Writes the digest of all that was added; @d can only be freed afterwards. */
void digest_finish(struct digest *d, char text[DIGEST_SIZE]) __attribute__((nonnull));
void digest_free(struct digest *d);
DEFINE_AUTO(struct digest *, digest_free);
#define autodigest __attribute__((cleanup(digest_free_p)))

/* The digest of one piece of memory. */
struct error *digest_of(const void *data, size_t length, char text[DIGEST_SIZE])
	__attribute__((nonnull(3), warn_unused_result));

/* Whether @text is a well-formed sha256 digest. digest_hex() is its part after "sha256:". */
bool digest_is_valid(const char *text);
const char *digest_hex(const char *text) __attribute__((nonnull, returns_nonnull));
