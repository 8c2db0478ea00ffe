#include "cli/template_function.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/strv.h"
#include "cli/template_print.h"

#include "base/banned.h"

bool template_is_true(const json_t *value)
{
	if (!value)
		return false;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return json_object_size(value) > 0;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_INTEGER:
		return json_integer_value(value) != 0;
	case JSON_REAL:
		return json_real_value(value) != 0;
	default:
		return json_is_true(value);
	}
}

/* The value @i as text, which lives as long as the value. */
static struct error *text_of(const struct template_call *c, size_t i, const char **ret)
{
	if (!json_is_string(c->values[i]))
		return error_new(ERROR_BAD_INPUT, "wrong type for value; expected string; got %s",
				 template_type(c->values[i]));
	*ret = json_string_value(c->values[i]);
	return NULL;
}

static struct error *number_of(const struct template_call *c, size_t i, json_int_t *ret)
{
	if (!json_is_integer(c->values[i]))
		return error_new(ERROR_BAD_INPUT, "wrong type for value; expected int; got %s",
				 template_type(c->values[i]));
	*ret = json_integer_value(c->values[i]);
	return NULL;
}

/*
 * The result is what @out holds; bytes that are not UTF-8, as parts of characters are, cannot be in
 * a JSON string.
 */
static struct error *give_text(struct template_call *c, struct buf *out)
{
	c->result = json_stringn(buf_text(out), out->length);
	return c->result ? NULL : error_new(ERROR_BAD_INPUT, "invalid UTF-8");
}

static struct error *call_json(struct template_call *c)
{
	const json_t *value = c->values[0];
	char *text autofree = NULL;

	text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17))
		     : alloc_string("null");
	if (!text || strlen(text) > c->max)
		return error_new(ERROR_LIMIT, "more than %zu bytes", c->max);
	c->result = json_string(text);
	return NULL;
}

static struct error *call_join(struct template_call *c)
{
	struct buf out autobuf = BUF_MAX(c->max);
	const char *separator;
	json_t *item;
	size_t i;

	if (!json_is_array(c->values[0]))
		return error_new(ERROR_BAD_INPUT, "wrong type for value; expected []string; got %s",
				 template_type(c->values[0]));
	TRY(text_of(c, 1, &separator));
	json_array_foreach(c->values[0], i, item) {
		if (!json_is_string(item))
			return error_new(ERROR_BAD_INPUT,
					 "wrong type for value; expected []string; got %s",
					 "[]interface {}");
		if (i)
			TRY(buf_add_text(&out, separator));
		TRY(buf_add_text(&out, json_string_value(item)));
	}
	return give_text(c, &out);
}

static struct error *call_split(struct template_call *c)
{
	const char *text, *separator, *end;

	TRY(text_of(c, 0, &text));
	TRY(text_of(c, 1, &separator));
	c->result = json_array();
	while (*separator && (end = strstr(text, separator))) {
		json_array_append_new(c->result, json_stringn(text, (size_t)(end - text)));
		text = end + strlen(separator);
	}
	json_array_append_new(c->result, json_string(text));
	return NULL;
}

static struct error *map_bytes(struct template_call *c, int (*map)(int))
{
	const char *text;
	struct buf out autobuf = BUF_MAX(c->max);

	TRY(text_of(c, 0, &text));
	TRY(buf_add_text(&out, text));
	for (size_t i = 0; i < out.length; i++)
		if ((unsigned char)out.data[i] < 0x80)
			out.data[i] = (char)map((unsigned char)out.data[i]);
	return give_text(c, &out);
}

static struct error *call_upper(struct template_call *c)
{
	return map_bytes(c, toupper);
}

static struct error *call_lower(struct template_call *c)
{
	return map_bytes(c, tolower);
}

static struct error *call_title(struct template_call *c)
{
	const char *text;
	struct buf out autobuf = BUF_MAX(c->max);
	bool inside = false;

	TRY(text_of(c, 0, &text));
	for (; *text; text++) {
		char letter = inside ? *text : (char)toupper((unsigned char)*text);

		TRY(buf_add(&out, &letter, 1));
		inside = isalnum((unsigned char)*text) || *text == '_' || *text == '\'' ||
			 (unsigned char)*text >= 0x80;
	}
	return give_text(c, &out);
}

static struct error *add_blanks(struct buf *out, json_int_t n)
{
	if (n > 0 && (unsigned long long)n > out->max)
		return error_new(ERROR_LIMIT, "more than %zu blanks", out->max);
	for (; n > 0; n--)
		TRY(buf_add_text(out, " "));
	return NULL;
}

static struct error *call_pad(struct template_call *c)
{
	struct buf out autobuf = BUF_MAX(c->max);
	json_int_t before, after;
	const char *text;

	TRY(text_of(c, 0, &text));
	TRY(number_of(c, 1, &before));
	TRY(number_of(c, 2, &after));
	if (!*text) {
		c->result = json_incref(c->values[0]);
		return NULL;
	}
	TRY(add_blanks(&out, before));
	TRY(buf_add_text(&out, text));
	TRY(add_blanks(&out, after));
	return give_text(c, &out);
}

static struct error *call_truncate(struct template_call *c)
{
	struct buf out autobuf = BUF_MAX(c->max);
	const char *text;
	json_int_t n;
	size_t end = 0;

	TRY(text_of(c, 0, &text));
	TRY(number_of(c, 1, &n));
	for (; text[end]; end++)
		if (((unsigned char)text[end] & 0xc0) != 0x80 && n-- <= 0)
			break;
	TRY(buf_add(&out, text, end));
	return give_text(c, &out);
}

static struct error *call_println(struct template_call *c)
{
	struct buf out autobuf = BUF_MAX(c->max);

	for (size_t i = 0; i < c->n; i++) {
		if (i)
			TRY(buf_add_text(&out, " "));
		TRY(template_print(&out, c->values[i]));
	}
	TRY(buf_add_text(&out, "\n"));
	return give_text(c, &out);
}

/* Go puts blanks only between two values that are both no strings. */
static struct error *call_print(struct template_call *c)
{
	struct buf out autobuf = BUF_MAX(c->max);

	for (size_t i = 0; i < c->n; i++) {
		if (i && !json_is_string(c->values[i - 1]) && !json_is_string(c->values[i]))
			TRY(buf_add_text(&out, " "));
		TRY(template_print(&out, c->values[i]));
	}
	return give_text(c, &out);
}

static struct error *call_printf(struct template_call *c)
{
	struct buf out autobuf = BUF_MAX(c->max);
	const char *format;

	TRY(text_of(c, 0, &format));
	TRY(template_printf(&out, format, c->values + 1, c->n - 1));
	return give_text(c, &out);
}

static struct error *call_len(struct template_call *c)
{
	const json_t *value = c->values[0];

	if (json_is_string(value))
		c->result = json_integer((json_int_t)json_string_length(value));
	else if (json_is_array(value))
		c->result = json_integer((json_int_t)json_array_size(value));
	else if (json_is_object(value))
		c->result = json_integer((json_int_t)json_object_size(value));
	else
		return error_new(ERROR_BAD_INPUT, "len of %s",
				 value && !json_is_null(value) ? "a value that has none"
							       : "nil pointer");
	return NULL;
}

static struct error *check_index(json_int_t i, size_t size)
{
	if (i < 0 || (unsigned long long)i >= size)
		return error_new(ERROR_BAD_INPUT, "index out of range: %" JSON_INTEGER_FORMAT, i);
	return NULL;
}

/*
 * One step of index; *@value is borrowed. A missing key of a map is Go's zero value: the maps of
 * docker hold texts.
 */
static struct error *index_step(struct template_call *c, const json_t **value, const json_t *key)
{
	if (json_is_object(*value)) {
		if (!json_is_string(key))
			return error_new(ERROR_BAD_INPUT, "value has type %s; should be string",
					 template_type(key));
		*value = json_object_get(*value, json_string_value(key));
		if (!*value) {
			json_decref(c->result);
			*value = c->result = json_string("");
		}
		return NULL;
	}
	if (!json_is_array(*value) && !json_is_string(*value))
		return !*value || json_is_null(*value)
			       ? error_new(ERROR_BAD_INPUT, "index of untyped nil")
			       : error_new(ERROR_BAD_INPUT, "can't index item of type %s",
					   template_type(*value));
	if (!json_is_integer(key))
		return error_new(ERROR_BAD_INPUT, "cannot index slice/array with type %s",
				 template_type(key));
	if (json_is_array(*value)) {
		TRY(check_index(json_integer_value(key), json_array_size(*value)));
		*value = json_array_get(*value, (size_t)json_integer_value(key));
		return NULL;
	}
	TRY(check_index(json_integer_value(key), json_string_length(*value)));
	json_decref(c->result);
	*value = c->result =
		json_integer((unsigned char)json_string_value(*value)[json_integer_value(key)]);
	return NULL;
}

static struct error *call_index(struct template_call *c)
{
	const json_t *value = c->values[0];
	json_t *made;

	for (size_t i = 1; i < c->n; i++)
		TRY(index_step(c, &value, c->values[i]));
	made = c->result;
	c->result = json_incref((json_t *)value);
	json_decref(made);
	return NULL;
}

/* slice x i j of a string or list, as x[i:j]. */
static struct error *call_slice(struct template_call *c)
{
	const json_t *value = c->values[0];
	bool is_text = json_is_string(value);
	size_t size = is_text ? json_string_length(value) : json_array_size(value);
	json_int_t from = 0, to = (json_int_t)size;

	if (!is_text && !json_is_array(value))
		return error_new(ERROR_BAD_INPUT, "can't slice item of type %s",
				 template_type(value));
	if (c->n > 1)
		TRY(number_of(c, 1, &from));
	if (c->n > 2)
		TRY(number_of(c, 2, &to));
	if (from < 0 || to < from || (unsigned long long)to > size)
		return error_new(ERROR_BAD_INPUT,
				 "index out of range: %" JSON_INTEGER_FORMAT
				 ", %" JSON_INTEGER_FORMAT,
				 from, to);
	if (is_text) {
		c->result = json_stringn(json_string_value(value) + from, (size_t)(to - from));
		return c->result ? NULL : error_new(ERROR_BAD_INPUT, "invalid UTF-8");
	}
	c->result = json_array();
	for (json_int_t i = from; i < to; i++)
		json_array_append(c->result, json_array_get(value, (size_t)i));
	return NULL;
}

static struct error *call_not(struct template_call *c)
{
	c->result = json_boolean(!template_is_true(c->values[0]));
	return NULL;
}

static bool is_nothing(const json_t *value)
{
	return !value || json_is_null(value);
}

/* Whether two basic values are the same; Go does not compare a number with a string, nor lists. */
static struct error *is_equal(const json_t *a, const json_t *b, bool *ret)
{
	if (json_is_array(a) || json_is_object(a) || json_is_array(b) || json_is_object(b))
		return error_new(ERROR_BAD_INPUT, "non-comparable types for comparison");
	if (is_nothing(a) || is_nothing(b)) {
		*ret = is_nothing(a) && is_nothing(b);
		return NULL;
	}
	if (strcmp(template_type(a), template_type(b)) != 0)
		return error_new(ERROR_BAD_INPUT, "incompatible types for comparison");
	*ret = json_is_boolean(a) ? json_is_true(a) == json_is_true(b) : json_equal(a, b);
	return NULL;
}

/* The first against any of the others. */
static struct error *call_eq(struct template_call *c)
{
	bool same = false;

	for (size_t i = 1; i < c->n && !same; i++)
		TRY(is_equal(c->values[0], c->values[i], &same));
	c->result = json_boolean(same);
	return NULL;
}

static struct error *call_ne(struct template_call *c)
{
	bool same;

	TRY(is_equal(c->values[0], c->values[1], &same));
	c->result = json_boolean(!same);
	return NULL;
}

/* *@ret is below, equal to, or above 0 as the first value is to the second. */
static struct error *compare(const struct template_call *c, int *ret)
{
	const json_t *a = c->values[0], *b = c->values[1];

	if (is_nothing(a) || is_nothing(b) || json_is_boolean(a) || json_is_array(a) ||
	    json_is_object(a))
		return error_new(ERROR_BAD_INPUT, "invalid type for comparison");
	if (strcmp(template_type(a), template_type(b)) != 0)
		return error_new(ERROR_BAD_INPUT, "incompatible types for comparison");
	if (json_is_string(a))
		*ret = strcmp(json_string_value(a), json_string_value(b));
	else if (json_is_integer(a))
		*ret = (json_integer_value(a) > json_integer_value(b)) -
		       (json_integer_value(a) < json_integer_value(b));
	else
		*ret = (json_real_value(a) > json_real_value(b)) -
		       (json_real_value(a) < json_real_value(b));
	return NULL;
}

static struct error *call_lt(struct template_call *c)
{
	int order;

	TRY(compare(c, &order));
	c->result = json_boolean(order < 0);
	return NULL;
}

static struct error *call_le(struct template_call *c)
{
	int order;

	TRY(compare(c, &order));
	c->result = json_boolean(order <= 0);
	return NULL;
}

static struct error *call_gt(struct template_call *c)
{
	int order;

	TRY(compare(c, &order));
	c->result = json_boolean(order > 0);
	return NULL;
}

static struct error *call_ge(struct template_call *c)
{
	int order;

	TRY(compare(c, &order));
	c->result = json_boolean(order >= 0);
	return NULL;
}

static const struct template_function functions[] = {
	{ "and", 1, -1, false, NULL },
	{ "or", 1, -1, false, NULL },
	{ "not", 1, 1, false, call_not },
	{ "eq", 2, -1, false, call_eq },
	{ "ne", 2, 2, false, call_ne },
	{ "lt", 2, 2, false, call_lt },
	{ "le", 2, 2, false, call_le },
	{ "gt", 2, 2, false, call_gt },
	{ "ge", 2, 2, false, call_ge },
	{ "len", 1, 1, false, call_len },
	{ "index", 1, -1, false, call_index },
	{ "slice", 1, 3, false, call_slice },
	{ "print", 0, -1, false, call_print },
	{ "printf", 1, -1, false, call_printf },
	{ "println", 0, -1, false, call_println },
	{ "json", 1, 1, true, call_json },
	{ "join", 2, 2, true, call_join },
	{ "split", 2, 2, true, call_split },
	{ "upper", 1, 1, true, call_upper },
	{ "lower", 1, 1, true, call_lower },
	{ "title", 1, 1, true, call_title },
	{ "pad", 3, 3, true, call_pad },
	{ "truncate", 2, 2, true, call_truncate },
	{ NULL, 0, 0, false, NULL },
};

const struct template_function *template_function_find(const char *name)
{
	for (const struct template_function *f = functions; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}
