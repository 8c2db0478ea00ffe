/*
 * Text in columns, as Go's text/tabwriter lays it out for docker: at least 10 wide, 3 blanks
 * between.
 */
#pragma once

#include "base/buf.h"

/*
 * Appends @text to @out with the cells of its lines, which end in tabs, padded to columns; a line's
 * last cell has no tab and is not padded. Widths count characters.
 */
struct error *table_align(const char *text, struct buf *out)
	__attribute__((nonnull, warn_unused_result));
