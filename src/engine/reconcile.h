/*
 * What killed commands leave that no record names. A listing has all records at hand, so it does
 * this; single containers are mended where they are met (ended.c).
 */
#pragma once

#include "engine/handle.h"

/*
 * Run-time directories without a record are cleaned up (they hold no data); data directories
 * without one are moved to ROOT/orphans, never removed: they may hold what somebody still wants.
 * @list are all records, of any completeness.
 */
struct error *reconcile(struct engine *e, struct container *const *list, size_t n)
	__attribute__((nonnull(1), warn_unused_result));
