#include "cli/human.h"

#include <time.h>

#include "unit/test.h"

#define NS 1000000000LL

static void durations_are_rounded_as_docker_does(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "Less than a second" },  { 1, "1 second" },	 { 2, "2 seconds" },
		{ 59, "59 seconds" },	      { 60, "About a minute" },	 { 119, "About a minute" },
		{ 120, "2 minutes" },	      { 3599, "59 minutes" },	 { 3600, "About an hour" },
		{ 5399, "About an hour" },    { 5400, "2 hours" },	 { 47 * 3600, "47 hours" },
		{ 48 * 3600, "2 days" },      { 14 * 86400, "2 weeks" }, { 60 * 86400, "2 months" },
		{ 730 * 86400LL, "2 years" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text autofree = human_duration(cases[i].seconds);

		assert_string_equal(text, cases[i].text);
	}
}

static void times_are_local_or_utc(void **state)
{
	char *local autofree = NULL, *utc autofree = NULL;

	(void)state;
	setenv("TZ", "UTC-2", 1);
	tzset();
	local = human_time(1136214245 * NS);
	utc = human_rfc3339(1136214245 * NS + 5);
	assert_string_equal(local, "2006-01-02 17:04:05 +0200 UTC");
	assert_string_equal(utc, "2006-01-02T15:04:05.000000005Z");
}

static void moments_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{ "1136214245", 1136214245 * NS },
		{ "1136214245.5", 1136214245 * NS + NS / 2 },
		{ "2006-01-02T15:04:05Z", 1136214245 * NS },
		{ "2006-01-02T15:04:05.000000001Z", 1136214245 * NS + 1 },
		{ "2006-01-02T17:04:05+02:00", 1136214245 * NS },
		{ "2006-01-02T17:04:05", 1136214245 * NS },
		{ "2006-01-02T17:04", 1136214240 * NS },
		{ "2006-01-02", 1136152800 * NS },
		{ "0", 0 },
	};

	(void)state;
	setenv("TZ", "UTC-2", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t ns = -1;

		assert_ok(human_parse_time(cases[i].text, &ns));
		if (ns != cases[i].ns)
			fail_msg("%s: %jd", cases[i].text, (intmax_t)ns);
	}
}

static void durations_are_counted_back(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{ "42m", 42 * 60 * NS },
		{ "1h30m", 5400 * NS },
		{ "1.5s", NS * 3 / 2 },
		{ "100ms", NS / 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct timespec now;
		int64_t ns, ago;

		assert_ok(human_parse_time(cases[i].text, &ns));
		clock_gettime(CLOCK_REALTIME, &now);
		ago = now.tv_sec * NS + now.tv_nsec - ns;
		assert_true(ago >= cases[i].ns && ago < cases[i].ns + 10 * NS);
	}
}

static void nonsense_is_no_time(void **state)
{
	static const char *const cases[] = { "",
					     "x",
					     "1h3",
					     "h",
					     "1x",
					     "2006-13-45",
					     "2006-01-02T15:04:05+2",
					     "-1h",
					     "99999999999999999999h" };
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_fails(human_parse_time(cases[i], &ns), ERROR_BAD_INPUT,
			     "is neither a time nor a duration");
}

static void long_texts_are_cut(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *wanted;
	} cases[] = {
		{ "abc", 3, "abc" },  { "abcd", 3, "ab…" }, { "", 3, "" },
		{ "äöüß", 3, "äö…" }, { "äöü", 3, "äöü" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text autofree = human_ellipsis(cases[i].text, cases[i].n);

		assert_string_equal(text, cases[i].wanted);
	}
}

static void sizes_have_three_digits(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" },	       { 999, "999B" },		 { 1000, "1kB" },
		{ 1234, "1.23kB" },    { 123456789, "123MB" },	 { 999999, "1MB" },
		{ 5000000000, "5GB" }, { UINT64_MAX, "18.4EB" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text autofree = human_size(cases[i].bytes);

		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_rounded_as_docker_does),
		cmocka_unit_test(times_are_local_or_utc),
		cmocka_unit_test(moments_are_read),
		cmocka_unit_test(durations_are_counted_back),
		cmocka_unit_test(nonsense_is_no_time),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(sizes_have_three_digits),
	};

	return TEST_MAIN(tests);
}
