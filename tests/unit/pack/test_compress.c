#include "unit/test.h"

#include <pthread.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "helpers/pack/compress.h"
#include "helpers/unpack/decompress.h"

typedef struct error *compress_function(int in, struct output *out);

static const struct {
	compress_function *compress;
	const char *magic;
} formats[] = { { compress_gzip, "\x1f\x8b" }, { compress_zstd, "\x28\xb5" } };

/* Half noise, half runs. */
static char *make_plain(size_t length)
{
	char *plain = alloc_zeroed(length + 1, 1);

	for (size_t i = 0; i < length; i++)
		plain[i] = (char)(i & 4096 ? (i * 2654435761U) >> 24 : 'a' + i / 4096 % 26);
	return plain;
}

static int file_of(const char *data, size_t length)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_ok(fd_write_all(fd, data, length));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Compresses @in, which it closes. */
static void run(compress_function *compress, int in, struct buf *ret)
{
	struct output out autooutput;
	int fd = memfd_create("compressed", MFD_CLOEXEC);

	output_begin(&out, fd);
	assert_ok(compress(in, &out));
	assert_int_equal(lseek(fd, 0, SEEK_END), out.bytes);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(fd_read_all(fd, ret));
	close(fd);
	close(in);
}

static void assert_unpacks_to(const struct buf *compressed, const char *plain, size_t length)
{
	int in = file_of(compressed->data, compressed->length);
	int fd = memfd_create("plain", MFD_CLOEXEC);
	struct buf found autobuf = BUF_MAX(length + 1);
	uint64_t bytes;

	assert_ok(decompress(in, fd, &bytes));
	assert_int_equal(bytes, length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(fd_read_all(fd, &found));
	assert_int_equal(found.length, length);
	if (length)
		assert_memory_equal(found.data, plain, length);
	close(fd);
	close(in);
}

static void test_round_trips(void **state)
{
	static const size_t lengths[] = {
		0, 1, 4096, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3 << 20
	};

	(void)state;
	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
			char *plain autofree = make_plain(lengths[i]);
			struct buf compressed autobuf = BUF_MAX(8 << 20);

			run(formats[f].compress, file_of(plain, lengths[i]), &compressed);
			assert_memory_equal(compressed.data, formats[f].magic, 2);
			assert_unpacks_to(&compressed, plain, lengths[i]);
		}
}

struct feed {
	const char *data;
	size_t length, piece;
	int fd;
};

static void *feed(void *data)
{
	struct feed *f = data;

	for (size_t at = 0; at < f->length; at += f->piece) {
		size_t left = f->length - at;

		error_free(fd_write_all(f->fd, f->data + at, left < f->piece ? left : f->piece));
	}
	close(f->fd);
	return NULL;
}

/* The same bytes, whatever pieces they come in. */
static void test_the_same(void **state)
{
	static const size_t pieces[] = { 1000, 4096, 65536 };
	size_t length = 1 << 20;
	char *plain autofree = make_plain(length);

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		struct buf whole autobuf = BUF_MAX(8 << 20);

		run(formats[f].compress, file_of(plain, length), &whole);
		for (size_t i = 0; i < 3; i++) {
			struct buf compressed autobuf = BUF_MAX(8 << 20);
			struct feed work = { plain, length, pieces[i], -1 };
			pthread_t thread;
			int in;

			assert_ok(fd_pipe(&in, &work.fd));
			assert_int_equal(pthread_create(&thread, NULL, feed, &work), 0);
			run(formats[f].compress, in, &compressed);
			pthread_join(thread, NULL);
			assert_int_equal(compressed.length, whole.length);
			assert_memory_equal(compressed.data, whole.data, whole.length);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_the_same),
	};

	return TEST_MAIN(tests);
}
