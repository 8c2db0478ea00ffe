/* base/buf.c: nothing over the maximum, always terminated, unchanged by a refused addition. */
#include <errno.h>

#include "base/buf.h"
#include "unit/test.h"

static void adds_up_to_its_maximum(void **state)
{
	struct buf b autobuf = BUF_MAX(10);

	(void)state;
	assert_ok(buf_add(&b, "0123456", 7));
	assert_ok(buf_add_text(&b, "789"));
	assert_string_equal(buf_text(&b), "0123456789");
	assert_int_equal(b.length, 10);
	assert_fails(buf_add(&b, "x", 1), ERROR_LIMIT, "more than 10 bytes");
	assert_string_equal(buf_text(&b), "0123456789");
	assert_ok(buf_add(&b, "", 0));
}

static void growth_keeps_every_byte(void **state)
{
	struct buf b autobuf = BUF_MAX(100000);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char c = (char)('a' + i % 26);

		assert_ok(buf_add(&b, &c, 1));
	}
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	assert_int_equal(b.data[100000], 0);
	assert_fails(buf_add(&b, "x", 1), ERROR_LIMIT, "100000");
}

static void hostile_lengths_are_refused(void **state)
{
	struct buf b autobuf = BUF_MAX(64), unbounded autobuf = BUF_MAX(SIZE_MAX);

	(void)state;
	assert_ok(buf_add_text(&b, "abc"));
	assert_fails(buf_reserve(&b, SIZE_MAX), ERROR_LIMIT, "64");
	assert_fails(buf_reserve(&b, SIZE_MAX - 2), ERROR_LIMIT, "64");
	assert_string_equal(buf_text(&b), "abc");
	assert_ok(buf_add_text(&unbounded, "abc"));
	assert_fails(buf_reserve(&unbounded, SIZE_MAX), ERROR_LIMIT, "bytes");
	assert_fails(buf_reserve(&unbounded, SIZE_MAX - 3), ERROR_LIMIT, "bytes");
}

static void zero_maximum_holds_nothing(void **state)
{
	struct buf b autobuf = BUF_MAX(0);

	(void)state;
	assert_ok(buf_add_text(&b, ""));
	assert_string_equal(buf_text(&b), "");
	assert_fails(buf_add_text(&b, "a"), ERROR_LIMIT, "0 bytes");
}

static void printf_is_bounded_and_appends(void **state)
{
	struct buf b autobuf = BUF_MAX(8);

	(void)state;
	assert_ok(buf_printf(&b, "%d,", 12));
	assert_ok(buf_printf(&b, "%s", ""));
	assert_ok(buf_printf(&b, "%05d", 7));
	assert_string_equal(buf_text(&b), "12,00007");
	assert_fails(buf_printf(&b, "%d", 1), ERROR_LIMIT, "8 bytes");
}

static void consume_forgets_the_start(void **state)
{
	struct buf b autobuf = BUF_MAX(16);

	(void)state;
	buf_consume(&b, 0);
	assert_ok(buf_add_text(&b, "abcdef"));
	buf_consume(&b, 2);
	assert_string_equal(buf_text(&b), "cdef");
	buf_consume(&b, 4);
	assert_int_equal(b.length, 0);
	assert_string_equal(buf_text(&b), "");
	assert_ok(buf_add_text(&b, "0123456789abcdef"));
}

static void take_hands_the_text_over(void **state)
{
	struct buf b autobuf = BUF_MAX(16);
	char *empty autofree = buf_take(&b);
	char *text autofree = NULL;

	(void)state;
	assert_string_equal(empty, "");
	assert_ok(buf_add_text(&b, "abc"));
	text = buf_take(&b);
	assert_string_equal(text, "abc");
	assert_null(b.data);
	assert_int_equal(b.length, 0);
	assert_ok(buf_add_text(&b, "0123456789abcdef"));
}

/* A reservation that fails later leaves bytes behind the content: they are not text. */
static void reserved_but_empty_is_empty_text(void **state)
{
	struct buf b autobuf = BUF_MAX(16);
	char *text autofree = NULL;

	(void)state;
	assert_ok(buf_reserve(&b, 8));
	memset(b.data, 'x', 8);
	assert_string_equal(buf_text(&b), "");
	text = buf_take(&b);
	assert_string_equal(text, "");
}

static void done_keeps_errno_and_empties(void **state)
{
	struct buf b = BUF_MAX(4);

	(void)state;
	assert_ok(buf_add_text(&b, "abcd"));
	errno = EXDEV;
	buf_done(&b);
	buf_done(&b);
	assert_int_equal(errno, EXDEV);
	assert_ok(buf_add_text(&b, "abcd")); /* the maximum stays */
	assert_fails(buf_add_text(&b, "e"), ERROR_LIMIT, "4");
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_to_its_maximum),
		cmocka_unit_test(growth_keeps_every_byte),
		cmocka_unit_test(hostile_lengths_are_refused),
		cmocka_unit_test(zero_maximum_holds_nothing),
		cmocka_unit_test(printf_is_bounded_and_appends),
		cmocka_unit_test(consume_forgets_the_start),
		cmocka_unit_test(take_hands_the_text_over),
		cmocka_unit_test(reserved_but_empty_is_empty_text),
		cmocka_unit_test(done_keeps_errno_and_empties),
	};

	return TEST_MAIN(tests);
}
