/*
 * The option tables in other forms: `_options` for the checks that compare them with the manual
 * pages, `_completion bash` for the shell, and `help COMMAND`.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/command.h"
#include "cli/usage.h"

#include "base/banned.h"

static void dump_command(const struct command *c, void *data)
{
	const struct option **list autofree = usage_options(c);

	(void)data;
	option_dump(c->name, list);
}

/* What only a group has, such as "image prune", and no command of the same name explains. */
static void dump_grouped(void)
{
	for (const struct command_alias *a = command_aliases; a->group; a++) {
		const struct option **list autofree = usage_options(a->command);
		char *name autofree = alloc_printf("%s %s", a->group, a->name);

		if (!command_find(NULL, a->name) &&
		    command_find(NULL, a->command->name) != a->command)
			option_dump(name, list);
	}
}

/*
 * One line an option: COMMAND, long name, letter, metavar, help, with tabs between; the global ones
 * have no command.
 */
static struct error *run_options(struct cli *cli, void *data, char **arguments)
{
	static const struct command program = { .name = "", .options = cli_options };

	(void)cli;
	(void)data;
	(void)arguments;
	dump_command(&program, NULL);
	usage_for_each_command(dump_command, NULL);
	dump_grouped();
	return NULL;
}

static void print_name(const struct command *c, void *data)
{
	(void)data;
	printf(" %s", c->name);
}

/* What the arguments of a command name, by the word for them in its usage. */
static const char *kind_of_arguments(const struct command *c)
{
	if (strstr(c->arguments, "CONTAINER") || strstr(c->arguments, "NAME|ID"))
		return "containers";
	if (strstr(c->arguments, "IMAGE") || strstr(c->arguments, "REPOSITORY"))
		return "images";
	return "none";
}

/* "ps | 'container list' | 'container ls'": every spelling of the command. */
static void print_spellings(const struct command *c)
{
	const char *separator = "";

	if (command_find(NULL, c->name) == c) {
		printf("%s", c->name);
		separator = " | ";
	}
	for (const struct command_alias *a = command_aliases; a->group; a++)
		if (a->command == c) {
			printf("%s'%s %s'", separator, a->group, a->name);
			separator = " | ";
		}
}

static void print_case(const struct command *c, void *data)
{
	const struct option **list autofree = usage_options(c);

	(void)data;
	fputs("\t", stdout);
	print_spellings(c);
	fputs(")\n\t\toptions='", stdout);
	option_print_words(list);
	fputs("'\n\t\tvalued='", stdout);
	/* The word after them is not a container's name. */
	if (!option_print_valued(list))
		fputs("''", stdout);
	printf("'\n\t\tkind=%s\n\t\t;;\n", kind_of_arguments(c));
}

/* What only a group has under that name, such as "image inspect". */
static void print_grouped_cases(void)
{
	for (const struct command_alias *a = command_aliases; a->group; a++)
		if (command_find(NULL, a->command->name) != a->command)
			print_case(a->command, NULL);
}

static void print_group(const char *group)
{
	printf("\t'%s ')\n\t\tCOMPREPLY=($(compgen -W '", group);
	for (const struct command_alias *a = command_aliases; a->group; a++)
		if (strcmp(a->group, group) == 0)
			printf(" %s", a->name);
	puts("' -- \"$cur\"))\n\t\treturn\n\t\t;;");
}

static void print_bash(void)
{
	static const struct command program = { .name = "", .options = cli_options };
	const struct option **list autofree = usage_options(&program);

	puts("# bash completion for bulkhead(1), made from its option tables by `bulkhead _completion bash`");
	puts("_bulkhead() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tlocal command= group= options valued kind=none word i program=(bulkhead)\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tword=${COMP_WORDS[i]}\n"
	     "\t\tcase $word in\n"
	     "\t\t--root | --state)\n"
	     "\t\t\t[[ ${COMP_WORDS[i + 1]} != = ]] || ((i++))\n"
	     "\t\t\tprogram+=(\"$word\" \"${COMP_WORDS[++i]}\")\n"
	     "\t\t\t;;\n"
	     "\t\t-*) ;;\n"
	     "\t\tcontainer | image | manifest | system) [[ $group ]] || group=\"$word \" ;;\n"
	     "\t\t*)\n"
	     "\t\t\tcommand=$word\n"
	     "\t\t\tbreak\n"
	     "\t\t\t;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tcase $group$command in");
	fputs("\t'')\n\t\tCOMPREPLY=($(compgen -W '", stdout);
	option_print_words(list);
	usage_for_each_command(print_name, NULL);
	puts(" container image manifest system' -- \"$cur\"))\n\t\treturn\n\t\t;;");
	print_group("container");
	print_group("image");
	print_group("manifest");
	print_group("system");
	usage_for_each_command(print_case, NULL);
	print_grouped_cases();
	puts("\t*) return ;;\n"
	     "\tesac\n"
	     "\tif [[ $prev =~ ^(${valued})$ ]]; then\n"
	     "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	     "\telif [[ $cur == -* ]]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	     "\telif [[ $kind == containers ]]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$(\"${program[@]}\" ps -a --format '{{.Names}}' 2>/dev/null)\" -- \"$cur\"))\n"
	     "\telif [[ $kind == images ]]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$(\"${program[@]}\" images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null)\" -- \"$cur\"))\n"
	     "\telse\n"
	     "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	     "\tfi\n"
	     "}\n"
	     "complete -o bashdefault -F _bulkhead bulkhead");
}

static struct error *run_completion(struct cli *cli, void *data, char **arguments)
{
	(void)cli;
	(void)data;
	if (strcmp(arguments[0], "bash") != 0)
		return error_new(ERROR_BAD_INPUT,
				 "no completion for the shell \"%s\": there is one for bash",
				 arguments[0]);
	print_bash();
	return NULL;
}

static struct error *run_help(struct cli *cli, void *data, char **arguments)
{
	const struct command *c = arguments[0] ? command_find(NULL, arguments[0]) : NULL;
	char *path autofree = NULL;

	(void)cli;
	(void)data;
	if (!arguments[0]) {
		usage_of_program();
		return NULL;
	}
	if (command_is_group(arguments[0])) {
		usage_of_group(arguments[0]);
		return NULL;
	}
	if (!c)
		return error_new(ERROR_BAD_INPUT, "'%s' is not a bulkhead command.", arguments[0]);
	path = alloc_printf("bulkhead %s", c->name);
	usage_of_command(path, c);
	return NULL;
}

const struct command cmd_options = {
	.name = "_options",
	.arguments = "",
	.summary = "List all options of all commands",
	.hidden = true,
	.run = run_options,
};

const struct command cmd_completion = {
	.name = "_completion",
	.arguments = "SHELL",
	.summary = "Print the completion script for a shell",
	.min_arguments = 1,
	.max_arguments = 1,
	.hidden = true,
	.run = run_completion,
};

const struct command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "Show how a command is used",
	.max_arguments = 1,
	.hidden = true,
	.run = run_help,
};
