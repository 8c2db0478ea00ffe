/*
 * What --help says of the program, a group of commands, and each command.
 */
#include "cli/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#include "base/banned.h"

const struct option **usage_options(const struct command *c)
{
	return option_shown(c->options, c->shared);
}

static void print_aliases(const struct command *c)
{
	const char *separator = "\nAliases:\n  ";

	if (command_find(NULL, c->name) !=
	    c) /* that name alone is another command's, or nobody's */
		return;
	for (const struct command_alias *a = command_aliases; a->group; a++)
		if (a->command == c) {
			printf("%sbulkhead %s %s", separator, a->group, a->name);
			separator = ", ";
		}
	if (*separator == ',')
		printf("%sbulkhead %s\n", separator, c->name);
}

void usage_line(FILE *out, const char *path, const struct command *c)
{
	fprintf(out, "Usage:  %s%s%s%s\n\n%s\n", path, c->options || c->shared ? " [OPTIONS]" : "",
		*c->arguments ? " " : "", c->arguments, c->summary);
}

void usage_of_command(const char *path, const struct command *c)
{
	const struct option **list autofree = usage_options(c);

	usage_line(stdout, path, c);
	print_aliases(c);
	option_print("Options", list);
}

void usage_of_group(const char *group)
{
	bool is_system = strcmp(group, "system") == 0;

	printf("Usage:  bulkhead %s COMMAND\n\nManage %s%s\n\nCommands:\n", group,
	       is_system ? "Bulkhead" : group, is_system ? "" : "s");
	for (const struct command_alias *a = command_aliases; a->group; a++)
		if (strcmp(a->group, group) == 0)
			printf("  %-9s %s\n", a->name, a->command->summary);
	printf("\nRun 'bulkhead %s COMMAND --help' for more information on a command.\n", group);
}

void usage_for_each_command(void (*each)(const struct command *c, void *data), void *data)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			each(*c, data);
}

static void print_command(const struct command *c, void *data)
{
	(void)data;
	printf("  %-9s %s\n", c->name, c->summary);
}

void usage_of_program(void)
{
	const struct option **list autofree = option_shown(cli_options, NULL);

	puts("Usage:  bulkhead [OPTIONS] COMMAND\n\nA container engine that is secure by default\n\nCommands:");
	usage_for_each_command(print_command, NULL);
	puts("\nManagement commands:\n  container Manage containers\n  image     Manage images\n  manifest  Look at manifests of registries\n  system    Manage Bulkhead");
	option_print("Global options", list);
	puts("\nRun 'bulkhead COMMAND --help' for more information on a command.");
}
