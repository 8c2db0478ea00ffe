#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

#include "base/banned.h"

/*
 * Deeper nesting than any format of ours needs is refused by jansson itself (2048); arrays are
 * bounded by the text.
 */

void json_decref_p(json_t **value)
{
	json_decref(*value);
}

struct error *json_parse(const char *text, size_t length, json_t **ret)
{
	json_error_t why;
	json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);

	if (!value)
		return error_new(ERROR_BAD_INPUT, "line %d, column %d: %s", why.line, why.column,
				 why.text);
	*ret = value;
	return NULL;
}

static void *member(const void *object, size_t offset)
{
	return (char *)object + offset;
}

static struct error *not_a(const char *what)
{
	return error_new(ERROR_BAD_INPUT, "not %s", what);
}

/*
 * Inside the decoder a message is "PLACE: reason", its place made of ".name" and "[index]" parts,
 * or only a reason, which never starts so. at() puts one more part before the place; it frees
 * @place.
 */
static struct error *at(struct error *err, char *place)
{
	char *part autofree = place;
	struct error *placed;
	const char *rest;

	if (!err)
		return NULL;
	rest = error_message(err);
	placed = error_new(error_kind(err), *rest == '.' || *rest == '[' ? "%s%s" : "%s: %s", part,
			   rest);
	error_free(err);
	return placed;
}

static struct error *decode_object(const struct json_type *type, const json_t *value, void *object);

static struct error *decode_texts(const json_t *value, char ***ret)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return not_a("an array");
	/* Made at once: strv_add() in a loop would cost a hostile document's length squared. */
	*ret = alloc_zeroed(json_array_size(value) + 1, sizeof(**ret));
	json_array_foreach((json_t *)value, i, item) {
		if (!json_is_string(item))
			return error_new(ERROR_BAD_INPUT, "[%zu]: not a string", i);
		(*ret)[i] = alloc_string(json_string_value(item));
	}
	return NULL;
}

/* Object keys, and with @values their strings too. */
static struct error *decode_map(const json_t *value, bool values, char ***ret)
{
	const char *key;
	json_t *item;
	size_t n = 0;

	if (!json_is_object(value))
		return not_a("an object");
	*ret = alloc_zeroed(json_object_size(value) * (1 + values) + 1, sizeof(**ret));
	json_object_foreach((json_t *)value, key, item) {
		if (values && !json_is_string(item))
			return error_new(ERROR_BAD_INPUT, ".%s: not a string", key);
		(*ret)[n++] = alloc_string(key);
		if (values)
			(*ret)[n++] = alloc_string(json_string_value(item));
	}
	return NULL;
}

static struct error *decode_array(const struct json_field *f, const json_t *value, void *object)
{
	void **items = member(object, f->offset);
	size_t *count = member(object, f->count);
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return not_a("an array");
	*items = alloc_zeroed(json_array_size(value), f->type->size);
	json_array_foreach((json_t *)value, i, item) {
		void *target = (char *)*items + i * f->type->size;

		TRY(at(decode_object(f->type, item, target), alloc_printf("[%zu]", i)));
		(*count)++;
	}
	return NULL;
}

static struct error *decode_pointer(const struct json_type *type, const json_t *value, void **ret)
{
	void *object autofree = alloc_zeroed(1, type->size);

	TRY(decode_object(type, value, object));
	*ret = take(object);
	return NULL;
}

/* A pointer that is NULL when the value is absent says what a plain 0 or false cannot. */
static struct error *decode_optional(enum json_kind kind, const json_t *value, void **ret)
{
	if (kind == JSON_BOOL_POINTER ? !json_is_boolean(value) : !json_is_integer(value))
		return not_a(kind == JSON_BOOL_POINTER ? "true or false" : "a whole number");
	*ret = alloc_zeroed(1, kind == JSON_BOOL_POINTER ? sizeof(bool) : sizeof(int64_t));
	if (kind == JSON_BOOL_POINTER)
		*(bool *)*ret = json_is_true(value);
	else
		*(int64_t *)*ret = json_integer_value(value);
	return NULL;
}

static struct error *decode_field(const struct json_field *f, const json_t *value, void *object)
{
	void *target = member(object, f->offset);

	switch (f->kind) {
	case JSON_BOOL:
		if (!json_is_boolean(value))
			return not_a("true or false");
		*(bool *)target = json_is_true(value);
		return NULL;
	case JSON_INT64:
		if (!json_is_integer(value))
			return not_a("a whole number");
		*(int64_t *)target = json_integer_value(value);
		return NULL;
	case JSON_TEXT:
		if (!json_is_string(value))
			return not_a("a string");
		*(char **)target = alloc_string(json_string_value(value));
		return NULL;
	case JSON_TEXTS:
		return decode_texts(value, target);
	case JSON_MAP:
	case JSON_SET:
		return decode_map(value, f->kind == JSON_MAP, target);
	case JSON_NESTED:
		return decode_object(f->type, value, target);
	case JSON_POINTER:
		return decode_pointer(f->type, value, target);
	case JSON_STRUCTS:
		return decode_array(f, value, object);
	case JSON_ANY:
		*(json_t **)target = json_incref((json_t *)value);
		return NULL;
	case JSON_BOOL_POINTER:
	case JSON_INT64_POINTER:
		return decode_optional(f->kind, value, target);
	}
	return error_new(ERROR_BUG, "a field of no kind");
}

static struct error *refuse_unknown(const struct json_type *type, const json_t *value)
{
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)value, key, item) {
		const struct json_field *f = type->fields;

		while (f->name && strcmp(f->name, key) != 0)
			f++;
		if (!f->name)
			return error_new(ERROR_BAD_INPUT, ".%s: no such setting", key);
	}
	return NULL;
}

static struct error *decode_object(const struct json_type *type, const json_t *value, void *object)
{
	struct error *err = NULL;

	if (!json_is_object(value))
		return not_a("an object");
	for (const struct json_field *f = type->fields; f->name && !err; f++) {
		const json_t *item = json_object_get(value, f->name);

		if (item && !json_is_null(item))
			err = at(decode_field(f, item, object), alloc_printf(".%s", f->name));
		else if (f->flags & JSON_REQUIRED)
			err = error_new(ERROR_BAD_INPUT, ".%s: missing", f->name);
	}
	if (!err && type->strict)
		err = refuse_unknown(type, value);
	if (err)
		json_done(type, object);
	return err;
}

struct error *json_decode(const struct json_type *type, const json_t *value, void *object)
{
	struct error *err = decode_object(type, value, object);
	struct error *shown;

	if (!err || *error_message(err) != '.')
		return err;
	shown = error_new(error_kind(err), "%s", error_message(err) + 1);
	error_free(err);
	return shown;
}

struct error *json_decode_text(const struct json_type *type, const char *text, size_t length,
			       void *object)
{
	json_t *value autojson = NULL;

	TRY(json_parse(text, length, &value));
	return json_decode(type, value, object);
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

static json_t *encode_texts(char *const *list)
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
	const char *items = *(char **)member(object, f->offset);
	size_t count = *(size_t *)member(object, f->count);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_encode(f->type, items + i * f->type->size));
	return array;
}

static bool is_empty(const struct json_field *f, const void *object)
{
	const void *source = member(object, f->offset);
	const char *text;

	switch (f->kind) {
	case JSON_BOOL:
		return !*(const bool *)source;
	case JSON_INT64:
		return *(const int64_t *)source == 0;
	case JSON_TEXT:
		text = *(char *const *)source;
		return !text || !*text;
	case JSON_STRUCTS:
		return *(size_t *)member(object, f->count) == 0;
	case JSON_NESTED:
		for (const struct json_field *inner = f->type->fields; inner->name; inner++)
			if (!is_empty(inner, source))
				return false;
		return true;
	default:
		return *(void *const *)source == NULL;
	}
}

static json_t *encode_field(const struct json_field *f, const void *object)
{
	const void *source = member(object, f->offset);
	void *pointer;

	switch (f->kind) {
	case JSON_BOOL:
		return json_boolean(*(const bool *)source);
	case JSON_INT64:
		return json_integer(*(const int64_t *)source);
	case JSON_TEXT:
		pointer = *(char *const *)source;
		return encode_text(pointer ? pointer : "");
	case JSON_TEXTS:
		return encode_texts(*(char **const *)source);
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
	case JSON_ANY:
		pointer = *(void *const *)source;
		return pointer ? json_incref(pointer) : json_null();
	case JSON_BOOL_POINTER:
		pointer = *(void *const *)source;
		return pointer ? json_boolean(*(bool *)pointer) : json_null();
	case JSON_INT64_POINTER:
		pointer = *(void *const *)source;
		return pointer ? json_integer(*(int64_t *)pointer) : json_null();
	}
	return json_null();
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

	return json_dumps(value, JSON_COMPACT);
}

static void free_array(const struct json_field *f, void *object)
{
	char **items = member(object, f->offset);
	size_t *count = member(object, f->count);

	for (size_t i = 0; i < *count; i++)
		json_done(f->type, *items + i * f->type->size);
	free(*items);
	*items = NULL;
	*count = 0;
}

static void free_field(const struct json_field *f, void *object)
{
	void *target = member(object, f->offset);
	void **pointer = target;

	switch (f->kind) {
	case JSON_BOOL:
		*(bool *)target = false;
		return;
	case JSON_INT64:
		*(int64_t *)target = 0;
		return;
	case JSON_NESTED:
		json_done(f->type, target);
		return;
	case JSON_STRUCTS:
		free_array(f, object);
		return;
	case JSON_TEXT:
	case JSON_BOOL_POINTER:
	case JSON_INT64_POINTER:
		free(*pointer);
		break;
	case JSON_TEXTS:
	case JSON_MAP:
	case JSON_SET:
		strv_free(*pointer);
		break;
	case JSON_POINTER:
		json_done(f->type, *pointer);
		free(*pointer);
		break;
	case JSON_ANY:
		json_decref(*pointer);
		break;
	}
	*pointer = NULL;
}

void json_done(const struct json_type *type, void *object)
{
	if (!object)
		return;
	for (const struct json_field *f = type->fields; f->name; f++)
		free_field(f, object);
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
