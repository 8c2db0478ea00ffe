#include "helpers/fetch/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/fetch.h"
#include "base/json.h"
#include "base/strv.h"
#include "helpers/fetch/lines.h"
#include "helpers/fetch/transfer.h"
#include "helpers/fetch/url.h"

#include "base/banned.h"

#define TOKEN_ANSWER_MAX (256 << 10)
#define CLIENT_ID "bulkhead"

/* What a token is good for when its issuer says nothing, and what is kept in hand (seconds). */
#define LIFE_DEFAULT 60
#define LIFE_RESERVE 10

struct token_answer {
	char *token, *access_token;
	int64_t expires_in;
};

static const struct json_field token_fields[] = {
	JSON_FIELD(token_answer, "token", token, JSON_TEXT, 0),
	JSON_FIELD(token_answer, "access_token", access_token, JSON_TEXT, 0),
	JSON_FIELD(token_answer, "expires_in", expires_in, JSON_INT64, 0),
	{ 0 },
};
static const struct json_type token_type = { .size = sizeof(struct token_answer),
					     .fields = token_fields };

const char *token_find(const struct session *s, const char *scope)
{
	int64_t now = clock_ms();

	for (const struct token *t = s->tokens; t; t = t->next)
		if (strcmp(t->scope, scope) == 0 && now < t->expires_ms)
			return t->value;
	return NULL;
}

/* Takes *@value. */
static void keep(struct session *s, const char *scope, char **value, int64_t seconds)
{
	struct token **at = &s->tokens, *t;

	while (*at && strcmp((*at)->scope, scope) != 0)
		at = &(*at)->next;
	if (!*at) {
		*at = alloc_zeroed(1, sizeof(**at));
		(*at)->scope = alloc_string(scope);
	}
	t = *at;
	if (seconds < LIFE_DEFAULT) /* as docker has it, for issuers that say too little */
		seconds = LIFE_DEFAULT;
	alloc_forget(&t->value);
	t->value = take(*value);
	t->expires_ms = clock_ms() + (seconds - LIFE_RESERVE) * 1000;
}

/* ---- user and password ---- */

char *token_basic(const struct session *s)
{
	char *pair = alloc_printf("%s:%s", s->user, s->password);
	struct buf b autobuf = BUF_MAX(2 * (FETCH_TEXT_MAX + FETCH_TOKEN_MAX));

	error_ignore(buf_add_text(&b, "Authorization: Basic "), "there is room");
	error_ignore(base64_encode(&b, pair, strlen(pair)), "there is room");
	alloc_forget(&pair);
	return buf_take(&b);
}

/* ---- asking ---- */

static struct error *take_answer(void *data, const struct answer *a, const void *bytes,
				 size_t length)
{
	(void)a;
	return buf_add(data, bytes, length);
}

static bool has_credentials(const struct session *s)
{
	return *s->identity || *s->user;
}

/*
 * Where the token is to be had. A registry that was asked in the clear may send us on in the clear;
 * one whose certificate was checked may not.
 */
static struct error *realm_of(struct session *s, const struct challenge *c, CURLU **ret)
{
	CURLU *url autourl = NULL;

	if (!c->realm)
		return error_new(ERROR_BAD_INPUT, "the registry says nothing of where to log in");
	TRY(error_wrap(url_parse(c->realm, NULL, &url), "where to log in"));
	if (!url_is_https(url) && url_is_https(s->base))
		return error_new(ERROR_REFUSED,
				 "the registry wants the login to be sent to %.200s, in the clear",
				 c->realm);
	*ret = url;
	url = NULL;
	return NULL;
}

static struct error *add_scopes(CURLU *url, const char *scope)
{
	char **list autostrv = strv_split(scope, ' ');

	for (size_t i = 0; list && list[i]; i++)
		if (*list[i])
			TRY(url_add_query(url, "scope", list[i]));
	return NULL;
}

/* One question to the login server. */
struct question {
	struct session *s;
	CURLU *url;
	const struct challenge *challenge;
	const char *scope;
	struct buf body; /* of the answer */
};

/* GET with user and password, or with neither. */
static struct error *ask_by_get(struct question *q, struct answer *answer)
{
	const struct challenge *c = q->challenge;
	struct session *s = q->s;
	CURLU *url = q->url;
	struct curl_slist *headers autolines = NULL;
	struct transfer t = { .method = FETCH_GET,
			      .url = url,
			      .body = -1,
			      .on_body = take_answer,
			      .data = &q->body };

	if (c->service)
		TRY(url_add_query(url, "service", c->service));
	TRY(add_scopes(url, q->scope));
	if (*s->user) {
		char *basic = token_basic(s);
		struct error *err;

		err = lines_add(&headers, basic);
		alloc_forget(&basic);
		TRY(err);
		TRY(url_add_query(url, "account", s->user));
	}
	t.headers = headers;
	return transfer_run(s, &t, answer);
}

static struct error *add_field(struct session *s, struct buf *b, const char *name,
			       const char *value)
{
	char *escaped = curl_easy_escape(s->curl, value, 0);
	struct error *err;

	if (!escaped)
		return error_new(ERROR_SYSTEM, "libcurl: no memory");
	err = buf_printf(b, "%s%s=%s", b->length ? "&" : "", name, escaped);
	curl_free(escaped);
	return err;
}

/* POST with what an earlier login brought (OAuth 2.0, RFC 6749, 6). */
static struct error *ask_by_post(struct question *q, struct answer *answer)
{
	const struct challenge *c = q->challenge;
	struct session *s = q->s;
	struct buf form autobuf = BUF_MAX(4 * FETCH_TOKEN_MAX);
	struct transfer t = { .method = FETCH_POST,
			      .url = q->url,
			      .body = -1,
			      .on_body = take_answer,
			      .data = &q->body };
	struct error *err;

	TRY(add_field(s, &form, "grant_type", "refresh_token"));
	TRY(add_field(s, &form, "service", c->service ? c->service : ""));
	TRY(add_field(s, &form, "client_id", CLIENT_ID));
	TRY(add_field(s, &form, "scope", q->scope));
	TRY(add_field(s, &form, "refresh_token", s->identity));
	t.form = buf_text(&form);
	err = transfer_run(s, &t, answer);
	explicit_bzero(form.data, form.length);
	return err;
}

static struct error *judge(const struct session *s, const struct answer *answer)
{
	if (answer->status == 200)
		return NULL;
	if (answer->status == 401 || answer->status == 403 || answer->status == 400)
		return error_new(ERROR_UNAUTHENTICATED, "%s",
				 has_credentials(s) ? "unauthorized: incorrect username or password"
						    : "unauthorized: authentication required");
	if (answer->status == 429 || answer->status >= 500)
		return error_new(ERROR_UNAVAILABLE, "the login server answers %ld", answer->status);
	return error_new(ERROR_BAD_INPUT, "the login server answers %ld", answer->status);
}

/* What goes into a header must not be able to end it. */
static bool is_sendable(const char *token)
{
	if (!token || !*token || strlen(token) > FETCH_TOKEN_MAX)
		return false;
	for (; *token; token++)
		if (*token < '!' || *token > '~')
			return false;
	return true;
}

struct error *token_get(struct session *s, const struct challenge *challenge, const char *scope)
{
	struct answer answer autoanswer = { 0 };
	struct token_answer found = { 0 };
	CURLU *url autourl = NULL;
	struct question q = {
		.s = s, .challenge = challenge, .scope = scope, .body = BUF_MAX(TOKEN_ANSWER_MAX)
	};
	struct error *err;

	TRY(realm_of(s, challenge, &url));
	q.url = url;
	err = *s->identity ? ask_by_post(&q, &answer) : ask_by_get(&q, &answer);
	if (!err)
		err = judge(s, &answer);
	if (!err)
		err = error_wrap(json_decode_text(&token_type, buf_text(&q.body), q.body.length,
						  &found),
				 "the login server's answer");
	if (q.body.data)
		explicit_bzero(q.body.data, q.body.size);
	buf_done(&q.body);
	TRY(err);
	if (is_sendable(found.token ? found.token : found.access_token))
		keep(s, scope, found.token ? &found.token : &found.access_token, found.expires_in);
	alloc_forget(&found.token);
	alloc_forget(&found.access_token);
	return token_find(s, scope)
		       ? NULL
		       : error_new(ERROR_BAD_INPUT, "the login server's answer has no token in it");
}
