/*
 * Options in --help: docker's layout, sorted by name, their texts wrapped beside them at 80
 * columns. Nothing here knows an option by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"

#include "base/banned.h"

#define WIDTH 80

/* "--help" is the parser's own and stands in no table. */
static const struct option help_option = { .name = "help",
					   .type = &option_bool,
					   .help = "Print usage" };

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct option *const *)a)->name,
		      (*(const struct option *const *)b)->name);
}

static size_t add_shown(const struct option **list, size_t n, const struct option *table)
{
	for (const struct option *o = table; o && o->name; o++)
		if (!o->hidden)
			list[n++] = o;
	return n;
}

static size_t table_length(const struct option *table)
{
	size_t n = 0;

	while (table && table[n].name)
		n++;
	return n;
}

const struct option **option_shown(const struct option *first, const struct option *second)
{
	const struct option **list = alloc_zeroed(table_length(first) + table_length(second) + 2,
						  sizeof(const struct option *));
	size_t n = add_shown(list, 0, first);

	n = add_shown(list, n, second);
	list[n++] = &help_option;
	qsort(list, n, sizeof(const struct option *), by_name);
	return list;
}

/* "-m, --memory bytes" in text of the caller's; the caller frees. */
static char *head_of(const struct option *o)
{
	const char *space = o->type->metavar ? " " : "",
		   *metavar = o->type->metavar ? o->type->metavar : "";

	if (o->letter)
		return alloc_printf("  -%c, --%s%s%s", o->letter, o->name, space, metavar);
	return alloc_printf("      --%s%s%s", o->name, space, metavar);
}

/* Prints @text broken at blanks, later lines indented by @indent. */
static void print_wrapped(const char *text, int indent)
{
	size_t room = (size_t)(WIDTH - indent);

	while (strlen(text) > room) {
		const char *end = text + room;

		while (end > text && *end != ' ')
			end--;
		if (end == text) {
			end = strchr(text, ' ');
			if (!end)
				break;
		}
		printf("%.*s\n%*s", (int)(end - text), text, indent, "");
		text = end + 1;
	}
	puts(text);
}

void option_print(const char *title, const struct option **list)
{
	int widest = 0;

	for (const struct option **o = list; *o; o++) {
		char *head autofree = head_of(*o);

		if ((int)strlen(head) > widest)
			widest = (int)strlen(head);
	}
	printf("\n%s:\n", title);
	for (const struct option **o = list; *o; o++) {
		char *head autofree = head_of(*o);

		printf("%-*s   ", widest, head);
		print_wrapped((*o)->help, widest + 3);
	}
}

void option_dump(const char *command, const struct option *const *list)
{
	for (; *list; list++)
		printf("%s\t%s\t%.1s\t%s\t%s\n", command, (*list)->name, &(*list)->letter,
		       (*list)->type->metavar ? (*list)->type->metavar : "", (*list)->help);
}

void option_print_words(const struct option *const *list)
{
	for (; *list; list++) {
		printf(" --%s", (*list)->name);
		if ((*list)->letter)
			printf(" -%c", (*list)->letter);
	}
}

bool option_print_valued(const struct option *const *list)
{
	const char *separator = "";

	for (; *list; list++) {
		if (!(*list)->type->metavar)
			continue;
		printf("%s--%s", separator, (*list)->name);
		if ((*list)->letter)
			printf("|-%c", (*list)->letter);
		separator = "|";
	}
	return *separator != '\0';
}
