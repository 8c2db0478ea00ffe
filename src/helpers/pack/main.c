/*
 * bulkhead-pack: reads the files of containers, and compresses. It is started in namespaces of its
 * own by its caller, gives up everything else here, and only then looks at the first name. What the
 * modes are is in base/pack.h.
 */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/msg.h"
#include "base/pack.h"
#include "base/unpack.h"
#include "helpers/pack/compress.h"
#include "helpers/pack/tree.h"
#include "helpers/pack/walls.h"

#include "base/banned.h"

static struct error *run_tree(struct output *out, uint64_t *ret_entries)
{
	return tree_pack(PACK_FD_TREE, false, &tree_limits_default, out, ret_entries);
}

static struct error *run_diff(struct output *out, uint64_t *ret_entries)
{
	return tree_pack(PACK_FD_TREE, true, &tree_limits_default, out, ret_entries);
}

static struct error *run_gzip(struct output *out, uint64_t *ret_entries)
{
	*ret_entries = 0;
	return compress_gzip(PACK_FD_IN, out);
}

static struct error *run_zstd(struct output *out, uint64_t *ret_entries)
{
	*ret_entries = 0;
	return compress_zstd(PACK_FD_IN, out);
}

static const struct mode {
	const char *name;
	const struct confine *confinement;
	struct error *(*run)(struct output *out, uint64_t *ret_entries);
} modes[] = {
	{ "tree", &pack_walls_tree, run_tree },
	{ "diff", &pack_walls_tree, run_diff },
	{ "gzip", &pack_walls_stream, run_gzip },
	{ "zstd", &pack_walls_stream, run_zstd },
};

static struct error *report_done(uint64_t entries, uint64_t bytes)
{
	struct buf payload autobuf = BUF_MAX(64);

	TRY(msg_put_u64(&payload, entries));
	TRY(msg_put_u64(&payload, bytes));
	return msg_write(PACK_FD_REPORT, UNPACK_DONE, payload.data, payload.length);
}

static struct error *run_mode(const char *name)
{
	struct output out autooutput = { 0 };
	uint64_t entries;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(modes[i].name, name) != 0)
			continue;
		TRY(confine_process(modes[i].confinement));
		output_begin(&out, PACK_FD_OUT);
		TRY(modes[i].run(&out, &entries));
		return report_done(entries, out.bytes);
	}
	return error_new(ERROR_BUG, "%s: no mode \"%s\"", PACK_PROGRAM, name);
}

int main(int argc, char **argv)
{
	struct error *err;

	log_setup(PACK_PROGRAM, false);
	err = run_mode(argc == 2 ? argv[1] : "");
	if (err) {
		char frame[ERROR_FRAME_MAX];
		size_t length = error_encode(err, frame, sizeof(frame));

		error_free(err);
		error_ignore(msg_write(PACK_FD_REPORT, UNPACK_ERROR, frame, length),
			     "nobody listens any more");
		_exit(1);
	}
	_exit(0);
}
