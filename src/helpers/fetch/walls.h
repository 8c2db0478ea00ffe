/* What is left to this program once it knows its session (base/confine.h). */
#pragma once

#include "base/confine.h"

/*
 * Files that name service reads are copied into the empty root; then everything else goes. Nothing
 * of the network has been read before. @without: enum confine_wall, 0 but in tests.
 */
struct error *walls_raise(unsigned int without) __attribute__((warn_unused_result));
