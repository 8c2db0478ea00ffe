/* Lists of lines as libcurl takes them: headers, addresses. They may hold secrets. */
#pragma once

#include <curl/curl.h>

#include "base/error.h"

/* Appends a copy of @line. */
struct error *lines_add(struct curl_slist **list, const char *line)
	__attribute__((nonnull, warn_unused_result));

/* Overwrites every line before it is freed. */
void lines_done(struct curl_slist **list) __attribute__((nonnull));
#define autolines __attribute__((cleanup(lines_done)))
