/* What each mode of the helper is left with: the rest is gone before it looks at the first byte. */
#pragma once

#include "base/confine.h"

/* For the modes that only read and write what they hold. */
extern const struct confine walls_stream;

/* For the mode that makes files below its target. */
extern const struct confine walls_layer;
