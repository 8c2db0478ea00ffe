/* What each mode of the helper is left with: the rest is gone before it looks at the first byte. */
#pragma once

#include "base/confine.h"

/* For the modes that only read and write what they hold. */
extern const struct confine pack_walls_stream;

/* For the modes that read the files of a tree. */
extern const struct confine pack_walls_tree;
