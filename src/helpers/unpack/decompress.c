#include "helpers/unpack/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/fd.h"

#include "base/banned.h"

/* Both fit the second-level cache together; larger ones are slower. */
#define IN_SIZE (256 * 1024)
#define OUT_SIZE (256 * 1024)

/*
 * zstd --long=27 is the most that image tools write; a frame that wants a larger window is
 * refused.
 */
#define ZSTD_WINDOW_LOG_MAX 27

struct stream {
	int in, out;
	uint8_t *input;
	size_t filled; /* bytes in .input that nobody has taken yet, from its start */
	bool at_end;
	uint8_t *output;
	uint64_t written;
};

/* Reads once more into the empty input buffer. */
static struct error *refill(struct stream *s)
{
	ssize_t n;

	do
		n = read(s->in, s->input, IN_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys("read the archive");
	s->filled = (size_t)n;
	s->at_end = n == 0;
	return NULL;
}

static struct error *emit(struct stream *s, const void *data, size_t length)
{
	s->written += length;
	return fd_write_all(s->out, data, length);
}

/* ---- gzip ---- */

static const char *inflate_problem(int code)
{
	switch (code) {
	case ISAL_INCORRECT_CHECKSUM:
		return "its checksum does not match";
	case ISAL_UNSUPPORTED_METHOD:
		return "it has an unknown method";
	default:
		return "it is damaged";
	}
}

/* One gzip member, header to checksum; what follows it stays at state->next_in. */
static struct error *inflate_member(struct stream *s, struct inflate_state *state)
{
	while (state->block_state != ISAL_BLOCK_FINISH) {
		int code;

		if (!state->avail_in && !s->at_end) {
			TRY(refill(s));
			state->next_in = s->input;
			state->avail_in = (uint32_t)s->filled;
		}
		state->next_out = s->output;
		state->avail_out = OUT_SIZE;
		code = isal_inflate(state);
		if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT && code != ISAL_OUT_OVERFLOW)
			return error_new(ERROR_BAD_INPUT, "gzip data: %s", inflate_problem(code));
		TRY(emit(s, s->output, OUT_SIZE - state->avail_out));
		if (s->at_end && state->avail_out && state->block_state != ISAL_BLOCK_FINISH)
			return error_new(ERROR_BAD_INPUT, "gzip data: it ends early");
	}
	return NULL;
}

static struct error *gunzip(struct stream *s)
{
	struct inflate_state *state autofree = alloc_zeroed(1, sizeof(*state));

	isal_inflate_init(state);
	state->crc_flag = ISAL_GZIP;
	state->next_in = s->input;
	state->avail_in = (uint32_t)s->filled;
	for (;;) {
		TRY(inflate_member(s, state));
		if (!state->avail_in) {
			TRY(refill(s));
			state->next_in = s->input;
			state->avail_in = (uint32_t)s->filled;
		}
		/* Like gzip(1), what follows and is no member is no concern of ours. */
		if (!state->avail_in || state->next_in[0] != 0x1f)
			break;
		isal_inflate_reset(state);
		state->crc_flag = ISAL_GZIP;
	}
	while (!s->at_end) /* the writer of the pipe must not see it break */
		TRY(refill(s));
	return NULL;
}

/* ---- zstd ---- */

static void free_zstd(ZSTD_DCtx **context)
{
	ZSTD_freeDCtx(*context);
}

static struct error *unzstd(struct stream *s)
{
	ZSTD_DCtx *context __attribute__((cleanup(free_zstd))) = ZSTD_createDCtx();
	size_t rest = 0;

	if (!context)
		return error_new(ERROR_SYSTEM, "zstd: no memory");
	ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	for (; s->filled;) {
		ZSTD_inBuffer in = { .src = s->input, .size = s->filled };
		ZSTD_outBuffer out;

		do {
			out = (ZSTD_outBuffer){ .dst = s->output, .size = OUT_SIZE };
			rest = ZSTD_decompressStream(context, &out, &in);
			if (ZSTD_isError(rest))
				return error_new(ERROR_BAD_INPUT, "zstd data: %s",
						 ZSTD_getErrorName(rest));
			TRY(emit(s, s->output, out.pos));
		} while (in.pos < in.size || (rest && out.pos == out.size));
		TRY(refill(s));
	}
	return rest ? error_new(ERROR_BAD_INPUT, "zstd data: it ends early") : NULL;
}

/* ---- xz and bzip2, seldom enough for libarchive's slower way ---- */

static la_ssize_t give_input(struct archive *a, void *data, const void **ret)
{
	struct stream *s = data;
	struct error *err = NULL;
	la_ssize_t n;

	if (!s->filled && !s->at_end)
		err = refill(s);
	if (err) {
		archive_set_error(a, error_errno(err), "%s", error_message(err));
		error_free(err);
		return -1;
	}
	*ret = s->input;
	n = (la_ssize_t)s->filled;
	s->filled = 0;
	return n;
}

static void free_archive(struct archive **a)
{
	archive_read_free(*a);
}

static struct error *by_libarchive(struct stream *s)
{
	struct archive *a __attribute__((cleanup(free_archive))) = archive_read_new();
	struct archive_entry *entry;
	la_ssize_t n;

	if (!a)
		return error_new(ERROR_SYSTEM, "libarchive: no memory");
	archive_read_support_filter_xz(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_format_raw(a);
	if (archive_read_open(a, s, NULL, give_input, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return error_new(ERROR_BAD_INPUT, "compressed data: %s", archive_error_string(a));
	while ((n = archive_read_data(a, s->output, OUT_SIZE)) > 0)
		TRY(emit(s, s->output, (size_t)n));
	if (n < 0)
		return error_new(ERROR_BAD_INPUT, "compressed data: %s", archive_error_string(a));
	while (!s->at_end)
		TRY(refill(s));
	return NULL;
}

/* ---- choosing ---- */

static struct error *pass(struct stream *s)
{
	while (s->filled) {
		TRY(emit(s, s->input, s->filled));
		TRY(refill(s));
	}
	return NULL;
}

static const struct {
	const char *magic;
	size_t length;
	struct error *(*run)(struct stream *s);
} formats[] = {
	{ "\x1f\x8b", 2, gunzip },
	{ "\x28\xb5\x2f\xfd", 4, unzstd },
	{ "\xfd"
	  "7zXZ\0",
	  6, by_libarchive },
	{ "BZh", 3, by_libarchive },
};

/* A zstd archive may begin with a skippable frame: any of sixteen magics (RFC 8878, 3.1.2). */
static bool is_skippable_frame(const struct stream *s)
{
	return s->filled >= 4 && (s->input[0] & 0xf0) == 0x50 &&
	       memcmp(s->input + 1, "\x2a\x4d\x18", 3) == 0;
}

static struct error *choose(struct stream *s)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (s->filled >= formats[i].length &&
		    memcmp(s->input, formats[i].magic, formats[i].length) == 0)
			return formats[i].run(s);
	return is_skippable_frame(s) ? unzstd(s) : pass(s);
}

/* At least the longest magic, though a pipe gives its bytes in any pieces. */
static struct error *read_head(struct stream *s)
{
	while (s->filled < 8) {
		ssize_t n = read(s->in, s->input + s->filled, IN_SIZE - s->filled);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("read the archive");
		if (n == 0)
			break;
		s->filled += (size_t)n;
	}
	return NULL;
}

struct error *decompress(int in, int out, uint64_t *ret_bytes)
{
	uint8_t *input autofree = alloc_zeroed(IN_SIZE, 1);
	uint8_t *output autofree = alloc_zeroed(OUT_SIZE, 1);
	struct stream s = { .in = in, .out = out, .input = input, .output = output };

	TRY(read_head(&s));
	TRY(choose(&s));
	*ret_bytes = s.written;
	return NULL;
}
