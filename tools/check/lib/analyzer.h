/*
 * Read by clang-tidy before each source file. Its analyzer (14) takes returns_nonnull for no
 * promise, so that every TRY() seems able to go on after an error; these tell it what error.h says.
 */
#pragma once

#include "base/error.h"

#define known_error(call)                                                                          \
	({                                                                                         \
		struct error *known_ = (call);                                                     \
		if (!known_)                                                                       \
			__builtin_unreachable();                                                   \
		known_;                                                                            \
	})
#define error_new(...) known_error(error_new(__VA_ARGS__))
#define error_sys(...) known_error(error_sys(__VA_ARGS__))
#define error_number(...) known_error(error_number(__VA_ARGS__))
