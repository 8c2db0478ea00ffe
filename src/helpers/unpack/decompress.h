/*
 * Compressed bytes in, plain bytes out. The format is told by its magic: gzip (RFC 1952, several
 * members as pigz and eStargz write them; ISA-L inflates), zstd (RFC 8878, several frames), xz and
 * bzip2 (through libarchive); anything else passes as it is. How much may come out is the caller's
 * to bound: it counts both sides.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct error *decompress(int in, int out, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));
