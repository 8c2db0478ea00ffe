/*
 * The parsed template: what template_parse.c makes and template_eval.c walks. All of it lives as
 * long as the template.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct pipeline;

enum operand_kind {
	OPERAND_DOT,	  /* "." or ".A.B" */
	OPERAND_VARIABLE, /* "$", "$x", "$x.A" */
	OPERAND_CONSTANT, /* "text", 5, 1.5, 'c', true */
	OPERAND_NIL,
	OPERAND_FUNCTION, /* a name; only first in a command, or alone */
	OPERAND_PIPELINE, /* (…) or (…).A */
};

struct operand {
	enum operand_kind kind;
	char *name; /* of the variable (with '$') or function */
	json_t *constant;
	struct pipeline *pipeline;
	char **fields; /* the path behind it, ends with NULL; NULL: none */
	size_t n_fields;
	size_t at, start, end; /* where Go says it stands, and its text */
};

struct step {
	struct operand *operands;
	size_t n_operands;
	struct step *next; /* behind '|' */
};

struct pipeline {
	char *variables[2]; /* "$i, $x := …" */
	size_t n_variables;
	bool is_assignment; /* '=' instead of ':=' */
	struct step *steps;
};

enum node_kind {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_WITH,
	NODE_RANGE,
	NODE_BREAK,
	NODE_CONTINUE
};

struct node {
	enum node_kind kind;
	const char *text; /* of NODE_TEXT, in the template's copy of its source */
	size_t length;
	struct pipeline *pipeline;
	struct node *body, *otherwise; /* lists */
	struct node *next;
};

/* Memory of a template's parts, freed with it. */
struct template_block {
	struct template_block *next;
	max_align_t data[];
};

struct template
{
	char *text;
	struct node *nodes;
	json_t *constants; /* an array that owns them */
	struct template_block *blocks;
};
