/*
 * Walks a parsed template over JSON. A value is a json_t reference, or NULL for Go's "no value",
 * the result of asking a map for a key that it does not have.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/template.h"
#include "cli/template_function.h"
#include "cli/template_node.h"
#include "cli/template_print.h"

#include "base/json.h"

#include "base/banned.h"

#define STEPS_MAX 1000000
#define VARIABLES_MAX 256
#define SHOWN_MAX 80 /* bytes of the template in a message */

struct variable {
	const char *name;
	json_t *value;
};

struct run {
	const struct template *t;
	const struct template_options *options;
	json_t *root, *dot; /* borrowed */
	struct buf *out;
	struct variable variables[VARIABLES_MAX];
	size_t n_variables;
	size_t steps;
	bool leaving, again; /* a {{break}} or {{continue}} is on its way to its range */
};

/* Go's place of an error: "template: :LINE:COLUMN: executing "" at <TEXT>: why". */
static struct error *at_text(const struct run *r, size_t at, size_t start, size_t end,
			     struct error *err)
{
	const char *text = r->t->text;
	size_t line = 1, column = at, length = end - start;

	if (!err)
		return NULL;
	for (size_t i = 0; i < at; i++)
		if (text[i] == '\n') {
			line++;
			column = at - i - 1;
		}
	return error_wrap(err, "template: :%zu:%zu: executing \"\" at <%.*s%s>", line, column,
			  (int)(length > SHOWN_MAX ? SHOWN_MAX : length), text + start,
			  length > SHOWN_MAX ? "..." : "");
}

static struct error *at_operand(const struct run *r, const struct operand *o, struct error *err)
{
	return at_text(r, o->at, o->start, o->end, err);
}

static struct error *count_step(struct run *r)
{
	if (++r->steps > STEPS_MAX)
		return error_new(ERROR_LIMIT, "template: more than %d steps", STEPS_MAX);
	return NULL;
}

static struct variable *find_variable(struct run *r, const char *name)
{
	for (size_t i = r->n_variables; i > 0; i--)
		if (strcmp(r->variables[i - 1].name, name) == 0)
			return &r->variables[i - 1];
	return NULL;
}

static struct error *push_variable(struct run *r, const char *name, json_t *value)
{
	if (r->n_variables == VARIABLES_MAX)
		return error_new(ERROR_LIMIT, "template: more than %d variables", VARIABLES_MAX);
	r->variables[r->n_variables++] = (struct variable){ name, json_incref(value) };
	return NULL;
}

static void pop_variables(struct run *r, size_t keep)
{
	while (r->n_variables > keep)
		json_decref(r->variables[--r->n_variables].value);
}

static struct error *set_variable(struct run *r, const struct pipeline *p, size_t i, json_t *value)
{
	struct variable *v;

	if (!p->is_assignment)
		return push_variable(r, p->variables[i], value);
	v = find_variable(r, p->variables[i]);
	if (!v)
		return error_new(ERROR_BAD_INPUT, "undefined variable \"%s\"", p->variables[i]);
	json_decref(v->value);
	v->value = json_incref(value);
	return NULL;
}

static const struct template_field *field_of(const struct run *r, const char *name)
{
	for (const struct template_field *f = r->options->fields; name && f && f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

/* @object.@name as a new reference; @parent is the name by which @object was reached. */
static struct error *get_field(const struct run *r, const json_t *object, const char *parent,
			       const char *name, json_t **ret)
{
	const struct template_field *in = field_of(r, parent), *f = field_of(r, name);
	json_t *value;

	if (!object || json_is_null(object))
		return error_new(ERROR_BAD_INPUT, "nil pointer evaluating interface {}.%s", name);
	if (!json_is_object(object))
		return error_new(ERROR_BAD_INPUT, "can't evaluate field %s in type %s", name,
				 template_type(object));
	value = json_object_get(object, name);
	if (!value && !(in && in->kind == TEMPLATE_MAP))
		return error_new(ERROR_BAD_INPUT, "map has no entry for key \"%s\"", name);
	if (json_is_null(value) && f)
		*ret = f->kind == TEMPLATE_MAP ? json_object() : json_array();
	else
		*ret = json_incref(value);
	return NULL;
}

static struct error *walk_fields(const struct run *r, const struct operand *o, json_t *from,
				 json_t **ret)
{
	json_t *value = json_incref(from);
	const char *parent = NULL;

	for (size_t i = 0; i < o->n_fields; i++) {
		json_t *next = NULL;
		struct error *err = get_field(r, value, parent, o->fields[i], &next);

		json_decref(value);
		if (err)
			return at_operand(r, o, err);
		value = next;
		parent = o->fields[i];
	}
	*ret = value;
	return NULL;
}

static struct error *eval_pipeline(struct run *r, const struct pipeline *p, json_t **ret);
static struct error *eval_step(struct run *r, const struct step *s, json_t **piped, json_t **ret);

static struct error *eval_operand(struct run *r, const struct operand *o, json_t **ret)
{
	struct step alone = { .operands = (struct operand *)o, .n_operands = 1 };
	json_t *value autojson = NULL;
	const struct variable *v;

	TRY(count_step(r));
	switch (o->kind) {
	case OPERAND_DOT:
		return walk_fields(r, o, r->dot, ret);
	case OPERAND_VARIABLE:
		v = find_variable(r, o->name);
		if (!v) /* set in a branch that was not taken */
			return at_operand(r, o,
					  error_new(ERROR_BAD_INPUT, "undefined variable: %s",
						    o->name));
		return walk_fields(r, o, v->value, ret);
	case OPERAND_CONSTANT:
		*ret = json_incref(o->constant);
		return NULL;
	case OPERAND_NIL:
		*ret = json_null();
		return NULL;
	case OPERAND_PIPELINE:
		TRY(eval_pipeline(r, o->pipeline, &value));
		return walk_fields(r, o, value, ret);
	case OPERAND_FUNCTION:
		break;
	}
	return eval_step(r, &alone, NULL, ret);
}

static void release(json_t **values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_decref(values[i]);
	free(values);
}

static struct error *check_count(const struct template_function *f, size_t n)
{
	if (n >= (size_t)f->min && (f->max < 0 || n <= (size_t)f->max))
		return NULL;
	if (f->max < 0)
		return error_new(ERROR_BAD_INPUT,
				 "wrong number of args for %s: want at least %d got %zu", f->name,
				 f->min, n);
	return error_new(ERROR_BAD_INPUT, "wrong number of args for %s: want %d got %zu", f->name,
			 f->max, n);
}

/* "and" and "or": the first value that decides, or the last; later ones are not looked at. */
static struct error *eval_logic(struct run *r, const struct step *s, json_t **piped, json_t **ret)
{
	bool wanted = strcmp(s->operands[0].name, "or") == 0;
	json_t *value = NULL;

	for (size_t i = 1; i < s->n_operands; i++) {
		json_decref(value);
		value = NULL;
		TRY(eval_operand(r, &s->operands[i], &value));
		if (template_is_true(value) == wanted) {
			*ret = value;
			return NULL;
		}
	}
	if (piped) {
		json_decref(value);
		value = json_incref(*piped);
	}
	*ret = value;
	return NULL;
}

static struct error *call(struct run *r, const struct template_function *f, json_t **values,
			  size_t n, json_t **ret)
{
	struct template_call c = { .values = values, .n = n, .max = r->out->max };
	struct error *err;

	if (r->options->heading && f->is_docker) {
		*ret = json_incref(values[0]);
		return NULL;
	}
	err = error_wrap(f->call(&c), "error calling %s", f->name);
	if (err)
		json_decref(c.result);
	else
		*ret = c.result;
	return err;
}

static struct error *eval_function(struct run *r, const struct step *s, json_t **piped,
				   json_t **ret)
{
	const struct template_function *f = template_function_find(s->operands[0].name);
	size_t n = s->n_operands - 1 + (piped != NULL);
	json_t **values;
	struct error *err = check_count(f, n);

	if (!err && !f->call)
		return eval_logic(r, s, piped, ret);
	if (err)
		return at_operand(r, &s->operands[0], err);
	values = alloc_zeroed(n + 1, sizeof(json_t *));
	for (size_t i = 1; i < s->n_operands && !err; i++)
		err = eval_operand(r, &s->operands[i], &values[i - 1]);
	if (piped)
		values[n - 1] = json_incref(*piped);
	if (!err)
		err = at_text(r, s->operands[0].at, s->operands[0].start,
			      s->operands[s->n_operands - 1].end, call(r, f, values, n, ret));
	release(values, n);
	return err;
}

/* {{.Label "name"}}: the only things with arguments that are not functions. */
static struct error *eval_method(struct run *r, const struct step *s, json_t **piped, json_t **ret)
{
	const struct operand *o = &s->operands[0];
	json_t *argument autojson = NULL;

	if (o->n_fields == 1 && o->kind == OPERAND_DOT && r->dot == r->root && r->options->method &&
	    s->n_operands - 1 + (piped != NULL) == 1) {
		if (piped)
			argument = json_incref(*piped);
		else
			TRY(eval_operand(r, &s->operands[1], &argument));
		if (json_is_string(argument))
			*ret = r->options->method(r->options->data, o->fields[0],
						  json_string_value(argument));
		if (*ret)
			return NULL;
	}
	if (o->n_fields)
		return at_operand(r, o,
				  error_new(ERROR_BAD_INPUT, "%s is not a method but has arguments",
					    o->fields[o->n_fields - 1]));
	return at_operand(r, o,
			  error_new(ERROR_BAD_INPUT, "can't give argument to non-function %.*s",
				    (int)(o->end - o->start), r->t->text + o->start));
}

/* One command of a pipeline; @piped is the value of the one before it, NULL for the first. */
static struct error *eval_step(struct run *r, const struct step *s, json_t **piped, json_t **ret)
{
	const struct operand *o = &s->operands[0];
	json_t *value autojson = NULL;

	if (o->kind == OPERAND_NIL && s->n_operands == 1)
		return at_operand(r, o, error_new(ERROR_BAD_INPUT, "nil is not a command"));
	if (o->kind != OPERAND_FUNCTION)
		return s->n_operands > 1 || piped ? eval_method(r, s, piped, ret)
						  : eval_operand(r, o, ret);
	TRY(eval_function(r, s, piped, &value));
	return walk_fields(r, o, value, ret);
}

/* A pipeline's value, with its variables set. */
static struct error *eval_pipeline(struct run *r, const struct pipeline *p, json_t **ret)
{
	json_t *value = NULL;
	struct error *err = NULL;

	for (const struct step *s = p->steps; s && !err; s = s->next) {
		json_t *next = NULL;

		err = count_step(r);
		if (!err)
			err = eval_step(r, s, s == p->steps ? NULL : &value, &next);
		json_decref(value);
		value = next;
	}
	if (!err && p->n_variables == 1)
		err = set_variable(r, p, 0, value);
	if (err)
		json_decref(value);
	else
		*ret = value;
	return err;
}

static struct error *run_list(struct run *r, const struct node *list);

static struct error *run_with_dot(struct run *r, const struct node *list, json_t *dot)
{
	json_t *outer = r->dot;
	struct error *err;

	r->dot = dot;
	err = run_list(r, list);
	r->dot = outer;
	return err;
}

static struct error *run_condition(struct run *r, const struct node *n)
{
	json_t *value autojson = NULL;

	TRY(eval_pipeline(r, n->pipeline, &value));
	if (!template_is_true(value))
		return run_list(r, n->otherwise);
	return n->kind == NODE_WITH ? run_with_dot(r, n->body, value) : run_list(r, n->body);
}

/* One turn of a range: its variables, its dot. */
static struct error *run_turn(struct run *r, const struct node *n, json_t *key, json_t *value)
{
	const struct pipeline *p = n->pipeline;
	size_t scope = r->n_variables;
	struct error *err = count_step(r);

	if (!err && p->n_variables == 1)
		err = set_variable(r, p, 0, value);
	if (!err && p->n_variables == 2) {
		err = set_variable(r, p, 0, key);
		if (!err)
			err = set_variable(r, p, 1, value);
	}
	if (!err)
		err = run_with_dot(r, n->body, value);
	pop_variables(r, scope);
	r->again = false;
	return err;
}

static struct error *range_array(struct run *r, const struct node *n, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		json_t *key autojson = json_integer((json_int_t)i);

		TRY(run_turn(r, n, key, item));
		if (r->leaving)
			break;
	}
	return NULL;
}

static struct error *range_object(struct run *r, const struct node *n, const json_t *map)
{
	const char **keys autofree = template_sorted_keys(map);

	for (size_t i = 0; keys[i] && !r->leaving; i++) {
		json_t *key autojson = json_string(keys[i]);

		TRY(run_turn(r, n, key, json_object_get(map, keys[i])));
	}
	return NULL;
}

static struct error *range_count(struct run *r, const struct node *n, json_int_t count)
{
	for (json_int_t i = 0; i < count && !r->leaving; i++) {
		json_t *key autojson = json_integer(i);

		TRY(run_turn(r, n, key, key));
	}
	return NULL;
}

static struct error *cannot_range(const struct run *r, const struct node *n, const json_t *value)
{
	struct buf shown autobuf = BUF_MAX(r->out->max);

	TRY(template_print(&shown, value));
	return at_operand(r, &n->pipeline->steps->operands[0],
			  error_new(ERROR_BAD_INPUT, "range can't iterate over %s",
				    buf_text(&shown)));
}

static struct error *run_range(struct run *r, const struct node *n)
{
	/* The variables belong to each turn, so the pipeline is evaluated without them. */
	struct pipeline plain = *n->pipeline;
	json_t *value autojson = NULL;
	struct error *err = NULL;

	plain.n_variables = 0;
	TRY(eval_pipeline(r, &plain, &value));
	if (value && !json_is_null(value) && !json_is_array(value) && !json_is_object(value) &&
	    !json_is_integer(value))
		return cannot_range(r, n, value);
	if (!template_is_true(value) || (json_is_integer(value) && json_integer_value(value) < 0))
		return run_list(r, n->otherwise);
	if (json_is_array(value))
		err = range_array(r, n, value);
	else if (json_is_object(value))
		err = range_object(r, n, value);
	else
		err = range_count(r, n, json_integer_value(value));
	r->leaving = false;
	return err;
}

static struct error *run_action(struct run *r, const struct node *n)
{
	json_t *value autojson = NULL;

	TRY(eval_pipeline(r, n->pipeline, &value));
	return n->pipeline->n_variables ? NULL : template_print(r->out, value);
}

static struct error *run_node(struct run *r, const struct node *n)
{
	size_t scope = r->n_variables;
	struct error *err = count_step(r);

	if (err)
		return err;
	switch (n->kind) {
	case NODE_TEXT:
		return buf_add(r->out, n->text, n->length);
	case NODE_ACTION:
		return run_action(r, n);
	case NODE_IF:
	case NODE_WITH:
		err = run_condition(r, n);
		break;
	case NODE_RANGE:
		err = run_range(r, n);
		break;
	case NODE_BREAK:
		r->leaving = true;
		return NULL;
	case NODE_CONTINUE:
		r->again = true;
		return NULL;
	}
	pop_variables(r, scope);
	return err;
}

static struct error *run_list(struct run *r, const struct node *list)
{
	for (const struct node *n = list; n && !r->leaving && !r->again; n = n->next)
		TRY(run_node(r, n));
	return NULL;
}

struct error *template_execute(const struct template *t, const struct template_options *o,
			       json_t *data, struct buf *out)
{
	struct run *r autofree = alloc_zeroed(1, sizeof(*r));
	struct error *err;

	*r = (struct run){ .t = t, .options = o, .root = data, .dot = data, .out = out };
	err = push_variable(r, "$", data);
	if (!err)
		err = run_list(r, t->nodes);
	pop_variables(r, 0);
	return err;
}
