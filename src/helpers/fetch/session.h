/*
 * What one run of bulkhead-fetch is for: one registry, what is known of the user there, and whose
 * certificates count. Credentials are for that one host and never leave for another.
 */
#pragma once

#include <curl/curl.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct token {
	char *scope, *value;
	int64_t expires_ms; /* clock_ms() */
	struct token *next;
};

struct session {
	CURL *curl; /* one, so that its connections are used again */
	CURLU *base;
	char *user, *password, *identity;
	char *https_proxy, *http_proxy, *no_proxy, *user_agent;
	struct buf ca, certificate, key; /* PEM */
	uint64_t stall_ms;
	bool unverified, use_basic;
	bool base_is_local; /* the registry is on this host itself */
	struct token *tokens;
};

/*
 * Reads the session's frame and its descriptors from @socket. Before the confinement: it is
 * trusted.
 */
struct error *session_receive(struct session *s, int socket)
	__attribute__((nonnull, warn_unused_result));

/* Forgets all of it; secrets are overwritten. */
void session_done(struct session *s) __attribute__((nonnull));

/* Whether @url is of the registry itself: scheme, host and port. */
bool session_is_base(const struct session *s, CURLU *url) __attribute__((nonnull));
