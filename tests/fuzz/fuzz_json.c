/*
 * JSON from images, specs and users: whatever base/json.h accepts it must be able to encode, read
 * again as the same, and free. The table holds a field of each kind.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct part {
	char *name;
	int64_t number;
};

struct whole {
	bool flag;
	int64_t number;
	char *text;
	char **texts, **map, **set;
	struct part nested;
	struct part *pointer;
	struct part *parts, *named;
	size_t n_parts, n_named;
	json_t *any;
	int32_t i32;
	uint32_t u32, *p32, *numbers;
	size_t n_numbers;
	uint64_t u64, *pu64;
	int64_t *p64;
	bool *pbool;
	char *word;
};

static const struct json_word word_list[] = { { "red", 1 }, { "blue", 2 }, { 0 } };
static const struct json_words words = { "a colour", word_list };

static const struct json_field named_fields[] = {
	JSON_FIELD(part, "number", number, JSON_INT64, JSON_OMIT_EMPTY),
	{ 0 },
};
static const struct json_type named_type = { .size = sizeof(struct part), .fields = named_fields };

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

static const struct json_field whole_fields[] = {
	JSON_FIELD(whole, "flag", flag, JSON_BOOL, 0),
	JSON_FIELD(whole, "number", number, JSON_INT64, 0),
	JSON_FIELD(whole, "text", text, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "texts", texts, JSON_TEXTS, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "map", map, JSON_MAP, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "set", set, JSON_SET, JSON_OMIT_EMPTY),
	JSON_STRUCT(whole, "nested", nested, JSON_NESTED, &part_type, 0),
	JSON_STRUCT(whole, "pointer", pointer, JSON_POINTER, &part_type, JSON_OMIT_EMPTY),
	JSON_LIST(whole, "parts", parts, n_parts, &part_type, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "any", any, JSON_ANY, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "i32", i32, JSON_INT32, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "u32", u32, JSON_UINT32, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "u64", u64, JSON_UINT64, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "p32", p32, JSON_UINT32_POINTER, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "p64", p64, JSON_INT64_POINTER, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "pu64", pu64, JSON_UINT64_POINTER, JSON_OMIT_EMPTY),
	JSON_FIELD(whole, "pbool", pbool, JSON_BOOL_POINTER, JSON_OMIT_EMPTY),
	{ .name = "word",
	  .kind = JSON_TEXT,
	  .flags = JSON_OMIT_EMPTY,
	  .offset = offsetof(struct whole, word),
	  .words = &words },
	{ .name = "named",
	  .kind = JSON_NAMED,
	  .flags = JSON_OMIT_EMPTY,
	  .offset = offsetof(struct whole, named),
	  .type = &named_type,
	  .count = offsetof(struct whole, n_named) },
	{ .name = "numbers",
	  .kind = JSON_UINT32S,
	  .flags = JSON_OMIT_EMPTY,
	  .offset = offsetof(struct whole, numbers),
	  .count = offsetof(struct whole, n_numbers) },
	{ 0 },
};
static const struct json_type whole_type = { .size = sizeof(struct whole), .fields = whole_fields };

static void quote(const char *text, size_t size)
{
	struct buf b autobuf = BUF_MAX(8 * size + 64);
	json_t *value autojson = NULL;
	struct error *err = json_add_quoted(&b, text, size);

	assert(!err);
	value = json_loadb(b.data, b.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	assert(json_is_string(value));
}

static struct error *decode(const char *text, size_t size, struct whole *ret)
{
	json_t *value autojson = NULL;

	TRY(json_parse_wide(text, size, &value));
	return json_decode(&whole_type, value, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whole first = { 0 }, second = { 0 };
	struct error *err = decode((const char *)data, size, &first);

	quote((const char *)data, size);
	if (err) {
		static const struct whole empty;

		assert(error_is(err, ERROR_BAD_INPUT));
		assert(memcmp(&first, &empty, sizeof(first)) == 0);
		error_free(err);
		return 0;
	}
	if (first.nested.name) { /* else its encoding lacks what the table requires */
		char *text autofree = json_encode_text(&whole_type, &first);
		char *again autofree = NULL;

		err = decode(text, strlen(text), &second);
		assert(!err);
		again = json_encode_text(&whole_type, &second);
		assert(strcmp(text, again) == 0);
	}
	json_done(&whole_type, &first);
	json_done(&whole_type, &second);
	return 0;
}
