/* base/json.c: every kind both ways, messages that name the place, hostile documents. */
#include <time.h>

#include "base/json.h"
#include "base/strv.h"
#include "unit/test.h"

struct part {
	char *name;
	int64_t number;
};

struct inner {
	struct part part;
	char **list;
};

struct whole {
	bool flag;
	int64_t number;
	char *text;
	char **texts, **map, **set;
	struct inner inner;
	struct inner *pointer;
	struct part *parts;
	size_t n_parts;
	json_t *any;
};

static const struct json_field part_fields[] = {
	JSON_FIELD(part, "name", name, JSON_TEXT, JSON_REQUIRED),
	JSON_FIELD(part, "number", number, JSON_INT64, JSON_OMIT_EMPTY),
	{ 0 },
};
static const struct json_type part_type = {
	.size = sizeof(struct part),
	.fields = part_fields,
	.strict = true,
};

static const struct json_field inner_fields[] = {
	JSON_STRUCT(inner, "part", part, JSON_NESTED, &part_type, 0),
	JSON_FIELD(inner, "list", list, JSON_TEXTS, JSON_OMIT_EMPTY),
	{ 0 },
};
static const struct json_type inner_type = { .size = sizeof(struct inner), .fields = inner_fields };

static const struct json_field whole_fields[] = {
	JSON_FIELD(whole, "flag", flag, JSON_BOOL, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "number", number, JSON_INT64, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "text", text, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "texts", texts, JSON_TEXTS, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "map", map, JSON_MAP, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "set", set, JSON_SET, JSON_OMIT_EMPTY),
	JSON_STRUCT(whole, "inner", inner, JSON_NESTED, &inner_type, 0),
	JSON_STRUCT(whole, "pointer", pointer, JSON_POINTER, &inner_type, JSON_OMIT_EMPTY),
	JSON_LIST(whole, "parts", parts, n_parts, &part_type, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "any", any, JSON_ANY, JSON_OMIT_EMPTY),
	{ 0 },
};
static const struct json_type whole_type = { .size = sizeof(struct whole), .fields = whole_fields };

static const char everything[] =
	"{\"flag\":true,\"number\":-7,\"text\":\"t\",\"texts\":[\"a\",\"\"],\"map\":{\"k\":\"v\"},"
	"\"set\":{\"80/tcp\":{}},\"inner\":{\"part\":{\"name\":\"n\",\"number\":1},"
	"\"list\":[\"l\"]},\"pointer\":{\"part\":{\"name\":\"p\"}},"
	"\"parts\":[{\"name\":\"x\"},{\"name\":\"y\",\"number\":2}],\"any\":[1,null,{\"z\":2.5}]}";

static struct error *decode(const char *text, struct whole *ret)
{
	return json_decode_text(&whole_type, text, strlen(text), ret);
}

/* Decodes @text, which must fail with @message, and leave the object as empty as it was. */
static void assert_refused(const char *text, const char *message)
{
	static const struct whole empty;
	struct whole w = { 0 };
	struct error *err autoerror = decode(text, &w);

	assert_non_null(err);
	assert_int_equal(error_kind(err), ERROR_BAD_INPUT);
	assert_string_equal(error_message(err), message);
	assert_memory_equal(&w, &empty, sizeof(w));
}

static void every_kind_is_decoded(void **state)
{
	struct whole w = { 0 };

	(void)state;
	assert_ok(decode(everything, &w));
	assert_true(w.flag);
	assert_int_equal(w.number, -7);
	assert_string_equal(w.text, "t");
	assert_int_equal(strv_length(w.texts), 2);
	assert_string_equal(w.texts[1], "");
	assert_string_equal(w.map[0], "k");
	assert_string_equal(w.map[1], "v");
	assert_string_equal(w.set[0], "80/tcp");
	assert_null(w.set[1]);
	assert_string_equal(w.inner.part.name, "n");
	assert_string_equal(w.inner.list[0], "l");
	assert_string_equal(w.pointer->part.name, "p");
	assert_int_equal(w.n_parts, 2);
	assert_int_equal(w.parts[1].number, 2);
	assert_int_equal(json_array_size(w.any), 3);
	json_done(&whole_type, &w);
	assert_null(w.text);
	assert_int_equal(w.n_parts, 0);
	json_done(&whole_type, &w); /* twice is harmless */
	json_done(&whole_type, NULL);
}

static void what_is_encoded_reads_the_same(void **state)
{
	struct whole w = { 0 };
	char *text autofree = NULL;

	(void)state;
	assert_ok(decode(everything, &w));
	text = json_encode_text(&whole_type, &w);
	assert_string_equal(text, everything);
	json_done(&whole_type, &w);
}

static void null_and_empty_are_absent(void **state)
{
	struct whole w = { 0 };
	char *text autofree = NULL;

	(void)state;
	assert_ok(decode("{\"text\":null,\"texts\":null,\"pointer\":null,\"parts\":null,"
			 "\"any\":null,\"unknown\":{\"is\":\"fine\"}}",
			 &w));
	assert_null(w.text);
	assert_null(w.pointer);
	text = json_encode_text(&whole_type, &w);
	assert_string_equal(text, "{\"inner\":{\"part\":{\"name\":\"\"}}}");
	json_done(&whole_type, &w);
	assert_ok(decode("{\"texts\":[],\"map\":{},\"set\":{},\"parts\":[]}", &w));
	assert_int_equal(strv_length(w.texts), 0);
	assert_int_equal(w.n_parts, 0);
	json_done(&whole_type, &w);
}

static void messages_name_the_place(void **state)
{
	(void)state;
	assert_refused("[]", "not an object");
	assert_refused("{\"flag\":1}", "flag: not true or false");
	assert_refused("{\"number\":\"1\"}", "number: \"1\" is not a number");
	assert_refused("{\"number\":1.0}", "number: 1.0 is not a whole number");
	assert_refused("{\"text\":[]}", "text: not a string");
	assert_refused("{\"texts\":{}}", "texts: not an array");
	assert_refused("{\"texts\":[\"a\",\"b\",3]}", "texts[2]: not a string");
	assert_refused("{\"texts\":[null]}", "texts[0]: not a string");
	assert_refused("{\"map\":[]}", "map: not an object");
	assert_refused("{\"map\":{\"k\":1}}", "map.k: not a string");
	assert_refused("{\"set\":\"x\"}", "set: not an object");
	assert_refused("{\"inner\":1}", "inner: not an object");
	assert_refused("{\"inner\":{\"part\":{\"name\":1}}}", "inner.part.name: not a string");
	assert_refused("{\"inner\":{\"list\":[1]}}", "inner.list[0]: not a string");
	assert_refused("{\"inner\":{\"part\":{}}}", "inner.part.name: missing");
	assert_refused("{\"pointer\":{\"part\":{\"name\":null}}}", "pointer.part.name: missing");
	assert_refused("{\"pointer\":{\"part\":3}}", "pointer.part: not an object");
	assert_refused("{\"parts\":{}}", "parts: not an array");
	assert_refused("{\"parts\":[{\"name\":\"a\"},7]}", "parts[1]: not an object");
	assert_refused("{\"parts\":[{\"name\":\"a\"},{}]}", "parts[1].name: missing");
	assert_refused("{\"parts\":[{\"name\":\"a\",\"nam\":\"b\"}]}",
		       "parts[0].nam: no such setting");
}

/* What was decoded before the error is freed: LeakSanitizer tells if not. */
static void a_late_error_frees_what_came_before(void **state)
{
	char *text autofree = alloc_string(everything);
	char *end = strstr(text, "\"any\"");

	(void)state;
	memset(end, ' ', strlen(end) - 1);
	end[-1] = ' ';
	end = strstr(text, "\"y\"");
	memcpy(end, "[ ]", 3);
	assert_refused(text, "parts[1].name: not a string");
}

static void assert_unparsable(const char *text, size_t length, const char *message)
{
	json_t *value = NULL;

	assert_fails(json_parse(text, length, &value), ERROR_BAD_INPUT, message);
	assert_null(value);
}

static void hostile_documents_are_refused(void **state)
{
	char *deep autofree = alloc_zeroed(100001, 1);

	(void)state;
	memset(deep, '[', 100000);
	assert_unparsable(deep, 100000, "depth");
	assert_unparsable("", 0, "line 1");
	assert_unparsable("{", 1, "line 1");
	assert_unparsable("{}x", 3, "end of file expected");
	assert_unparsable("{\"a\":1,\"a\":2}", 13, "duplicate");
	assert_unparsable("{\"a\":\"x\\u0000y\"}", 16, "\\u0000");
	assert_unparsable("{\"a\":\"\xff\"}", 8, "byte 0xff");
	assert_unparsable("{\"a\":9223372036854775808}", 25, "too big integer");
	assert_unparsable("{\"a\":1e999}", 11, "real number overflow");
	assert_unparsable("{\n\n  \"a\": tru }", 15, "line 3, column 10");
	assert_unparsable("{}\0", 3, "line 1");
}

static void integers_reach_their_limits(void **state)
{
	struct whole w = { 0 };

	(void)state;
	assert_ok(decode("{\"number\":9223372036854775807}", &w));
	assert_int_equal(w.number, INT64_MAX);
	assert_ok(decode("{\"number\":-9223372036854775808}", &w));
	assert_int_equal(w.number, INT64_MIN);
}

/* A short document with very many items must not cost the square of their number. */
static void long_lists_cost_linear_time(void **state)
{
	enum { ITEMS = 400000 };
	char *text autofree = alloc_zeroed(ITEMS * 3 + 32, 1);
	char *end = stpcpy(text, "{\"texts\":[\"\"");
	struct whole w = { 0 };
	clock_t start;

	(void)state;
	for (int i = 1; i < ITEMS; i++)
		end = stpcpy(end, ",\"\"");
	stpcpy(end, "]}");
	start = clock();
	assert_ok(decode(text, &w));
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
	assert_int_equal(strv_length(w.texts), ITEMS);
	json_done(&whole_type, &w);
}

/* Bytes that are no UTF-8 (a user's environment) must not make the encoding fail. */
static void invalid_text_is_replaced_in_encoding(void **state)
{
	char bad[] = "a\xff\xc0\x80z";
	char *texts[] = { bad, NULL }, *map[] = { bad, bad, NULL };
	struct part part = { .name = bad };
	struct whole w = { .texts = texts, .map = map, .parts = &part, .n_parts = 1, .text = bad };
	char *text autofree = json_encode_text(&whole_type, &w);

	(void)state;
	assert_non_null(text);
	assert_non_null(strstr(text, "\"text\":\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\""));
	assert_non_null(strstr(text, "\"map\":{\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\":"));
}

static void assert_quoted(const char *text, size_t length, const char *expected)
{
	struct buf b autobuf = BUF_MAX(256);
	json_t *value autojson = NULL;

	assert_ok(json_add_quoted(&b, text, length));
	assert_string_equal(buf_text(&b), expected);
	value = json_loadb(b.data, b.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	assert_true(json_is_string(value));
}

static void quoting_is_valid_json(void **state)
{
	(void)state;
	assert_quoted("", 0, "\"\"");
	assert_quoted("a\"b\\c", 5, "\"a\\\"b\\\\c\"");
	assert_quoted("\n\r\t\x01\x7f\0", 6, "\"\\n\\r\\t\\u0001\\u007f\\u0000\"");
	assert_quoted("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9,
		      "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

#define BAD "\xef\xbf\xbd"

static void invalid_utf8_is_replaced_byte_by_byte(void **state)
{
	(void)state;
	assert_quoted("\xff", 1, "\"" BAD "\"");
	assert_quoted("\xc0\x80", 2, "\"" BAD BAD "\"");		 /* overlong NUL */
	assert_quoted("\xe0\x80\xaf", 3, "\"" BAD BAD BAD "\"");	 /* overlong slash */
	assert_quoted("\xf0\x80\x80\xaf", 4, "\"" BAD BAD BAD BAD "\""); /* and in four */
	assert_quoted("\xed\xa0\x80", 3, "\"" BAD BAD BAD "\"");	 /* a surrogate */
	assert_quoted("\xf4\x90\x80\x80", 4, "\"" BAD BAD BAD BAD "\""); /* over U+10FFFF */
	assert_quoted("\xf5\x80\x80\x80", 4, "\"" BAD BAD BAD BAD "\"");
	assert_quoted("\xc3", 1, "\"" BAD "\""); /* cut off */
	assert_quoted("\xe2\x82", 2, "\"" BAD BAD "\"");
	assert_quoted("\xc3x", 2, "\"" BAD "x\"");
	assert_quoted("a\x80z", 3, "\"a" BAD "z\"");
}

static void quoting_respects_the_maximum(void **state)
{
	struct buf b autobuf = BUF_MAX(6);

	(void)state;
	assert_fails(json_add_quoted(&b, "\x01", 1), ERROR_LIMIT, "6 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_decoded),
		cmocka_unit_test(what_is_encoded_reads_the_same),
		cmocka_unit_test(null_and_empty_are_absent),
		cmocka_unit_test(messages_name_the_place),
		cmocka_unit_test(a_late_error_frees_what_came_before),
		cmocka_unit_test(hostile_documents_are_refused),
		cmocka_unit_test(integers_reach_their_limits),
		cmocka_unit_test(long_lists_cost_linear_time),
		cmocka_unit_test(invalid_text_is_replaced_in_encoding),
		cmocka_unit_test(quoting_is_valid_json),
		cmocka_unit_test(invalid_utf8_is_replaced_byte_by_byte),
		cmocka_unit_test(quoting_respects_the_maximum),
	};

	return TEST_MAIN(tests);
}
