/*
 * A template's text becomes the nodes of template_node.h: recursive descent as in Go's
 * text/template/parse, its messages included.
 */
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "cli/template.h"
#include "cli/template_parser.h"

#include "base/banned.h"

#define TEXT_MAX (1 << 20)

/* What ended a list of nodes. */
enum list_end { LIST_TEXT_END, LIST_END, LIST_ELSE, LIST_ELSE_AGAIN };

static struct error *parse_list(struct parser *p, struct node **ret, enum list_end *ret_end);

static struct error *expect_end(struct parser *p, const char *where)
{
	TRY(template_peek(p));
	if (p->token.kind != TOKEN_END)
		return template_unexpected(p, where);
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

/*
 * {{if}}, {{with}} and {{range}} with what follows up to {{end}}; "else if" is a block inside the
 * else.
 */
static struct error *parse_block_body(struct parser *p, struct node *n)
{
	enum list_end end;

	TRY(parse_list(p, &n->body, &end));
	if (end == LIST_ELSE_AGAIN) {
		if (n->kind == NODE_RANGE)
			return error_new(ERROR_BAD_INPUT, "unexpected <if> in {{else}}");
		p->has_token = false;
		return parse_block(p, template_token_is(p, "if") ? NODE_IF : NODE_WITH,
				   &n->otherwise);
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
	struct node *n = template_make(p, sizeof(*n));
	size_t scope = strv_length(p->variables);

	TRY(template_deeper(p));
	n->kind = kind;
	TRY(template_parse_pipeline(p, contexts[kind], TOKEN_END, &n->pipeline));
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
	*ret = template_make(p, sizeof(**ret));
	(*ret)->kind = kind;
	return expect_end(p, name);
}

/* Behind "else": the end of the action, or "if"/"with", which stays the token. */
static struct error *parse_else(struct parser *p, enum list_end *ret)
{
	TRY(template_peek(p));
	if (p->token.kind == TOKEN_NAME &&
	    (template_token_is(p, "if") || template_token_is(p, "with"))) {
		*ret = LIST_ELSE_AGAIN;
		return NULL;
	}
	*ret = LIST_ELSE;
	return expect_end(p, "{{else}}");
}

/*
 * One action from behind its "{{": a node, or the end of the list (*ret_end is not LIST_TEXT_END).
 */
static struct error *parse_action(struct parser *p, struct node **ret, enum list_end *ret_end)
{
	static const struct {
		const char *word;
		enum node_kind kind;
	} blocks[] = { { "if", NODE_IF }, { "with", NODE_WITH }, { "range", NODE_RANGE } };

	TRY(template_peek(p));
	if (p->token.kind == TOKEN_NAME) {
		for (size_t i = 0; i < 3; i++)
			if (template_token_is(p, blocks[i].word)) {
				p->has_token = false;
				return parse_block(p, blocks[i].kind, ret);
			}
		if (template_token_is(p, "break") || template_token_is(p, "continue")) {
			p->has_token = false;
			return parse_jump(
				p, template_token_is(p, "break") ? NODE_BREAK : NODE_CONTINUE, ret);
		}
		if (template_token_is(p, "end")) {
			p->has_token = false;
			*ret_end = LIST_END;
			return expect_end(p, "{{end}}");
		}
		if (template_token_is(p, "else")) {
			p->has_token = false;
			return parse_else(p, ret_end);
		}
	}
	*ret = template_make(p, sizeof(**ret));
	(*ret)->kind = NODE_ACTION;
	return template_parse_pipeline(p, "command", TOKEN_END, &(*ret)->pipeline);
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
	*ret = template_make(p, sizeof(**ret));
	(*ret)->kind = NODE_TEXT;
	(*ret)->text = text + skip;
	(*ret)->length = length - skip;
}

/*
 * Moves behind "{{", a trim marker, and a comment with its end; *@ret says whether an action
 * follows.
 */
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
