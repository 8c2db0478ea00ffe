/* One exchange of HTTP, by libcurl: no redirect, no login, no second try. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helpers/fetch/session.h"

struct answer {
	long status;
	uint64_t length; /* Content-Length; FETCH_LENGTH_UNKNOWN */
	uint64_t first;	 /* of Content-Range; 0 */
	char *media_type, *digest, *location, *range, *link;
	char **challenges; /* strv of WWW-Authenticate */
	long retry_after;  /* seconds; -1: not said */
};
void answer_done(struct answer *a) __attribute__((nonnull));
#define autoanswer __attribute__((cleanup(answer_done)))

/* Begins an answer anew, and takes one line of its head, with its end. */
void answer_begin(struct answer *a) __attribute__((nonnull));
void answer_add_line(struct answer *a, const char *line, size_t length) __attribute__((nonnull));

struct transfer {
	int method; /* enum fetch_method */
	CURLU *url;
	struct curl_slist *headers;
	const char *form; /* a body in memory, of a POST; NULL: none */
	int body;	  /* a file; -1: none */
	uint64_t body_offset, body_length;
	/* Called with each piece of the answer's body. */
	struct error *(*on_body)(void *data, const struct answer *a, const void *bytes,
				 size_t length);
	void *data;
};

/*
 * Fills the zeroed @ret. ERROR_UNAVAILABLE for what may go better another time, ERROR_UNTRUSTED
 * for a certificate, other kinds for what is refused; .on_body()'s own error as it is.
 */
struct error *transfer_run(struct session *s, const struct transfer *t, struct answer *ret)
	__attribute__((nonnull, warn_unused_result));
