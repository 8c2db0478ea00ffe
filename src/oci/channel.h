/*
 * The one word of the channel that another file says: the child hands its terminal to the parent.
 */
#pragma once

#include "oci/setup.h"

struct error *channel_send_terminal(struct setup *s, int master)
	__attribute__((nonnull, warn_unused_result));
