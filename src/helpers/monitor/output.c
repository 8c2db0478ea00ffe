/*
 * The container's output: read once, sent to the clients as it comes, and to the log line by line.
 * Reading stops while the client the container was started for cannot take more, so the container
 * then waits in write(2), as before a pipe.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "helpers/monitor/monitor.h"

#include "base/banned.h"

enum {
	ROUNDS = 8,		 /* chunks a turn, so that others get theirs */
	PIPE_MOST = 1024 * 1024, /* what a pipe can hold (pipe(7), pipe-max-size) */
};

void release_pages(const char *from, const char *end)
{
	uintptr_t first = ((uintptr_t)from + 4095) & ~(uintptr_t)4095,
		  last = (uintptr_t)end & ~(uintptr_t)4095;

	if (first < last)
		madvise((void *)first, last - first,
			MADV_DONTNEED); /* refused: the memory stays ours */
}

void outputs_release(struct monitor *m)
{
	for (int i = 0; i < 2; i++)
		release_pages(m->outputs[i].line + m->outputs[i].fill,
			      m->outputs[i].line + MONITOR_CHUNK);
	release_pages(m->log.out, m->log.out + sizeof(m->log.out));
}

static struct error *idle(void *data, int signal)
{
	(void)signal;
	outputs_release(data);
	return NULL;
}

static const char *stream_name(const struct output *o)
{
	return o->type == ATTACH_STDERR ? "stderr" : "stdout";
}

/* The bytes at the end of @text that begin a UTF-8 sequence which the next bytes may complete. */
static size_t open_sequence(const char *text, size_t length)
{
	for (size_t back = 1; back <= 3 && back < length; back++) {
		unsigned char c = (unsigned char)text[length - back];
		size_t needs = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

		if ((c & 0xc0) != 0x80)
			return needs > back ? back : 0;
	}
	return 0;
}

/* Logs the lines that @fresh bytes behind the unfinished one have completed. */
static void log_lines(struct output *o, size_t fresh)
{
	struct logfile *log = &o->m->log;
	size_t total = o->fill + fresh, start = 0, scan = o->fill;
	struct timespec now;
	const char *newline;

	clock_gettime(CLOCK_REALTIME, &now);
	logfile_set_time(log, &now);
	while ((newline = memchr(o->line + scan, '\n', total - scan))) {
		size_t end = (size_t)(newline - o->line);

		logfile_add(log, stream_name(o), o->line + start, end - start, true);
		start = scan = end + 1;
	}
	if (start == 0 && total == MONITOR_CHUNK) {
		start = total - open_sequence(o->line, total);
		logfile_add(log, stream_name(o), o->line, start, false);
	}
	o->fill = total - start;
	if (start && o->fill)
		memmove(o->line, o->line + start, o->fill);
	logfile_flush(log);
}

static struct error *deliver(struct output *o, size_t length)
{
	struct monitor *m = o->m;

	TRY(clients_send(m, o->type, o->line + o->fill, length));
	if (m->logging)
		log_lines(o, length);
	if (m->phase == PHASE_RUNNING && length > 4096)
		return loop_set_timer(m->loop, MONITOR_IDLE_MS, idle, m);
	o->after_exit += length;
	return NULL;
}

static void close_output(struct output *o)
{
	if (o->watched)
		loop_remove(o->m->loop, o->fd);
	o->watched = false;
	fd_close(&o->fd);
}

/*
 * A closed pipe would be reported without end though nobody may read it: so none is watched while a
 * client blocks.
 */
static void unwatch_all(struct monitor *m)
{
	for (int i = 0; i < 2; i++) {
		if (m->outputs[i].watched)
			loop_remove(m->loop, m->outputs[i].fd);
		m->outputs[i].watched = false;
	}
}

/* Reads until nothing is there, a client is in the way, or the turn is over. */
static struct error *read_output(struct output *o)
{
	for (int i = 0; i < ROUNDS && o->fd >= 0 && clients_ready(o->m); i++) {
		size_t room = MONITOR_CHUNK - o->fill;
		ssize_t n = read(o->fd, o->line + o->fill, room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			o->settled = o->m->phase != PHASE_RUNNING;
			break;
		}
		if (n <= 0) { /* EIO: a tty whose last user has closed it */
			close_output(o);
			break;
		}
		TRY(deliver(o, (size_t)n));
		if (o->m->phase != PHASE_RUNNING)
			o->settled = o->settled || o->after_exit >= PIPE_MOST;
		else if ((size_t)n < room)
			break; /* it was all */
	}
	if (!clients_ready(o->m))
		unwatch_all(o->m);
	return NULL;
}

static struct error *output_ready(void *data, uint32_t events)
{
	struct output *o = data;

	(void)events;
	TRY(read_output(o));
	return end_advance(o->m);
}

struct error *outputs_resume(struct monitor *m)
{
	if (!clients_ready(m))
		return NULL;
	for (int i = 0; i < 2; i++) {
		struct output *o = &m->outputs[i];

		if (o->fd < 0 || o->watched)
			continue;
		TRY(loop_add(m->loop, o->fd, EPOLLIN, output_ready, o));
		o->watched = true;
	}
	return m->phase == PHASE_DRAINING ? outputs_drain(m) : NULL;
}

struct error *outputs_drain(struct monitor *m)
{
	for (int i = 0; i < 2; i++)
		TRY(read_output(&m->outputs[i]));
	return NULL;
}

bool outputs_done(const struct monitor *m)
{
	for (int i = 0; i < 2; i++)
		if (m->outputs[i].fd >= 0 && !(m->late && m->outputs[i].settled))
			return false;
	return true;
}

void outputs_finish(struct monitor *m)
{
	for (int i = 0; i < 2; i++) {
		struct output *o = &m->outputs[i];

		close_output(o);
		if (m->logging && o->fill)
			logfile_add(&m->log, stream_name(o), o->line, o->fill, false);
		o->fill = 0;
	}
	if (m->logging)
		logfile_close(&m->log);
}
