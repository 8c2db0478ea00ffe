#include "base/option.h"

#include "base/strv.h"
#include "unit/test.h"

struct values {
	bool all, quiet;
	char *name, **list, **map;
	int number;
	int64_t big;
};

static const struct option table[] = {
	OPTION(struct values, all, "all", 'a', option_bool, ""),
	OPTION(struct values, quiet, "quiet", 'q', option_bool, ""),
	OPTION(struct values, name, "name", 'n', option_text, ""),
	OPTION_ALIAS(struct values, name, "title", 0, option_text),
	OPTION(struct values, list, "env", 'e', option_list, ""),
	OPTION(struct values, map, "label", 'l', option_map, ""),
	OPTION(struct values, number, "count", 0, option_int, ""),
	OPTION_END,
};
static const struct option second[] = {
	OPTION(struct values, big, "big", 'b', option_int64, ""),
	OPTION_END,
};

static struct error *parse(struct values *v, bool stop, struct option_parse *p,
			   const char *const *words)
{
	*p = (struct option_parse){
		.tables = { table, second },
		.targets = { v, v },
		.stop_at_argument = stop,
	};
	return option_parse(p, (char **)words);
}

static void done(struct values *v, struct option_parse *p)
{
	option_done(table, v);
	option_done(second, v);
	free(p->arguments);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void reads_every_spelling(void **state)
{
	struct values v = { .number = -1 };
	struct option_parse p;

	(void)state;
	assert_ok(parse(&v, false, &p,
			WORDS("--all", "-n", "one", "--name=two", "-ea=b", "-e=c", "--env", "d",
			      "x", "-qb5", "y")));
	assert_true(v.all);
	assert_string_equal(v.name, "two");
	assert_int_equal(strv_length(v.list), 3);
	assert_string_equal(v.list[0], "a=b");
	assert_string_equal(v.list[1], "c");
	assert_string_equal(v.list[2], "d");
	done(&v, &p);
}

static void clusters_and_values(void **state)
{
	struct values v = { .number = -1 };
	struct option_parse p;

	(void)state;
	assert_ok(
		parse(&v, false, &p, WORDS("-aqnweb", "-b", "-7", "--count", "5", "--title", "t")));
	assert_true(v.all && v.quiet);
	assert_string_equal(v.name, "t");
	assert_int_equal(v.big, -7);
	assert_int_equal(v.number, 5);
	done(&v, &p);
}

static void switches_can_be_off(void **state)
{
	struct values v = { .all = true, .quiet = true };
	struct option_parse p;

	(void)state;
	assert_ok(parse(&v, false, &p, WORDS("--all=false", "-q=0")));
	assert_false(v.all || v.quiet);
	done(&v, &p);
}

static void arguments_may_stand_between(void **state)
{
	struct values v = { .all = false };
	struct option_parse p;

	(void)state;
	assert_ok(parse(&v, false, &p, WORDS("one", "-a", "-", "--", "--quiet", "two")));
	assert_true(v.all);
	assert_false(v.quiet);
	assert_int_equal(strv_length(p.arguments), 4);
	assert_string_equal(p.arguments[1], "-");
	assert_string_equal(p.arguments[2], "--quiet");
	done(&v, &p);
}

static void stops_at_the_first_argument(void **state)
{
	struct values v = { .all = false };
	struct option_parse p;

	(void)state;
	assert_ok(parse(&v, true, &p, WORDS("-a", "image", "-q", "--", "--help")));
	assert_true(v.all);
	assert_false(v.quiet);
	assert_false(p.help);
	assert_int_equal(strv_length(p.arguments), 4);
	assert_string_equal(p.arguments[3], "--help");
	done(&v, &p);
}

static void two_dashes_stand_once(void **state)
{
	struct values v = { .all = false };
	struct option_parse p;

	(void)state;
	assert_ok(parse(&v, true, &p, WORDS("--", "image", "--", "x")));
	assert_int_equal(strv_length(p.arguments), 3);
	assert_string_equal(p.arguments[1], "--");
	done(&v, &p);
}

static void help_ends_it(void **state)
{
	struct values v = { .all = false };
	struct option_parse p;

	(void)state;
	assert_ok(parse(&v, false, &p, WORDS("-a", "--help", "--nonsense")));
	assert_true(p.help);
	done(&v, &p);
	assert_ok(parse(&v, false, &p, WORDS("-h")));
	assert_true(p.help);
	done(&v, &p);
}

static void maps_keep_the_last(void **state)
{
	struct values v = { .all = false };
	struct option_parse p;

	(void)state;
	assert_ok(parse(&v, false, &p, WORDS("-la=1", "-l", "b", "--label", "a=2=3")));
	assert_int_equal(strv_length(v.map), 4);
	assert_string_equal(v.map[0], "a");
	assert_string_equal(v.map[1], "2=3");
	assert_string_equal(v.map[2], "b");
	assert_string_equal(v.map[3], "");
	done(&v, &p);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *words[3], *message;
	} cases[] = {
		{ { "--foo" }, "unknown flag: --foo" },
		{ { "--foo=bar" }, "unknown flag: --foo" },
		{ { "--al" }, "unknown flag: --al" },
		{ { "--alle" }, "unknown flag: --alle" },
		{ { "-Z" }, "unknown shorthand flag: 'Z' in -Z" },
		{ { "-aZ" }, "unknown shorthand flag: 'Z' in -aZ" },
		{ { "--name" }, "flag needs an argument: --name" },
		{ { "-n" }, "flag needs an argument: 'n' in -n" },
		{ { "-an" }, "flag needs an argument: 'n' in -an" },
		{ { "---" }, "bad flag syntax: ---" },
		{ { "--=x" }, "bad flag syntax: --=x" },
		{ { "--all=maybe" },
		  "invalid argument \"maybe\" for \"-a, --all\" flag: \"maybe\" is not " },
		{ { "--count", "1x" },
		  "invalid argument \"1x\" for \"--count\" flag: \"1x\" is not a number" },
		{ { "-b", "99999999999999999999" },
		  "invalid argument \"99999999999999999999\" for \"-b, --big\" flag" },
		{ { "-l", "=x" },
		  "invalid argument \"=x\" for \"-l, --label\" flag: the name before '=' is empty" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct values v = { .all = false };
		struct option_parse p;

		assert_fails(parse(&v, false, &p, cases[i].words), ERROR_BAD_INPUT,
			     cases[i].message);
		done(&v, &p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_spelling),
		cmocka_unit_test(clusters_and_values),
		cmocka_unit_test(switches_can_be_off),
		cmocka_unit_test(arguments_may_stand_between),
		cmocka_unit_test(stops_at_the_first_argument),
		cmocka_unit_test(two_dashes_stand_once),
		cmocka_unit_test(help_ends_it),
		cmocka_unit_test(maps_keep_the_last),
		cmocka_unit_test(says_what_is_wrong),
	};

	return TEST_MAIN(tests);
}
