/* Names for containers whose maker gave none: two words, as docker's. */
#pragma once

#include "base/error.h"

/*
 * A random "adjective_noun"; with @try above 0 a digit follows, for names that were in use. The
 * caller frees.
 */
char *names_generate(unsigned int attempt) __attribute__((returns_nonnull));

/* ERROR_BAD_INPUT unless @name is [a-zA-Z0-9][a-zA-Z0-9_.-]+. */
struct error *names_check(const char *name) __attribute__((nonnull, warn_unused_result));
