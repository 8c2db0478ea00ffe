/*
 * What clients say to the container: one buffer for all of them; while it is not written, none of
 * them is read. A program that does not read its stdin therefore stops its clients, not the
 * monitor.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "helpers/monitor/monitor.h"

#include "base/banned.h"

bool input_has_room(const struct monitor *m)
{
	return m->input.at == m->input.end;
}

static void unwatch(struct monitor *m)
{
	if (m->input.watched)
		loop_remove(m->loop, m->input.fd);
	m->input.watched = false;
}

struct error *input_close(struct monitor *m)
{
	unwatch(m);
	fd_close(&m->input.fd);
	m->input.at = m->input.end = 0;
	return clients_resume_input(m);
}

static struct error *writable(void *data, uint32_t events)
{
	(void)events;
	return input_flush(data);
}

struct error *input_flush(struct monitor *m)
{
	struct input *in = &m->input;

	while (in->fd >= 0 && in->at < in->end) {
		ssize_t n = write(in->fd, in->data + in->at, in->end - in->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!in->watched)
				TRY(loop_add(m->loop, in->fd, EPOLLOUT, writable, m));
			in->watched = true;
			return NULL;
		}
		if (n < 0)
			return input_close(m); /* nobody reads it any more */
		in->at += (size_t)n;
	}
	in->at = in->end = 0;
	if (in->over)
		return input_close(m);
	unwatch(m);
	return clients_resume_input(m);
}

/* A tty has no end of input that could be passed on: closing its master would hang it up. */
struct error *input_eof(struct monitor *m)
{
	if (m->tty)
		return NULL;
	m->input.over = true;
	return input_has_room(m) ? input_close(m) : NULL;
}

void input_resize(struct monitor *m, uint64_t rows, uint64_t columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	if (m->tty && m->input.fd >= 0 && rows <= UINT16_MAX && columns <= UINT16_MAX)
		(void)ioctl(m->input.fd, TIOCSWINSZ, &size); /* a tty that is gone has no size */
}
