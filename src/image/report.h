/*
 * What a helper reports (base/unpack.h), taken apart. The helper may be in an archive's hands:
 * every length is checked, and what it says is data, never a path to be opened.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Called with each frame but the last. */
typedef struct error *report_record(void *data, uint32_t type, const struct buf *payload);

/* What a helper that succeeded counted. */
struct report_sum {
	uint64_t entries, bytes;
};

/*
 * Gives every record in @frames to @record (NULL: there may be none), up to the last frame, which
 * fills @ret_sum. With *@ret_told true the error is the helper's own; else it is of the report.
 */
struct error *report_parse(const struct buf *frames, report_record *record, void *data,
			   struct report_sum *ret_sum, bool *ret_told)
	__attribute__((nonnull(1, 4, 5), warn_unused_result));
