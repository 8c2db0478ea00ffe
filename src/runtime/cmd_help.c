/* bulkhead-oci help and version, which --help and --version print too. */
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "runtime/commands.h"

#include "base/banned.h"

static void print_program(void)
{
	const struct option **list autofree = option_shown(runtime_options, NULL);

	puts("Usage:  bulkhead-oci [OPTIONS] COMMAND\n\n"
	     "An OCI runtime for containerd, dockerd, podman and CRI-O\n\nCommands:");
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	option_print("Global options", list);
	puts("\nRun 'bulkhead-oci COMMAND --help' for more information on a command.");
}

void help_print(const struct command *c)
{
	const struct option **list autofree = NULL;

	if (!c) {
		print_program();
		return;
	}
	list = option_shown(c->options, c->shared);
	printf("Usage:  bulkhead-oci %s [OPTIONS]%s%s\n\n%s\n", c->name, *c->arguments ? " " : "",
	       c->arguments, c->summary);
	if (c->details)
		printf("\n%s\n", c->details);
	option_print("Options", list);
}

/* In runc's form, which dockerd and podman read. */
void help_print_version(void)
{
	puts("bulkhead-oci version " BULKHEAD_VERSION "\nspec: " CONFIG_VERSION);
}

static struct error *run_help(struct runtime *rt, void *data, char **arguments)
{
	const struct command *c = arguments[0] ? command_find(arguments[0]) : NULL;

	(void)rt;
	(void)data;
	if (arguments[0] && !c)
		return error_new(ERROR_BAD_INPUT, "no such command: %s", arguments[0]);
	help_print(c);
	return NULL;
}

static struct error *run_version(struct runtime *rt, void *data, char **arguments)
{
	(void)rt;
	(void)data;
	(void)arguments;
	help_print_version();
	return NULL;
}

const struct command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "Show how a command is used",
	.max_arguments = 1,
	.run = run_help,
};

const struct command cmd_version = {
	.name = "version",
	.arguments = "",
	.summary = "Print the version",
	.run = run_version,
};
