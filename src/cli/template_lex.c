#include "cli/template_lex.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

#include "base/banned.h"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t word_end(const char *text, size_t at)
{
	while (is_word(text[at]))
		at++;
	return at;
}

/* The end of a quoted token that begins at @at; backslashes protect unless it is a raw string. */
static struct error *quoted_end(const char *text, size_t at, size_t *ret)
{
	char quote = text[at++];

	for (; text[at] != quote; at++) {
		if (text[at] == '\\' && quote != '`' && text[at + 1])
			at++;
		if (!text[at] || (text[at] == '\n' && quote != '`'))
			return error_new(ERROR_BAD_INPUT, "unterminated %s",
					 quote == '`'	 ? "raw quoted string"
					 : quote == '\'' ? "character constant"
							 : "quoted string");
	}
	*ret = at + 1;
	return NULL;
}

/*
 * Digits, letters of bases and exponents, one sign behind an exponent: what it means is decided
 * later.
 */
static size_t number_end(const char *text, size_t at)
{
	if (text[at] == '+' || text[at] == '-')
		at++;
	for (;; at++) {
		char before = at ? text[at - 1] : '\0';
		bool sign = (text[at] == '+' || text[at] == '-') &&
			    (before == 'e' || before == 'E' || before == 'p');

		if (!is_word(text[at]) && text[at] != '.' && !sign)
			return at;
	}
}

static bool starts_number(const char *c)
{
	return isdigit((unsigned char)*c) ||
	       ((*c == '-' || *c == '+') && isdigit((unsigned char)c[1])) ||
	       (*c == '.' && isdigit((unsigned char)c[1]));
}

static enum token_kind punctuation(const char *c, size_t *length)
{
	*length = 1;
	switch (*c) {
	case '(':
		return TOKEN_OPEN;
	case ')':
		return TOKEN_CLOSE;
	case '|':
		return TOKEN_PIPE;
	case ',':
		return TOKEN_COMMA;
	case '=':
		return TOKEN_ASSIGN;
	default: /* ":=" */
		*length = 2;
		return TOKEN_DECLARE;
	}
}

static struct error *lex_word(const char *text, struct token *t)
{
	const char *c = text + t->start;
	size_t length;

	if (*c == '.' && !is_word(c[1])) {
		t->kind = TOKEN_DOT;
		t->end = t->start + 1;
	} else if (*c == '.' || *c == '$') {
		t->kind = *c == '.' ? TOKEN_FIELD : TOKEN_VARIABLE;
		t->end = word_end(text, t->start + 1);
	} else if (is_word(*c)) {
		t->kind = TOKEN_NAME;
		t->end = word_end(text, t->start);
	} else if (strchr("()|,=", *c) || (*c == ':' && c[1] == '=')) {
		t->kind = punctuation(c, &length);
		t->end = t->start + length;
	} else {
		return error_new(ERROR_BAD_INPUT, "unexpected \"%c\" in command", *c);
	}
	return NULL;
}

struct error *template_lex(const char *text, size_t *at, struct token *ret)
{
	size_t start = *at + strspn(text + *at, " \t\r\n");
	struct token t = { .start = start, .after_space = start > *at };
	const char *c = text + start;

	if (!*c)
		return error_new(ERROR_BAD_INPUT, "unclosed action");
	if (strncmp(c, "}}", 2) == 0 || (t.after_space && strncmp(c, "-}}", 3) == 0)) {
		t.kind = TOKEN_END;
		t.end = start + (*c == '-' ? 3 : 2);
	} else if (*c == '"' || *c == '`' || *c == '\'') {
		t.kind = *c == '\'' ? TOKEN_CHARACTER : TOKEN_STRING;
		TRY(quoted_end(text, start, &t.end));
	} else if (starts_number(c)) {
		t.kind = TOKEN_NUMBER;
		t.end = number_end(text, start);
	} else {
		TRY(lex_word(text, &t));
	}
	*at = t.end;
	*ret = t;
	return NULL;
}

/* Writes @code as UTF-8; 0 bytes where it is no character. */
static size_t put_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if ((code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
		return 0;
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static bool hex_digits(const char *c, size_t n, uint32_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)c[i]))
			return false;
		*ret = *ret << 4 |
		       (uint32_t)(isdigit((unsigned char)c[i]) ? c[i] - '0'
							       : (c[i] | 0x20) - 'a' + 10);
	}
	return true;
}

/*
 * One escape behind its backslash: moves *@c behind it, writes at most 4 bytes; 0: not an escape
 * (NUL is none of ours).
 */
static size_t unescape(const char **c, char *out)
{
	static const char letters[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
	char letter = *(*c)++;
	const char *known = letter ? strchr(letters, letter) : NULL;
	size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
	uint32_t code;

	if (known) {
		*out = values[known - letters];
		return 1;
	}
	if (!digits || !hex_digits(*c, digits, &code) || !code)
		return 0;
	*c += digits;
	if (letter != 'x')
		return put_utf8(out, code);
	*out = (char)code;
	return 1;
}

struct error *template_unquote(const char *text, const struct token *t, char **ret,
			       size_t *ret_length)
{
	const char *c = text + t->start + 1, *end = text + t->end - 1;
	char *value autofree = alloc_zeroed((size_t)(end - c) + 5, 1);
	size_t n = 0;

	while (c < end) {
		size_t more = 1;

		if (*c == '\\' && *end != '`') {
			c++;
			more = unescape(&c, value + n);
			if (!more || c > end)
				return error_new(ERROR_BAD_INPUT, "invalid syntax");
		} else {
			value[n] = *c++;
		}
		n += more;
	}
	*ret = take(value);
	*ret_length = n;
	return NULL;
}

/* The base of a number and where its digits begin. */
static unsigned int base_of(const char **c, const char *end)
{
	char letter = end - *c > 1 && **c == '0' ? (char)((*c)[1] | 0x20) : '\0';

	if (letter != 'x' && letter != 'o' && letter != 'b')
		return 10;
	*c += 2;
	return letter == 'x' ? 16 : letter == 'o' ? 8 : 2;
}

bool template_integer(const char *text, size_t length, long long *ret)
{
	const char *c = text, *end = text + length;
	bool negative = length && *c == '-';
	unsigned int base;
	long long value = 0;

	if (length && (*c == '-' || *c == '+'))
		c++;
	base = base_of(&c, end);
	if (c == end)
		return false;
	for (; c < end; c++) {
		uint32_t digit;

		if (*c == '_')
			continue;
		if (!hex_digits(c, 1, &digit) || digit >= base ||
		    __builtin_mul_overflow(value, (long long)base, &value) ||
		    __builtin_add_overflow(value, (long long)digit, &value))
			return false;
	}
	*ret = negative ? -value : value;
	return true;
}
