#include "cli/table.h"

#include "unit/test.h"

static void columns_are_as_wide_as_their_cells(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "", "" },
		{ "one\n", "one\n" },
		{ "A\tB\n1\t2\n", "A         B\n1         2\n" },
		{ "A\tB\tC\nlonger than ten\t\tx\n",
		  "A                 B         C\nlonger than ten             x\n" },
		{ "NAME\tX\nä…\ty\n", "NAME      X\nä…        y\n" },
		{ "A\tB", "A         B\n" },
		{ "\t\n", "          \n" },
		{ "\n\n", "\n\n" },
		{ "plain\nA\tB\n", "plain\nA         B\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out autobuf = BUF_MAX(4096);

		assert_ok(table_align(cases[i].text, &out));
		assert_string_equal(buf_text(&out), cases[i].wanted);
	}
}

static void the_output_is_bounded(void **state)
{
	struct buf out autobuf = BUF_MAX(8);

	(void)state;
	assert_fails(table_align("A\tB\n", &out), ERROR_LIMIT, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_cells),
		cmocka_unit_test(the_output_is_bounded),
	};

	return TEST_MAIN(tests);
}
