/* `images --tree`: docker's view of images and the platforms that each is here for. */
#pragma once

#include "engine/engine.h"

/* @reference: only images of which it names one; NULL: all. */
struct error *images_tree_print(struct engine *e, const char *reference)
	__attribute__((nonnull(1), warn_unused_result));
