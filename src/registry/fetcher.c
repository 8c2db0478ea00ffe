#include "registry/fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/helper.h"
#include "base/msg.h"
#include "base/proc.h"

#include "base/banned.h"

#define USER_AGENT "bulkhead/" BULKHEAD_VERSION
#define PIPE_SIZE (1 << 20)

/* ---- starting ---- */

/* As curl(1) takes them: http_proxy in small letters only, since a CGI's client sets the other. */
static const char *proxy_for(const char *small, const char *large)
{
	const char *value = getenv(small);

	if (!value && large)
		value = getenv(large);
	return value ? value : "";
}

static struct error *put_text(struct buf *b, const char *text)
{
	return msg_put_text(b, text ? text : "");
}

/* msg_write() to one that may be gone: then it is an error, and no signal. */
static struct error *send_frame(struct fetcher *f, uint32_t type, const struct buf *payload)
{
	struct msg_head head = { .length = (uint32_t)payload->length, .type = type };
	struct buf frame autobuf = BUF_MAX(FETCH_FRAME_MAX * 2 + sizeof(head));
	struct error *err;

	TRY(buf_add(&frame, &head, sizeof(head)));
	TRY(buf_add(&frame, payload->data, payload->length));
	err = fd_send(f->socket, frame.data, frame.length, NULL, 0);
	explicit_bzero(frame.data, frame.size);
	return err;
}

static struct error *send_session(struct fetcher *f, const struct fetcher_session *s)
{
	const int files[] = { s->system_ca, s->registry_ca, s->certificate, s->key };
	struct buf b autobuf = BUF_MAX(FETCH_FRAME_MAX * 2);
	uint64_t which = 0;
	int fds[4];
	size_t n = 0;
	struct error *err;

	for (size_t i = 0; i < 4; i++) {
		if (files[i] < 0)
			continue;
		which |= 1U << i;
		fds[n++] = files[i];
	}
	TRY(msg_put_u64(&b, s->unverified ? FETCH_UNVERIFIED : 0));
	TRY(msg_put_u64(&b, s->stall_ms));
	TRY(put_text(&b, s->base));
	TRY(put_text(&b, s->user));
	TRY(put_text(&b, s->password));
	TRY(put_text(&b, s->identity));
	TRY(msg_put_text(&b, proxy_for("https_proxy", "HTTPS_PROXY")));
	TRY(msg_put_text(&b, proxy_for("http_proxy", NULL)));
	TRY(msg_put_text(&b, proxy_for("no_proxy", "NO_PROXY")));
	TRY(msg_put_text(&b, USER_AGENT));
	TRY(msg_put_u64(&b, which));
	err = send_frame(f, FETCH_SESSION, &b);
	explicit_bzero(b.data, b.size);
	TRY(err);
	return n ? fd_send(f->socket, "", 1, fds, n) : NULL;
}

static struct error *start(struct fetcher *f)
{
	char *argv[] = { (char *)FETCH_PROGRAM, NULL };
	int program autoclose = -1, ends[2], theirs autoclose = -1;
	int fds[FETCH_FD_END];
	struct proc_spawn spawn = { .argv = argv, .fds = fds, .n_fds = FETCH_FD_END };

	TRY(proc_open_helper(FETCH_PROGRAM, &program));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_sys("make a socket");
	f->socket = ends[0];
	theirs = ends[1];
	/* Never /dev/null: the helper shall hold nothing of the host's. */
	for (int i = 0; i < FETCH_FD_END; i++)
		fds[i] = theirs;
#ifdef __SANITIZE_ADDRESS__
	fds[FETCH_FD_STDERR] = STDERR_FILENO;
#endif
	spawn.exec_fd = program;
	return helper_start(&spawn, HELPER_ON_NETWORK, FETCH_FD_CONTROL, FETCH_ERROR, &f->pid);
}

struct error *fetcher_start(struct fetcher *f, const struct fetcher_session *session)
{
	struct error *err = start(f);

	if (!err)
		err = send_session(f, session);
	if (err && (error_errno(err) == EPIPE || error_errno(err) == ECONNRESET)) {
		error_free(err); /* the first request finds out why */
		err = NULL;
	}
	if (err)
		fetcher_stop(f);
	return error_wrap(err, "start %s", FETCH_PROGRAM);
}

void fetcher_stop(struct fetcher *f)
{
	int status;

	fd_close(&f->socket);
	if (f->pid > 0) {
		kill(f->pid, SIGKILL);
		error_ignore(proc_wait(f->pid, &status), "it was killed");
	}
	f->pid = 0;
}

/* ---- asking ---- */

void fetcher_answer_done(struct fetcher_answer *a)
{
	free(a->media_type);
	free(a->digest);
	free(a->location);
	free(a->range);
	free(a->link);
	free(a->message);
	*a = (struct fetcher_answer){ 0 };
}

static struct error *send_request(struct fetcher *f, const struct fetcher_request *q, int pipe)
{
	struct buf b autobuf = BUF_MAX(FETCH_FRAME_MAX);
	const int fds[2] = { pipe, q->body };
	uint64_t flags = (q->has_body ? FETCH_HAS_BODY : 0) | (q->once ? FETCH_ONCE : 0);

	TRY(msg_put_u64(&b, (uint64_t)q->method));
	TRY(msg_put_u64(&b, flags));
	TRY(put_text(&b, q->path));
	TRY(put_text(&b, q->scope));
	TRY(put_text(&b, q->accept));
	TRY(put_text(&b, q->media_type));
	TRY(put_text(&b, q->range));
	TRY(msg_put_u64(&b, q->offset));
	TRY(msg_put_u64(&b, q->max));
	TRY(msg_put_u64(&b, q->body_offset));
	TRY(msg_put_u64(&b, q->body_length));
	TRY(send_frame(f, FETCH_REQUEST, &b));
	return fd_send(f->socket, "", 1, fds, q->has_body ? 2 : 1);
}

/* The next frame, which is of @wanted or an error. */
static struct error *receive(struct fetcher *f, uint32_t wanted, struct buf *payload)
{
	uint32_t type;
	struct error *err = msg_read(f->socket, &type, payload);

	if (err && (error_is(err, ERROR_UNAVAILABLE) || error_errno(err) == ECONNRESET)) {
		error_free(err);
		return error_new(ERROR_SYSTEM, "%s ended before its work was done", FETCH_PROGRAM);
	}
	TRY(err);
	if (type == FETCH_ERROR)
		return error_decode(payload->data, payload->length);
	if (type != wanted)
		return error_new(ERROR_BAD_INPUT, "%s speaks nonsense: a frame %u", FETCH_PROGRAM,
				 type);
	return NULL;
}

static struct error *read_answer(const struct buf *payload, struct fetcher_answer *a)
{
	struct msg_cursor c = msg_begin(payload);
	uint64_t status;

	TRY(msg_get_u64(&c, &status));
	TRY(msg_get_u64(&c, &a->length));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &a->media_type));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &a->digest));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &a->location));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &a->range));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &a->link));
	TRY(msg_get_text(&c, FETCH_TEXT_MAX, &a->message));
	a->status = (unsigned int)status;
	return msg_end(&c);
}

/* Who does not listen any more may have said why. */
static struct error *last_words(struct fetcher *f, struct error *err)
{
	struct buf payload autobuf = BUF_MAX(FETCH_FRAME_MAX);
	struct error *why = receive(f, FETCH_ANSWER, &payload);

	if (!why)
		return err;
	error_free(err);
	return why;
}

struct error *fetcher_ask(struct fetcher *f, const struct fetcher_request *request,
			  struct fetcher_answer *ret, int *ret_pipe)
{
	struct buf payload autobuf = BUF_MAX(FETCH_FRAME_MAX);
	int read_end autoclose = -1, write_end autoclose = -1;
	struct error *err;

	TRY(fd_pipe(&read_end, &write_end));
	(void)fcntl(write_end, F_SETPIPE_SZ, PIPE_SIZE); /* else it is slower (pipe(7)) */
	err = send_request(f, request, write_end);
	fd_close(&write_end);
	if (err && (error_errno(err) == EPIPE || error_errno(err) == ECONNRESET))
		return last_words(f, err);
	TRY(err);
	TRY(receive(f, FETCH_ANSWER, &payload));
	TRY(read_answer(&payload, ret));
	*ret_pipe = fd_take(&read_end);
	return NULL;
}

struct error *fetcher_finish(struct fetcher *f)
{
	struct buf payload autobuf = BUF_MAX(FETCH_FRAME_MAX);

	return receive(f, FETCH_END, &payload);
}

struct error *fetcher_get(struct fetcher *f, const struct fetcher_request *request,
			  struct fetcher_answer *ret, struct buf *body)
{
	int pipe autoclose = -1;
	struct error *err, *why;

	TRY(fetcher_ask(f, request, ret, &pipe));
	err = fd_read_all(pipe, body);
	fd_close(&pipe);
	why = fetcher_finish(f);
	if (!why)
		return err;
	error_ignore(err, "the fetcher knows better");
	return why;
}
