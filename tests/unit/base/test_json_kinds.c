/*
 * base/json.c and json_number.c: numbers of every size, texts that are narrowed, objects by name,
 * and unsigned numbers that need the 64th bit.
 */
#include "base/json.h"
#include "base/str.h"
#include "base/strv.h"
#include "unit/test.h"

struct named {
	char *key;
	uint32_t n;
};

struct kinds {
	int32_t i32, small;
	uint32_t u32;
	uint64_t u64;
	int64_t *p64;
	uint32_t *p32;
	uint64_t *pu64;
	bool *flag;
	uint32_t *list;
	size_t n_list;
	struct named *named;
	size_t n_named;
	char *word, *needed, *path, **words, **map;
};

static struct error *check_path(const char *text)
{
	char *quoted autofree = str_quote(text);

	return *text == '/' ? NULL : error_new(ERROR_BAD_INPUT, "%s is not absolute", quoted);
}

static const struct json_word colour_list[] = { { "red", 1 }, { "blue", 2 }, { 0 } };
static const struct json_words colours = { "a colour", colour_list };

static const struct json_field named_fields[] = {
	JSON_FIELD(named, "n", n, JSON_UINT32, JSON_OMIT_EMPTY),
	{ 0 },
};
static const struct json_type named_type = { .size = sizeof(struct named), .fields = named_fields };

#define FIELD(json_name, member_, kind_, ...)                                                      \
	{                                                                                          \
		.name = (json_name), .kind = (kind_), .flags = JSON_OMIT_EMPTY,                    \
		.offset = offsetof(struct kinds, member_), __VA_ARGS__                             \
	}
static const struct json_field kinds_fields[] = {
	FIELD("i32", i32, JSON_INT32),
	FIELD("small", small, JSON_INT32, .min = -20, .max = 19),
	FIELD("u32", u32, JSON_UINT32),
	FIELD("u64", u64, JSON_UINT64),
	FIELD("p64", p64, JSON_INT64_POINTER, .min = -1),
	FIELD("p32", p32, JSON_UINT32_POINTER, .max = 511),
	FIELD("pu64", pu64, JSON_UINT64_POINTER),
	FIELD("flag", flag, JSON_BOOL_POINTER),
	FIELD("list", list, JSON_UINT32S, .count = offsetof(struct kinds, n_list), .max = 9),
	FIELD("named", named, JSON_NAMED, .type = &named_type,
	      .count = offsetof(struct kinds, n_named), .check = check_path),
	FIELD("word", word, JSON_TEXT, .words = &colours),
	FIELD("path", path, JSON_TEXT, .check = check_path),
	FIELD("words", words, JSON_TEXTS, .words = &colours),
	FIELD("map", map, JSON_MAP, .check = check_path),
	{ 0 },
};
static const struct json_type kinds_type = { .size = sizeof(struct kinds), .fields = kinds_fields };

static const struct json_field needed_fields[] = {
	{ .name = "needed",
	  .kind = JSON_TEXT,
	  .flags = JSON_REQUIRED,
	  .offset = offsetof(struct kinds, needed),
	  .words = &colours },
	{ 0 },
};
static const struct json_type needed_type = { .size = sizeof(struct kinds),
					      .fields = needed_fields };

static struct error *decode(const struct json_type *type, const char *text, struct kinds *ret)
{
	json_t *value autojson = NULL;

	TRY(json_parse_wide(text, strlen(text), &value));
	return json_decode(type, value, ret);
}

static void every_kind_goes_both_ways(void **state)
{
	static const char text[] =
		"{\"i32\":-2147483648,\"small\":-20,\"u32\":4294967295,"
		"\"u64\":18446744073709551615,\"p64\":-1,\"p32\":0,\"pu64\":9223372036854775808,"
		"\"flag\":false,\"list\":[0,9],\"named\":{\"/a\":{\"n\":1},\"/b\":{}},"
		"\"word\":\"red\",\"path\":\"/\",\"words\":[\"blue\",\"red\"],\"map\":{\"/k\":\"\"}}";
	struct kinds k = { 0 };
	char *encoded autofree = NULL;

	(void)state;
	assert_ok(decode(&kinds_type, text, &k));
	assert_int_equal(k.i32, INT32_MIN);
	assert_int_equal(k.u32, UINT32_MAX);
	assert_true(k.u64 == UINT64_MAX);
	assert_int_equal(*k.p64, -1);
	assert_int_equal(*k.p32, 0);
	assert_true(*k.pu64 == UINT64_C(1) << 63);
	assert_false(*k.flag);
	assert_int_equal(k.n_list, 2);
	assert_int_equal(k.list[1], 9);
	assert_int_equal(k.n_named, 2);
	assert_string_equal(k.named[0].key, "/a");
	assert_int_equal(k.named[0].n, 1);
	assert_string_equal(k.named[1].key, "/b");
	encoded = json_encode_text(&kinds_type, &k);
	assert_string_equal(encoded, text);
	json_done(&kinds_type, &k);
	assert_null(k.named);
	assert_int_equal(k.n_list, 0);
}

static void what_is_absent_is_not_zero(void **state)
{
	struct kinds k = { 0 };
	char *text autofree = NULL;

	(void)state;
	assert_ok(decode(&kinds_type, "{\"p64\":null,\"u32\":0,\"list\":[],\"word\":\"\"}", &k));
	assert_null(k.p64);
	assert_null(k.word);
	text = json_encode_text(&kinds_type, &k);
	assert_string_equal(text, "{}");
	json_done(&kinds_type, &k);
}

static void assert_refused(const struct json_type *type, const char *text, const char *message)
{
	static const struct kinds empty;
	struct kinds k = { 0 };
	struct error *err autoerror = decode(type, text, &k);

	assert_non_null(err);
	assert_int_equal(error_kind(err), ERROR_BAD_INPUT);
	assert_string_equal(error_message(err), message);
	assert_memory_equal(&k, &empty, sizeof(k));
}

static void wrong_values_are_named(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "{\"i32\":2147483648}", "i32: 2147483648 is above 2147483647" },
		{ "{\"i32\":-2147483649}", "i32: -2147483649 is below -2147483648" },
		{ "{\"small\":20}", "small: 20 is above 19" },
		{ "{\"small\":-21}", "small: -21 is below -20" },
		{ "{\"u32\":-1}", "u32: -1 is below 0" },
		{ "{\"u32\":4294967296}", "u32: 4294967296 is above 4294967295" },
		{ "{\"u64\":-1}", "u64: -1 is below 0" },
		{ "{\"u64\":\"x\"}", "u64: \"x\" is not a number" },
		{ "{\"u64\":1e3}", "u64: 1000.0 is not a whole number" },
		{ "{\"u64\":true}", "u64: true is not a number" },
		{ "{\"u64\":{}}", "u64: an object is not a number" },
		{ "{\"u64\":[1]}", "u64: an array is not a number" },
		{ "{\"p64\":-2}", "p64: -2 is below -1" },
		{ "{\"p64\":9223372036854775808}",
		  "p64: 9223372036854775808 is above 9223372036854775807" },
		{ "{\"p32\":512}", "p32: 512 is above 511" },
		{ "{\"p32\":18446744073709551615}", "p32: 18446744073709551615 is above 511" },
		{ "{\"flag\":0}", "flag: not true or false" },
		{ "{\"list\":1}", "list: not an array" },
		{ "{\"list\":[1,\"2\"]}", "list[1]: \"2\" is not a number" },
		{ "{\"list\":[10]}", "list[0]: 10 is above 9" },
		{ "{\"named\":[]}", "named: not an object" },
		{ "{\"named\":{\"/a\":{},\"/b\":1}}", "named./b: not an object" },
		{ "{\"named\":{\"/a\":{},\"/b\":{\"n\":-1}}}", "named./b.n: -1 is below 0" },
		{ "{\"named\":{\"/a\":{},\"b\":{}}}", "named: \"b\" is not absolute" },
		{ "{\"word\":\"green\"}", "word: \"green\" is not a colour" },
		{ "{\"word\":18446744073709551615}", "word: not a string" },
		{ "{\"words\":[\"red\",\"\"]}", "words[1]: \"\" is not a colour" },
		{ "{\"words\":[\"red\",18446744073709551615]}", "words[1]: not a string" },
		{ "{\"path\":\"x\"}", "path: \"x\" is not absolute" },
		{ "{\"map\":{\"/a\":\"\",\"b\":\"\"}}", "map: \"b\" is not absolute" },
		{ "{\"map\":{\"/a\":18446744073709551615}}", "map./a: not a string" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_refused(&kinds_type, rows[i].text, rows[i].message);
	assert_refused(&needed_type, "{\"needed\":\"\"}", "needed: \"\" is not a colour");
	assert_refused(&needed_type, "{\"needed\":null}", "needed: missing");
}

static void wide_numbers_need_a_sound_document(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "{\"u64\":18446744073709551616}", "line 1, column 27: too big integer" },
		{ "{\"u64\":-9223372036854775809}", "line 1, column 27: too big negative integer" },
		{ "{\"u64\":018446744073709551615}", "invalid token" },
		{ "{18446744073709551615:1}", "line 1" },
		{ "{\"u64\":18446744073709551615x}", "line 1" },
		{ "{\"u64\":18446744073709551615\"x\"}", "line 1" },
		{ "{\"u64\":1e999}", "real number overflow" },
		{ "{\"u64\":18446744073709551615,\"a\":\"\\u0000\"}", "\\u0000 is not allowed" },
		{ "{\"u64\":18446744073709551615,\"a\":\"\\", "line 1" },
		{ "{\"u64\":18446744073709551615,\"a\":\"\\\"", "line 1" },
		{ "{\"u64\":18446744073709551615,\"a\":1,\"a\":2}", "duplicate" },
		{ "{\"u64\":18446744073709551615", "line 1" },
	};
	struct kinds k = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_fails(decode(&kinds_type, rows[i].text, &k), ERROR_BAD_INPUT,
			     rows[i].message);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		/* AddressSanitizer sees the end of the document, wherever it is cut. */
		for (size_t n = 1; n < strlen(rows[i].text); n++) {
			char *cut autofree = alloc_zeroed(n, 1);
			json_t *value = NULL;

			memcpy(cut, rows[i].text, n);
			assert_fails(json_parse_wide(cut, n, &value), ERROR_BAD_INPUT, "");
		}
	}
	/* Where it is only text nothing happens to it. */
	assert_ok(decode(
		&kinds_type,
		"{\"path\":\"/\\\\\\\"18446744073709551615\", \"u64\" : 9223372036854775808 }",
		&k));
	assert_string_equal(k.path, "/\\\"18446744073709551615");
	assert_true(k.u64 == UINT64_C(1) << 63);
	json_done(&kinds_type, &k);
}

static void lines_are_indented_with_tabs(void **state)
{
	uint64_t wide = UINT64_MAX;
	char blue[] = "blue", red[] = "  red", lines[] = "\n  x";
	char *words[] = { blue, red, NULL };
	struct kinds k = { .u64 = UINT64_MAX, .pu64 = &wide, .words = words, .word = lines };
	char *text autofree = json_encode_lines(&kinds_type, &k);

	(void)state;
	assert_string_equal(text, "{\n\t\"u64\": 18446744073709551615,\n"
				  "\t\"pu64\": 18446744073709551615,\n\t\"word\": \"\\n  x\",\n"
				  "\t\"words\": [\n\t\t\"blue\",\n\t\t\"  red\"\n\t]\n}");
}

static void words_are_found_by_name(void **state)
{
	(void)state;
	assert_int_equal(json_find_word(&colours, "blue")->value, 2);
	assert_null(json_find_word(&colours, "blu"));
	assert_null(json_find_word(&colours, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_goes_both_ways),
		cmocka_unit_test(what_is_absent_is_not_zero),
		cmocka_unit_test(wrong_values_are_named),
		cmocka_unit_test(wide_numbers_need_a_sound_document),
		cmocka_unit_test(lines_are_indented_with_tabs),
		cmocka_unit_test(words_are_found_by_name),
	};

	return TEST_MAIN(tests);
}
