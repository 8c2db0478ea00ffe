/* engine/names.c */
#include "engine/names.h"

#include "unit/test.h"

static void generated_names_are_valid_and_differ(void **state)
{
	int same = 0;
	char *last = NULL;

	(void)state;
	for (unsigned int i = 0; i < 500; i++) {
		char *name = names_generate(i % 3);

		assert_ok(names_check(name));
		assert_non_null(strchr(name, '_'));
		same += last && strcmp(last, name) == 0;
		free(last);
		last = name;
	}
	free(last);
	assert_true(same < 5);
}

static void the_rule_is_dockers(void **state)
{
	static const char *const good[] = { "ab", "a1", "Web-1.2_x", "0a" };
	static const char *const bad[] = { "",	  "a",	 "-a",	"_a",	    ".a", "a/b",
					   "a b", "a\n", "a:b", "\xc3\xa4", "..", "a\xff" };
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_ok(names_check(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(names_check(bad[i]), ERROR_BAD_INPUT, "invalid container name");
	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	assert_ok(names_check(longest));
	longest[255] = 'a';
	longest[256] = '\0';
	assert_fails(names_check(longest), ERROR_BAD_INPUT, "invalid container name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_names_are_valid_and_differ),
		cmocka_unit_test(the_rule_is_dockers),
	};

	return TEST_MAIN(tests);
}
