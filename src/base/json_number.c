#include "base/json_number.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#include "base/banned.h"

/* What each kind of number can hold; the others have no size. */
static const struct range {
	size_t size;
	int64_t min;
	uint64_t max;
	bool pointer;
} ranges[] = {
	[JSON_INT64] = { sizeof(int64_t), INT64_MIN, INT64_MAX, false },
	[JSON_INT32] = { sizeof(int32_t), INT32_MIN, INT32_MAX, false },
	[JSON_UINT32] = { sizeof(uint32_t), 0, UINT32_MAX, false },
	[JSON_UINT64] = { sizeof(uint64_t), 0, UINT64_MAX, false },
	[JSON_INT64_POINTER] = { sizeof(int64_t), INT64_MIN, INT64_MAX, true },
	[JSON_UINT32_POINTER] = { sizeof(uint32_t), 0, UINT32_MAX, true },
	[JSON_UINT64_POINTER] = { sizeof(uint64_t), 0, UINT64_MAX, true },
	[JSON_UINT32S] = { 0, 0, UINT32_MAX, false }, /* not one number, but decoded as each */
};

bool json_kind_is_number(enum json_kind kind)
{
	return (size_t)kind < sizeof(ranges) / sizeof(*ranges) && ranges[kind].size > 0;
}

static bool is_wide(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) > 1 && !*json_string_value(value);
}

bool json_is_text(const json_t *value)
{
	return json_is_string(value) && !is_wide(value);
}

/* For messages: a value as the document has it, long ones shortened. */
static char *show(const json_t *value)
{
	if (json_is_object(value))
		return alloc_string("an object");
	if (json_is_array(value))
		return alloc_string("an array");
	if (is_wide(value))
		return alloc_string(json_string_value(value) + 1);
	if (json_is_string(value))
		return str_quote(json_string_value(value));
	return json_dumps(value, JSON_ENCODE_ANY);
}

static struct error *check_bounds(const struct json_field *f, int64_t number, uint64_t magnitude)
{
	const struct range *r = &ranges[f->kind];
	bool narrowed = f->min || f->max;
	int64_t min = narrowed ? f->min : r->min;
	uint64_t max = narrowed && f->max ? f->max : r->max;

	if (number < min)
		return error_new(ERROR_BAD_INPUT, "%" PRId64 " is below %" PRId64, number, min);
	if (number >= 0 && magnitude > max)
		return error_new(ERROR_BAD_INPUT, "%" PRIu64 " is above %" PRIu64, magnitude, max);
	return NULL;
}

struct error *json_decode_number(const struct json_field *f, const json_t *value, void *target)
{
	bool wide = is_wide(value);
	uint64_t magnitude = (uint64_t)json_integer_value(value);
	size_t size = ranges[f->kind].size ? ranges[f->kind].size : sizeof(uint32_t);

	if (wide) {
		TRY(str_parse_u64(json_string_value(value) + 1, 0, UINT64_MAX, &magnitude));
	} else if (!json_is_integer(value)) {
		char *shown autofree = show(value);

		return error_new(ERROR_BAD_INPUT, "%s is not a %s", shown,
				 json_is_real(value) ? "whole number" : "number");
	}
	TRY(check_bounds(f, wide ? INT64_MAX : json_integer_value(value), magnitude));
	if (ranges[f->kind].pointer)
		target = *(void **)target = alloc_zeroed(1, size);
	if (size == sizeof(uint32_t))
		*(uint32_t *)target = (uint32_t)magnitude; /* two's complement, where negative */
	else
		*(uint64_t *)target = magnitude;
	return NULL;
}

static json_t *encode_unsigned(uint64_t number)
{
	/* NUL and up to 20 digits. */
	char text[24] = "";
	int length;

	if (number <= INT64_MAX)
		return json_integer((json_int_t)number);
	length = snprintf(text + 1, sizeof(text) - 1, "%" PRIu64, number);
	return json_stringn_nocheck(text, (size_t)length + 1);
}

json_t *json_encode_number(enum json_kind kind, const void *source)
{
	if (ranges[kind].pointer)
		source = *(void *const *)source;
	if (!source)
		return json_null();
	if (kind == JSON_INT32)
		return json_integer(*(const int32_t *)source);
	if (ranges[kind].size == sizeof(uint32_t))
		return json_integer(*(const uint32_t *)source);
	if (ranges[kind].min < 0)
		return json_integer(*(const int64_t *)source);
	return encode_unsigned(*(const uint64_t *)source);
}

bool json_number_is_empty(enum json_kind kind, const void *source)
{
	if (ranges[kind].pointer)
		return !*(void *const *)source;
	return ranges[kind].size == sizeof(uint32_t) ? !*(const uint32_t *)source
						     : !*(const uint64_t *)source;
}

void json_number_done(enum json_kind kind, void *target)
{
	if (ranges[kind].pointer) {
		free(*(void **)target);
		*(void **)target = NULL;
	} else {
		memset(target, 0, ranges[kind].size);
	}
}

#define WRAPPED "\"\\u0000"
#define DIGITS "0123456789"

void json_unwrap_numbers(char *text)
{
	char *to = text;
	char *from = strstr(text, WRAPPED);

	if (!from)
		return;
	to = from;
	while (from) {
		size_t digits = strspn(from + strlen(WRAPPED), DIGITS);
		char *rest = from + strlen(WRAPPED) + digits + strlen("\"");
		char *next = strstr(rest, WRAPPED);
		size_t between = next ? (size_t)(next - rest) : strlen(rest);

		memmove(to, from + strlen(WRAPPED), digits);
		memmove(to + digits, rest, between);
		to += digits + between;
		from = next;
	}
	*to = '\0';
}

/* Whether the @n bytes are a whole number of more than 2^63-1 and at most 2^64-1. */
static bool is_wide_token(const char *token, size_t n)
{
	char digits[24] = "";
	uint64_t value = 0;
	struct error *err;

	if (n < 19 || n > 20 || *token == '0')
		return false;
	memcpy(digits, token, n); /* there is no NUL after the document */
	if (strspn(digits, DIGITS) < n)
		return false;
	err = str_parse_u64(digits, (uint64_t)INT64_MAX + 1, UINT64_MAX, &value);
	if (!err)
		return true;
	error_free(err);
	return false;
}

/* The end of the string whose opening quote is at @i. */
static struct error *skip_string(const char *text, size_t length, size_t i, size_t *ret_end)
{
	for (i++; i < length && text[i] != '"'; i++) {
		if (text[i] != '\\')
			continue;
		if (length - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
			return error_new(ERROR_BAD_INPUT, "\\u0000 is not allowed in a string");
		i++;
	}
	*ret_end = i < length ? i + 1 : length;
	return NULL;
}

/*
 * Copies @text with each number that jansson cannot hold in the form of a string that starts with
 * NUL. Since a NUL that the document itself has is refused here, nothing else looks so.
 */
static struct error *wrap_numbers(const char *text, size_t length, struct buf *ret)
{
	size_t copied = 0;

	for (size_t i = 0, n; i < length; i += n) {
		n = 1;
		if (text[i] == '"') {
			size_t end;

			TRY(skip_string(text, length, i, &end));
			n = end - i;
		} else if (strchr("-" DIGITS, text[i]) && text[i]) {
			while (i + n < length && text[i + n] && strchr("+-.eE" DIGITS, text[i + n]))
				n++;
			if (!is_wide_token(text + i, n))
				continue;
			TRY(buf_add(ret, text + copied, i - copied));
			TRY(buf_printf(ret, WRAPPED "%.*s\"", (int)n, text + i));
			copied = i + n;
		}
	}
	return buf_add(ret, text + copied, length - copied);
}

struct error *json_parse_wide(const char *text, size_t length, json_t **ret)
{
	json_error_t why;
	json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);

	if (!value && json_error_code(&why) == json_error_numeric_overflow) {
		/* 19 bytes become 27, the most that it grows by. */
		struct buf wrapped autobuf = BUF_MAX(length * 2 + 64);

		TRY(wrap_numbers(text, length, &wrapped));
		value = json_loadb(wrapped.data, wrapped.length,
				   JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
	}
	if (!value)
		return error_new(ERROR_BAD_INPUT, "line %d, column %d: %s", why.line, why.column,
				 why.text);
	*ret = value;
	return NULL;
}
