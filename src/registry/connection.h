/* An open registry: which of its endpoints answers, and the helpers that talk to it. */
#pragma once

#include "registry/credentials.h"
#include "registry/fetcher.h"
#include "registry/host.h"
#include "registry/registry.h"

#define CONNECTIONS_MAX 16

struct registry {
	const struct registry_options *options;
	char *host, *repository;
	char *shown_name; /* as users write it: for messages */
	char *scope;	  /* of tokens: "repository:NAME:pull" */
	bool pushing;
	struct endpoints endpoints;
	size_t endpoint; /* the one that is asked */
	bool settled;	 /* it has answered */
	struct credentials login;
	bool login_known;
	struct fetcher fetchers[CONNECTIONS_MAX];
	size_t n_fetchers;
};

/* The error for an answer of 401 or 403, as docker words it. */
struct error *connection_refusal(const struct registry *r, const struct fetcher_answer *a)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));

/*
 * fetcher_get() on connection 0. The first request of a registry finds the endpoint: one that
 * cannot be reached, or does not speak as it should, gives way to the next.
 */
struct error *connection_get(struct registry *r, const struct fetcher_request *request,
			     struct fetcher_answer *ret, struct buf *body)
	__attribute__((nonnull, warn_unused_result));
