/* The words inside a template's {{ }}. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum token_kind {
	TOKEN_END,	 /* "}}" */
	TOKEN_DOT,	 /* "." */
	TOKEN_FIELD,	 /* ".Name" */
	TOKEN_VARIABLE,	 /* "$", "$name" */
	TOKEN_NAME,	 /* a function or keyword */
	TOKEN_STRING,	 /* "…" or `…`, quotes included */
	TOKEN_CHARACTER, /* '…' */
	TOKEN_NUMBER,
	TOKEN_OPEN,  /* ( */
	TOKEN_CLOSE, /* ) */
	TOKEN_PIPE,
	TOKEN_COMMA,
	TOKEN_DECLARE, /* := */
	TOKEN_ASSIGN,  /* = */
};

struct token {
	enum token_kind kind;
	size_t start, end; /* in the text */
	bool after_space;
};

/*
 * Reads the token at *@at of @text, which lies inside an action, and moves *@at behind it; a
 * TOKEN_END with a trim marker starts at its '-'. The error's text has no place: the caller knows
 * the line.
 */
struct error *template_lex(const char *text, size_t *at, struct token *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * The text between the quotes of a string or character token, Go's escapes replaced; the caller
 * frees.
 */
struct error *template_unquote(const char *text, const struct token *t, char **ret,
			       size_t *ret_length) __attribute__((nonnull, warn_unused_result));

/*
 * A whole number in Go's notations (12, 0x1f, 0o17, 0b101, 1_000); false when it is none or does
 * not fit.
 */
bool template_integer(const char *text, size_t length, long long *ret) __attribute__((nonnull));
