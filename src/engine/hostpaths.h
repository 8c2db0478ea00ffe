/*
 * Host paths that give the host away to who can write them (requirement F2). Paths are compared
 * after all links were followed, on the descriptor that is mounted.
 */
#pragma once

#include "engine/handle.h"

/*
 * ERROR_REFUSED when @path (absolute, without links) may not be bound into a container; says what
 * would be allowed.
 */
struct error *hostpaths_check(struct engine *e, const struct policy *policy, const char *path,
			      bool writable) __attribute__((nonnull, warn_unused_result));
