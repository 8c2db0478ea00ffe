/*
 * Those who attached. The client that the container was started for takes everything: output waits
 * for it. Clients that attached later cannot stall the container: what does not fit into their
 * socket is skipped, and they are told how much. A frame is read as it comes, never collected:
 * input goes straight to the container's stdin, and while that is full the client is not read.
 *
 * A client that says anything malformed, unknown or out of turn is dropped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "helpers/monitor/monitor.h"

#include "base/banned.h"

enum { ROUNDS = 32 }; /* reads a turn */

static bool has_pending(const struct client *c)
{
	return c->pending_end > c->pending_at;
}

static bool is_hung(const struct client *c)
{
	return c->paused &&
	       c->deaf; /* both ways are shut until the container takes its last input */
}

static struct error *client_ready(void *data, uint32_t events);

static struct error *watch(struct client *c)
{
	uint32_t events = (c->paused ? 0 : EPOLLIN) | (has_pending(c) ? EPOLLOUT : 0);

	if (is_hung(c)) { /* the hang-up would be reported without end */
		if (c->events)
			loop_remove(c->m->loop, c->fd);
		c->events = 0;
		return NULL;
	}
	events |= EPOLLERR; /* it is reported anyway; so 0 means not watched */
	if (events == c->events)
		return NULL;
	if (c->events)
		TRY(loop_change(c->m->loop, c->fd, events));
	else
		TRY(loop_add(c->m->loop, c->fd, events, client_ready, c));
	c->events = events;
	return NULL;
}

/* Empties the slot. */
static void leave(struct client *c)
{
	if (c->events)
		loop_remove(c->m->loop, c->fd);
	fd_close(&c->fd);
	release_pages(c->pending, c->pending + MONITOR_PENDING);
	c->lossless = false;
	c->events = 0;
	c->pending_at = c->pending_end = 0;
}

static struct error *drop(struct client *c)
{
	leave(c);
	return outputs_resume(c->m);
}

static void set_deaf(struct client *c)
{
	c->deaf = true;
	c->lossless = false;
	c->pending_at = c->pending_end = 0;
}

/*
 * Sends a frame, or keeps what the socket does not take now. The caller knows that there is room.
 */
static void post(struct client *c, uint32_t type, const void *data, size_t length)
{
	struct msg_head head = { .length = (uint32_t)length, .type = type };
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)data, .iov_len = length },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t sent = 0;

	if (!has_pending(c)) {
		sent = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			set_deaf(c);
		if (c->deaf)
			return;
	}
	for (size_t i = 0, gone = sent > 0 ? (size_t)sent : 0; i < 2; i++) {
		size_t skip = gone < parts[i].iov_len ? gone : parts[i].iov_len;

		gone -= skip;
		memcpy(c->pending + c->pending_end, (char *)parts[i].iov_base + skip,
		       parts[i].iov_len - skip);
		c->pending_end += parts[i].iov_len - skip;
	}
}

static bool wants(const struct client *c, uint32_t type)
{
	return c->fd >= 0 && c->greeted && !c->deaf && !c->told &&
	       (c->flags & (type == ATTACH_STDERR ? ATTACH_WANT_STDERR : ATTACH_WANT_STDOUT));
}

struct error *clients_send(struct monitor *m, uint32_t type, const char *data, size_t length)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		struct client *c = &m->clients[i];

		if (!wants(c, type))
			continue;
		if (has_pending(c) || c->skipped) {
			c->skipped += length;
			continue;
		}
		post(c, type, data, length);
		TRY(watch(c));
	}
	return NULL;
}

static void tell_skipped(struct client *c)
{
	char text[96];
	int n = snprintf(text, sizeof(text),
			 "bulkhead: %ju bytes of output skipped: this client reads too slowly\n",
			 (uintmax_t)c->skipped);

	c->skipped = 0;
	if (wants(c, ATTACH_STDERR))
		post(c, ATTACH_STDERR, text, (size_t)n);
}

static void tell_exit(struct client *c)
{
	uint64_t words[2] = { (uint64_t)c->m->exit_code, c->m->oom_killed };

	if (c->skipped && !c->deaf)
		tell_skipped(c);
	c->told = true;
	if (!c->deaf)
		post(c, ATTACH_EXIT, words, sizeof(words));
}

static struct error *flush(struct client *c)
{
	ssize_t n = send(c->fd, c->pending + c->pending_at, c->pending_end - c->pending_at,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		set_deaf(c);
	else if (n > 0)
		c->pending_at += (size_t)n;
	if (has_pending(c))
		return NULL;
	c->pending_at = c->pending_end = 0;
	if (c->skipped)
		tell_skipped(c);
	return outputs_resume(c->m);
}

bool clients_ready(const struct monitor *m)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		const struct client *c = &m->clients[i];

		if (c->fd >= 0 && c->lossless && (!c->greeted || has_pending(c)))
			return false;
	}
	return true;
}

bool clients_want_input(const struct monitor *m)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		const struct client *c = &m->clients[i];

		if (c->fd >= 0 && c->greeted && (c->flags & ATTACH_WANT_STDIN) && !c->said_eof)
			return true;
	}
	return false;
}

/* What each frame must look like. */
static bool is_acceptable(const struct client *c)
{
	uint32_t length = c->head.length;

	if (!c->greeted)
		return c->head.type == ATTACH_HELLO && length == 8;
	switch (c->head.type) {
	case ATTACH_STDIN:
		return length <= ATTACH_PAYLOAD_MAX && (c->flags & ATTACH_WANT_STDIN) &&
		       !c->said_eof;
	case ATTACH_STDIN_EOF:
		return length == 0 && (c->flags & ATTACH_WANT_STDIN) && !c->said_eof;
	case ATTACH_RESIZE:
		return length == 16;
	case ATTACH_ENDED:
		return length == 0 && (c->flags & ATTACH_WILL_END) && c->told;
	default:
		return false;
	}
}

/* A whole frame is there, but for ATTACH_STDIN, whose bytes went on already. */
static struct error *act(struct client *c)
{
	struct monitor *m = c->m;
	uint64_t words[2];

	memcpy(words, c->payload, sizeof(words));
	switch (c->head.type) {
	case ATTACH_HELLO:
		c->greeted = true;
		c->flags = words[0];
		return outputs_resume(m);
	case ATTACH_STDIN_EOF:
		c->said_eof = true;
		return clients_want_input(m) ? NULL : input_eof(m);
	case ATTACH_RESIZE:
		input_resize(m, words[0], words[1]);
		return NULL;
	case ATTACH_ENDED:
		m->ended = true;
		return NULL;
	default:
		return NULL;
	}
}

/* Reads up to @length bytes: 0 for none now, -1 for the end. */
static ssize_t receive(struct client *c, void *to, size_t length)
{
	ssize_t n = recv(c->fd, to, length, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n > 0 ? n : -1;
}

/* One step in reading a frame; *@ret_n as receive(). */
static struct error *read_step(struct client *c, ssize_t *ret_n)
{
	struct input *in = &c->m->input;
	char *head = (char *)&c->head;
	size_t left;

	if (c->head_got < sizeof(c->head)) {
		*ret_n = receive(c, head + c->head_got, sizeof(c->head) - c->head_got);
		if (*ret_n > 0)
			c->head_got += (size_t)*ret_n;
		if (c->head_got == sizeof(c->head) && !is_acceptable(c))
			*ret_n = -1;
		return NULL;
	}
	left = c->head.length - c->payload_got;
	if (c->head.type != ATTACH_STDIN) {
		*ret_n = receive(c, c->payload + c->payload_got, left);
		if (*ret_n > 0)
			c->payload_got += (size_t)*ret_n;
		return NULL;
	}
	*ret_n = receive(c, in->data, left < MONITOR_CHUNK ? left : MONITOR_CHUNK);
	if (*ret_n <= 0)
		return NULL;
	c->payload_got += (size_t)*ret_n;
	in->end = (size_t)*ret_n;
	return input_flush(c->m);
}

static bool frame_is_whole(const struct client *c)
{
	return c->head_got == sizeof(c->head) && c->payload_got == c->head.length;
}

static struct error *read_client(struct client *c)
{
	for (int i = 0; i < ROUNDS; i++) {
		ssize_t n = 0;

		c->paused = c->head_got == sizeof(c->head) && c->head.type == ATTACH_STDIN &&
			    !input_has_room(c->m);
		if (c->paused)
			break;
		TRY(read_step(c, &n));
		if (n < 0)
			return drop(c);
		if (n == 0)
			break;
		if (frame_is_whole(c)) {
			TRY(act(c));
			c->head_got = c->payload_got = 0;
		}
	}
	return watch(c);
}

static struct error *client_ready(void *data, uint32_t events)
{
	struct client *c = data;

	if (events & EPOLLOUT)
		TRY(flush(c));
	if (events & (EPOLLHUP | EPOLLERR)) {
		set_deaf(c);
		TRY(outputs_resume(c->m));
	}
	if (c->paused) {
		TRY(watch(c));
	} else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		TRY(read_client(c));
	} else {
		TRY(watch(c));
	}
	return end_advance(c->m);
}

struct error *clients_resume_input(struct monitor *m)
{
	for (int i = 0; i < MONITOR_CLIENTS && input_has_room(m); i++) {
		struct client *c = &m->clients[i];

		if (c->fd < 0 || !c->paused)
			continue;
		c->paused = false;
		TRY(watch(c));
	}
	return NULL;
}

struct error *clients_report_to_watchers(struct monitor *m)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		struct client *c = &m->clients[i];

		if (c->fd < 0 || !c->greeted || c->told ||
		    (c->flags & (ATTACH_WANT_STDOUT | ATTACH_WANT_STDERR)))
			continue;
		tell_exit(c);
		TRY(watch(c));
	}
	return NULL;
}

struct error *clients_report_exit(struct monitor *m)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		struct client *c = &m->clients[i];

		if (c->fd < 0 || c->told)
			continue;
		if (!c->greeted) {
			leave(c);
			continue;
		}
		tell_exit(c);
		TRY(watch(c));
	}
	return NULL;
}

bool clients_reported(const struct monitor *m)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++)
		if (m->clients[i].fd >= 0 && has_pending(&m->clients[i]))
			return false;
	return true;
}

bool clients_will_end(const struct monitor *m)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++)
		if (m->clients[i].fd >= 0 && (m->clients[i].flags & ATTACH_WILL_END))
			return true;
	return false;
}

void clients_leave(struct monitor *m)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		struct client *c = &m->clients[i];

		if (c->fd < 0)
			continue;
		if (m->phase == PHASE_ENDING ? !(c->flags & ATTACH_WILL_END)
					     : has_pending(c) && !c->lossless)
			leave(c);
	}
}

struct error *client_adopt(struct monitor *m, int fd, bool lossless)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		struct client *c = &m->clients[i];

		if (c->fd >= 0)
			continue;
		c->m = m;
		c->fd = fd;
		c->lossless = lossless;
		c->greeted = c->said_eof = c->told = c->deaf = c->paused = false;
		c->events = 0;
		c->flags = c->skipped = 0;
		c->head_got = c->payload_got = 0;
		return read_client(c); /* the first words are usually there */
	}
	close(fd);
	return NULL;
}

static struct error *accept_client(void *data, uint32_t events)
{
	struct monitor *m = data;
	int fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	return fd < 0 ? NULL : client_adopt(m, fd, false);
}

/*
 * The directory may be deeper than a socket's address can say, so the name is bound from inside it.
 */
struct error *clients_listen(struct monitor *m)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = ATTACH_SOCKET_NAME };
	int fd autoclose = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_sys("make the attach socket");
	if (fchdir(m->state_dir) < 0)
		return error_sys("enter the state directory");
	unlink(ATTACH_SOCKET_NAME); /* of an earlier start */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, MONITOR_CLIENTS) < 0)
		return error_sys("bind the attach socket");
	if (chdir("/") < 0)
		return error_sys("leave the state directory");
	TRY(loop_add(m->loop, fd, EPOLLIN, accept_client, m));
	m->listener = fd_take(&fd);
	return NULL;
}
