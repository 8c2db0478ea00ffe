/*
 * Names of hosts, looked up here and given to libcurl with their addresses: its own resolver wants
 * a thread, and so it is known where a connection is about to go.
 */
#pragma once

#include "helpers/fetch/session.h"

/*
 * Looks up the host of @url, or the proxy that stands before it, for curl (CURLOPT_RESOLVE); the
 * list is the caller's to free once the transfer is over. ERROR_REFUSED where a registry of another
 * host sends us to an address of this one (or of its link: metadata services).
 */
struct error *resolve_url(struct session *s, CURLU *url, struct curl_slist **ret)
	__attribute__((nonnull, warn_unused_result));

/* The proxy for @url, or "". */
const char *resolve_proxy(const struct session *s, CURLU *url)
	__attribute__((nonnull, returns_nonnull));
