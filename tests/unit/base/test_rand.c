/* base/rand.c: exact lengths, the right letters, and no repetition. */
#include "base/rand.h"
#include "unit/test.h"

static void exactly_so_many_digits(void **state)
{
	char text[66];

	(void)state;
	for (size_t n = 0; n <= 64; n++) {
		memset(text, '#', sizeof(text));
		rand_hex(text, n);
		assert_int_equal(strlen(text), n);
		assert_int_equal(strspn(text, "0123456789abcdef"), n);
		assert_int_equal(text[n + 1], '#');
	}
}

static void names_differ(void **state)
{
	char names[200][33];

	(void)state;
	for (int i = 0; i < 200; i++) {
		rand_hex(names[i], 32);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
}

/* Every digit comes, about as often as the others: 64,000 draws of 16, far beyond chance. */
static void digits_are_spread(void **state)
{
	int seen[128] = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char text[65];

		rand_hex(text, 64);
		for (const char *c = text; *c; c++)
			seen[(int)*c]++;
	}
	for (const char *c = "0123456789abcdef"; *c; c++)
		assert_in_range(seen[(int)*c], 3500, 4500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_so_many_digits),
		cmocka_unit_test(names_differ),
		cmocka_unit_test(digits_are_spread),
	};

	return TEST_MAIN(tests);
}
