/* base/str.c: whole strings or an error, at and over every limit. */
#include <inttypes.h>

#include "base/str.h"
#include "unit/test.h"

static void comparing_knows_nothing(void **state)
{
	(void)state;
	assert_true(str_equal(NULL, NULL));
	assert_false(str_equal(NULL, ""));
	assert_false(str_equal("", NULL));
	assert_true(str_equal("a", "a"));
	assert_true(str_has_prefix("abc", "ab"));
	assert_true(str_has_prefix("abc", ""));
	assert_false(str_has_prefix("ab", "abc"));
	assert_true(str_has_suffix("abc", "bc"));
	assert_true(str_has_suffix("abc", ""));
	assert_false(str_has_suffix("bc", "abc"));
	assert_true(str_is_empty(NULL) && str_is_empty(""));
	assert_false(str_is_empty(" "));
}

static void unsigned_numbers(void **state)
{
	static const char *const bad[] = { "",
					   " ",
					   "-1",
					   "+1",
					   " 1",
					   "1 ",
					   "1\n",
					   "0x1",
					   "1e3",
					   "1.0",
					   "18446744073709551616",
					   "99999999999999999999999999" };
	uint64_t n = 7;

	(void)state;
	assert_ok(str_parse_u64("0", 0, UINT64_MAX, &n));
	assert_int_equal(n, 0);
	assert_ok(str_parse_u64("18446744073709551615", 0, UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_ok(str_parse_u64("0007", 7, 7, &n));
	assert_int_equal(n, 7);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(str_parse_u64(bad[i], 0, UINT64_MAX, &n), ERROR_BAD_INPUT,
			     "is not a number");
	assert_fails(str_parse_u64("6", 7, 9, &n), ERROR_BAD_INPUT, "6 is not between 7 and 9");
	assert_fails(str_parse_u64("10", 7, 9, &n), ERROR_BAD_INPUT, "10 is not between 7 and 9");
	assert_int_equal(n, 7);
}

static void signed_numbers(void **state)
{
	static const char *const bad[] = { "",
					   "-",
					   "--1",
					   "+1",
					   "- 1",
					   "9223372036854775808",
					   "-9223372036854775809",
					   "-18446744073709551616" };
	int64_t n = 7;

	(void)state;
	assert_ok(str_parse_i64("-0", INT64_MIN, INT64_MAX, &n));
	assert_int_equal(n, 0);
	assert_ok(str_parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &n));
	assert_true(n == INT64_MAX);
	assert_ok(str_parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &n));
	assert_true(n == INT64_MIN);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(str_parse_i64(bad[i], INT64_MIN, INT64_MAX, &n), ERROR_BAD_INPUT,
			     "is not a number");
	assert_fails(str_parse_i64("-1001", -1000, 1000, &n), ERROR_BAD_INPUT,
		     "-1001 is not between -1000 and 1000");
}

static void octal_modes(void **state)
{
	static const char *const bad[] = {
		"", "8", "0o7", "-1", "7778", "10000", "1777777777777777777777777"
	};
	uint32_t n;

	(void)state;
	assert_ok(str_parse_octal("0", 07777, &n));
	assert_int_equal(n, 0);
	assert_ok(str_parse_octal("01777", 07777, &n));
	assert_int_equal(n, 01777);
	assert_ok(str_parse_octal("7777", 07777, &n));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(str_parse_octal(bad[i], 07777, &n), ERROR_BAD_INPUT, "octal mode");
}

static void sizes_as_docker_writes_them(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "512b", 512 },
		{ "5k", 5 * 1024 },
		{ "5K", 5 * 1024 },
		{ "5kb", 5 * 1024 },
		{ "5KiB", 5 * 1024 },
		{ "64m", 64 << 20 },
		{ "10MB", 10 << 20 },
		{ "10 MB", 10 << 20 },
		{ "2GiB", INT64_C(2) << 30 },
		{ "1.5g", INT64_C(3) << 29 },
		{ ".5k", 512 },
		{ "0.5k", 512 },
		{ "0.1k", 102 }, /* whole bytes, downwards */
		{ "0.0000000001k", 0 },
		{ "1t", INT64_C(1) << 40 },
		{ "1p", INT64_C(1) << 50 },
		{ "8191p", INT64_C(8191) << 50 },
		{ "9223372036854775807", INT64_MAX },
	};
	int64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_ok(str_parse_size(good[i].text, &n));
		if (n != good[i].bytes)
			fail_msg("%s is %" PRId64, good[i].text, n);
	}
}

static void other_sizes_are_refused(void **state)
{
	static const char *const bad[] = { "",	     "m",
					   "5x",     "-5m",
					   "+5m",    " 5m",
					   "5m ",    "5  m",
					   "5mm",    "5mbb",
					   "5mi",    "5e3",
					   "5.m",    ".",
					   ".m",     "1..5",
					   "1.5.5m", "0x10",
					   "1,5m",   "inf",
					   "nan",    "18446744073709551616" };
	static const char *const huge[] = { "9223372036854775808", "18446744073709551615", "8192p",
					    "9007199254740992k",
					    /* times 2^50 these come out small in 128 bits */
					    "4191648048058823006p", "18446744073709551615p" };
	int64_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(str_parse_size(bad[i], &n), ERROR_BAD_INPUT, "is not a size");
	for (size_t i = 0; i < sizeof(huge) / sizeof(*huge); i++)
		assert_fails(str_parse_size(huge[i], &n), ERROR_BAD_INPUT, "larger than any size");
	assert_int_equal(n, 7);
}

static void booleans_as_go_reads_them(void **state)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
	static const char *const bad[] = { "", "yes", "tRue", "2", " 1", "true " };
	bool value;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		value = false;
		assert_ok(str_parse_bool(yes[i], &value));
		assert_true(value);
		assert_ok(str_parse_bool(no[i], &value));
		assert_false(value);
		assert_fails(str_parse_bool(bad[i], &value), ERROR_BAD_INPUT, "true or false");
	}
}

static void decimal_fractions(void **state)
{
	static const char *const bad[] = { "",
					   ".",
					   "1.",
					   "-1",
					   "1e3",
					   "1.5x",
					   "1,5",
					   " 1",
					   "9223372036.854775808",
					   "99999999999999999999" };
	int64_t n;

	(void)state;
	assert_ok(str_parse_nano("1.5", &n));
	assert_int_equal(n, 1500000000);
	assert_ok(str_parse_nano(".000000001", &n));
	assert_int_equal(n, 1);
	assert_ok(str_parse_nano("0.0000000019", &n)); /* beyond the ninth digit nothing counts */
	assert_int_equal(n, 1);
	assert_ok(str_parse_nano("9223372036.854775807", &n));
	assert_true(n == INT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(str_parse_nano(bad[i], &n), ERROR_BAD_INPUT, "decimal number");
}

static void assert_quoted(const char *text, const char *expected)
{
	char *quoted autofree = str_quote(text);

	assert_string_equal(quoted, expected);
}

static void quotes_hide_control_characters(void **state)
{
	char longer[66];

	(void)state;
	assert_quoted("plain", "\"plain\"");
	assert_quoted("", "\"\"");
	assert_quoted(NULL, "\"\"");
	assert_quoted("a\"b\\", "\"a\\x22b\\x5c\"");
	assert_quoted("\x1b[31m\n\x7f", "\"\\x1b[31m\\x0a\\x7f\"");
	assert_quoted("\xc3\xa9", "\"\xc3\xa9\"");
	assert_quoted("\xc2\x9b"
		      "31m",
		      "\"\\xc2\\x9b31m\""); /* CSI in one letter, U+009B */
	assert_quoted("\xc2", "\"\xc2\"");
	memset(longer, 'x', 65);
	longer[65] = '\0';
	{
		char *quoted autofree = str_quote(longer);

		assert_int_equal(strlen(quoted), 64 + 5);
		assert_string_equal(quoted + 60, "xxxxx...\"");
	}
	memset(longer, '\x01', 65); /* the longest that can come out */
	{
		char *quoted autofree = str_quote(longer);

		assert_int_equal(strlen(quoted), 4 * 64 + 5);
	}
}

static void control_characters_are_blanked_in_place(void **state)
{
	char text[] = "a\tb\n\x1b\x7f \xc2\x80 \xc2\x9f \xc2\xa0 \xc3\xa9 \xc2";
	char half[] = "\xc2\x9b";

	(void)state;
	str_blank_controls(text, strlen(text));
	assert_string_equal(text, "a?b??? ?? ?? \xc2\xa0 \xc3\xa9 \xc2");
	str_blank_controls(half, 1); /* never looks past its length */
	assert_string_equal(half, "\xc2\x9b");
	str_blank_controls(half, 0);
}

static void human_sizes_have_four_digits(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0B" },
		{ 999, "999B" },
		{ 1000, "1kB" },
		{ 1234, "1.234kB" },
		{ 12345678, "12.35MB" },
		{ 124000000, "124MB" },
		{ 7800000000, "7.8GB" },
		{ UINT64_MAX, "18.45EB" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *text autofree = str_human_size(sizes[i].bytes);

		assert_string_equal(text, sizes[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing_knows_nothing),
		cmocka_unit_test(unsigned_numbers),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(octal_modes),
		cmocka_unit_test(sizes_as_docker_writes_them),
		cmocka_unit_test(other_sizes_are_refused),
		cmocka_unit_test(booleans_as_go_reads_them),
		cmocka_unit_test(decimal_fractions),
		cmocka_unit_test(quotes_hide_control_characters),
		cmocka_unit_test(control_characters_are_blanked_in_place),
		cmocka_unit_test(human_sizes_have_four_digits),
	};

	return TEST_MAIN(tests);
}
