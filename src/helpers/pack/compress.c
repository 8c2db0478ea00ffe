#include "helpers/pack/compress.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/banned.h"

#define IN_SIZE (256 << 10)

/* ISA-L's second level is near gzip -1 in size at several times its speed. */
#define GZIP_LEVEL 2
#define GZIP_LEVEL_SIZE ISAL_DEF_LVL2_DEFAULT
#define ZSTD_LEVEL 3

/* Fills @input; *@ret_length is less than its size only at the end. */
static struct error *fill(int in, uint8_t *input, size_t *ret_length)
{
	size_t length = 0;

	while (length < IN_SIZE) {
		ssize_t n = read(in, input + length, IN_SIZE - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("read");
		if (n == 0)
			break;
		length += (size_t)n;
	}
	*ret_length = length;
	return NULL;
}

/* ---- gzip ---- */

/* All of the present input, and at the end of the stream what the compressor still holds. */
static struct error *deflate_block(struct isal_zstream *stream, struct output *out)
{
	size_t size;
	char *room;

	do {
		TRY(output_room(out, &room, &size));
		stream->next_out = (uint8_t *)room;
		stream->avail_out = (uint32_t)size;
		if (isal_deflate(stream) != COMP_OK)
			return error_new(ERROR_SYSTEM, "gzip: the data cannot be compressed");
		output_take(out, size - stream->avail_out);
	} while (stream->avail_in || !stream->avail_out ||
		 (stream->end_of_stream && stream->internal_state.state != ZSTATE_END));
	return NULL;
}

struct error *compress_gzip(int in, struct output *out)
{
	struct isal_zstream *stream autofree = alloc_zeroed(1, sizeof(*stream));
	uint8_t *level autofree = alloc_zeroed(GZIP_LEVEL_SIZE, 1);
	uint8_t *input autofree = alloc_zeroed(IN_SIZE, 1);
	size_t length;

	isal_deflate_init(stream);
	stream->level = GZIP_LEVEL;
	stream->level_buf = level;
	stream->level_buf_size = GZIP_LEVEL_SIZE;
	stream->gzip_flag = IGZIP_GZIP;
	do {
		TRY(fill(in, input, &length));
		stream->next_in = input;
		stream->avail_in = (uint32_t)length;
		stream->end_of_stream = length < IN_SIZE;
		TRY(deflate_block(stream, out));
	} while (length == IN_SIZE);
	return output_flush(out);
}

/* ---- zstd ---- */

static void free_zstd(ZSTD_CCtx **context)
{
	ZSTD_freeCCtx(*context);
}

static struct error *zstd_block(ZSTD_CCtx *context, ZSTD_inBuffer *in, bool last,
				struct output *out)
{
	size_t size, rest;
	char *room;

	do {
		ZSTD_outBuffer piece = { 0 };

		TRY(output_room(out, &room, &size));
		piece.dst = room;
		piece.size = size;
		rest = ZSTD_compressStream2(context, &piece, in,
					    last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(rest))
			return error_new(ERROR_SYSTEM, "zstd: %s", ZSTD_getErrorName(rest));
		output_take(out, piece.pos);
	} while (in->pos < in->size || (last && rest));
	return NULL;
}

struct error *compress_zstd(int in, struct output *out)
{
	ZSTD_CCtx *context __attribute__((cleanup(free_zstd))) = ZSTD_createCCtx();
	uint8_t *input autofree = alloc_zeroed(IN_SIZE, 1);
	size_t length;

	if (!context)
		return error_new(ERROR_SYSTEM, "zstd: no memory");
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	do {
		ZSTD_inBuffer piece = { .src = input };

		TRY(fill(in, input, &length));
		piece.size = length;
		TRY(zstd_block(context, &piece, length < IN_SIZE, out));
	} while (length == IN_SIZE);
	return output_flush(out);
}
