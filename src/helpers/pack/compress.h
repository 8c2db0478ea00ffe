/*
 * Plain bytes in, compressed bytes out: gzip by ISA-L, zstd by its own library. One thread, and
 * whole blocks whatever pieces a pipe gives them in, so that the same bytes give the same bytes.
 */
#pragma once

#include "helpers/pack/output.h"

struct error *compress_gzip(int in, struct output *out)
	__attribute__((nonnull, warn_unused_result));
struct error *compress_zstd(int in, struct output *out)
	__attribute__((nonnull, warn_unused_result));
