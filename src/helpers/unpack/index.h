/*
 * The list of what an outer archive (docker save, OCI) holds and where; the caller reads the bytes
 * itself and checks their digests. Nothing is unpacked.
 */
#pragma once

#include "helpers/unpack/report.h"

struct error *index_archive(int archive, struct report *report)
	__attribute__((nonnull, warn_unused_result));
