#include "image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/proc.h"
#include "image/pump.h"
#include "image/records.h"
#include "image/sandbox.h"

#include "base/banned.h"

/*
 * Bytes of a plain layer; the helper bounds what it writes too, but it is not the one to be
 * trusted.
 */
#define PLAIN_MAX (128ULL << 30)
#define WORKERS_MAX 16

/* ---- one layer's pipeline, in a process of its own ---- */

struct pipeline {
	struct layer_request *request;
	struct sandbox unpacker, decompressor;
	struct pump
		pumps[2]; /* compressed bytes, plain bytes; without compression only the second */
	bool compressed;
	struct digest *blob_digest, *plain_digest;
};

static void pipeline_done(struct pipeline *p)
{
	sandbox_stop(&p->unpacker);
	sandbox_stop(&p->decompressor);
	pump_done(&p->pumps[0]);
	pump_done(&p->pumps[1]);
	digest_free(p->blob_digest);
	digest_free(p->plain_digest);
}
#define autopipeline __attribute__((cleanup(pipeline_done)))

static struct error *look_at_head(struct pipeline *p)
{
	const struct extent *e = &p->request->source;
	unsigned char head[ARCHIVE_MAGIC_SIZE];
	ssize_t n;

	p->compressed = true; /* what a stream is, the helper finds out */
	if (p->request->is_stream)
		return NULL;
	n = pread(e->fd, head, e->length < sizeof(head) ? (size_t)e->length : sizeof(head),
		  (off_t)e->offset);
	if (n < 0)
		return error_sys("read the archive");
	p->compressed = archive_is_compressed(head, (size_t)n);
	return NULL;
}

static struct pump source_pump(const struct pipeline *p)
{
	const struct extent *e = &p->request->source;

	return (struct pump){
		.in = e->fd,
		.offset = e->offset,
		.left = p->request->is_stream ? UINT64_MAX : e->length,
		.is_file = !p->request->is_stream,
		.is_shared = p->request->is_stream,
		.out = -1,
		.digest = p->blob_digest,
		.max = PLAIN_MAX,
		.name = "the layer",
	};
}

/* source → decompressor → us → unpacker */
static struct error *connect_compressed(struct pipeline *p, int unpacker_end, int *ret_plain)
{
	int archive_end autoclose = -1, plain_end autoclose = -1;

	p->pumps[0] = source_pump(p);
	TRY(pump_pipe(&archive_end, &p->pumps[0].out));
	TRY(pump_pipe(ret_plain, &plain_end));
	TRY(sandbox_start(&p->decompressor, "decompress", archive_end, plain_end, -1));
	p->pumps[1] = (struct pump){
		.in = *ret_plain,
		.left = UINT64_MAX,
		.out = unpacker_end,
		.digest = p->plain_digest,
		.max = PLAIN_MAX,
		.name = "the layer",
	};
	return NULL;
}

static struct error *start_unpacker(struct pipeline *p, int diff, int *ret_write)
{
	int target autoclose = -1, read_end autoclose = -1;

	TRY(sandbox_target(diff, &target));
	TRY(pump_pipe(&read_end, ret_write));
	return sandbox_start(&p->unpacker, "layer", read_end, -1, target);
}

static struct error *run_pipeline(struct pipeline *p, int diff)
{
	int unpacker_end autoclose = -1, plain autoclose = -1;
	struct sandbox *helpers[2] = { &p->unpacker, &p->decompressor };

	TRY(look_at_head(p));
	TRY(digest_new(&p->plain_digest));
	if (p->compressed && p->request->digest)
		TRY(digest_new(&p->blob_digest));
	TRY(start_unpacker(p, diff, &unpacker_end));
	if (p->compressed) {
		TRY(connect_compressed(p, fd_take(&unpacker_end), &plain));
		return pump_run(p->pumps, 2, helpers, 2);
	}
	p->pumps[1] = source_pump(p);
	p->pumps[1].digest = p->plain_digest;
	p->pumps[1].out = fd_take(&unpacker_end);
	return pump_run(p->pumps + 1, 1, helpers, 1);
}

static struct error *compare(const char *what, const char *wanted, const char *found)
{
	if (wanted && strcmp(wanted, found) != 0)
		return error_new(ERROR_UNTRUSTED, "%s %s does not match its digest: it is %s", what,
				 wanted, found);
	return NULL;
}

/*
 * The verdict, the plainest reason first: bytes that are missing or wrong explain whatever the
 * helpers made of them.
 */
static struct error *judge(struct pipeline *p, struct records *records)
{
	struct layer_request *r = p->request;
	const struct pump *source = &p->pumps[p->compressed ? 0 : 1];
	struct report_sum sum = { 0 };
	char found[DIGEST_SIZE];

	if (source->is_file && source->left)
		return error_new(ERROR_BAD_INPUT, "the archive ends early");
	if (p->blob_digest) {
		digest_finish(p->blob_digest, found);
		TRY(compare("blob", r->digest, found));
	}
	digest_finish(p->plain_digest, r->found_diff_id);
	if (!p->compressed)
		TRY(compare("blob", r->digest, r->found_diff_id));
	if (p->compressed)
		TRY(sandbox_finish(&p->decompressor, NULL, NULL, NULL));
	TRY(compare("diff id", r->diff_id, r->found_diff_id));
	TRY(sandbox_finish(&p->unpacker, records_add, records, &sum));
	r->size_bytes = sum.bytes;
	return NULL;
}

static struct error *unpack_one(struct work *w, struct layer_request *request)
{
	struct pipeline p autopipeline = {
		.request = request,
		.unpacker = SANDBOX_NONE,
		.decompressor = SANDBOX_NONE,
		.pumps = { { .out = -1 }, { .out = -1 } },
	};
	struct records records autorecords = RECORDS_NONE;
	int dir autoclose = -1, diff autoclose = -1;

	TRY(path_open_dir(w->dir, request->directory, 0700, &dir));
	TRY(path_open_dir(dir, "diff", 0755, &diff));
	if (fchmod(diff, 0755) < 0) /* whatever the umask */
		return error_sys("set the mode of a layer");
	TRY(run_pipeline(&p, diff));
	TRY(judge(&p, &records));
	return records_write(dir, &records);
}

/* ---- workers ---- */

struct worker {
	pid_t pid;
	int result;
	struct layer_request *request;
};

enum worker_result { WORKER_ERROR = 1, WORKER_DONE };

static struct error *tell_result(int fd, const struct layer_request *request)
{
	struct buf payload autobuf = BUF_MAX(1024);

	TRY(msg_put_text(&payload, request->found_diff_id));
	TRY(msg_put_u64(&payload, request->size_bytes));
	return msg_write(fd, WORKER_DONE, payload.data, payload.length);
}

static void run_worker(struct work *w, struct layer_request *request, int result, pid_t parent)
{
	char frame[ERROR_FRAME_MAX];
	struct error *err;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent) /* it was quicker */
		_exit(1);
	err = unpack_one(w, request);
	if (!err)
		err = tell_result(result, request);
	if (err) {
		size_t length = error_encode(err, frame, sizeof(frame));

		error_ignore(msg_write(result, WORKER_ERROR, frame, length), "nobody waits");
	}
	_exit(err ? 1 : 0);
}

static struct error *start_worker(struct work *w, struct layer_request *request, struct worker *ret)
{
	int write_end autoclose = -1;
	pid_t self = getpid();

	TRY(fd_pipe(&ret->result, &write_end));
	ret->request = request;
	ret->pid = fork();
	if (ret->pid < 0)
		return error_sys("start a process for a layer");
	if (ret->pid == 0)
		run_worker(w, request, write_end, self);
	return NULL;
}

static struct error *read_result(struct worker *worker)
{
	struct buf payload autobuf = BUF_MAX(ERROR_FRAME_MAX);
	struct msg_cursor c;
	char *diff_id autofree = NULL;
	uint32_t type;

	TRY(error_wrap(msg_read(worker->result, &type, &payload), "unpacking was interrupted"));
	if (type == WORKER_ERROR)
		return error_decode(payload.data, payload.length);
	c = msg_begin(&payload);
	TRY(msg_get_text(&c, DIGEST_SIZE - 1, &diff_id));
	TRY(msg_get_u64(&c, &worker->request->size_bytes));
	memcpy(worker->request->found_diff_id, diff_id, strlen(diff_id) + 1);
	return msg_end(&c);
}

static struct error *end_worker(struct worker *worker)
{
	const struct layer_request *r = worker->request;
	struct error *err = read_result(worker);
	int status;

	error_ignore(proc_wait(worker->pid, &status), "its result is what counts");
	worker->pid = 0;
	fd_close(&worker->result);
	return r->diff_id || r->digest
		       ? error_wrap(err, "layer %.19s", r->diff_id ? r->diff_id : r->digest)
		       : err;
}

static void stop_worker(struct worker *worker)
{
	int status;

	if (worker->pid > 0) {
		kill(worker->pid, SIGKILL);
		error_ignore(proc_wait(worker->pid, &status), "it was killed");
	}
	worker->pid = 0;
	fd_close(&worker->result);
}

/* The index of a worker that has something to say. */
static struct error *wait_for_result(struct worker *workers, size_t n, size_t *ret)
{
	struct pollfd polls[WORKERS_MAX];

	for (size_t i = 0; i < n; i++)
		polls[i] = (struct pollfd){ .fd = workers[i].result, .events = POLLIN };
	while (poll(polls, n, -1) < 0)
		if (errno != EINTR)
			return error_sys("wait for the layers");
	for (size_t i = 0; i < n; i++)
		if (polls[i].revents)
			*ret = i;
	return NULL;
}

static size_t worker_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (size_t)n;
}

/*
 * The disk may as well begin while other layers are unpacked: what a commit then has to wait for is
 * the rest. One process at a time, and only for layers that are worth it.
 */
#define FLUSH_BYTES (32 << 20)

static void flush_meanwhile(struct work *w, const struct layer_request *done, pid_t *flusher)
{
	pid_t self = getpid();
	int status;

	if (done->size_bytes < FLUSH_BYTES)
		return;
	if (*flusher > 0 && waitpid(*flusher, &status, WNOHANG) == 0)
		return;
	*flusher = fork(); /* without one the commit writes it all */
	if (*flusher != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() == self)
		syncfs(w->dir);
	_exit(0);
}

struct error *layer_unpack_all(struct work *w, struct layer_request *requests, size_t n)
{
	struct worker workers[WORKERS_MAX];
	size_t max = worker_count(), running = 0, next = 0, ready = 0;
	struct error *err = NULL;
	pid_t flusher = -1;
	int status;

	for (size_t i = 0; i < WORKERS_MAX; i++)
		workers[i] = (struct worker){ .result = -1 };
	while (!err && (next < n || running)) {
		if (next < n && running < max) {
			err = start_worker(w, &requests[next++], &workers[running]);
			running++;
			continue;
		}
		err = wait_for_result(workers, running, &ready);
		if (err)
			break;
		err = end_worker(&workers[ready]);
		if (!err && (next < n || running > 1))
			flush_meanwhile(w, workers[ready].request, &flusher);
		workers[ready] = workers[--running];
		workers[running] = (struct worker){ .result = -1 };
	}
	for (size_t i = 0; i < running; i++)
		stop_worker(&workers[i]);
	if (flusher > 0)
		error_ignore(proc_wait(flusher, &status), "it has no result");
	return err;
}
