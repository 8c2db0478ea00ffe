/*
 * A template's text becomes the nodes of template_node.h: recursive descent as in Go's text/template/parse, its messages
 * included. Names of functions and variables are checked here, so that a wrong template fails before any output.
 */
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "cli/template.h"
#include "cli/template_function.h"
#include "cli/template_lex.h"
#include "cli/template_node.h"

#include "base/banned.h"

#define TEXT_MAX (1 << 20)
#define FIELDS_MAX 64
#define DEPTH_MAX 64 /* of blocks and parentheses: the recursion here and in the evaluation */

struct parser {
	struct template *t;
	size_t at;
	struct token token; /* the next one, where has_token */
	bool has_token;
	char **variables; /* that are in scope */
	int depth, ranges;
	bool trim_next; /* "-}}" came last */
};

static void *make(struct parser *p, size_t size)
{
	struct template_block *block = alloc_zeroed(1, sizeof(*block) + size);

	block->next = p->t->blocks;
	p->t->blocks = block;
	return block->data;
}

static char *make_text(struct parser *p, size_t start, size_t end)
{
	char *text = make(p, end - start + 1);

	memcpy(text, p->t->text + start, end - start);
	return text;
}

static struct error *peek(struct parser *p)
{
	if (!p->has_token)
		TRY(template_lex(p->t->text, &p->at, &p->token));
	p->has_token = true;
	return NULL;
}

static struct error *deeper(struct parser *p)
{
	if (++p->depth > DEPTH_MAX)
		return error_new(ERROR_LIMIT, "nested more than %d deep", DEPTH_MAX);
	return NULL;
}

static struct error *unexpected(const struct parser *p, const char *where)
{
	const struct token *t = &p->token;

	if (t->kind == TOKEN_END)
		return error_new(ERROR_BAD_INPUT, "unexpected end of action in %s", where);
	return error_new(ERROR_BAD_INPUT, "unexpected \"%.*s\" in %s", (int)(t->end - t->start),
			 p->t->text + t->start, where);
}

static bool token_is(const struct parser *p, const char *word)
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
	char *text = make_text(p, p->token.start, p->token.end), *end = NULL;
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
	o->name = make_text(p, p->token.start, p->token.end);
	if (!strv_contains(p->variables, o->name))
		return error_new(ERROR_BAD_INPUT, "undefined variable \"%s\"", o->name);
	return NULL;
}

static struct error *parse_name(struct parser *p, struct operand *o)
{
	if (token_is(p, "true") || token_is(p, "false")) {
		set_constant(p, o, json_boolean(token_is(p, "true")));
		return NULL;
	}
	if (token_is(p, "nil")) {
		o->kind = OPERAND_NIL;
		return NULL;
	}
	o->kind = OPERAND_FUNCTION;
	o->name = make_text(p, p->token.start, p->token.end);
	if (!template_function_find(o->name))
		return error_new(ERROR_BAD_INPUT, "function \"%s\" not defined", o->name);
	return NULL;
}

static struct error *add_field(struct parser *p, struct operand *o)
{
	char **longer = make(p, (o->n_fields + 2) * sizeof(*longer));

	if (o->n_fields == FIELDS_MAX)
		return error_new(ERROR_LIMIT, "more than %d fields", FIELDS_MAX);
	if (o->n_fields)
		memcpy(longer, o->fields, o->n_fields * sizeof(*longer));
	longer[o->n_fields++] = make_text(p, p->token.start + 1, p->token.end);
	o->fields = longer;
	o->end = p->token.end;
	if (o->n_fields == 2 && o->kind == OPERAND_DOT)
		o->at = p->token.start; /* where Go's parser says such a chain is */
	return NULL;
}

static struct error *parse_pipeline(struct parser *p, const char *context, enum token_kind end,
				    struct pipeline **ret);

static struct error *parse_parenthesis(struct parser *p, struct operand *o)
{
	TRY(deeper(p));
	o->kind = OPERAND_PIPELINE;
	p->has_token = false;
	TRY(parse_pipeline(p, "parenthesized pipeline", TOKEN_CLOSE, &o->pipeline));
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
		return unexpected(p, "operand");
	}
	p->has_token = false;
	for (;;) {
		TRY(peek(p));
		if (p->token.after_space ||
		    (p->token.kind != TOKEN_FIELD && p->token.kind != TOKEN_DOT))
			return NULL;
		if (p->token.kind == TOKEN_DOT || o->kind == OPERAND_CONSTANT ||
		    o->kind == OPERAND_NIL)
			return unexpected(p, "operand");
		TRY(add_field(p, o));
		p->has_token = false;
	}
}

#define OPERANDS_MAX 64

static struct error *parse_step(struct parser *p, enum token_kind end, struct step **ret)
{
	struct operand operands[OPERANDS_MAX];
	struct step *s = make(p, sizeof(*s));

	for (;;) {
		TRY(peek(p));
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
	s->operands = make(p, (s->n_operands + 1) * sizeof(*operands));
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
	TRY(peek(p));
	if (is_range && p->token.kind == TOKEN_COMMA) {
		p->has_token = false;
		TRY(peek(p));
		second = p->token;
		if (second.kind != TOKEN_VARIABLE)
			return error_new(ERROR_BAD_INPUT, "range can only initialize variables");
		p->has_token = false;
		TRY(peek(p));
	}
	if (p->token.kind != TOKEN_DECLARE && p->token.kind != TOKEN_ASSIGN) {
		if (second.end)
			return unexpected(p, "range");
		p->at = back;
		p->token = first;
		p->has_token = true;
		return NULL;
	}
	pipeline->is_assignment = p->token.kind == TOKEN_ASSIGN;
	pipeline->variables[pipeline->n_variables++] = make_text(p, first.start, first.end);
	if (second.end)
		pipeline->variables[pipeline->n_variables++] =
			make_text(p, second.start, second.end);
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
static struct error *parse_pipeline(struct parser *p, const char *context, enum token_kind end,
				    struct pipeline **ret)
{
	struct pipeline *pipeline = make(p, sizeof(*pipeline));
	struct step **next = &pipeline->steps;

	TRY(peek(p));
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

/* What ended a list of nodes. */
enum list_end { LIST_TEXT_END, LIST_END, LIST_ELSE, LIST_ELSE_AGAIN };

static struct error *parse_list(struct parser *p, struct node **ret, enum list_end *ret_end);

static struct error *expect_end(struct parser *p, const char *where)
{
	TRY(peek(p));
	if (p->token.kind != TOKEN_END)
		return unexpected(p, where);
	p->has_token = false;
	p->trim_next = p->t->text[p->token.start] == '-';
	return NULL;
}

static void forget_variables(struct parser *p, size_t keep)
{
	for (size_t i = strv_length(p->variables); i > keep; i--)
		alloc_free_pointer(&p->variables[i - 1]);
}

static struct error *parse_block(struct parser *p, enum node_kind kind, struct node **ret);

/* {{if}}, {{with}} and {{range}} with what follows up to {{end}}; "else if" is a block inside the else. */
static struct error *parse_block_body(struct parser *p, struct node *n)
{
	enum list_end end;

	TRY(parse_list(p, &n->body, &end));
	if (end == LIST_ELSE_AGAIN) {
		if (n->kind == NODE_RANGE)
			return error_new(ERROR_BAD_INPUT, "unexpected <if> in {{else}}");
		p->has_token = false;
		return parse_block(p, token_is(p, "if") ? NODE_IF : NODE_WITH, &n->otherwise);
	}
	if (end == LIST_ELSE) {
		int ranges = p->ranges;

		p->ranges -= n->kind == NODE_RANGE; /* {{else}} of a range is outside it */
		TRY(parse_list(p, &n->otherwise, &end));
		p->ranges = ranges;
		if (end == LIST_ELSE || end == LIST_ELSE_AGAIN)
			return error_new(ERROR_BAD_INPUT, "expected end; found {{else}}");
	}
	if (end == LIST_TEXT_END)
		return error_new(ERROR_BAD_INPUT, "unexpected EOF");
	return NULL;
}

static struct error *parse_block(struct parser *p, enum node_kind kind, struct node **ret)
{
	static const char *const contexts[] = {
		[NODE_IF] = "if", [NODE_WITH] = "with", [NODE_RANGE] = "range"
	};
	struct node *n = make(p, sizeof(*n));
	size_t scope = strv_length(p->variables);

	TRY(deeper(p));
	n->kind = kind;
	TRY(parse_pipeline(p, contexts[kind], TOKEN_END, &n->pipeline));
	p->ranges += kind == NODE_RANGE;
	TRY(parse_block_body(p, n));
	p->ranges -= kind == NODE_RANGE;
	p->depth--;
	forget_variables(p, scope);
	*ret = n;
	return NULL;
}

static struct error *parse_jump(struct parser *p, enum node_kind kind, struct node **ret)
{
	const char *name = kind == NODE_BREAK ? "break" : "continue";

	if (!p->ranges)
		return error_new(ERROR_BAD_INPUT, "{{%s}} outside {{range}}", name);
	*ret = make(p, sizeof(**ret));
	(*ret)->kind = kind;
	return expect_end(p, name);
}

/* Behind "else": the end of the action, or "if"/"with", which stays the token. */
static struct error *parse_else(struct parser *p, enum list_end *ret)
{
	TRY(peek(p));
	if (p->token.kind == TOKEN_NAME && (token_is(p, "if") || token_is(p, "with"))) {
		*ret = LIST_ELSE_AGAIN;
		return NULL;
	}
	*ret = LIST_ELSE;
	return expect_end(p, "{{else}}");
}

/* One action from behind its "{{": a node, or the end of the list (*ret_end is not LIST_TEXT_END). */
static struct error *parse_action(struct parser *p, struct node **ret, enum list_end *ret_end)
{
	static const struct {
		const char *word;
		enum node_kind kind;
	} blocks[] = { { "if", NODE_IF }, { "with", NODE_WITH }, { "range", NODE_RANGE } };

	TRY(peek(p));
	if (p->token.kind == TOKEN_NAME) {
		for (size_t i = 0; i < 3; i++)
			if (token_is(p, blocks[i].word)) {
				p->has_token = false;
				return parse_block(p, blocks[i].kind, ret);
			}
		if (token_is(p, "break") || token_is(p, "continue")) {
			p->has_token = false;
			return parse_jump(p, token_is(p, "break") ? NODE_BREAK : NODE_CONTINUE,
					  ret);
		}
		if (token_is(p, "end")) {
			p->has_token = false;
			*ret_end = LIST_END;
			return expect_end(p, "{{end}}");
		}
		if (token_is(p, "else")) {
			p->has_token = false;
			return parse_else(p, ret_end);
		}
	}
	*ret = make(p, sizeof(**ret));
	(*ret)->kind = NODE_ACTION;
	return parse_pipeline(p, "command", TOKEN_END, &(*ret)->pipeline);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The text up to the next action; *@ret is NULL where the trim markers leave nothing of it. */
static void take_text(struct parser *p, struct node **ret)
{
	const char *text = p->t->text + p->at, *end = strstr(text, "{{");
	size_t length = end ? (size_t)(end - text) : strlen(text), skip = 0;

	p->at += length;
	if (p->trim_next)
		while (skip < length && is_space(text[skip]))
			skip++;
	p->trim_next = false;
	if (end && end[2] == '-' && is_space(end[3]))
		while (length > skip && is_space(text[length - 1]))
			length--;
	*ret = NULL;
	if (length == skip)
		return;
	*ret = make(p, sizeof(**ret));
	(*ret)->kind = NODE_TEXT;
	(*ret)->text = text + skip;
	(*ret)->length = length - skip;
}

/* Moves behind "{{", a trim marker, and a comment with its end; *@ret says whether an action follows. */
static struct error *open_action(struct parser *p, bool *ret)
{
	const char *text = p->t->text, *end;

	p->at += 2;
	if (text[p->at] == '-' && is_space(text[p->at + 1]))
		p->at += 2;
	*ret = strncmp(text + p->at, "/*", 2) != 0;
	if (*ret)
		return NULL;
	end = strstr(text + p->at + 2, "*/");
	if (!end)
		return error_new(ERROR_BAD_INPUT, "unclosed comment");
	p->at = (size_t)(end - text) + 2;
	if (is_space(text[p->at]) && strncmp(text + p->at + 1, "-}}", 3) == 0) {
		p->trim_next = true;
		p->at += 2;
	}
	if (strncmp(text + p->at, "}}", 2) != 0)
		return error_new(ERROR_BAD_INPUT, "comment ends before closing delimiter");
	p->at += 2;
	return NULL;
}

static struct error *parse_list(struct parser *p, struct node **ret, enum list_end *ret_end)
{
	struct node **next = ret;

	*ret_end = LIST_TEXT_END;
	while (p->t->text[p->at] && *ret_end == LIST_TEXT_END) {
		bool action;

		take_text(p, next);
		if (*next)
			next = &(*next)->next;
		if (!p->t->text[p->at])
			break;
		TRY(open_action(p, &action));
		if (!action)
			continue;
		TRY(parse_action(p, next, ret_end));
		if (*next)
			next = &(*next)->next;
	}
	return NULL;
}

static struct error *parse_all(struct parser *p)
{
	enum list_end end;

	strv_add(&p->variables, "$");
	TRY(parse_list(p, &p->t->nodes, &end));
	if (end == LIST_END)
		return error_new(ERROR_BAD_INPUT, "unexpected {{end}}");
	if (end != LIST_TEXT_END)
		return error_new(ERROR_BAD_INPUT, "unexpected {{else}}");
	return NULL;
}

static size_t line_of(const char *text, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

struct error *template_parse(const char *text, struct template **ret)
{
	struct template *t autotemplate = alloc_zeroed(1, sizeof(*t));
	struct parser p = { .t = t };
	struct error *err;

	if (strlen(text) > TEXT_MAX)
		return error_new(ERROR_LIMIT, "template: more than %d bytes", TEXT_MAX);
	t->text = alloc_string(text);
	t->constants = json_array();
	err = parse_all(&p);
	strv_free(p.variables);
	if (err)
		return error_wrap(err, "template: :%zu", line_of(text, p.at));
	*ret = take(t);
	return NULL;
}

void template_free(struct template *t)
{
	if (!t)
		return;
	while (t->blocks) {
		struct template_block *block = t->blocks;

		t->blocks = block->next;
		free(block);
	}
	json_decref(t->constants);
	free(t->text);
	free(t);
}
