/*
 * What is stored of users: docker's config.json (docs.docker.com, "docker login"), its "auths" in
 * the file itself or with a credential helper (docker/docker-credential-helpers), which is a
 * program that is run. Other keys of the file are kept as they are.
 */
#pragma once

#include "registry/registry.h"

struct credentials {
	char *user, *secret;
	char *identity; /* a token that is exchanged for others; instead of the secret */
};
void credentials_done(struct credentials *c) __attribute__((nonnull));
#define autocredentials __attribute__((cleanup(credentials_done)))

/* What is stored for @host; all NULL where that is nothing. */
struct error *credentials_find(const char *host, struct credentials *ret)
	__attribute__((nonnull, warn_unused_result));
