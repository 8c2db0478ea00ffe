#include "helpers/fetch/session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fetch.h"
#include "base/msg.h"
#include "helpers/fetch/url.h"

#include "base/banned.h"

#define SESSION_FDS 4

static void forget_buf(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->size);
	buf_done(b);
}

static struct error *decode(struct session *s, const struct buf *payload, uint64_t *ret_fds)
{
	struct msg_cursor c = msg_begin(payload);
	char *base autofree = NULL;
	uint64_t flags;

	TRY(msg_get_u64(&c, &flags));
	TRY(msg_get_u64(&c, &s->stall_ms));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &base));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &s->user));
	TRY(msg_get_text(&c, FETCH_TOKEN_MAX, &s->password));
	TRY(msg_get_text(&c, FETCH_TOKEN_MAX, &s->identity));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &s->https_proxy));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &s->http_proxy));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &s->no_proxy));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &s->user_agent));
	TRY(msg_get_u64(&c, ret_fds));
	TRY(msg_end(&c));
	s->unverified = flags & FETCH_UNVERIFIED;
	return url_parse(base, NULL, &s->base);
}

static struct error *read_pem(int fd, struct buf *b)
{
	b->max = FETCH_PEM_MAX;
	return fd_read_all(fd, b);
}

static struct error *receive_files(struct session *s, int socket, uint64_t which)
{
	struct buf *const targets[SESSION_FDS] = { &s->ca, &s->ca, &s->certificate, &s->key };
	int fds[SESSION_FDS] = { -1, -1, -1, -1 };
	struct error *err = NULL;
	size_t n = 0, next = 0;
	char byte;

	for (size_t i = 0; i < SESSION_FDS; i++)
		n += which >> i & 1;
	if (!n)
		return NULL;
	TRY(fd_receive(socket, &byte, 1, fds, n));
	for (size_t i = 0; i < SESSION_FDS && !err; i++)
		if (which >> i & 1)
			err = read_pem(fds[next++], targets[i]);
	for (size_t i = 0; i < n; i++)
		fd_close(&fds[i]);
	return err;
}

struct error *session_receive(struct session *s, int socket)
{
	struct buf payload autobuf = BUF_MAX(FETCH_FRAME_MAX * 2);
	struct error *err;
	uint64_t which;
	uint32_t type;

	TRY(msg_read(socket, &type, &payload));
	if (type != FETCH_SESSION)
		return error_new(ERROR_BUG, "no session, but a frame %u", type);
	err = decode(s, &payload, &which);
	forget_buf(&payload);
	TRY(err);
	return receive_files(s, socket, which);
}

void session_done(struct session *s)
{
	alloc_forget(&s->user);
	alloc_forget(&s->password);
	alloc_forget(&s->identity);
	while (s->tokens) {
		struct token *next = s->tokens->next;

		alloc_forget(&s->tokens->value);
		free(s->tokens->scope);
		free(s->tokens);
		s->tokens = next;
	}
	forget_buf(&s->key);
	buf_done(&s->certificate);
	buf_done(&s->ca);
	free(s->https_proxy);
	free(s->http_proxy);
	free(s->no_proxy);
	free(s->user_agent);
	curl_url_cleanup(s->base);
	if (s->curl)
		curl_easy_cleanup(s->curl);
}

bool session_is_base(const struct session *s, CURLU *url)
{
	return url_same_host(s->base, url);
}
