/* engine/log_line.c */
#include "engine/log_line.h"

#include "unit/test.h"

static struct error *parse(const char *text, struct log_line *line)
{
	return log_line_parse(text, strlen(text), line);
}

static void a_line_is_read(void **state)
{
	struct log_line line;

	(void)state;
	assert_ok(parse("{\"log\":\"h\\u0000i\\n\",\"stream\":\"stderr\","
			"\"time\":\"2024-01-02T03:04:05.000000006Z\"}",
			&line));
	assert_int_equal(line.stream, 2);
	assert_int_equal(line.length, 4);
	assert_memory_equal(line.text, "h\0i\n", 4);
	assert_true(line.time_ns == 1704164645000000006);
	log_line_done(&line);
}

static void fractions_of_any_length(void **state)
{
	static const struct {
		const char *time;
		int64_t ns;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:01.5Z", 1500000000 },
		{ "1970-01-01T00:00:00.123456789123Z", 123456789 },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_line line;

		snprintf(text, sizeof(text), "{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"%s\"}",
			 cases[i].time);
		assert_ok(parse(text, &line));
		assert_true(line.time_ns == cases[i].ns);
		log_line_done(&line);
	}
}

static void damage_is_an_error(void **state)
{
	static const char *const cases[] = {
		"",
		"{",
		"[]",
		"{\"log\":1,\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00Z\"}",
		"{\"log\":\"\",\"stream\":\"stdin\",\"time\":\"1970-01-01T00:00:00Z\"}",
		"{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00\"}",
		"{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"1969-01-01T00:00:00Z\"}",
		"{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"yesterday\"}",
		"{\"log\":\"\",\"stream\":\"stdout\"}",
		"{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00Z\"} x",
	};
	struct log_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_fails(parse(cases[i], &line), ERROR_BAD_INPUT, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read),
		cmocka_unit_test(fractions_of_any_length),
		cmocka_unit_test(damage_is_an_error),
	};

	return TEST_MAIN(tests);
}
