/*
 * Errors as values. A function that can fail returns struct error *, NULL for success, and writes
 * its results only then. An error has a kind that callers branch on, an errno where there is one,
 * and a text that reads from the outside in: "what: to whom: why". A layer adds only what the lower
 * ones cannot know. Only main() and the API print.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"

/* What callers branch on; the API maps each to one HTTP status. */
enum error_kind {
	ERROR_SYSTEM,	       /* 500: the kernel or a library said no */
	ERROR_BAD_INPUT,       /* 400: the request or file is malformed */
	ERROR_UNAUTHENTICATED, /* 401 */
	ERROR_REFUSED,	       /* 403: policy or permission */
	ERROR_NOT_FOUND,       /* 404 */
	ERROR_CONFLICT,	       /* 409: name in use, wrong state */
	ERROR_UNSUPPORTED,     /* 501: this kernel or build cannot */
	ERROR_UNAVAILABLE,     /* 503: a peer is away */
	ERROR_UNTRUSTED,       /* 500: digest or signature does not match */
	ERROR_LIMIT,	       /* 500: larger than a bound of ours */
	ERROR_TIMEOUT,	       /* 500 */
	ERROR_BUG,	       /* 500: a broken invariant */
};
#define ERROR_KIND_LAST ERROR_BUG

struct error;

/* A new error of @kind, owned by the caller. */
struct error *error_new(enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull, warn_unused_result));

/*
 * A new ERROR_SYSTEM error; reads errno first and appends its text. Never guesses a kind from
 * errno.
 */
struct error *error_sys(const char *format, ...)
	__attribute__((format(printf, 1, 2), returns_nonnull, warn_unused_result));

/* error_sys() for functions that return the error number. */
struct error *error_number(int number, const char *format, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull, warn_unused_result));

/*
 * Puts "text: " before the message of @err and returns it. NULL stays NULL, so TRY(error_wrap(f(),
 * "…")).
 */
struct error *error_wrap(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/*
 * The exit status this error asks of a command that runs a container: 126 and 127 for a program
 * that cannot be executed or is not there (docker's convention), 0 when it asks for none.
 * error_set_status() returns @err.
 */
struct error *error_set_status(struct error *err, int status)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));
int error_status(const struct error *err) __attribute__((nonnull));

enum error_kind error_kind(const struct error *err) __attribute__((nonnull));
int error_errno(const struct error *err) __attribute__((nonnull)); /* 0 when there was none */

/* The text, valid while @err lives. */
const char *error_message(const struct error *err) __attribute__((nonnull));
bool error_is(const struct error *err, enum error_kind kind); /* false for NULL */

void error_free(struct error *err);

/*
 * The only way to drop an error: @why is traced by --debug and says so to the reader. NULL is fine.
 */
void error_ignore(struct error *err, const char *why);

/*
 * The flat form in which a child process hands its error to its parent: kind, errno, status, and at
 * most ERROR_TEXT_MAX bytes of text. error_decode() checks every length; control characters of the
 * text are replaced, since the sender may be less trusted than the reader.
 */
#define ERROR_TEXT_MAX 1024
#define ERROR_FRAME_MAX (16 + ERROR_TEXT_MAX)
size_t error_encode(const struct error *err, void *frame, size_t size) __attribute__((nonnull));
struct error *error_decode(const void *frame, size_t size)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));

DEFINE_AUTO(struct error *, error_free);
#define autoerror __attribute__((cleanup(error_free_p)))

/* Returns the error of @call to the caller, if any. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		struct error *try_error_ = (call);                                                 \
		if (try_error_)                                                                    \
			return try_error_;                                                         \
	} while (0)
