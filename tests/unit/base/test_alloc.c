/* base/alloc.c: zeroed, bounded, never NULL; the end of memory ends the process. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "unit/test.h"

static void zeroed_memory_is_zero_and_never_null(void **state)
{
	char *p autofree = alloc_zeroed(4096, 1);
	void *empty autofree = alloc_zeroed(0, 16);

	(void)state;
	for (int i = 0; i < 4096; i++)
		assert_int_equal(p[i], 0);
	assert_non_null(empty);
}

static void resize_keeps_content(void **state)
{
	char *p = alloc_resize(NULL, 3, 1);

	(void)state;
	memcpy(p, "ab", 3);
	p = alloc_resize(p, 1000, 1);
	assert_string_equal(p, "ab");
	free(p);
	p = alloc_resize(NULL, 0, 0);
	assert_non_null(p);
	free(p);
}

static void strings_are_copies(void **state)
{
	char source[] = "abcdef";
	char *whole autofree = alloc_string(source);
	char *part autofree = alloc_string_n(source, 3);
	char *beyond autofree = alloc_string_n("ab", 100);
	char *empty autofree = alloc_string_n("", 0);
	char *printed autofree = alloc_printf("%s-%d", source, 7);

	(void)state;
	source[0] = 'X';
	assert_string_equal(whole, "abcdef");
	assert_string_equal(part, "abc");
	assert_string_equal(beyond, "ab");
	assert_string_equal(empty, "");
	assert_string_equal(printed, "abcdef-7");
	assert_null(alloc_string(NULL));
}

/* alloc_string_n() must not look past its bound: the bytes need no terminator. */
static void bounded_copy_needs_no_terminator(void **state)
{
	char *bytes autofree = alloc_zeroed(4, 1);
	char *copy autofree = NULL;

	(void)state;
	memcpy(bytes, "abcd", 4);
	copy = alloc_string_n(bytes, 4);
	assert_string_equal(copy, "abcd");
}

static void take_empties_the_variable(void **state)
{
	char *p = alloc_string("a");
	char *q autofree = take(p);

	(void)state;
	assert_null(p);
	assert_string_equal(q, "a");
}

static void cleanup_keeps_errno(void **state)
{
	char *p = alloc_string("a");
	char *nothing = NULL;

	(void)state;
	errno = EXDEV;
	alloc_free_pointer(&p);
	alloc_free_pointer(&nothing);
	assert_int_equal(errno, EXDEV);
	assert_null(p);
}

/* In a child: @ask must end it with 125 and one line on stderr. */
static void assert_ends_process(void (*ask)(void))
{
	char text[4096] = "";
	size_t length = 0;
	ssize_t n;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		ask();
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)n;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 125);
	assert_non_null(strstr(text, "bulkhead: out of memory\n"));
}

/* The products wrap around to a small number: an unchecked multiplication would succeed. */
static volatile size_t huge = SIZE_MAX / 2 + 2;

static void ask_overflowing_zeroed(void)
{
	free(alloc_zeroed(huge, 2));
}

static void ask_overflowing_resize(void)
{
	free(alloc_resize(NULL, huge, 2));
}

static void overflow_ends_the_process(void **state)
{
	(void)state;
	assert_ends_process(ask_overflowing_resize);
	assert_ends_process(ask_overflowing_zeroed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_memory_is_zero_and_never_null),
		cmocka_unit_test(resize_keeps_content),
		cmocka_unit_test(strings_are_copies),
		cmocka_unit_test(bounded_copy_needs_no_terminator),
		cmocka_unit_test(take_empties_the_variable),
		cmocka_unit_test(cleanup_keeps_errno),
		cmocka_unit_test(overflow_ends_the_process),
	};

	return TEST_MAIN(tests);
}
