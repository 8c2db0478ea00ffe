/*
 * The names in a directory, sorted by their bytes, so that what is made of them is always the same.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct names {
	char **list;
	size_t n, size;
};
void names_done(struct names *names) __attribute__((nonnull));
#define autonames __attribute__((cleanup(names_done)))

/*
 * Fills the zeroed @ret with what the open directory @dir has but "." and "..", over @max of which
 * are ERROR_LIMIT. Where @dir is read from is of no matter, and is at the end afterwards.
 */
struct error *names_list(int dir, size_t max, struct names *ret)
	__attribute__((nonnull, warn_unused_result));
