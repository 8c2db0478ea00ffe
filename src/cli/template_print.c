#include "cli/template_print.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#include "base/banned.h"

#define WIDTH_MAX 4096

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **template_sorted_keys(const json_t *object)
{
	const char **keys = alloc_zeroed(json_object_size(object) + 1, sizeof(*keys));
	const char *key;
	json_t *item;
	size_t n = 0;

	json_object_foreach((json_t *)object, key, item)
		keys[n++] = key;
	qsort(keys, n, sizeof(*keys), by_text);
	return keys;
}

const char *template_type(const json_t *value)
{
	if (!value || json_is_null(value))
		return "<nil>";
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "map[string]interface {}";
	case JSON_ARRAY:
		return "[]interface {}";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float64";
	default:
		return "bool";
	}
}

/* From 2^53 on there are only whole ones, and soon more than a long long holds. */
static bool is_whole(double real)
{
	const double all_whole = 9007199254740992.0;

	return real >= all_whole || real <= -all_whole || real == (double)(long long)real;
}

/*
 * Go's %v of a float64 is %g with the fewest digits that read back as the same number, and an
 * exponent from 1e21.
 */
static struct error *print_real(struct buf *out, double real)
{
	char text[64];

	if ((real < 1e21 && real > -1e21) && is_whole(real))
		return buf_printf(out, "%.0f", real);
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, real);
		if (strtod(text, NULL) == real)
			break;
	}
	return buf_add_text(out, text);
}

static struct error *print_array(struct buf *out, const json_t *value)
{
	const json_t *item;
	size_t i;

	TRY(buf_add_text(out, "["));
	json_array_foreach((json_t *)value, i, item) {
		if (i)
			TRY(buf_add_text(out, " "));
		TRY(template_print(out, item));
	}
	return buf_add_text(out, "]");
}

static struct error *print_object(struct buf *out, const json_t *value)
{
	const char **keys autofree = template_sorted_keys(value);

	TRY(buf_add_text(out, "map["));
	for (size_t i = 0; keys[i]; i++) {
		TRY(buf_printf(out, "%s%s:", i ? " " : "", keys[i]));
		TRY(template_print(out, json_object_get(value, keys[i])));
	}
	return buf_add_text(out, "]");
}

struct error *template_print(struct buf *out, const json_t *value)
{
	if (!value)
		return buf_add_text(out, "<no value>");
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return print_object(out, value);
	case JSON_ARRAY:
		return print_array(out, value);
	case JSON_STRING:
		return buf_add(out, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return print_real(out, json_real_value(value));
	case JSON_TRUE:
		return buf_add_text(out, "true");
	case JSON_FALSE:
		return buf_add_text(out, "false");
	default:
		return buf_add_text(out, "<nil>");
	}
}

/* One %-directive: its flags, width, precision and letter. */
struct verb {
	bool left, zero, plus, space, sharp;
	int width, precision; /* precision -1: none */
	char letter;
};

static int read_number(const char **c)
{
	int n = 0;

	for (; isdigit((unsigned char)**c); (*c)++)
		if (n < WIDTH_MAX)
			n = n * 10 + **c - '0';
	return n < WIDTH_MAX ? n : WIDTH_MAX;
}

static struct verb read_verb(const char **c)
{
	struct verb v = { .precision = -1 };

	for (;; (*c)++) {
		if (**c == '-')
			v.left = true;
		else if (**c == '0')
			v.zero = true;
		else if (**c == '+')
			v.plus = true;
		else if (**c == ' ')
			v.space = true;
		else if (**c == '#')
			v.sharp = true;
		else
			break;
	}
	v.width = read_number(c);
	if (**c == '.') {
		(*c)++;
		v.precision = read_number(c);
	}
	v.letter = **c;
	if (**c)
		(*c)++;
	return v;
}

static struct error *pad(struct buf *out, char with, size_t n)
{
	while (n--)
		TRY(buf_add(out, &with, 1));
	return NULL;
}

/* Characters, not bytes: what does not begin one (RFC 3629) does not count. */
static size_t characters(const char *text, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static struct error *add_padded(struct buf *out, const struct verb *v, const char *text,
				size_t length)
{
	size_t have = characters(text, length),
	       missing = (size_t)v->width > have ? (size_t)v->width - have : 0;

	if (!v->left)
		TRY(pad(out, ' ', missing));
	TRY(buf_add(out, text, length));
	return v->left ? pad(out, ' ', missing) : NULL;
}

static struct error *wrong_verb(struct buf *out, const struct verb *v, const json_t *value)
{
	if (!value || json_is_null(value))
		return buf_printf(out, "%%!%c(<nil>)", v->letter);
	TRY(buf_printf(out, "%%!%c(%s=", v->letter, template_type(value)));
	TRY(template_print(out, value));
	return buf_add_text(out, ")");
}

/* The bytes of the first @n characters. */
static size_t prefix(const char *text, size_t length, size_t n)
{
	size_t i = 0;

	for (; i < length; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80 && n-- == 0)
			break;
	return i;
}

static struct error *add_string(struct buf *out, const struct verb *v, const char *text,
				size_t length)
{
	struct buf shown autobuf = BUF_MAX(out->max);

	if (v->precision >= 0)
		length = prefix(text, length, (size_t)v->precision);
	if (v->letter == 'q') {
		TRY(json_add_quoted(&shown, text, length));
	} else if (v->letter == 'x' || v->letter == 'X') {
		for (size_t i = 0; i < length; i++)
			TRY(buf_printf(&shown, v->letter == 'x' ? "%02x" : "%02X",
				       (unsigned char)text[i]));
	} else {
		TRY(buf_add(&shown, text, length));
	}
	return add_padded(out, v, buf_text(&shown), shown.length);
}

/* The digits of @n in @base, with sign; @text holds 64 of them. */
static const char *digits_of(unsigned long long n, unsigned int base, bool upper, char text[72])
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char *c = text + 71;

	*c = '\0';
	do
		*--c = set[n % base];
	while (n /= base);
	return c;
}

static struct error *add_integer(struct buf *out, const struct verb *v, json_int_t value)
{
	unsigned int base = v->letter == 'x' || v->letter == 'X' ? 16
			    : v->letter == 'o'			 ? 8
			    : v->letter == 'b'			 ? 2
								 : 10;
	unsigned long long size =
		value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
	char text[72];
	const char *digits = digits_of(size, base, v->letter == 'X', text);
	const char *sign = value < 0 ? "-" : v->plus ? "+" : v->space ? " " : "";
	size_t length = strlen(sign) + strlen(digits), width = (size_t)v->width;
	char *whole autofree = NULL;

	if (v->zero && !v->left && width > length) {
		TRY(buf_add_text(out, sign));
		TRY(pad(out, '0', width - length));
		return buf_add_text(out, digits);
	}
	whole = alloc_printf("%s%s", sign, digits);
	return add_padded(out, v, whole, length);
}

static struct error *add_real(struct buf *out, const struct verb *v, double value)
{
	struct buf shown autobuf = BUF_MAX(out->max);
	int precision = v->precision < 0 ? 6 : v->precision;
	const char *plus = v->plus && value >= 0 ? "+" : "";

	if (v->letter == 'e')
		TRY(buf_printf(&shown, "%s%.*e", plus, precision, value));
	else if (v->letter == 'g' && v->precision >= 0)
		TRY(buf_printf(&shown, "%s%.*g", plus, precision, value));
	else if (v->letter == 'f' || v->letter == 'F')
		TRY(buf_printf(&shown, "%s%.*f", plus, precision, value));
	else
		TRY(print_real(&shown, value));
	return add_padded(out, v, buf_text(&shown), shown.length);
}

static struct error *add_any(struct buf *out, const struct verb *v, const json_t *value)
{
	struct buf shown autobuf = BUF_MAX(out->max);

	TRY(value ? template_print(&shown, value) : buf_add_text(&shown, "<nil>"));
	return add_padded(out, v, buf_text(&shown), shown.length);
}

static struct error *add_verb(struct buf *out, const struct verb *v, const json_t *value)
{
	char letter = v->letter;

	if (letter == 'v' && !json_is_integer(value))
		return add_any(out, v, value);
	if (letter == 'T')
		return add_padded(out, v, template_type(value), strlen(template_type(value)));
	if (json_is_string(value) && strchr("sqxX", letter))
		return add_string(out, v, json_string_value(value), json_string_length(value));
	if (json_is_integer(value) && strchr("vdxXob", letter))
		return add_integer(out, v, json_integer_value(value));
	if (json_is_real(value) && strchr("feFgG", letter))
		return add_real(out, v, json_real_value(value));
	if (json_is_boolean(value) && letter == 't')
		return add_any(out, v, value);
	if ((json_is_array(value) || json_is_object(value)) && letter == 's')
		return add_any(out, v, value);
	return wrong_verb(out, v, value);
}

static struct error *add_extra(struct buf *out, json_t *const *values, size_t n)
{
	TRY(buf_add_text(out, "%!(EXTRA "));
	for (size_t i = 0; i < n; i++) {
		TRY(buf_printf(out, "%s%s=", i ? ", " : "", template_type(values[i])));
		TRY(template_print(out, values[i]));
	}
	return buf_add_text(out, ")");
}

struct error *template_printf(struct buf *out, const char *format, json_t *const *values, size_t n)
{
	size_t used = 0;

	for (const char *c = format; *c;) {
		size_t plain = strcspn(c, "%");
		struct verb v;

		TRY(buf_add(out, c, plain));
		c += plain;
		if (!*c)
			break;
		c++;
		v = read_verb(&c);
		if (!v.letter)
			TRY(buf_add_text(out, "%!(NOVERB)"));
		else if (v.letter == '%')
			TRY(buf_add_text(out, "%"));
		else if (used == n)
			TRY(buf_printf(out, "%%!%c(MISSING)", v.letter));
		else
			TRY(add_verb(out, &v, values[used++]));
	}
	return used < n ? add_extra(out, values + used, n - used) : NULL;
}
