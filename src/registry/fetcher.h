/* One running bulkhead-fetch: the client's end of base/fetch.h. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fetch.h"

struct fetcher {
	pid_t pid; /* 0: not running */
	int socket;
};
#define FETCHER_NONE                                                                               \
	{                                                                                          \
		.socket = -1                                                                       \
	}

/* What a session begins with; NULL texts are "". Descriptors of files, -1 where there is none. */
struct fetcher_session {
	const char *base;
	const char *user, *password, *identity;
	bool unverified;
	uint64_t stall_ms;
	int system_ca, registry_ca, certificate, key;
};

struct error *fetcher_start(struct fetcher *f, const struct fetcher_session *session)
	__attribute__((nonnull, warn_unused_result));

/* Kills it if it runs. */
void fetcher_stop(struct fetcher *f) __attribute__((nonnull));

/* One request; NULL texts are "". */
struct fetcher_request {
	int method; /* enum fetch_method */
	bool once;
	const char *path, *scope, *accept, *media_type, *range;
	uint64_t offset, max;
	int body; /* a file, when .body_length is not 0 or .has_body */
	bool has_body;
	uint64_t body_offset, body_length;
};

struct fetcher_answer {
	unsigned int status;
	uint64_t length;					       /* FETCH_LENGTH_UNKNOWN */
	char *media_type, *digest, *location, *range, *link, *message; /* "" where not said */
};
void fetcher_answer_done(struct fetcher_answer *a) __attribute__((nonnull));
#define autofetched __attribute__((cleanup(fetcher_answer_done)))

/*
 * Sends the request and waits for the answer. The body then comes by *@ret_pipe, which the caller
 * reads to its end, or not, and closes; then fetcher_finish(). After an error here there is nothing
 * to finish.
 */
struct error *fetcher_ask(struct fetcher *f, const struct fetcher_request *request,
			  struct fetcher_answer *ret, int *ret_pipe)
	__attribute__((nonnull, warn_unused_result));
struct error *fetcher_finish(struct fetcher *f) __attribute__((nonnull, warn_unused_result));

/* fetcher_ask(), the whole body into @body, and fetcher_finish(). */
struct error *fetcher_get(struct fetcher *f, const struct fetcher_request *request,
			  struct fetcher_answer *ret, struct buf *body)
	__attribute__((nonnull, warn_unused_result));
