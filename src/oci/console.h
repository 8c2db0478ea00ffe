/* What the parent of a bundle's container hears of it while it is made; see console.c. */
#pragma once

#include "base/started.h"
#include "oci/setup.h"

/* Waits for @wanted; a terminal that comes before goes to who asked for it. */
struct error *console_wait_for(struct setup *s, enum started_word wanted)
	__attribute__((nonnull, warn_unused_result));
