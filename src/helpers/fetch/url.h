/* URLs by libcurl's own parser (libcurl-url(3)), with what this program asks of them. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "base/error.h"

void url_free(CURLU **url) __attribute__((nonnull));
#define autourl __attribute__((cleanup(url_free)))

/*
 * @text, absolute or relative to @base (NULL: absolute). Only http and https, no user or password
 * in it: ERROR_REFUSED or ERROR_BAD_INPUT. The caller curl_url_cleanup()s.
 */
struct error *url_parse(const char *text, CURLU *base, CURLU **ret)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* A part of @url with defaults filled in ("443"), "" where there is none; the caller frees. */
char *url_part(CURLU *url, CURLUPart part) __attribute__((nonnull, returns_nonnull));

/* Whether scheme, host and port are the same. */
bool url_same_host(CURLU *a, CURLU *b) __attribute__((nonnull));

bool url_is_https(CURLU *url) __attribute__((nonnull));

/* Adds "name=value", escaped, to the query. */
struct error *url_add_query(CURLU *url, const char *name, const char *value)
	__attribute__((nonnull, warn_unused_result));
