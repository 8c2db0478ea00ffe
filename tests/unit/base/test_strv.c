/* base/strv.c: lists that own their strings, and environments. */
#include <errno.h>

#include "base/strv.h"
#include "unit/test.h"

static void nothing_is_the_empty_list(void **state)
{
	char *joined autofree = strv_join(NULL, ",");

	(void)state;
	assert_int_equal(strv_length(NULL), 0);
	assert_false(strv_contains(NULL, "a"));
	assert_null(strv_copy(NULL));
	assert_string_equal(joined, "");
	assert_null(strv_env_get(NULL, "A"));
	strv_env_unset(NULL, "A");
	errno = EXDEV;
	strv_free(NULL);
	assert_int_equal(errno, EXDEV);
}

static void strings_are_added_in_order(void **state)
{
	char **list autostrv = NULL;
	char source[] = "a";

	(void)state;
	strv_add(&list, source);
	source[0] = 'X';
	strv_add_owned(&list, alloc_string("b"));
	strv_addf(&list, "%s%d", "c", 3);
	assert_int_equal(strv_length(list), 3);
	assert_string_equal(list[0], "a");
	assert_string_equal(list[1], "b");
	assert_string_equal(list[2], "c3");
	assert_null(list[3]);
	assert_true(strv_contains(list, "b"));
	assert_false(strv_contains(list, "c"));
}

static void copies_are_deep(void **state)
{
	char **list autostrv = NULL, **copy autostrv = NULL;

	(void)state;
	strv_add(&list, "a");
	copy = strv_copy(list);
	list[0][0] = 'X';
	assert_string_equal(copy[0], "a");
	assert_int_equal(strv_length(copy), 1);
}

static void split_and_join_are_inverse(void **state)
{
	static const char *const texts[] = { "", ",", "a", "a,b", ",a,,b,", ",,," };
	static const size_t parts[] = { 1, 2, 1, 2, 5, 4 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char **list autostrv = strv_split(texts[i], ',');
		char *joined autofree = strv_join(list, ",");

		assert_int_equal(strv_length(list), parts[i]);
		assert_string_equal(joined, texts[i]);
	}
}

static void joining_with_long_separators(void **state)
{
	char **list autostrv = strv_split("a b c", ' ');
	char *joined autofree = strv_join(list, " and ");
	char *plain autofree = strv_join(list, "");

	(void)state;
	assert_string_equal(joined, "a and b and c");
	assert_string_equal(plain, "abc");
}

static void environments_have_one_value_a_name(void **state)
{
	char **env autostrv = NULL;

	(void)state;
	strv_env_set(&env, "PATH=/bin");
	strv_env_set(&env, "PATHX=1");
	strv_env_set(&env, "EMPTY=");
	strv_env_set(&env, "PATH=/usr/bin:/x=y");
	assert_int_equal(strv_length(env), 3);
	assert_string_equal(strv_env_get(env, "PATH"), "/usr/bin:/x=y");
	assert_string_equal(strv_env_get(env, "PATHX"), "1");
	assert_string_equal(strv_env_get(env, "EMPTY"), "");
	assert_null(strv_env_get(env, "PAT"));
	assert_null(strv_env_get(env, "PATHXX"));
	assert_null(strv_env_get(env, ""));
}

static void unsetting_closes_the_gap(void **state)
{
	char **env autostrv = NULL;

	(void)state;
	strv_env_set(&env, "A=1");
	strv_env_set(&env, "B=2");
	strv_env_set(&env, "C=3");
	strv_env_unset(env, "A");
	strv_env_unset(env, "nope");
	assert_int_equal(strv_length(env), 2);
	assert_string_equal(env[0], "B=2");
	strv_env_unset(env, "C");
	strv_env_unset(env, "B");
	assert_int_equal(strv_length(env), 0);
	strv_env_set(&env, "D=4");
	assert_string_equal(env[0], "D=4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_the_empty_list),
		cmocka_unit_test(strings_are_added_in_order),
		cmocka_unit_test(copies_are_deep),
		cmocka_unit_test(split_and_join_are_inverse),
		cmocka_unit_test(joining_with_long_separators),
		cmocka_unit_test(environments_have_one_value_a_name),
		cmocka_unit_test(unsetting_closes_the_gap),
	};

	return TEST_MAIN(tests);
}
