/*
 * Names of images as docker writes them (distribution/reference): [DOMAIN/]PATH[:TAG][@DIGEST].
 * What is stored and shown is the short form: docker.io and library/ are left out, the tag is not.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct reference {
	char *name;   /* short: "debian", "example.org/a/b" */
	char *tag;    /* "latest" when neither tag nor digest was given; NULL with a digest */
	char *digest; /* NULL: none */
};

/* ERROR_BAD_INPUT "invalid reference format". Fills the zeroed @ret. */
struct error *reference_parse(const char *text, struct reference *ret)
	__attribute__((nonnull, warn_unused_result));
void reference_done(struct reference *ref) __attribute__((nonnull));
#define autoreference __attribute__((cleanup(reference_done)))

/*
 * Where an image of that name comes from: the registry's host ("docker.io") and the repository
 * there ("library/debian"). The caller frees both.
 */
void reference_split(const struct reference *ref, char **ret_host, char **ret_repository)
	__attribute__((nonnull));

/* "name:tag", or "name@digest"; the caller frees. */
char *reference_text(const struct reference *ref) __attribute__((nonnull, returns_nonnull));

/* Whether @text could be an image id, or the beginning of one, without "sha256:". */
bool reference_is_hex(const char *text) __attribute__((nonnull));
