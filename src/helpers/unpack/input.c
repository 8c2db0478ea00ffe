#include "helpers/unpack/input.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

#define BLOCK_SIZE (512 * 1024)

struct input {
	int fd;
	bool at_end;
	struct archive *archive;
	char *block;
};

static la_ssize_t give_block(struct archive *a, void *data, const void **ret)
{
	struct input *in = data;
	ssize_t n;

	do
		n = read(in->fd, in->block, BLOCK_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "read the archive");
	in->at_end = n == 0;
	*ret = in->block;
	return n;
}

static la_int64_t skip_bytes(struct archive *a, void *data, la_int64_t wanted)
{
	struct input *in = data;

	(void)a;
	if (lseek(in->fd, 0, SEEK_CUR) < 0) /* a pipe: libarchive reads on instead */
		return 0;
	return lseek(in->fd, wanted, SEEK_CUR) < 0 ? 0 : wanted;
}

static struct error *archive_problem(struct input *in)
{
	const char *text = archive_error_string(in->archive);
	struct error *err =
		error_new(ERROR_BAD_INPUT, "%s", text ? text : "the archive is damaged");

	return error_wrap(err, "tar");
}

struct error *input_open(int fd, struct input **ret)
{
	struct input *in autoinput = alloc_zeroed(1, sizeof(*in));

	in->fd = fd;
	in->block = alloc_zeroed(BLOCK_SIZE, 1);
	in->archive = archive_read_new();
	if (!in->archive)
		return error_new(ERROR_SYSTEM, "libarchive: no memory");
	archive_read_support_format_tar(in->archive);
	archive_read_support_format_empty(in->archive);
	if (archive_read_open2(in->archive, in, NULL, give_block, skip_bytes, NULL) != ARCHIVE_OK)
		return archive_problem(in);
	*ret = take(in);
	return NULL;
}

void input_free(struct input *in)
{
	archive_read_free(in->archive);
	free(in->block);
	free(in);
}

struct error *input_next(struct input *in, struct archive_entry **ret)
{
	int code = archive_read_next_header(in->archive, ret);

	if (code == ARCHIVE_EOF) {
		*ret = NULL;
		return NULL;
	}
	/* A warning is about the character set of a name, which we take as bytes. */
	return code == ARCHIVE_OK || code == ARCHIVE_WARN ? NULL : archive_problem(in);
}

struct error *input_data(struct input *in, const void **ret, size_t *ret_length,
			 int64_t *ret_offset)
{
	int code = archive_read_data_block(in->archive, ret, ret_length, ret_offset);

	if (code == ARCHIVE_EOF) {
		*ret = NULL;
		return NULL;
	}
	return code == ARCHIVE_OK || code == ARCHIVE_WARN ? NULL : archive_problem(in);
}

uint64_t input_position(struct input *in)
{
	return (uint64_t)archive_filter_bytes(in->archive, 0);
}

struct error *input_drain(struct input *in)
{
	while (!in->at_end) {
		ssize_t n = read(in->fd, in->block, BLOCK_SIZE);

		if (n < 0 && errno != EINTR)
			return error_sys("read the archive");
		in->at_end = n == 0;
	}
	return NULL;
}
