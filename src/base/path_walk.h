/* What path.c does without openat2(2). */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * As openat2(2) with RESOLVE_NO_MAGICLINKS and RESOLVE_IN_ROOT, or with RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS: a descriptor, or -1 and errno.
 */
int path_walk(int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
	__attribute__((nonnull));
