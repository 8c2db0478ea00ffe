/*
 * What is inside of {{ }}: pipelines of commands of operands. Names of functions and variables are
 * checked here, so that a wrong template fails before any output.
 */
#include "cli/template_parser.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "cli/template_function.h"

#include "base/banned.h"

#define FIELDS_MAX 64
#define DEPTH_MAX 64 /* of blocks and parentheses: the recursion here and in the evaluation */

void *template_make(struct parser *p, size_t size)
{
	struct template_block *block = alloc_zeroed(1, sizeof(*block) + size);

	block->next = p->t->blocks;
	p->t->blocks = block;
	return block->data;
}

char *template_make_text(struct parser *p, size_t start, size_t end)
{
	char *text = template_make(p, end - start + 1);

	memcpy(text, p->t->text + start, end - start);
	return text;
}

struct error *template_peek(struct parser *p)
{
	if (!p->has_token)
		TRY(template_lex(p->t->text, &p->at, &p->token));
	p->has_token = true;
	return NULL;
}

struct error *template_deeper(struct parser *p)
{
	if (++p->depth > DEPTH_MAX)
		return error_new(ERROR_LIMIT, "nested more than %d deep", DEPTH_MAX);
	return NULL;
}

struct error *template_unexpected(const struct parser *p, const char *where)
{
	const struct token *t = &p->token;

	if (t->kind == TOKEN_END)
		return error_new(ERROR_BAD_INPUT, "unexpected end of action in %s", where);
	return error_new(ERROR_BAD_INPUT, "unexpected \"%.*s\" in %s", (int)(t->end - t->start),
			 p->t->text + t->start, where);
}

bool template_token_is(const struct parser *p, const char *word)
{
	size_t length = p->token.end - p->token.start;

	return strlen(word) == length && memcmp(p->t->text + p->token.start, word, length) == 0;
}

static void set_constant(struct parser *p, struct operand *o, json_t *value)
{
	o->kind = OPERAND_CONSTANT;
	o->constant = value;
	json_array_append_new(p->t->constants, value);
}

static struct error *parse_number(struct parser *p, struct operand *o)
{
	size_t length = p->token.end - p->token.start;
	char *text = template_make_text(p, p->token.start, p->token.end), *end = NULL;
	long long whole;
	double real;

	if (template_integer(text, length, &whole)) {
		set_constant(p, o, json_integer(whole));
		return NULL;
	}
	real = strtod(text, &end);
	if (*end || strpbrk(text, "xXnN") || real - real != 0)
		return error_new(ERROR_BAD_INPUT, "bad number syntax: \"%s\"", text);
	/* As in Go, a constant like 1e3 that is a whole number can be one. */
	if (real >= -1e15 && real <= 1e15 && real == (double)(long long)real && !strchr(text, '.'))
		set_constant(p, o, json_integer((long long)real));
	else
		set_constant(p, o, json_real(real));
	return NULL;
}

/* The code point of the character that is all of @text, or -1. */
static long long only_character(const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	long long code = n == 1 ? s[0] : s[0] & (0xff >> (n + 1));

	if (!length || n != length)
		return -1;
	for (size_t i = 1; i < n; i++)
		code = code << 6 | (s[i] & 0x3f);
	return code;
}

static struct error *parse_quoted(struct parser *p, struct operand *o)
{
	char *text autofree = NULL;
	json_t *value;
	size_t length;

	TRY(template_unquote(p->t->text, &p->token, &text, &length));
	if (p->token.kind == TOKEN_STRING) {
		value = json_stringn(text, length);
	} else {
		long long code = only_character(text, length);

		value = code < 0 ? NULL : json_integer(code);
	}
	if (!value)
		return error_new(ERROR_BAD_INPUT, "invalid syntax in %.*s",
				 (int)(p->token.end - p->token.start), p->t->text + p->token.start);
	set_constant(p, o, value);
	return NULL;
}

static struct error *parse_variable(struct parser *p, struct operand *o)
{
	o->kind = OPERAND_VARIABLE;
	o->name = template_make_text(p, p->token.start, p->token.end);
	if (!strv_contains(p->variables, o->name))
		return error_new(ERROR_BAD_INPUT, "undefined variable \"%s\"", o->name);
	return NULL;
}

static struct error *parse_name(struct parser *p, struct operand *o)
{
	if (template_token_is(p, "true") || template_token_is(p, "false")) {
		set_constant(p, o, json_boolean(template_token_is(p, "true")));
		return NULL;
	}
	if (template_token_is(p, "nil")) {
		o->kind = OPERAND_NIL;
		return NULL;
	}
	o->kind = OPERAND_FUNCTION;
	o->name = template_make_text(p, p->token.start, p->token.end);
	if (!template_function_find(o->name))
		return error_new(ERROR_BAD_INPUT, "function \"%s\" not defined", o->name);
	return NULL;
}

static struct error *add_field(struct parser *p, struct operand *o)
{
	char **longer = template_make(p, (o->n_fields + 2) * sizeof(*longer));

	if (o->n_fields == FIELDS_MAX)
		return error_new(ERROR_LIMIT, "more than %d fields", FIELDS_MAX);
	if (o->n_fields)
		memcpy(longer, o->fields, o->n_fields * sizeof(*longer));
	longer[o->n_fields++] = template_make_text(p, p->token.start + 1, p->token.end);
	o->fields = longer;
	o->end = p->token.end;
	if (o->n_fields == 2 && o->kind == OPERAND_DOT)
		o->at = p->token.start; /* where Go's parser says such a chain is */
	return NULL;
}

static struct error *parse_parenthesis(struct parser *p, struct operand *o)
{
	TRY(template_deeper(p));
	o->kind = OPERAND_PIPELINE;
	p->has_token = false;
	TRY(template_parse_pipeline(p, "parenthesized pipeline", TOKEN_CLOSE, &o->pipeline));
	p->depth--;
	o->end = p->token.end;
	return NULL;
}

/* One operand, its fields included; the token is the first of it. */
static struct error *parse_operand(struct parser *p, struct operand *o)
{
	*o = (struct operand){ .at = p->token.start, .start = p->token.start, .end = p->token.end };
	switch (p->token.kind) {
	case TOKEN_DOT:
		break;
	case TOKEN_FIELD:
		TRY(add_field(p, o));
		break;
	case TOKEN_VARIABLE:
		TRY(parse_variable(p, o));
		break;
	case TOKEN_NUMBER:
		TRY(parse_number(p, o));
		break;
	case TOKEN_STRING:
	case TOKEN_CHARACTER:
		TRY(parse_quoted(p, o));
		break;
	case TOKEN_NAME:
		TRY(parse_name(p, o));
		break;
	case TOKEN_OPEN:
		TRY(parse_parenthesis(p, o));
		break;
	default:
		return template_unexpected(p, "operand");
	}
	p->has_token = false;
	for (;;) {
		TRY(template_peek(p));
		if (p->token.after_space ||
		    (p->token.kind != TOKEN_FIELD && p->token.kind != TOKEN_DOT))
			return NULL;
		if (p->token.kind == TOKEN_DOT || o->kind == OPERAND_CONSTANT ||
		    o->kind == OPERAND_NIL)
			return template_unexpected(p, "operand");
		TRY(add_field(p, o));
		p->has_token = false;
	}
}

#define OPERANDS_MAX 64

static struct error *parse_step(struct parser *p, enum token_kind end, struct step **ret)
{
	struct operand operands[OPERANDS_MAX];
	struct step *s = template_make(p, sizeof(*s));

	for (;;) {
		TRY(template_peek(p));
		if (p->token.kind == end || p->token.kind == TOKEN_PIPE)
			break;
		if (s->n_operands == OPERANDS_MAX)
			return error_new(ERROR_LIMIT, "more than %d operands", OPERANDS_MAX);
		if (p->token.kind == TOKEN_END || p->token.kind == TOKEN_CLOSE)
			return end == TOKEN_CLOSE
				       ? error_new(ERROR_BAD_INPUT, "unclosed left paren")
				       : error_new(ERROR_BAD_INPUT, "unexpected right paren");
		TRY(parse_operand(p, &operands[s->n_operands++]));
	}
	s->operands = template_make(p, (s->n_operands + 1) * sizeof(*operands));
	memcpy(s->operands, operands, s->n_operands * sizeof(*operands));
	*ret = s;
	return NULL;
}

/* "$x :=", "$x =", "$i, $x :=" before a pipeline, where they are; else nothing is consumed. */
static struct error *parse_declaration(struct parser *p, bool is_range, struct pipeline *pipeline)
{
	size_t back = p->at;
	struct token first = p->token, second = { .start = 0 };

	if (first.kind != TOKEN_VARIABLE)
		return NULL;
	p->has_token = false;
	TRY(template_peek(p));
	if (is_range && p->token.kind == TOKEN_COMMA) {
		p->has_token = false;
		TRY(template_peek(p));
		second = p->token;
		if (second.kind != TOKEN_VARIABLE)
			return error_new(ERROR_BAD_INPUT, "range can only initialize variables");
		p->has_token = false;
		TRY(template_peek(p));
	}
	if (p->token.kind != TOKEN_DECLARE && p->token.kind != TOKEN_ASSIGN) {
		if (second.end)
			return template_unexpected(p, "range");
		p->at = back;
		p->token = first;
		p->has_token = true;
		return NULL;
	}
	pipeline->is_assignment = p->token.kind == TOKEN_ASSIGN;
	pipeline->variables[pipeline->n_variables++] =
		template_make_text(p, first.start, first.end);
	if (second.end)
		pipeline->variables[pipeline->n_variables++] =
			template_make_text(p, second.start, second.end);
	p->has_token = false;
	return NULL;
}

static struct error *declare(struct parser *p, const struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->n_variables; i++) {
		if (!pipeline->is_assignment)
			strv_add(&p->variables, pipeline->variables[i]);
		else if (!strv_contains(p->variables, pipeline->variables[i]))
			return error_new(ERROR_BAD_INPUT, "undefined variable \"%s\"",
					 pipeline->variables[i]);
	}
	return NULL;
}

/* Constants can begin a pipeline, but nothing can be passed to them. */
static struct error *check_later_step(const struct parser *p, const struct step *s)
{
	enum operand_kind kind = s->operands[0].kind;

	if (kind == OPERAND_FUNCTION || kind == OPERAND_PIPELINE || kind == OPERAND_DOT ||
	    kind == OPERAND_VARIABLE)
		return NULL;
	return error_new(ERROR_BAD_INPUT, "non executable command in pipeline: \"%.*s\"",
			 (int)(s->operands[0].end - s->operands[0].start),
			 p->t->text + s->operands[0].start);
}

/* A pipeline up to its end, which stays the token, consumed. */
struct error *template_parse_pipeline(struct parser *p, const char *context, enum token_kind end,
				      struct pipeline **ret)
{
	struct pipeline *pipeline = template_make(p, sizeof(*pipeline));
	struct step **next = &pipeline->steps;

	TRY(template_peek(p));
	if (end == TOKEN_END)
		TRY(parse_declaration(p, strcmp(context, "range") == 0, pipeline));
	for (;;) {
		TRY(parse_step(p, end, next));
		if (!(*next)->n_operands)
			return error_new(ERROR_BAD_INPUT, "missing value for %s", context);
		if (next != &pipeline->steps)
			TRY(check_later_step(p, *next));
		next = &(*next)->next;
		p->has_token = false;
		if (p->token.kind == end)
			break;
	}
	p->trim_next = end == TOKEN_END && p->t->text[p->token.start] == '-';
	TRY(declare(p, pipeline));
	*ret = pipeline;
	return NULL;
}
