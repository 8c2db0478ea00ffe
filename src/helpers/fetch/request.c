#include "helpers/fetch/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/fetch.h"
#include "base/json.h"
#include "base/msg.h"
#include "base/strv.h"
#include "helpers/fetch/challenge.h"
#include "helpers/fetch/lines.h"
#include "helpers/fetch/token.h"
#include "helpers/fetch/transfer.h"
#include "helpers/fetch/url.h"

#include "base/banned.h"

#define REDIRECTS_MAX 10
#define PROBLEM_MAX (64 << 10)

/*
 * Five tries without progress; pauses of 0.25 s, doubled, with up to half as much added.
 */
#define TRIES_MAX 5
#define PAUSE_MS 250
#define PROGRESS_MIN (64 << 10) /* what a connection has to bring to count as one that works */
#define RETRY_AFTER_MAX 60

struct request {
	uint64_t method, flags, offset, max, body_offset, body_length;
	char *path, *scope, *accept, *media_type, *range;
	int pipe, body;
	/* as it goes */
	struct session *s;
	int socket;
	uint64_t delivered; /* bytes given to the client */
	uint64_t skip;	    /* bytes of this answer that it has already */
	bool answered;
	struct buf problem; /* the body of an answer that is no success */
};

static void request_done(struct request *r)
{
	free(r->path);
	free(r->scope);
	free(r->accept);
	free(r->media_type);
	free(r->range);
	fd_close(&r->pipe);
	fd_close(&r->body);
	buf_done(&r->problem);
}
#define autorequest __attribute__((cleanup(request_done)))

/* ---- the client's side ---- */

static struct error *decode(struct request *r, const struct buf *payload)
{
	struct msg_cursor c = msg_begin(payload);

	TRY(msg_get_u64(&c, &r->method));
	TRY(msg_get_u64(&c, &r->flags));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &r->path));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &r->scope));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &r->accept));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &r->media_type));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &r->range));
	TRY(msg_get_u64(&c, &r->offset));
	TRY(msg_get_u64(&c, &r->max));
	TRY(msg_get_u64(&c, &r->body_offset));
	TRY(msg_get_u64(&c, &r->body_length));
	return msg_end(&c);
}

static struct error *receive(struct request *r, int socket, bool *ret_more)
{
	struct buf payload autobuf = BUF_MAX(FETCH_FRAME_MAX);
	int fds[2] = { -1, -1 };
	struct error *err;
	uint32_t type;
	char byte;

	err = msg_read(socket, &type, &payload);
	if (error_is(err, ERROR_UNAVAILABLE)) {
		error_free(err);
		*ret_more = false;
		return NULL;
	}
	TRY(err);
	if (type != FETCH_REQUEST)
		return error_new(ERROR_BUG, "no request, but a frame %u", type);
	TRY(decode(r, &payload));
	TRY(fd_receive(socket, &byte, 1, fds, r->flags & FETCH_HAS_BODY ? 2 : 1));
	r->pipe = fds[0];
	r->body = fds[1];
	return NULL;
}

static struct error *put_text(struct buf *b, const char *text)
{
	return msg_put_text(b, text ? text : "");
}

/* "denied: requested access to the resource is denied" of {"errors":[{"code","message"}]}. */
static char *problem_of(struct request *r)
{
	json_t *document autojson = NULL;
	const json_t *first;
	const char *code, *message;

	if (!r->problem.length || json_parse(buf_text(&r->problem), r->problem.length, &document))
		return alloc_string("");
	first = json_array_get(json_object_get(document, "errors"), 0);
	code = json_string_value(json_object_get(first, "code"));
	message = json_string_value(json_object_get(first, "message"));
	return message ? alloc_printf("%.100s%s%.1000s", code ? code : "", code ? ": " : "",
				      message)
		       : alloc_string("");
}

static struct error *tell_answer(struct request *r, const struct answer *a)
{
	struct buf b autobuf = BUF_MAX(FETCH_FRAME_MAX);
	char *problem autofree = problem_of(r);
	uint64_t length = a->length;

	if (length != FETCH_LENGTH_UNKNOWN && a->status == 206)
		length += a->first;
	TRY(msg_put_u64(&b, (uint64_t)a->status));
	TRY(msg_put_u64(&b, length));
	TRY(put_text(&b, a->media_type));
	TRY(put_text(&b, a->digest));
	TRY(put_text(&b, a->location));
	TRY(put_text(&b, a->range));
	TRY(put_text(&b, a->link));
	TRY(put_text(&b, problem));
	r->answered = true;
	return msg_write(r->socket, FETCH_ANSWER, b.data, b.length);
}

/* ---- the answer's body ---- */

static bool is_success(const struct answer *a)
{
	return a->status / 100 == 2;
}

/* The first bytes of a body: the client learns of the answer, unless it has before. */
static struct error *begin_body(struct request *r, const struct answer *a)
{
	uint64_t from = r->offset + r->delivered, at = a->status == 206 ? a->first : 0;

	if (at > from)
		return error_new(ERROR_BAD_INPUT,
				 "the registry leaves out bytes: asked for %ju on,"
				 " got %ju on",
				 (uintmax_t)from, (uintmax_t)at);
	r->skip = from - at;
	return r->answered ? NULL : tell_answer(r, a);
}

/* curl knows the status before the first byte, but the answer keeps it only at the end. */
static struct error *take_body(void *data, const struct answer *a, const void *bytes, size_t length)
{
	struct request *r = data;
	struct answer now = *a;
	const char *p = bytes;

	curl_easy_getinfo(r->s->curl, CURLINFO_RESPONSE_CODE, &now.status);
	if (!is_success(&now)) {
		size_t room = r->problem.max - r->problem.length;

		return buf_add(&r->problem, p, length < room ? length : room);
	}
	if (r->skip == UINT64_MAX)
		TRY(begin_body(r, &now));
	if (r->skip >= length) {
		r->skip -= length;
		return NULL;
	}
	p += r->skip;
	length -= (size_t)r->skip;
	r->skip = 0;
	if (length > r->max - r->delivered)
		return error_new(ERROR_LIMIT, "the registry sends more than %ju bytes",
				 (uintmax_t)(r->offset + r->max));
	TRY(fd_write_all(r->pipe, p, length));
	r->delivered += length;
	return NULL;
}

/* ---- one try ---- */

/* One header: proxies are known that keep only the last of several. */
static struct error *add_accept(const struct request *r, struct curl_slist **list)
{
	char **types autostrv = strv_split(r->accept, '\n');
	char *joined autofree = strv_join(types, ", ");
	char *line autofree = alloc_printf("Accept: %s", joined);

	return *r->accept ? lines_add(list, line) : NULL;
}

static struct error *add_login(const struct request *r, struct curl_slist **list)
{
	const char *token = token_find(r->s, r->scope);
	char *line = NULL;
	struct error *err;

	if (token)
		line = alloc_printf("Authorization: Bearer %s", token);
	else if (r->s->use_basic)
		line = token_basic(r->s);
	if (!line)
		return NULL;
	err = lines_add(list, line);
	alloc_forget(&line);
	return err;
}

static struct error *headers_of(const struct request *r, CURLU *url, struct curl_slist **list)
{
	uint64_t from = r->offset + r->delivered;

	TRY(add_accept(r, list));
	TRY(lines_add(list, "Expect:")); /* no waiting for "100 Continue" */
	if (*r->media_type) {
		char *line autofree = alloc_printf("Content-Type: %s", r->media_type);

		TRY(lines_add(list, line));
	}
	if (*r->range) {
		char *line autofree = alloc_printf("Content-Range: %s", r->range);

		TRY(lines_add(list, line));
	}
	if (from) {
		char *line autofree = alloc_printf("Range: bytes=%ju-", (uintmax_t)from);

		TRY(lines_add(list, line));
	}
	return session_is_base(r->s, url) ? add_login(r, list) : NULL;
}

static struct error *ask(struct request *r, CURLU *url, struct answer *ret)
{
	struct curl_slist *headers autolines = NULL;
	struct transfer t = {
		.method = (int)r->method,
		.url = url,
		.body = r->body,
		.body_offset = r->body_offset,
		.body_length = r->body_length,
		.on_body = take_body,
		.data = r,
	};

	TRY(headers_of(r, url, &headers));
	t.headers = headers;
	r->skip = UINT64_MAX;
	buf_done(&r->problem);
	r->problem = BUF_MAX(PROBLEM_MAX);
	return transfer_run(r->s, &t, ret);
}

/* ---- login ---- */

/* *@ret_again: with what was got, the same request may succeed. */
static struct error *log_in(struct request *r, const struct answer *a, bool *ret_again)
{
	struct challenge c autochallenge = { 0 };

	*ret_again = false;
	for (size_t i = 0; a->challenges && a->challenges[i]; i++)
		TRY(challenge_add(&c, a->challenges[i]));
	if (c.bearer) {
		const char *scope = *r->scope || !c.scope ? r->scope : c.scope;

		if (scope != r->scope) { /* the one it is found by afterwards */
			free(r->scope);
			r->scope = alloc_string(scope);
		}
		TRY(token_get(r->s, &c, r->scope));
		*ret_again = true;
	} else if (c.basic && *r->s->user) {
		r->s->use_basic = true;
		*ret_again = true;
	}
	return NULL;
}

/* ---- redirects ---- */

static bool is_redirect(const struct answer *a)
{
	return a->location && (a->status == 301 || a->status == 302 || a->status == 303 ||
			       a->status == 307 || a->status == 308);
}

/* Nothing follows from https to http; a login only goes to the registry itself (headers_of()). */
static struct error *follow(CURLU **url, const struct answer *a)
{
	CURLU *next autourl = NULL;

	TRY(error_wrap(url_parse(a->location, *url, &next), "redirect"));
	if (url_is_https(*url) && !url_is_https(next))
		return error_new(ERROR_REFUSED, "redirect from https to http: \"%.200s\"",
				 a->location);
	curl_url_cleanup(*url);
	*url = next;
	next = NULL;
	return NULL;
}

/* Until there is an answer that is neither a redirect nor a question for a login. */
static struct error *ask_around(struct request *r, struct answer *ret)
{
	bool reading = r->method == FETCH_GET || r->method == FETCH_HEAD;
	bool logged_in = false;
	CURLU *url autourl = NULL;

	TRY(url_parse(r->path, r->s->base, &url));
	for (int hops = 0; hops <= REDIRECTS_MAX;) {
		answer_done(ret);
		TRY(ask(r, url, ret));
		if (ret->status == 401 && !logged_in && session_is_base(r->s, url)) {
			TRY(log_in(r, ret, &logged_in));
			if (logged_in)
				continue;
		}
		if (!is_redirect(ret) || !(reading || ret->status >= 307))
			return NULL;
		TRY(follow(&url, ret));
		hops++;
	}
	return error_new(ERROR_BAD_INPUT, "more than %d redirects", REDIRECTS_MAX);
}

/* ---- tries ---- */

static bool is_overload(const struct answer *a)
{
	return a->status == 429 || a->status == 408 || a->status == 500 || a->status == 502 ||
	       a->status == 503 || a->status == 504;
}

static bool is_worth_another(const struct error *err)
{
	return error_is(err, ERROR_UNAVAILABLE) || error_is(err, ERROR_TIMEOUT);
}

static void pause_for(int tries, long retry_after)
{
	uint64_t ms = PAUSE_MS << tries;
	struct timespec t;

	ms += (uint64_t)clock_us() % (ms / 2);
	if (retry_after >= 0)
		ms = (uint64_t)retry_after * 1000;
	t = (struct timespec){ .tv_sec = (time_t)(ms / 1000),
			       .tv_nsec = (long)(ms % 1000) * 1000000 };
	while (nanosleep(&t, &t) < 0 && errno == EINTR) {
	}
}

/* Bytes that a body should have had, by its own length. */
static struct error *check_whole(const struct request *r, const struct answer *a)
{
	if (!is_success(a) || r->method != FETCH_GET || a->length == FETCH_LENGTH_UNKNOWN)
		return NULL;
	return r->skip && r->skip != UINT64_MAX
		       ? error_new(ERROR_BAD_INPUT, "the registry has fewer bytes than before")
		       : NULL;
}

static struct error *try_until_done(struct request *r, struct answer *ret)
{
	for (int tries = 0;; tries++) {
		uint64_t before = r->delivered;
		struct error *err = ask_around(r, ret);
		bool again = !err ? is_overload(ret) : is_worth_another(err);
		bool too_long = !err && ret->retry_after > RETRY_AFTER_MAX;
		bool once = r->flags & FETCH_ONCE && (err || r->body >= 0);

		if (r->delivered - before >= PROGRESS_MIN)
			tries = 0;
		if (!again || too_long || tries + 1 >= TRIES_MAX || once)
			return err ? err : check_whole(r, ret);
		error_ignore(err, "it is tried again");
		pause_for(tries, !err ? ret->retry_after : -1);
	}
}

static struct error *serve(struct request *r)
{
	struct answer a autoanswer = { 0 };
	struct buf b autobuf = BUF_MAX(16);

	if (r->method < FETCH_GET || r->method > FETCH_PUT)
		return error_new(ERROR_BUG, "no method %ju", (uintmax_t)r->method);
	TRY(try_until_done(r, &a));
	if (!r->answered)
		TRY(tell_answer(r, &a));
	TRY(msg_put_u64(&b, r->delivered));
	fd_close(&r->pipe); /* its end is before the end of the request */
	return msg_write(r->socket, FETCH_END, b.data, b.length);
}

struct error *request_serve(struct session *s, int socket, bool *ret_more)
{
	struct request r autorequest = { .pipe = -1, .body = -1, .s = s, .socket = socket };
	char frame[ERROR_FRAME_MAX];
	struct error *err;
	size_t length;

	*ret_more = true;
	TRY(receive(&r, socket, ret_more));
	if (!*ret_more)
		return NULL;
	err = serve(&r);
	if (!err)
		return NULL;
	fd_close(&r.pipe);
	length = error_encode(err, frame, sizeof(frame));
	error_free(err);
	return msg_write(socket, FETCH_ERROR, frame, length);
}
