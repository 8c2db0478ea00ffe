/* The way from structs to JSON, and text that is put into JSON by hand. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_number.h"

#include "base/banned.h"

static const void *member(const void *object, size_t offset)
{
	return (const char *)object + offset;
}

/* How many bytes a UTF-8 sequence has that starts with @lead; 0 for a byte that starts none. */
static size_t utf8_size(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The length of the valid sequence at @s, else 0 (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	size_t n = utf8_size(s[0]);

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* @text with what is no UTF-8 in it replaced, byte by byte; the caller frees. */
static char *valid_text(const char *text)
{
	size_t left = strlen(text);
	char *valid = alloc_zeroed(left + 1, strlen(REPLACEMENT));
	char *end = valid;

	while (left) {
		size_t n = utf8_length((const unsigned char *)text, left);

		end = n ? mempcpy(end, text, n) : stpcpy(end, REPLACEMENT);
		text += n ? n : 1;
		left -= n ? n : 1;
	}
	return valid;
}

static json_t *encode_text(const char *text)
{
	json_t *value = json_string(text);
	char *valid autofree = NULL;

	if (value)
		return value;
	valid = valid_text(text);
	return json_string_nocheck(valid);
}

json_t *json_texts(char *const *list)
{
	json_t *array = json_array();

	for (size_t i = 0; list && list[i]; i++)
		json_array_append_new(array, encode_text(list[i]));
	return array;
}

static json_t *encode_map(char *const *list, bool values)
{
	json_t *map = json_object();

	for (size_t i = 0; list && list[i]; i += 1 + values) {
		char *key autofree = valid_text(list[i]);

		json_object_set_new(map, key, values ? encode_text(list[i + 1]) : json_object());
	}
	return map;
}

static json_t *encode_array(const struct json_field *f, const void *object)
{
	const char *items = *(char *const *)member(object, f->offset);
	size_t count = *(const size_t *)member(object, f->count);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_encode(f->type, items + i * f->type->size));
	return array;
}

/* The keys are the structs' first member. */
static json_t *encode_named(const struct json_field *f, const void *object)
{
	const char *items = *(char *const *)member(object, f->offset);
	size_t count = *(const size_t *)member(object, f->count);
	json_t *map = json_object();

	for (size_t i = 0; i < count; i++) {
		const void *item = items + i * f->type->size;
		char *key autofree = valid_text(*(char *const *)item);

		json_object_set_new(map, key, json_encode(f->type, item));
	}
	return map;
}

static json_t *encode_numbers(const struct json_field *f, const void *object)
{
	const uint32_t *items = *(uint32_t *const *)member(object, f->offset);
	size_t count = *(const size_t *)member(object, f->count);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_integer(items[i]));
	return array;
}

static bool is_empty(const struct json_field *f, const void *object)
{
	const void *source = member(object, f->offset);
	const char *text;

	switch (f->kind) {
	case JSON_BOOL:
		return !*(const bool *)source;
	case JSON_TEXT:
		text = *(char *const *)source;
		return !text || !*text;
	case JSON_STRUCTS:
	case JSON_NAMED:
	case JSON_UINT32S:
		return *(const size_t *)member(object, f->count) == 0;
	case JSON_NESTED:
		for (const struct json_field *inner = f->type->fields; inner->name; inner++)
			if (!is_empty(inner, source))
				return false;
		return true;
	default:
		return json_kind_is_number(f->kind) ? json_number_is_empty(f->kind, source)
						    : *(void *const *)source == NULL;
	}
}

static json_t *encode_field(const struct json_field *f, const void *object)
{
	const void *source = member(object, f->offset);
	void *pointer;

	switch (f->kind) {
	case JSON_BOOL:
		return json_boolean(*(const bool *)source);
	case JSON_TEXT:
		pointer = *(char *const *)source;
		return encode_text(pointer ? pointer : "");
	case JSON_TEXTS:
		return json_texts(*(char **const *)source);
	case JSON_MAP:
	case JSON_SET:
		return encode_map(*(char **const *)source, f->kind == JSON_MAP);
	case JSON_NESTED:
		return json_encode(f->type, source);
	case JSON_POINTER:
		pointer = *(void *const *)source;
		return pointer ? json_encode(f->type, pointer) : json_null();
	case JSON_STRUCTS:
		return encode_array(f, object);
	case JSON_NAMED:
		return encode_named(f, object);
	case JSON_UINT32S:
		return encode_numbers(f, object);
	case JSON_ANY:
		pointer = *(void *const *)source;
		return pointer ? json_incref(pointer) : json_null();
	case JSON_BOOL_POINTER:
		pointer = *(void *const *)source;
		return pointer ? json_boolean(*(bool *)pointer) : json_null();
	default:
		return json_encode_number(f->kind, source);
	}
}

json_t *json_encode(const struct json_type *type, const void *object)
{
	json_t *value = json_object();

	for (const struct json_field *f = type->fields; f->name; f++)
		if (!(f->flags & JSON_OMIT_EMPTY) || !is_empty(f, object))
			json_object_set_new(value, f->name, encode_field(f, object));
	return value;
}

char *json_encode_text(const struct json_type *type, const void *object)
{
	json_t *value autojson = json_encode(type, object);
	char *text = json_dumps(value, JSON_COMPACT);

	json_unwrap_numbers(text);
	return text;
}

char *json_encode_lines(const struct json_type *type, const void *object)
{
	json_t *value autojson = json_encode(type, object);
	char *text = json_dumps(value, JSON_INDENT(1));

	json_unwrap_numbers(text);
	/* Strings hold no line feed as such, so that blanks after one are the indentation. */
	for (char *line = text; line; line = strchr(line, '\n'))
		for (line++; *line == ' '; line++)
			*line = '\t';
	return text;
}

static struct error *add_escaped(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		return buf_add_text(b, "\\\"");
	case '\\':
		return buf_add_text(b, "\\\\");
	case '\n':
		return buf_add_text(b, "\\n");
	case '\r':
		return buf_add_text(b, "\\r");
	case '\t':
		return buf_add_text(b, "\\t");
	default:
		return buf_printf(b, "\\u%04x", c);
	}
}

struct error *json_add_quoted(struct buf *b, const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text;

	TRY(buf_add_text(b, "\""));
	for (size_t i = 0; i < length;) {
		size_t n = utf8_length(s + i, length - i);

		if (!n)
			TRY(buf_add_text(b, REPLACEMENT));
		else if (n == 1 && (s[i] < ' ' || s[i] == '"' || s[i] == '\\' || s[i] == 0x7f))
			TRY(add_escaped(b, s[i]));
		else
			TRY(buf_add(b, s + i, n));
		i += n ? n : 1;
	}
	return buf_add_text(b, "\"");
}
