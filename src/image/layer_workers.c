/* Several layers at once: a process for each, which tells what becomes of it over a pipe. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/proc.h"
#include "image/layer.h"

#include "base/banned.h"

#define WORKERS_MAX 16

/* How often a layer's process tells how far it is. */
#define TELL_MS 50

enum worker_frame { WORKER_ERROR = 1, WORKER_DONE, WORKER_STATE };

/* ---- in the layer's process ---- */

struct teller {
	int result;
	enum layer_state state;
	int64_t told_ms;
};

static void tell_state(void *data, enum layer_state state, uint64_t bytes)
{
	struct teller *t = data;
	struct buf payload autobuf = BUF_MAX(64);
	int64_t now = clock_ms();
	struct error *err;

	if (state == t->state && now - t->told_ms < TELL_MS)
		return;
	t->state = state;
	t->told_ms = now;
	err = msg_put_u64(&payload, state);
	if (!err)
		err = msg_put_u64(&payload, bytes);
	if (!err)
		err = msg_write(t->result, WORKER_STATE, payload.data, payload.length);
	error_ignore(err, "nobody watches");
}

static struct error *tell_result(int fd, const struct layer_request *request)
{
	struct buf payload autobuf = BUF_MAX(1024);

	TRY(msg_put_text(&payload, request->found_digest));
	TRY(msg_put_text(&payload, request->found_diff_id));
	TRY(msg_put_u64(&payload, request->blob_bytes));
	TRY(msg_put_u64(&payload, request->size_bytes));
	return msg_write(fd, WORKER_DONE, payload.data, payload.length);
}

static void run_worker(struct work *w, struct layer_request *request, size_t slot, int result,
		       pid_t parent)
{
	struct teller teller = { .result = result };
	char frame[ERROR_FRAME_MAX];
	struct error *err;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent) /* it was quicker */
		_exit(1);
	err = layer_unpack(w, request, slot, tell_state, &teller);
	if (!err)
		err = tell_result(result, request);
	if (err) {
		size_t length = error_encode(err, frame, sizeof(frame));

		error_ignore(msg_write(result, WORKER_ERROR, frame, length), "nobody waits");
	}
	_exit(err ? 1 : 0);
}

/* ---- in the caller's ---- */

struct worker {
	pid_t pid; /* 0: the slot is free */
	int result;
	struct layer_request *request;
};

struct workers {
	struct work *w;
	struct worker slots[WORKERS_MAX];
	size_t n_slots, running;
	layer_progress *progress;
	void *progress_data;
	pid_t flusher;
};

static struct error *start_worker(struct workers *all, struct layer_request *request)
{
	int write_end autoclose = -1;
	pid_t self = getpid();
	size_t slot = 0;
	struct worker *worker;

	while (all->slots[slot].pid)
		slot++;
	worker = &all->slots[slot];
	TRY(fd_pipe(&worker->result, &write_end));
	worker->request = request;
	worker->pid = fork();
	if (worker->pid < 0) {
		worker->pid = 0;
		return error_sys("start a process for a layer");
	}
	if (worker->pid == 0)
		run_worker(all->w, request, slot, write_end, self);
	all->running++;
	return NULL;
}

static struct error *read_done(const struct buf *payload, struct layer_request *r)
{
	struct msg_cursor c = msg_begin(payload);
	char *digest autofree = NULL, *diff_id autofree = NULL;

	TRY(msg_get_text(&c, DIGEST_SIZE - 1, &digest));
	TRY(msg_get_text(&c, DIGEST_SIZE - 1, &diff_id));
	TRY(msg_get_u64(&c, &r->blob_bytes));
	TRY(msg_get_u64(&c, &r->size_bytes));
	memcpy(r->found_digest, digest, strlen(digest) + 1);
	memcpy(r->found_diff_id, diff_id, strlen(diff_id) + 1);
	return msg_end(&c);
}

static struct error *read_state(struct workers *all, const struct buf *payload,
				const struct layer_request *r)
{
	struct msg_cursor c = msg_begin(payload);
	uint64_t state, bytes;

	TRY(msg_get_u64(&c, &state));
	TRY(msg_get_u64(&c, &bytes));
	if (all->progress)
		all->progress(all->progress_data, r, (enum layer_state)state, bytes);
	return msg_end(&c);
}

/* One frame; *@ret_ended: it was the last. */
static struct error *read_frame(struct workers *all, struct worker *worker, bool *ret_ended)
{
	struct buf payload autobuf = BUF_MAX(ERROR_FRAME_MAX);
	uint32_t type;

	TRY(error_wrap(msg_read(worker->result, &type, &payload), "unpacking was interrupted"));
	if (type == WORKER_STATE)
		return read_state(all, &payload, worker->request);
	*ret_ended = true;
	return type == WORKER_ERROR ? error_decode(payload.data, payload.length)
				    : read_done(&payload, worker->request);
}

static void stop_worker(struct worker *worker, bool at_once)
{
	int status;

	if (at_once)
		kill(worker->pid, SIGKILL);
	error_ignore(proc_wait(worker->pid, &status), "its result is what counts");
	worker->pid = 0;
	fd_close(&worker->result);
}

/*
 * The disk may as well begin while other layers are unpacked: what a commit then has to wait for is
 * the rest. One process at a time, and only for layers that are worth it.
 */
#define FLUSH_BYTES (32 << 20)

static void flush_meanwhile(struct workers *all, const struct layer_request *done)
{
	pid_t self = getpid();
	int status;

	if (done->size_bytes < FLUSH_BYTES)
		return;
	if (all->flusher > 0 && waitpid(all->flusher, &status, WNOHANG) == 0)
		return;
	all->flusher = fork(); /* without one the commit writes it all */
	if (all->flusher != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() == self)
		syncfs(all->w->dir);
	_exit(0);
}

static struct error *listen_to(struct workers *all, struct worker *worker, bool last)
{
	const struct layer_request *r = worker->request;
	bool ended = false;
	struct error *err = read_frame(all, worker, &ended);

	if (err && (r->diff_id || r->digest))
		err = error_wrap(err, "layer %.19s", r->diff_id ? r->diff_id : r->digest);
	if (err || !ended)
		return err;
	stop_worker(worker, false);
	all->running--;
	if (all->progress)
		all->progress(all->progress_data, r, LAYER_DONE, r->blob_bytes);
	if (!last)
		flush_meanwhile(all, r);
	return NULL;
}

/* Waits for news of any worker, and takes them in. */
static struct error *listen_for_news(struct workers *all, bool more)
{
	struct pollfd polls[WORKERS_MAX];

	for (size_t i = 0; i < all->n_slots; i++)
		polls[i] = (struct pollfd){ .fd = all->slots[i].pid ? all->slots[i].result : -1,
					    .events = POLLIN };
	while (poll(polls, all->n_slots, -1) < 0)
		if (errno != EINTR)
			return error_sys("wait for the layers");
	for (size_t i = 0; i < all->n_slots; i++)
		if (polls[i].fd >= 0 && polls[i].revents)
			TRY(listen_to(all, &all->slots[i], !more && all->running == 1));
	return NULL;
}

/* One for each processor; more where what takes time is another host. */
static size_t slot_count(const struct layer_request *requests, size_t n)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = cpus < 1 ? 1 : (size_t)cpus;

	if (n && requests->remote && count != requests->remote->slots)
		count = requests->remote->slots;
	return count > WORKERS_MAX ? WORKERS_MAX : count;
}

struct error *layer_unpack_all(struct work *w, struct layer_request *requests, size_t n,
			       layer_progress *progress, void *progress_data)
{
	struct workers all = {
		.w = w,
		.n_slots = slot_count(requests, n),
		.progress = progress,
		.progress_data = progress_data,
		.flusher = -1,
	};
	struct error *err = NULL;
	size_t next = 0;
	int status;

	for (size_t i = 0; i < WORKERS_MAX; i++)
		all.slots[i].result = -1;
	while (!err && (next < n || all.running)) {
		if (next < n && all.running < all.n_slots)
			err = start_worker(&all, &requests[next++]);
		else
			err = listen_for_news(&all, next < n);
	}
	for (size_t i = 0; i < all.n_slots; i++)
		if (all.slots[i].pid)
			stop_worker(&all.slots[i], true);
	if (all.flusher > 0)
		error_ignore(proc_wait(all.flusher, &status), "it has no result");
	return err;
}
