#include "image/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

#include "base/banned.h"

#define PUMPS_MAX 2
#define PIPE_SIZE (1 << 20)

struct error *pump_pipe(int *ret_read, int *ret_write)
{
	TRY(fd_pipe(ret_read, ret_write));
	/*
	 * Refused over the user's share of pipe memory (pipe(7)): then it is smaller, and slower.
	 */
	(void)fcntl(*ret_write, F_SETPIPE_SZ, PIPE_SIZE);
	return NULL;
}

/* What an earlier, interrupted run has copied. */
static ssize_t read_copied(struct pump *p)
{
	uint64_t left = p->copied - p->total;

	return pread(p->copy, p->buffer, left < PUMP_BUFFER ? (size_t)left : PUMP_BUFFER,
		     (off_t)p->total);
}

static ssize_t read_some(struct pump *p)
{
	size_t want = p->left < PUMP_BUFFER ? (size_t)p->left : PUMP_BUFFER;
	struct pollfd ready = { .fd = p->in, .events = POLLIN };
	ssize_t n;

	if (p->total < p->copied)
		return read_copied(p);
	if (p->is_shared && poll(&ready, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	do
		n = p->is_file ? pread(p->in, p->buffer, want, (off_t)p->offset)
			       : read(p->in, p->buffer, want);
	while (n < 0 && errno == EINTR);
	return n;
}

static struct error *write_copy(const struct pump *p)
{
	size_t done = 0;

	if (p->copy <= 0 || p->total < p->copied)
		return NULL;
	while (done < p->filled) {
		ssize_t n = pwrite(p->copy, p->buffer + done, p->filled - done,
				   (off_t)(p->total + done));

		if (n < 0 && errno != EINTR)
			return error_sys("keep %s", p->name);
		done += n < 0 ? 0 : (size_t)n;
	}
	return NULL;
}

/* Refills the empty buffer. *@ret_moved: something happened. */
static struct error *fill(struct pump *p, bool *ret_moved)
{
	ssize_t n = p->left ? read_some(p) : 0;

	if (n < 0 && errno == EAGAIN)
		return NULL;
	if (n < 0)
		return error_sys("read %s", p->name);
	*ret_moved = true;
	p->at_end = n == 0;
	p->filled = (size_t)n;
	p->sent = 0;
	TRY(write_copy(p));
	p->offset += (uint64_t)n;
	p->total += (uint64_t)n;
	if (p->left != UINT64_MAX)
		p->left -= (uint64_t)n;
	if (p->total > p->max)
		return error_new(ERROR_LIMIT, "%s: more than %ju bytes", p->name,
				 (uintmax_t)p->max);
	if (p->digest)
		digest_add(p->digest, p->buffer, p->filled);
	if (p->moved)
		p->moved(p->moved_data, p->total);
	return NULL;
}

static struct error *drain(struct pump *p, bool *ret_moved)
{
	ssize_t n;

	if (p->out < 0) {
		p->sent = p->filled;
		*ret_moved = true;
		return NULL;
	}
	do
		n = write(p->out, p->buffer + p->sent, p->filled - p->sent);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return NULL;
	*ret_moved = true;
	if (n < 0 && errno == EPIPE) {
		p->broken = true;
		fd_close(&p->out);
		return NULL;
	}
	if (n < 0)
		return error_sys("write %s", p->name);
	p->sent += (size_t)n;
	return NULL;
}

static struct error *step(struct pump *p, bool *ret_moved)
{
	if (p->sent == p->filled && !p->at_end)
		TRY(fill(p, ret_moved));
	if (p->sent < p->filled)
		TRY(drain(p, ret_moved));
	if (p->sent == p->filled && p->at_end) {
		fd_close(&p->out); /* the end of file for who reads there */
		p->done = true;
		*ret_moved = true;
	}
	return NULL;
}

static struct error *refuse_bomb(const struct pump *from, const struct pump *to)
{
	if (to->total > PUMP_BOMB_FLOOR && to->total / PUMP_BOMB_FACTOR > from->total)
		return error_new(ERROR_LIMIT, "%s: %ju bytes unpack to more than %ju", to->name,
				 (uintmax_t)from->total, (uintmax_t)to->total);
	return NULL;
}

/* Sleeps until one of the pumps or reports can go on. */
static struct error *wait_for_any(const struct pump *pumps, size_t n,
				  struct sandbox *const *sandboxes, size_t n_sandboxes)
{
	struct pollfd polls[2 * PUMPS_MAX];
	nfds_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const struct pump *p = &pumps[i];
		bool full = p->sent < p->filled;

		if (!p->done)
			polls[used++] = (struct pollfd){ .fd = full ? p->out : p->in,
							 .events = full ? POLLOUT : POLLIN };
	}
	for (size_t i = 0; i < n_sandboxes; i++)
		polls[used++] = (struct pollfd){ .fd = sandboxes[i]->report, .events = POLLIN };
	if (poll(polls, used, -1) < 0 && errno != EINTR)
		return error_sys("wait for the pipeline");
	return NULL;
}

static struct error *prepare(struct pump *p)
{
	p->buffer = alloc_zeroed(PUMP_BUFFER, 1);
	if (!p->is_file && !p->is_shared && p->in >= 0)
		TRY(fd_set_nonblocking(p->in));
	if (p->out >= 0)
		TRY(fd_set_nonblocking(p->out));
	return NULL;
}

static struct error *read_reports(struct sandbox *const *sandboxes, bool *ended, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ended[i])
			TRY(sandbox_read(sandboxes[i], &ended[i]));
	return NULL;
}

static struct error *run(struct pump *pumps, size_t n, struct sandbox *const *sandboxes,
			 size_t n_sandboxes)
{
	bool ended[PUMPS_MAX] = { false };
	struct sandbox *open[PUMPS_MAX];
	bool busy = true;

	if (n > PUMPS_MAX || n_sandboxes > PUMPS_MAX)
		return error_new(ERROR_BUG, "%zu pumps for %zu helpers", n, n_sandboxes);
	for (size_t i = 0; i < n; i++)
		TRY(prepare(&pumps[i]));
	while (busy) {
		bool moved = false;
		size_t n_open = 0;

		busy = false;
		for (size_t i = 0; i < n; i++) {
			if (!pumps[i].done)
				TRY(step(&pumps[i], &moved));
			busy = busy || !pumps[i].done;
		}
		if (n == 2)
			TRY(refuse_bomb(&pumps[0], &pumps[1]));
		if (moved || !busy)
			continue;
		TRY(read_reports(sandboxes, ended, n_sandboxes));
		for (size_t i = 0; i < n_sandboxes; i++)
			if (!ended[i])
				open[n_open++] = sandboxes[i];
		TRY(wait_for_any(pumps, n, open, n_open));
	}
	return NULL;
}

struct error *pump_run(struct pump *pumps, size_t n, struct sandbox *const *sandboxes,
		       size_t n_sandboxes)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct error *err;

	/* A helper that goes away is told by EPIPE. */
	if (sigaction(SIGPIPE, &ignore, &before) < 0)
		return error_sys("ignore SIGPIPE");
	err = run(pumps, n, sandboxes, n_sandboxes);
	sigaction(SIGPIPE, &before, NULL);
	return err;
}

void pump_done(struct pump *p)
{
	free(p->buffer);
	p->buffer = NULL;
	fd_close(&p->out);
}
