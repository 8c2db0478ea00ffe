#include "cli/detach_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static struct detach_keys parse(const char *text)
{
	struct detach_keys k = { 0 };
	struct error *err = detach_keys_parse(text, &k);

	if (err)
		fail_msg("%s", error_message(err));
	return k;
}

static void test_parse(void **state)
{
	struct {
		const char *text, *keys;
	} good[] = {
		{ NULL, "\020\021" },
		{ "", "\020\021" },
		{ "ctrl-p,ctrl-q", "\020\021" },
		{ "a", "a" },
		{ "ctrl-a,d", "\001d" },
		{ "DEL", "\177" },
		{ "ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", "\033\034\035\036\037" },
	};
	static const char *const bad[] = { "ctrl-",  "ctrl-pq",
					   "ctrl-1", "ab",
					   "a,,b",   ",",
					   "ctrl-P", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct detach_keys k = parse(good[i].text);

		assert_int_equal(k.n, strlen(good[i].keys));
		assert_memory_equal(k.keys, good[i].keys, k.n);
	}
	assert_int_equal(parse("ctrl-@").keys[0], 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct detach_keys k;
		struct error *err = detach_keys_parse(bad[i], &k);

		assert_non_null(err);
		assert_int_equal(error_kind(err), ERROR_BAD_INPUT);
		error_free(err);
	}
}

/* @typed in pieces of @piece bytes; what comes through must be @passed. */
static void type(const char *keys, const char *typed, size_t piece, const char *passed,
		 bool detached)
{
	struct detach_keys k = parse(keys);
	char out[128];
	size_t n = 0;
	bool detach = false;

	for (size_t i = 0; i < strlen(typed) && !detach; i += piece) {
		size_t length = strlen(typed) - i < piece ? strlen(typed) - i : piece;

		n += detach_keys_filter(&k, typed + i, length, out + n, &detach);
	}
	out[n] = '\0';
	assert_string_equal(out, passed);
	assert_int_equal(detach, detached);
}

static void test_filter(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 9; piece++) {
		type(NULL, "hello", piece, "hello", false);
		type(NULL, "ab\020\021cd", piece, "ab", true);
		type(NULL, "\020x\021y", piece, "\020x\021y", false);
		type(NULL, "\020\020\021", piece, "\020", true);
		type(NULL, "a\020", piece, "a", false); /* held back */
		type("a,b,a,c", "ababac", piece, "ab", true);
		type("a,b,a,c", "abad", piece, "abad", false);
		type("a,a,b", "aaaab", piece, "aa", true);
		type("x", "1x2", piece, "1", true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
