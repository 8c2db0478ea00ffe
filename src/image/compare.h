/*
 * Two trees of files, one of which is what the other should be: every byte, mode, owner, time, link
 * and attribute. Root's own files: nobody else writes to either.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Called for each difference: "etc/passwd: other bytes". */
typedef void compare_told(void *data, const char *path, const char *what);

/*
 * Times of @right that are not older than @since_ns were given by its making rather than by an
 * archive, and are not compared.
 */
struct error *compare_trees(int left, int right, int64_t since_ns, compare_told *told, void *data)
	__attribute__((nonnull(4), warn_unused_result));
