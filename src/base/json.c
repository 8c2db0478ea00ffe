#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_number.h"
#include "base/str.h"
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

const struct json_word *json_find_word(const struct json_words *words, const char *name)
{
	for (const struct json_word *w = words->list; w->name; w++)
		if (strcmp(w->name, name) == 0)
			return w;
	return NULL;
}

/* Whether the field may have @text, with the reason if not. */
static struct error *check_text(const struct json_field *f, const char *text)
{
	char *quoted autofree = NULL;

	if (f->check)
		return f->check(text);
	if (!f->words || json_find_word(f->words, text))
		return NULL;
	quoted = str_quote(text);
	return error_new(ERROR_BAD_INPUT, "%s is not %s", quoted, f->words->what);
}

static struct error *decode_text(const struct json_field *f, const json_t *value, char **ret)
{
	const char *text = json_string_value(value);

	if (!json_is_text(value))
		return not_a("a string");
	if ((f->words || f->check) && !*text && !(f->flags & JSON_REQUIRED))
		return NULL;
	TRY(check_text(f, text));
	*ret = alloc_string(text);
	return NULL;
}

static struct error *decode_texts(const struct json_field *f, const json_t *value, char ***ret)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return not_a("an array");
	/* Made at once: strv_add() in a loop would cost a hostile document's length squared. */
	*ret = alloc_zeroed(json_array_size(value) + 1, sizeof(**ret));
	json_array_foreach((json_t *)value, i, item) {
		if (!json_is_text(item))
			return error_new(ERROR_BAD_INPUT, "[%zu]: not a string", i);
		TRY(at(check_text(f, json_string_value(item)), alloc_printf("[%zu]", i)));
		(*ret)[i] = alloc_string(json_string_value(item));
	}
	return NULL;
}

/* Object keys, and with @values their strings too. */
static struct error *decode_map(const struct json_field *f, const json_t *value, char ***ret)
{
	bool values = f->kind == JSON_MAP;
	const char *key;
	json_t *item;
	size_t n = 0;

	if (!json_is_object(value))
		return not_a("an object");
	*ret = alloc_zeroed(json_object_size(value) * (1 + values) + 1, sizeof(**ret));
	json_object_foreach((json_t *)value, key, item) {
		if (values && !json_is_text(item))
			return error_new(ERROR_BAD_INPUT, ".%s: not a string", key);
		TRY(check_text(f, key));
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

/* The keys are no field of the struct's table, but its first member. */
static struct error *decode_named(const struct json_field *f, const json_t *value, void *object)
{
	void **items = member(object, f->offset);
	size_t *count = member(object, f->count);
	const char *key;
	json_t *item;

	if (!json_is_object(value))
		return not_a("an object");
	*items = alloc_zeroed(json_object_size(value), f->type->size);
	json_object_foreach((json_t *)value, key, item) {
		void *target = (char *)*items + *count * f->type->size;

		TRY(check_text(f, key));
		TRY(at(decode_object(f->type, item, target), alloc_printf(".%s", key)));
		*(char **)target = alloc_string(key);
		(*count)++;
	}
	return NULL;
}

static struct error *decode_numbers(const struct json_field *f, const json_t *value, void *object)
{
	uint32_t **items = member(object, f->offset);
	size_t *count = member(object, f->count);
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return not_a("an array");
	*items = alloc_zeroed(json_array_size(value), sizeof(**items));
	json_array_foreach((json_t *)value, i, item) {
		TRY(at(json_decode_number(f, item, *items + i), alloc_printf("[%zu]", i)));
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

static struct error *decode_bool(const json_t *value, bool *ret)
{
	if (!json_is_boolean(value))
		return not_a("true or false");
	*ret = json_is_true(value);
	return NULL;
}

/* A pointer that is NULL when the value is absent says what a plain false cannot. */
static struct error *decode_bool_pointer(const json_t *value, bool **ret)
{
	bool *flag autofree = alloc_zeroed(1, sizeof(*flag));

	TRY(decode_bool(value, flag));
	*ret = take(flag);
	return NULL;
}

static struct error *decode_field(const struct json_field *f, const json_t *value, void *object)
{
	void *target = member(object, f->offset);

	switch (f->kind) {
	case JSON_BOOL:
		return decode_bool(value, target);
	case JSON_TEXT:
		return decode_text(f, value, target);
	case JSON_TEXTS:
		return decode_texts(f, value, target);
	case JSON_MAP:
	case JSON_SET:
		return decode_map(f, value, target);
	case JSON_NESTED:
		return decode_object(f->type, value, target);
	case JSON_POINTER:
		return decode_pointer(f->type, value, target);
	case JSON_STRUCTS:
		return decode_array(f, value, object);
	case JSON_NAMED:
		return decode_named(f, value, object);
	case JSON_UINT32S:
		return decode_numbers(f, value, object);
	case JSON_ANY:
		*(json_t **)target = json_incref((json_t *)value);
		return NULL;
	case JSON_BOOL_POINTER:
		return decode_bool_pointer(value, target);
	default:
		break;
	}
	if (json_kind_is_number(f->kind))
		return json_decode_number(f, value, target);
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

static void free_array(const struct json_field *f, void *object)
{
	char **items = member(object, f->offset);
	size_t *count = member(object, f->count);

	for (size_t i = 0; f->type && i < *count; i++) {
		char *item = *items + i * f->type->size;

		json_done(f->type, item);
		if (f->kind == JSON_NAMED)
			free(*(char **)item);
	}
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
	case JSON_NESTED:
		json_done(f->type, target);
		return;
	case JSON_STRUCTS:
	case JSON_NAMED:
	case JSON_UINT32S:
		free_array(f, object);
		return;
	case JSON_TEXT:
	case JSON_BOOL_POINTER:
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
	default:
		json_number_done(f->kind, target);
		return;
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

bool json_mentions(const char *text, const char *word, bool as_name)
{
	char *quoted autofree = alloc_printf("\"%s\"", word);
	size_t length = strlen(quoted);

	if (strstr(text, "\\u")) /* any letter can be written so */
		return true;
	for (const char *at = text; (at = strstr(at, quoted)); at += length)
		if ((at[length + strspn(at + length, " \t\r\n")] == ':') == as_name)
			return true;
	return false;
}
