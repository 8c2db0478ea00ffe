#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

bool str_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

bool str_is_empty(const char *text)
{
	return !text || !*text;
}

static struct error *not_a(const char *text, const char *what)
{
	char *quoted autofree = str_quote(text);

	return error_new(ERROR_BAD_INPUT, "%s is not %s", quoted, what);
}

/* Reads digits of @base at *@cursor into *@ret; false when there are none or they overflow. */
static bool digits(const char **cursor, unsigned int base, uint64_t *ret)
{
	const char *c = *cursor;
	uint64_t value = 0;

	for (; *c >= '0' && *c < (char)('0' + base); c++)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return false;
	if (c == *cursor)
		return false;
	*cursor = c;
	*ret = value;
	return true;
}

struct error *str_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	const char *c = text;
	uint64_t value;

	if (!digits(&c, 10, &value) || *c)
		return not_a(text, "a number");
	if (value < min || value > max)
		return error_new(ERROR_BAD_INPUT, "%s is not between %ju and %ju", text,
				 (uintmax_t)min, (uintmax_t)max);
	*ret = value;
	return NULL;
}

struct error *str_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *text == '-';
	const char *c = text + negative;
	uint64_t value;
	int64_t result;

	if (!digits(&c, 10, &value) || *c || value > (uint64_t)INT64_MAX + negative)
		return not_a(text, "a number");
	result = negative ? (int64_t)-value : (int64_t)value;
	if (result < min || result > max)
		return error_new(ERROR_BAD_INPUT, "%s is not between %jd and %jd", text,
				 (intmax_t)min, (intmax_t)max);
	*ret = result;
	return NULL;
}

struct error *str_parse_octal(const char *text, uint32_t max, uint32_t *ret)
{
	const char *c = text;
	uint64_t value;

	if (!digits(&c, 8, &value) || *c || value > max)
		return not_a(text, "an octal mode");
	*ret = (uint32_t)value;
	return NULL;
}

/* A decimal number with up to nine digits after the point, in billionths. */
static bool decimal(const char **cursor, uint64_t *ret_nano)
{
	uint64_t whole = 0, fraction = 0, scale = 1000000000;
	const char *c = *cursor;

	if (*c != '.' && !digits(&c, 10, &whole))
		return false;
	if (*c == '.') {
		if (!isdigit((unsigned char)*++c))
			return false;
		for (; isdigit((unsigned char)*c); c++) {
			scale /= 10; /* digits past the ninth are below any unit of ours */
			fraction += (uint64_t)(*c - '0') * scale;
		}
	}
	if (__builtin_mul_overflow(whole, (uint64_t)1000000000, &whole) ||
	    __builtin_add_overflow(whole, fraction, &whole))
		return false;
	*cursor = c;
	*ret_nano = whole;
	return true;
}

/* The power of 1024 that a unit stands for, or -1. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "kmgtp";
	const char *letter;

	if (!*unit || strcasecmp(unit, "b") == 0)
		return 0;
	letter = strchr(letters, tolower((unsigned char)*unit));
	if (!letter)
		return -1;
	if (unit[1] && strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0)
		return -1;
	return (int)(letter - letters + 1) * 10;
}

struct error *str_parse_size(const char *text, int64_t *ret_bytes)
{
	const char *c = text;
	__uint128_t bytes;
	uint64_t whole;
	int shift;

	if (strchr(text, '.')) {
		uint64_t nano;

		if (!decimal(&c, &nano))
			return not_a(text, "a size");
		bytes = nano;
	} else {
		if (!digits(&c, 10, &whole))
			return not_a(text, "a size");
		bytes = (__uint128_t)whole * 1000000000;
	}
	if (*c == ' ')
		c++;
	shift = unit_shift(c);
	if (shift < 0)
		return not_a(text, "a size");
	if (bytes > ((__uint128_t)INT64_MAX * 1000000000 + 999999999) >> shift)
		return error_new(ERROR_BAD_INPUT, "%s is larger than any size", text);
	*ret_bytes = (int64_t)((bytes << shift) / 1000000000);
	return NULL;
}

struct error *str_parse_bool(const char *text, bool *ret)
{
	static const char *const words[2][6] = {
		{ "0", "f", "F", "false", "FALSE", "False" },
		{ "1", "t", "T", "true", "TRUE", "True" },
	};

	for (int value = 0; value < 2; value++)
		for (int i = 0; i < 6; i++)
			if (strcmp(text, words[value][i]) == 0) {
				*ret = value;
				return NULL;
			}
	return not_a(text, "true or false");
}

struct error *str_parse_nano(const char *text, int64_t *ret_nano)
{
	const char *c = text;
	uint64_t nano;

	if (!decimal(&c, &nano) || *c || nano > INT64_MAX)
		return not_a(text, "a decimal number");
	*ret_nano = (int64_t)nano;
	return NULL;
}

/*
 * How many bytes of a control character @text starts with: 1 for ASCII ones, 2 for U+0080 to U+009F
 * in UTF-8, else 0.
 */
static size_t control_length(const char *text, size_t left)
{
	const unsigned char *c = (const unsigned char *)text;

	if (left && (c[0] < ' ' || c[0] == 0x7f))
		return 1;
	return left > 1 && c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f ? 2 : 0;
}

void str_blank_controls(char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t n = control_length(text + i, length - i);

		memset(text + i, '?', n);
		i += n ? n : 1;
	}
}

char *str_quote(const char *text)
{
	enum { SHOWN = 64 };
	char *quoted = alloc_zeroed(4 * SHOWN + 8, 1);
	char *out = quoted;
	size_t length = text ? strlen(text) : 0, hidden = 0;

	*out++ = '"';
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i == SHOWN) {
			out = stpcpy(out, "...");
			break;
		}
		if (!hidden)
			hidden = control_length(text + i, length - i);
		if (hidden || c == '"' || c == '\\')
			out += snprintf(out, 5, "\\x%02x", c);
		else
			*out++ = (char)c;
		hidden -= hidden > 0;
	}
	*out = '"';
	return quoted;
}

char *str_human_size(uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1000;
		unit++;
	}
	return alloc_printf("%.4g%s", value, units[unit]);
}
