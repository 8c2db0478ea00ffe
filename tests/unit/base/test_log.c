/* base/log.c: one clean line per call, on stderr only, nothing of debug unless asked. */
#include <errno.h>

#include "base/fd.h"
#include "base/log.h"
#include "unit/test.h"

/* Runs @say with stderr in a pipe and returns what it wrote, in a static buffer. */
static const char *captured(void (*say)(void))
{
	static char text[8192];
	int reader autoclose = -1, writer autoclose = -1, saved autoclose = dup(STDERR_FILENO);
	ssize_t n;

	assert_ok(fd_pipe(&reader, &writer));
	assert_ok(fd_set_nonblocking(reader));
	dup2(writer, STDERR_FILENO);
	say();
	dup2(saved, STDERR_FILENO);
	n = read(reader, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void say_notice(void)
{
	log_notice("%s is %d", "x", 5);
}

static void say_hostile(void)
{
	log_notice("%s", "a\x1b[31mb\nforged: line\r\x7f\t.");
}

static void say_c1(void)
{
	log_notice("%s", "a\xc2\x9b"
			 "31mb \xc3\xa9");
}

static void say_long(void)
{
	char text[6000];

	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_notice("%s", text);
}

static void say_debug(void)
{
	log_debug("step %s", "mount");
}

static void notices_are_one_line_with_the_program(void **state)
{
	(void)state;
	log_setup("bulkhead-test", false);
	assert_string_equal(captured(say_notice), "bulkhead-test: x is 5\n");
}

static void control_characters_are_replaced(void **state)
{
	(void)state;
	log_setup("b", false);
	assert_string_equal(captured(say_hostile), "b: a?[31mb?forged: line???.\n");
}

/* U+009B begins a control sequence in terminals as ESC [ does; other letters stay. */
static void control_characters_in_utf8_are_replaced(void **state)
{
	(void)state;
	log_setup("b", false);
	assert_string_equal(captured(say_c1), "b: a??31mb \xc3\xa9\n");
}

static void long_lines_are_cut_and_ended(void **state)
{
	const char *text;

	(void)state;
	log_setup("b", false);
	text = captured(say_long);
	assert_int_equal(strlen(text), 2047);
	assert_int_equal(text[2046], '\n');
	assert_int_equal(text[2045], 'y');
}

static void debug_is_silent_unless_asked(void **state)
{
	const char *text;

	(void)state;
	log_setup("b", false);
	assert_false(log_is_debug());
	assert_string_equal(captured(say_debug), "");
	log_setup("b", true);
	assert_true(log_is_debug());
	text = captured(say_debug);
	assert_non_null(strstr(text, "us: step mount\n"));
	assert_int_equal(strncmp(text, "b[", 2), 0);
	log_setup("b", false);
}

static void nobody_listening_is_survived(void **state)
{
	int saved = dup(STDERR_FILENO);

	(void)state;
	close(STDERR_FILENO);
	errno = EXDEV;
	log_notice("into the void");
	assert_int_equal(errno, EXDEV);
	dup2(saved, STDERR_FILENO);
	close(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notices_are_one_line_with_the_program),
		cmocka_unit_test(control_characters_are_replaced),
		cmocka_unit_test(control_characters_in_utf8_are_replaced),
		cmocka_unit_test(long_lines_are_cut_and_ended),
		cmocka_unit_test(debug_is_silent_unless_asked),
		cmocka_unit_test(nobody_listening_is_survived),
	};

	return TEST_MAIN(tests);
}
