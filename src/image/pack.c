#include "image/pack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fd.h"
#include "base/overlay.h"
#include "base/pack.h"
#include "base/path.h"
#include "image/pump.h"

#include "base/banned.h"

#define COMPRESS_MAX (256ULL << 30)

struct error *pack_start(struct sandbox *s, const char *mode, int tree, int *ret_read)
{
	int read_end autoclose = -1, write_end autoclose = -1;

	TRY(pump_pipe(&read_end, &write_end));
	TRY(sandbox_start_pack(s, mode, -1, write_end, tree));
	*ret_read = fd_take(&read_end);
	return NULL;
}

/* ---- compressing ---- */

static struct error *run_compressor(struct sandbox *s, struct pump pumps[2])
{
	struct sandbox *const helpers[] = { s };

	TRY(pump_run(pumps, 2, helpers, 1));
	return sandbox_finish(s, NULL, NULL, NULL);
}

static struct error *connect_compressor(struct sandbox *s, const char *mode, struct pump pumps[2],
					int *ret_out)
{
	int in_end autoclose = -1, out_end autoclose = -1;

	TRY(pump_pipe(&in_end, &pumps[0].out));
	TRY(pump_pipe(ret_out, &out_end));
	pumps[1].in = *ret_out;
	return sandbox_start_pack(s, mode, in_end, out_end, -1);
}

static struct error *check_input(const struct pack_input *in, struct digest *digest)
{
	char found[DIGEST_SIZE];

	digest_finish(digest, found);
	if (strcmp(found, in->digest) != 0)
		return error_new(ERROR_UNTRUSTED, "its bytes are damaged: they are %s", found);
	return NULL;
}

struct error *pack_compress(const struct pack_input *in, int out, char ret_digest[DIGEST_SIZE],
			    uint64_t *ret_bytes)
{
	struct sandbox s autosandbox = SANDBOX_NONE;
	struct digest *plain autodigest = NULL, *digest autodigest = NULL;
	int packed autoclose = -1;
	struct pump pumps[2] = {
		{ .in = in->fd, .is_file = true, .left = UINT64_MAX, .out = -1 },
		{ .left = UINT64_MAX, .out = -1, .copy = out },
	};
	struct error *err;

	TRY(digest_new(&plain));
	TRY(digest_new(&digest));
	for (size_t i = 0; i < 2; i++) {
		pumps[i].max = COMPRESS_MAX;
		pumps[i].name = "the blob";
	}
	pumps[0].digest = plain;
	pumps[1].digest = digest;
	err = connect_compressor(&s, in->mode, pumps, &packed);
	if (!err)
		err = run_compressor(&s, pumps);
	pump_done(&pumps[0]);
	pump_done(&pumps[1]);
	TRY(err);
	TRY(check_input(in, plain));
	digest_finish(digest, ret_digest);
	*ret_bytes = pumps[1].total;
	return NULL;
}

/* ---- what a container sees ---- */

struct parts {
	int *fds;
	size_t n;
};

static void parts_done(struct parts *p)
{
	while (p->n)
		fd_close(&p->fds[--p->n]);
	free(p->fds);
}
#define autoparts __attribute__((cleanup(parts_done)))

static struct error *add_part(struct parts *p, int dir)
{
	p->fds[p->n] = -1;
	TRY(sandbox_source(dir, &p->fds[p->n]));
	p->n++;
	return NULL;
}

/*
 * The upper directory becomes one more lower one: the container may have mounted it as an upper one
 * and go on writing. What we read meanwhile is old or new, as with any file system that is in use.
 */
struct error *pack_view(struct image_store *store, const int *layers, size_t n, int upper,
			int *ret_fd)
{
	struct parts parts autoparts = { .fds = alloc_zeroed(n + 1, sizeof(int)) };
	char *place autofree = NULL;
	struct overlay o = {
		.upper = -1,
		.attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			      MOUNT_ATTR_NOEXEC,
	};

	for (size_t i = 0; i < n; i++)
		TRY(error_wrap(add_part(&parts, layers[i]), "layer %zu", i));
	TRY(error_wrap(add_part(&parts, upper), "the container's files"));
	if (parts.n == 1) { /* one directory is no overlay */
		*ret_fd = fd_take(&parts.fds[0]);
		return NULL;
	}
	TRY(path_of_fd(store->tmp, &place));
	o.layers = parts.fds;
	o.n_layers = parts.n;
	o.place = place;
	return overlay_make(&o, ret_fd);
}
