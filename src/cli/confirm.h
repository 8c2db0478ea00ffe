/* The question before something is removed for good. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Asks @question with docker's " [y/N] " behind it. Anything but y or Y is ERROR_REFUSED
 * "@what has been cancelled".
 */
struct error *confirm(const char *question, const char *what)
	__attribute__((nonnull, warn_unused_result));
