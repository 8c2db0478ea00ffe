#include "helpers/fetch/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/str.h"
#include "base/strv.h"
#include "helpers/fetch/lines.h"
#include "helpers/fetch/resolve.h"
#include "helpers/fetch/url.h"

#include "base/banned.h"

/* All headers of one answer together; real ones have a kilobyte or two. */
#define HEADERS_MAX (256 << 10)
#define HEADER_MAX 8192
#define CHALLENGES_MAX 8
#define CONNECT_SECONDS 30L
#define RECEIVE_BUFFER (256L << 10)

struct running {
	const struct transfer *t;
	struct answer *answer;
	struct error *err;
	size_t header_bytes;
	uint64_t sent;
};

void answer_done(struct answer *a)
{
	free(a->media_type);
	free(a->digest);
	free(a->location);
	free(a->range);
	free(a->link);
	strv_free(a->challenges);
	*a = (struct answer){ 0 };
}

void answer_begin(struct answer *a)
{
	answer_done(a);
	a->length = FETCH_LENGTH_UNKNOWN;
	a->retry_after = -1;
}

/* ---- headers ---- */

static void keep_text(char **at, const char *value)
{
	free(*at);
	*at = alloc_string(value);
}

/* "bytes 100-199/1000" (RFC 9110, 14.4). */
static void keep_range(struct answer *a, const char *value)
{
	char *digits autofree = NULL;

	if (strncasecmp(value, "bytes ", 6) != 0)
		return;
	digits = alloc_string_n(value + 6, strspn(value + 6, "0123456789"));
	error_ignore(str_parse_u64(digits, 0, UINT64_MAX, &a->first), "taken as from the start");
}

/* Seconds; a date (RFC 9110, 10.2.3) is taken as "soon". */
static void keep_retry_after(struct answer *a, const char *value)
{
	uint64_t seconds = 1;

	error_ignore(str_parse_u64(value, 0, 1000000, &seconds), "a date");
	a->retry_after = (long)seconds;
}

static void keep_header(struct answer *a, const char *name, const char *value)
{
	if (strcasecmp(name, "Content-Type") == 0)
		keep_text(&a->media_type, value);
	else if (strcasecmp(name, "Docker-Content-Digest") == 0)
		keep_text(&a->digest, value);
	else if (strcasecmp(name, "Location") == 0)
		keep_text(&a->location, value);
	else if (strcasecmp(name, "Range") == 0)
		keep_text(&a->range, value);
	else if (strcasecmp(name, "Link") == 0)
		keep_text(&a->link, value);
	else if (strcasecmp(name, "Content-Range") == 0)
		keep_range(a, value);
	else if (strcasecmp(name, "Retry-After") == 0)
		keep_retry_after(a, value);
	else if (strcasecmp(name, "Content-Length") == 0)
		error_ignore(str_parse_u64(value, 0, INT64_MAX, &a->length), "unknown, then");
	else if (strcasecmp(name, "WWW-Authenticate") == 0 &&
		 strv_length(a->challenges) < CHALLENGES_MAX)
		strv_add(&a->challenges, value);
}

void answer_add_line(struct answer *a, const char *line, size_t length)
{
	char *text autofree = NULL, *value;

	if (length >= 5 && strncasecmp(line, "HTTP/", 5) == 0) { /* one more answer: 100 Continue */
		answer_begin(a);
		return;
	}
	while (length && strchr(" \t\r\n", line[length - 1]))
		length--;
	if (length > HEADER_MAX || memchr(line, '\0', length) || memchr(line, '\r', length))
		return; /* none of ours is so */
	text = alloc_string_n(line, length);
	value = strchr(text, ':');
	if (!value)
		return;
	*value++ = '\0';
	keep_header(a, text, value + strspn(value, " \t"));
}

static size_t on_header(char *line, size_t unit, size_t length, void *data)
{
	struct running *r = data;

	(void)unit;
	r->header_bytes += length;
	if (r->header_bytes > HEADERS_MAX) {
		r->err = error_new(ERROR_LIMIT, "more than %d bytes of headers", HEADERS_MAX);
		return 0;
	}
	answer_add_line(r->answer, line, length);
	return length;
}

/* ---- bodies ---- */

static size_t on_body(char *bytes, size_t unit, size_t length, void *data)
{
	struct running *r = data;

	(void)unit;
	r->err = r->t->on_body(r->t->data, r->answer, bytes, length);
	return r->err ? 0 : length;
}

static size_t give_body(char *buffer, size_t unit, size_t size, void *data)
{
	struct running *r = data;
	uint64_t left = r->t->body_length - r->sent;
	ssize_t n;

	size *= unit;
	n = pread(r->t->body, buffer, left < size ? (size_t)left : size,
		  (off_t)(r->t->body_offset + r->sent));
	if (n < 0) {
		r->err = error_sys("read what is to be sent");
		return CURL_READFUNC_ABORT;
	}
	r->sent += (uint64_t)n;
	return (size_t)n;
}

/* When the connection breaks under it, libcurl sends it again. */
static int seek_body(void *data, curl_off_t offset, int origin)
{
	struct running *r = data;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	r->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- libcurl ---- */

static void set_method(CURL *c, const struct transfer *t, struct running *r)
{
	static const char *const names[] = {
		[FETCH_POST] = "POST",
		[FETCH_PATCH] = "PATCH",
		[FETCH_PUT] = "PUT",
	};

	if (t->method == FETCH_GET)
		return;
	if (t->method == FETCH_HEAD) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
		return;
	}
	if (t->body >= 0) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body);
		curl_easy_setopt(c, CURLOPT_READDATA, r);
		curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, seek_body);
		curl_easy_setopt(c, CURLOPT_SEEKDATA, r);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->body_length);
	} else {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->form ? t->form : "");
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, names[t->method]);
}

static void set_blob(CURL *c, CURLoption option, struct buf *b)
{
	struct curl_blob blob = { .data = b->data, .len = b->length, .flags = CURL_BLOB_NOCOPY };

	if (b->length)
		curl_easy_setopt(c, option, &blob);
}

static void set_trust(struct session *s, CURL *c, CURLU *url)
{
	bool base = session_is_base(s, url);

	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, s->unverified && base ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, s->unverified && base ? 0L : 2L);
	curl_easy_setopt(c, CURLOPT_CAINFO, (char *)NULL);
	curl_easy_setopt(c, CURLOPT_CAPATH, (char *)NULL);
	set_blob(c, CURLOPT_CAINFO_BLOB, &s->ca);
	set_blob(c, CURLOPT_PROXY_CAINFO_BLOB, &s->ca);
	if (!base)
		return;
	set_blob(c, CURLOPT_SSLCERT_BLOB, &s->certificate);
	set_blob(c, CURLOPT_SSLKEY_BLOB, s->key.length ? &s->key : &s->certificate);
}

static void set_up(struct session *s, const struct transfer *t, struct running *r,
		   char problem[CURL_ERROR_SIZE])
{
	CURL *c = s->curl;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, problem);
	curl_easy_setopt(c, CURLOPT_CURLU, t->url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_USERAGENT, s->user_agent);
	curl_easy_setopt(c, CURLOPT_PROXY, resolve_proxy(s, t->url));
	curl_easy_setopt(c, CURLOPT_NOPROXY, s->no_proxy);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 100L); /* bytes a second */
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(s->stall_ms / 1000));
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, RECEIVE_BUFFER);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	set_trust(s, c, t->url);
	set_method(c, t, r);
}

/* What has nothing to do with the network's moods is not tried again. */
static enum error_kind kind_of(CURLcode code)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return ERROR_UNTRUSTED;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return ERROR_BAD_INPUT;
	case CURLE_OPERATION_TIMEDOUT:
		return ERROR_TIMEOUT;
	default:
		return ERROR_UNAVAILABLE;
	}
}

struct error *transfer_run(struct session *s, const struct transfer *t, struct answer *ret)
{
	struct curl_slist *addresses autolines = NULL;
	char problem[CURL_ERROR_SIZE] = "", *host autofree = url_part(t->url, CURLUPART_HOST);
	struct running r = { .t = t, .answer = ret };
	CURLcode code;

	answer_begin(ret);
	TRY(resolve_url(s, t->url, &addresses));
	set_up(s, t, &r, problem);
	curl_easy_setopt(s->curl, CURLOPT_RESOLVE, addresses);
	code = curl_easy_perform(s->curl);
	curl_easy_setopt(s->curl, CURLOPT_RESOLVE, (struct curl_slist *)NULL);
	if (r.err)
		return r.err;
	if (code != CURLE_OK)
		return error_new(kind_of(code), "%s: %s", host,
				 *problem ? problem : curl_easy_strerror(code));
	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	return NULL;
}
