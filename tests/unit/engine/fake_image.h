/* An image store of one image, "busy:latest", for the tests of the engine. */
#pragma once

#include "image/image.h"

#define FAKE_IMAGE_ID "sha256:1111111111111111111111111111111111111111111111111111111111111111"

/* How often image_remove() was called. */
extern int fake_image_removed;
