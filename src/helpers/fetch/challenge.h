/*
 * WWW-Authenticate (RFC 9110, 11.6.1) as registries send it: which scheme is asked for, and for
 * Bearer where a token is to be had (docs.docker.com, registry token authentication).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct challenge {
	bool basic, bearer;
	char *realm, *service, *scope; /* of bearer; NULL where it says none */
};
void challenge_done(struct challenge *c) __attribute__((nonnull));
#define autochallenge __attribute__((cleanup(challenge_done)))

/*
 * Adds what one header's value @text asks for; other schemes are passed over. The first challenge
 * of a scheme counts. ERROR_BAD_INPUT says what is malformed.
 */
struct error *challenge_add(struct challenge *c, const char *text)
	__attribute__((nonnull, warn_unused_result));
