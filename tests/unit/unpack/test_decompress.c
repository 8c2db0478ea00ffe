#include "unit/tar.h"

#include "base/buf.h"
#include "base/fd.h"
#include "helpers/unpack/decompress.h"

/* More than the buffers hold, so that every loop runs more than once. */
#define PLAIN_SIZE (3 * 1024 * 1024 + 17)

static char *plain;

static int make_plain(void **state)
{
	(void)state;
	plain = alloc_zeroed(PLAIN_SIZE + 1, 1);
	for (size_t i = 0; i < PLAIN_SIZE; i++) /* half noise, half runs */
		plain[i] = (char)(i & 4096 ? (i * 2654435761U) >> 24 : 'a' + i / 4096 % 26);
	return 0;
}

static int free_plain(void **state)
{
	(void)state;
	free(plain);
	return 0;
}

/* @length bytes of the plain text through @filter, as a raw stream. */
static int compress(const char *filter, size_t length)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = tar_entry("data", S_IFREG | 0644);
	int fd = memfd_create("compressed", MFD_CLOEXEC);

	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
	archive_entry_set_size(e, (la_int64_t)length);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	if (length)
		assert_int_equal(archive_write_data(a, plain, length), length);
	archive_entry_free(e);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct error *unpack(int in, struct buf *out)
{
	int fd = memfd_create("plain", MFD_CLOEXEC);
	uint64_t bytes = 0;
	struct error *err = decompress(in, fd, &bytes);

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(fd_read_all(fd, out));
	close(fd);
	close(in);
	if (!err)
		assert_int_equal(bytes, out->length);
	return err;
}

static void assert_plain(const struct buf *out, size_t length)
{
	assert_int_equal(out->length, length);
	assert_memory_equal(out->data, plain, length);
}

static const char *const filters[] = { "gzip", "zstd", "xz", "bzip2" };

static void test_formats(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buf out autobuf = BUF_MAX(2 * PLAIN_SIZE);

		assert_ok(unpack(compress(filters[i], PLAIN_SIZE), &out));
		assert_plain(&out, PLAIN_SIZE);
	}
}

static void test_plain_passes(void **state)
{
	struct buf out autobuf = BUF_MAX(2 * PLAIN_SIZE);
	int fd = memfd_create("plain", MFD_CLOEXEC);

	(void)state;
	assert_ok(fd_write_all(fd, plain, PLAIN_SIZE));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(unpack(fd, &out));
	assert_plain(&out, PLAIN_SIZE);
}

static void test_short_inputs(void **state)
{
	static const char *const inputs[] = { "", "a", "BZ", "\x1f", "\x28\xb5\x2f" };

	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
		struct buf out autobuf = BUF_MAX(100);
		int fd = memfd_create("short", MFD_CLOEXEC);

		assert_ok(fd_write_all(fd, inputs[i], strlen(inputs[i])));
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_ok(unpack(fd, &out));
		assert_string_equal(buf_text(&out), inputs[i]);
	}
}

static void append(int to, int from)
{
	struct buf b autobuf = BUF_MAX(2 * PLAIN_SIZE);

	assert_ok(fd_read_all(from, &b));
	assert_true(lseek(to, 0, SEEK_END) >= 0);
	assert_ok(fd_write_all(to, b.data, b.length));
	assert_int_equal(lseek(to, 0, SEEK_SET), 0);
	close(from);
}

/* pigz and eStargz write several members, zstd:chunked several frames. */
static void test_several_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct buf out autobuf = BUF_MAX(2 * PLAIN_SIZE);
		int fd = compress(filters[i], 1000);

		append(fd, compress(filters[i], 0));
		append(fd, compress(filters[i], 2000));
		assert_ok(unpack(fd, &out));
		assert_int_equal(out.length, 3000);
		assert_memory_equal(out.data, plain, 1000);
		assert_memory_equal(out.data + 1000, plain, 2000);
	}
}

static void test_zstd_skippable_frame(void **state)
{
	struct buf out autobuf = BUF_MAX(2 * PLAIN_SIZE);
	int fd = memfd_create("skippable", MFD_CLOEXEC);

	(void)state;
	assert_ok(fd_write_all(fd, "\x5a\x2a\x4d\x18\x03\0\0\0abc", 11));
	append(fd, compress("zstd", 500));
	assert_ok(unpack(fd, &out));
	assert_plain(&out, 500);
}

static void test_gzip_padding(void **state)
{
	struct buf out autobuf = BUF_MAX(2 * PLAIN_SIZE);
	int fd = compress("gzip", 500);

	(void)state;
	assert_true(lseek(fd, 0, SEEK_END) > 0);
	assert_ok(fd_write_all(fd, "\0\0\0\0\0\0\0\0", 8));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(unpack(fd, &out));
	assert_plain(&out, 500);
}

static void test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buf out autobuf = BUF_MAX(2 * PLAIN_SIZE);
		int fd = compress(filters[i], PLAIN_SIZE);

		assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 5), 0);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_fails(unpack(fd, &out), ERROR_BAD_INPUT, "data");
	}
}

static void test_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buf out autobuf = BUF_MAX(8 * PLAIN_SIZE);
		int fd = compress(filters[i], PLAIN_SIZE);
		off_t middle = lseek(fd, 0, SEEK_END) / 2;

		for (off_t at = middle; at < middle + 64; at++)
			assert_int_equal(pwrite(fd, "\xa5", 1, at), 1);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_fails(unpack(fd, &out), ERROR_BAD_INPUT, "data");
	}
}

static void test_gzip_checksum(void **state)
{
	struct buf out autobuf = BUF_MAX(2 * PLAIN_SIZE);
	int fd = compress("gzip", 100);
	off_t end = lseek(fd, 0, SEEK_END);

	(void)state;
	assert_int_equal(pwrite(fd, "\1\2\3\4", 4, end - 8), 4);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_fails(unpack(fd, &out), ERROR_BAD_INPUT, "checksum");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),	      cmocka_unit_test(test_plain_passes),
		cmocka_unit_test(test_short_inputs),  cmocka_unit_test(test_several_members),
		cmocka_unit_test(test_gzip_padding),  cmocka_unit_test(test_zstd_skippable_frame),
		cmocka_unit_test(test_truncated),     cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_gzip_checksum),
	};

	return cmocka_run_group_tests(tests, make_plain, free_plain);
}
