#include "image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "image/pump.h"
#include "image/records.h"
#include "image/sandbox.h"

#include "base/banned.h"

/*
 * Bytes of a plain layer; the helper bounds what it writes too, but it is not the one to be
 * trusted.
 */
#define PLAIN_MAX (128ULL << 30)

/* ---- one layer's pipeline, in a process of its own ---- */

struct pipeline {
	struct layer_request *request;
	size_t slot;
	layer_tell *tell;
	void *tell_data;
	int keep;	 /* the file that the bytes are kept in */
	uint64_t kept;	 /* bytes in it before we began */
	int stream;	 /* of what is fetched */
	bool waited_out; /* told that nothing more is to come */
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
	fd_close(&p->keep);
	fd_close(&p->stream);
}
#define autopipeline __attribute__((cleanup(pipeline_done)))

static struct error *look_at_head(struct pipeline *p)
{
	const struct extent *e = &p->request->source;
	unsigned char head[ARCHIVE_MAGIC_SIZE];
	ssize_t n;

	p->compressed = true; /* what a stream is, the helper finds out */
	if (p->request->is_stream || p->request->remote)
		return NULL;
	n = pread(e->fd, head, e->length < sizeof(head) ? (size_t)e->length : sizeof(head),
		  (off_t)e->offset);
	if (n < 0)
		return error_sys("read the archive");
	p->compressed = archive_is_compressed(head, (size_t)n);
	return NULL;
}

/* Tells how far the bytes are as they come, and once that the last one has. */
static void tell_moved(void *data, uint64_t total)
{
	struct pipeline *p = data;
	bool all = p->request->source.length && total == p->request->source.length;

	if (!p->waited_out)
		p->tell(p->tell_data, all ? LAYER_UNPACKING : LAYER_FETCHING, total);
	p->waited_out = all;
}

static struct pump source_pump(struct pipeline *p)
{
	const struct extent *e = &p->request->source;
	bool remote = p->request->remote;

	return (struct pump){
		.in = remote ? p->stream : e->fd,
		.offset = e->offset,
		.left = p->request->is_stream ? UINT64_MAX : e->length,
		.is_file = !p->request->is_stream && !remote,
		.is_shared = p->request->is_stream,
		.out = -1,
		.copy = p->keep,
		.copied = p->kept,
		.digest = p->blob_digest,
		.max = PLAIN_MAX,
		.name = "the layer",
		.moved = p->tell ? tell_moved : NULL,
		.moved_data = p,
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
	if (p->compressed)
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

	if (source->left && source->left != UINT64_MAX)
		return error_new(ERROR_BAD_INPUT,
				 r->remote ? "the download ended early" : "the archive ends early");
	digest_finish(p->plain_digest, r->found_diff_id);
	if (p->compressed)
		digest_finish(p->blob_digest, r->found_digest);
	else
		memcpy(r->found_digest, r->found_diff_id, DIGEST_SIZE);
	TRY(compare("blob", r->digest, r->found_digest));
	if (p->compressed)
		TRY(sandbox_finish(&p->decompressor, NULL, NULL, NULL));
	TRY(compare("diff id", r->diff_id, r->found_diff_id));
	TRY(sandbox_finish(&p->unpacker, records_add, records, &sum));
	r->blob_bytes = source->total;
	r->size_bytes = sum.bytes;
	return NULL;
}

/* ---- what is fetched ---- */

/* Begins, or goes on with, the file of a layer that is fetched. Whose file it is waits for it. */
static struct error *open_partial(struct work *w, struct pipeline *p)
{
	const struct layer_request *r = p->request;
	struct stat st;

	if (p->tell)
		p->tell(p->tell_data, LAYER_WAITING, 0);
	TRY(store_partial_open(w->store, r->digest, &p->keep));
	if (fstat(p->keep, &st) < 0)
		return error_sys("look at the download");
	p->kept = (uint64_t)st.st_size;
	if (p->kept > r->source.length) { /* of a registry that said otherwise */
		p->kept = 0;
		if (ftruncate(p->keep, 0) < 0)
			return error_sys("begin the download anew");
	}
	if (p->kept == r->source.length)
		return NULL;
	return r->remote->open(r->remote->data, p->slot, r->position, p->kept, &p->stream);
}

/*
 * Why bytes are missing the fetcher knows best. What is whole but wrong is thrown away, or it
 * would be in the way for ever.
 */
static struct error *end_partial(struct work *w, struct pipeline *p, struct error *err)
{
	const struct layer_request *r = p->request;
	struct error *why = NULL;

	if (p->stream >= 0) {
		fd_close(&p->stream);
		why = r->remote->finish(r->remote->data, p->slot);
	}
	if (err && (error_is(err, ERROR_UNTRUSTED) || error_errno(err) == ENOSPC))
		store_partial_drop(w->store, r->digest);
	if (!err || !why || error_is(err, ERROR_UNTRUSTED)) {
		error_ignore(why, "all bytes came, or what came was wrong");
		return err;
	}
	error_free(err);
	return why;
}

static struct error *run_and_judge(struct pipeline *p, int dir, int diff)
{
	struct records records autorecords = RECORDS_NONE;

	TRY(run_pipeline(p, diff));
	TRY(judge(p, &records));
	return records_write(dir, &records);
}

struct error *layer_unpack(struct work *w, struct layer_request *request, size_t slot,
			   layer_tell *tell, void *data)
{
	struct pipeline p autopipeline = {
		.request = request,
		.slot = slot,
		.tell = tell,
		.tell_data = data,
		.keep = -1,
		.stream = -1,
		.unpacker = SANDBOX_NONE,
		.decompressor = SANDBOX_NONE,
		.pumps = { { .out = -1 }, { .out = -1 } },
	};
	int dir autoclose = -1, diff autoclose = -1;

	TRY(path_open_dir(w->dir, request->directory, 0700, &dir));
	TRY(path_open_dir(dir, "diff", 0755, &diff));
	if (fchmod(diff, 0755) < 0) /* whatever the umask */
		return error_sys("set the mode of a layer");
	if (request->remote) {
		struct error *err = open_partial(w, &p);

		if (!err)
			err = run_and_judge(&p, dir, diff);
		return end_partial(w, &p, err);
	}
	if (request->is_kept)
		return run_and_judge(&p, dir, diff);
	p.keep = openat(dir, LAYER_BLOB, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (p.keep < 0)
		return error_sys("make a file for the layer");
	return run_and_judge(&p, dir, diff);
}
