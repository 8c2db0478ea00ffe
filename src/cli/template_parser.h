/*
 * What the two halves of the parser share: template_parse.c has text and blocks,
 * template_pipeline.c what is inside of {{ }}.
 */
#pragma once

#include "cli/template_lex.h"
#include "cli/template_node.h"

struct parser {
	struct template *t;
	size_t at;
	struct token token; /* the next one, where has_token */
	bool has_token;
	char **variables; /* that are in scope */
	int depth, ranges;
	bool trim_next; /* "-}}" came last */
};

/*
 * Zeroed memory that lives as long as the template; the bytes from @start to @end of its text in
 * such.
 */
void *template_make(struct parser *p, size_t size) __attribute__((nonnull, returns_nonnull));
char *template_make_text(struct parser *p, size_t start, size_t end)
	__attribute__((nonnull, returns_nonnull));

/* Makes .token the next one, unless it is already. */
struct error *template_peek(struct parser *p) __attribute__((nonnull, warn_unused_result));

/* Whether the token is this word. */
bool template_token_is(const struct parser *p, const char *word) __attribute__((nonnull));

/* ERROR_BAD_INPUT "unexpected … in WHERE", about the token. */
struct error *template_unexpected(const struct parser *p, const char *where)
	__attribute__((nonnull, warn_unused_result));

/* Counts one more level of nesting; ERROR_LIMIT. */
struct error *template_deeper(struct parser *p) __attribute__((nonnull, warn_unused_result));

/*
 * A pipeline up to the token @end, which is consumed but stays in .token; @context is for messages.
 */
struct error *template_parse_pipeline(struct parser *p, const char *context, enum token_kind end,
				      struct pipeline **ret)
	__attribute__((nonnull, warn_unused_result));
