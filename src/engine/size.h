/* What directories of containers and volumes take. */
#pragma once

#include <stdint.h>

/*
 * The bytes of the files below the directory @name in @parent. Its content is a container's, so no
 * link is followed and the depth is bounded; what cannot be read counts nothing.
 */
int64_t size_of_tree(int parent, const char *name) __attribute__((nonnull));
