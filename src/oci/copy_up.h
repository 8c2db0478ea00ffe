/* Filling an empty volume with what the image has at its mount point, as docker does. */
#pragma once

#include "base/error.h"

/*
 * Copies what is below the directory @from into the directory @to if that is empty: files,
 * directories, links and fifos with owner, mode, times and extended attributes. Runs as the
 * container's root and can do no more than that.
 */
struct error *copy_up(int from, int to) __attribute__((warn_unused_result));
