/*
 * Read by clang-tidy before each source file. Its analyzer (14) takes returns_nonnull for no
 * promise, so that every TRY() seems able to go on after an error; these tell it what error.h and
 * alloc.h say.
 */
#pragma once

#include "base/alloc.h"
#include "base/error.h"

#define known(call)                                                                                \
	({                                                                                         \
		__auto_type known_ = (call);                                                       \
		if (!known_)                                                                       \
			__builtin_unreachable();                                                   \
		known_;                                                                            \
	})
#define error_new(...) known(error_new(__VA_ARGS__))
#define error_sys(...) known(error_sys(__VA_ARGS__))
#define error_number(...) known(error_number(__VA_ARGS__))
#define error_set_status(...) known(error_set_status(__VA_ARGS__))
#define alloc_zeroed(...) known(alloc_zeroed(__VA_ARGS__))
#define alloc_resize(...) known(alloc_resize(__VA_ARGS__))
#define alloc_string_n(...) known(alloc_string_n(__VA_ARGS__))
#define alloc_printf(...) known(alloc_printf(__VA_ARGS__))

/* An error stays one, and none stays none. */
#define error_wrap(err, ...)                                                                       \
	({                                                                                         \
		struct error *inner_ = (err);                                                      \
		struct error *outer_ = error_wrap(inner_, __VA_ARGS__);                            \
		if (!inner_ != !outer_)                                                            \
			__builtin_unreachable();                                                   \
		outer_;                                                                            \
	})
