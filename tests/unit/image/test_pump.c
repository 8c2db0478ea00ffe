#include "unit/test.h"

#include <signal.h>
#include <sys/mman.h>

#include "base/digest.h"
#include "base/fd.h"
#include "image/pump.h"

#define SIZE (5 << 20)

static int source;

/* A file of SIZE bytes, and what its digest is. */
static int make_source(void **state)
{
	char *bytes autofree = alloc_zeroed(SIZE, 1);

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 2654435761U >> 24);
	source = memfd_create("source", MFD_CLOEXEC);
	assert_ok(fd_write_all(source, bytes, SIZE));
	return 0;
}

static struct pump file_pump(uint64_t offset, uint64_t length)
{
	return (struct pump){
		.in = source,
		.offset = offset,
		.left = length,
		.is_file = true,
		.out = -1,
		.max = UINT64_MAX,
		.name = "the test",
	};
}

static void test_range(void **state)
{
	struct pump p autopump = file_pump(1000, 2000000);
	struct buf got autobuf = BUF_MAX(SIZE);
	char *wanted autofree = alloc_zeroed(SIZE, 1);
	char found[DIGEST_SIZE], right[DIGEST_SIZE];
	int out = memfd_create("out", MFD_CLOEXEC), copy = fcntl(out, F_DUPFD_CLOEXEC, 0);

	(void)state;
	assert_ok(digest_new(&p.digest));
	p.out = copy;
	assert_ok(pump_run(&p, 1, NULL, 0));
	digest_finish(p.digest, found);
	digest_free(p.digest);
	assert_int_equal(p.out, -1); /* closed: the end of file of who reads */
	assert_int_equal(p.left, 0);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	assert_ok(fd_read_all(out, &got));
	assert_int_equal(got.length, 2000000);
	assert_int_equal(pread(source, wanted, 2000000, 1000), 2000000);
	assert_memory_equal(got.data, wanted, 2000000);
	assert_ok(digest_of(wanted, 2000000, right));
	assert_string_equal(found, right);
	close(out);
}

static void test_two_in_a_row(void **state)
{
	struct pump pumps[2] = { file_pump(0, SIZE), { .out = -1 } };
	int read_end autoclose = -1;
	char found[DIGEST_SIZE], passed[DIGEST_SIZE];

	(void)state;
	assert_ok(pump_pipe(&read_end, &pumps[0].out));
	assert_ok(digest_new(&pumps[0].digest));
	pumps[1] = (struct pump){
		.in = read_end,
		.left = UINT64_MAX,
		.out = -1,
		.max = UINT64_MAX,
		.name = "the test",
	};
	assert_ok(digest_new(&pumps[1].digest));
	assert_ok(pump_run(pumps, 2, NULL, 0));
	assert_int_equal(pumps[1].total, SIZE);
	digest_finish(pumps[0].digest, found);
	digest_finish(pumps[1].digest, passed);
	assert_string_equal(found, passed);
	for (int i = 0; i < 2; i++) {
		digest_free(pumps[i].digest);
		pump_done(&pumps[i]);
	}
}

/* Who reads goes away: the digest is still that of all bytes, and no signal ends us. */
static void test_broken_pipe(void **state)
{
	struct pump p autopump = file_pump(0, SIZE), whole autopump = file_pump(0, SIZE);
	char found[DIGEST_SIZE], right[DIGEST_SIZE];
	int read_end;

	(void)state;
	assert_ok(pump_pipe(&read_end, &p.out));
	close(read_end);
	assert_ok(digest_new(&p.digest));
	assert_ok(digest_new(&whole.digest));
	assert_ok(pump_run(&p, 1, NULL, 0));
	assert_ok(pump_run(&whole, 1, NULL, 0));
	assert_true(p.broken);
	assert_int_equal(p.total, SIZE);
	digest_finish(p.digest, found);
	digest_finish(whole.digest, right);
	assert_string_equal(found, right);
	digest_free(p.digest);
	digest_free(whole.digest);
}

static void test_limit(void **state)
{
	struct pump p autopump = file_pump(0, SIZE);

	(void)state;
	p.max = SIZE - 1;
	assert_fails(pump_run(&p, 1, NULL, 0), ERROR_LIMIT, "the test: more than");
}

static void test_truncated_file(void **state)
{
	struct pump p autopump = file_pump(SIZE - 10, 100);

	(void)state;
	assert_ok(pump_run(&p, 1, NULL, 0));
	assert_int_equal(p.total, 10);
	assert_int_equal(p.left, 90); /* which tells the caller */
}

/* One byte in, a hole of more than a gigabyte out. */
static void test_bomb(void **state)
{
	struct pump pumps[2] = { file_pump(0, 1), { .out = -1 } };
	int hole autoclose = memfd_create("hole", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(hole, (off_t)PUMP_BOMB_FLOOR + (8 << 20)), 0);
	pumps[1] = (struct pump){
		.in = hole,
		.left = UINT64_MAX,
		.is_file = true,
		.out = -1,
		.max = UINT64_MAX,
		.name = "the test",
	};
	assert_fails(pump_run(pumps, 2, NULL, 0), ERROR_LIMIT, "1 bytes unpack to more than");
	pump_done(&pumps[0]);
	pump_done(&pumps[1]);
}

/* A pipe of the user's is read as it is: its flags belong to the shell too. */
static void test_shared_pipe(void **state)
{
	struct pump p autopump = { .left = UINT64_MAX, .out = -1, .max = 100, .name = "the test" };
	int ends[2];

	(void)state;
	assert_ok(fd_pipe(&ends[0], &ends[1]));
	assert_ok(fd_write_all(ends[1], "hello", 5));
	fd_close(&ends[1]);
	p.in = ends[0];
	p.is_shared = true;
	assert_ok(pump_run(&p, 1, NULL, 0));
	assert_int_equal(p.total, 5);
	assert_int_equal(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
	fd_close(&ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_range),	       cmocka_unit_test(test_two_in_a_row),
		cmocka_unit_test(test_broken_pipe),    cmocka_unit_test(test_limit),
		cmocka_unit_test(test_truncated_file), cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_shared_pipe),
	};

	return cmocka_run_group_tests(tests, make_source, NULL);
}
