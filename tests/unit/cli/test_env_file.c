#include "cli/env_file.h"

#include "base/strv.h"
#include "unit/test.h"

static struct error *keep(void *data, const char *line)
{
	strv_add(data, line);
	return NULL;
}

/* Reads @content as a file; the lines go to *@ret. */
static struct error *read_text(const char *content, size_t length, char ***ret)
{
	char path[] = "/tmp/bulkhead-test-XXXXXX";
	int fd = mkstemp(path);
	struct error *err;

	assert_int_equal(write(fd, content, length), length);
	close(fd);
	err = env_file_read(path, keep, ret);
	unlink(path);
	return err;
}

static void keeps_lines_as_they_stand(void **state)
{
	static const char content[] =
		"\xef\xbb\xbf"
		"A=1\n# comment\n\n   \t\n  B= v w \nC=\"q\"\r\nD\n\t# x\nE==";
	char **lines autostrv = NULL;

	(void)state;
	assert_ok(read_text(content, strlen(content), &lines));
	assert_int_equal(strv_length(lines), 5);
	assert_string_equal(lines[0], "A=1");
	assert_string_equal(lines[1], "B= v w ");
	assert_string_equal(lines[2], "C=\"q\"");
	assert_string_equal(lines[3], "D");
	assert_string_equal(lines[4], "E==");
}

static void an_empty_file_says_nothing(void **state)
{
	char **lines autostrv = NULL;

	(void)state;
	assert_ok(read_text("", 0, &lines));
	assert_null(lines);
}

static void refuses_what_is_no_variable(void **state)
{
	static const struct {
		const char *content, *message;
		size_t length;
	} cases[] = {
		{ "A B=1\n", "poorly formatted environment", 6 },
		{ "A B=1\n", "variable \"A B\" contains whitespaces", 6 },
		{ "A =1\n", "variable \"A \" contains whitespaces", 5 },
		{ "X=1\n=x\n", "no variable name on line '=x'", 7 },
		{ "X=1\nA=\xff\n", "invalid utf8 bytes at line 2", 8 },
		{ "A=\0b\n", "a NUL byte", 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char **lines autostrv = NULL;

		assert_fails(read_text(cases[i].content, cases[i].length, &lines), ERROR_BAD_INPUT,
			     cases[i].message);
	}
}

static void refuses_what_is_no_file(void **state)
{
	char **lines autostrv = NULL;

	(void)state;
	assert_fails(env_file_read("/", keep, &lines), ERROR_SYSTEM, "/");
	assert_fails(env_file_read("/dev/zero", keep, &lines), ERROR_LIMIT, "/dev/zero");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_lines_as_they_stand),
		cmocka_unit_test(an_empty_file_says_nothing),
		cmocka_unit_test(refuses_what_is_no_variable),
		cmocka_unit_test(refuses_what_is_no_file),
	};

	return TEST_MAIN(tests);
}
