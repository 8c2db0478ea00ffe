/*
 * Bearer tokens, from where the registry's challenge says (docs.docker.com, token authentication).
 */
#pragma once

#include "helpers/fetch/challenge.h"
#include "helpers/fetch/session.h"

/* One that is still good for @scope, or NULL. */
const char *token_find(const struct session *s, const char *scope) __attribute__((nonnull));

/*
 * Asks for one for @scope and keeps it in @s. ERROR_UNAUTHENTICATED where user and password (or
 * there being none) are not accepted; ERROR_REFUSED where they would travel in the clear.
 */
struct error *token_get(struct session *s, const struct challenge *challenge, const char *scope)
	__attribute__((nonnull, warn_unused_result));

/* "Authorization: Basic …" of user and password; the caller alloc_forget()s it. */
char *token_basic(const struct session *s) __attribute__((nonnull, returns_nonnull));
