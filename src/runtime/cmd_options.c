/*
 * The option tables in other forms: `_options` for the check that compares them with the manual
 * page, `_completion bash` for the shell.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"

#include "base/banned.h"

static void dump(const char *name, const struct option *options, const struct option *shared)
{
	const struct option **list autofree = option_shown(options, shared);

	option_dump(name, list);
}

/* One line an option: COMMAND, long name, letter, metavar, help, with tabs between. */
static struct error *run_options(struct runtime *rt, void *data, char **arguments)
{
	(void)rt;
	(void)data;
	(void)arguments;
	dump("", runtime_options, NULL);
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden && !(*c)->is_raw)
			dump((*c)->name, (*c)->options, (*c)->shared);
	return NULL;
}

static void print_case(const char *name, const struct option *options, const struct option *shared)
{
	const struct option **list autofree = option_shown(options, shared);

	printf("\t%s)\n\t\toptions='", name);
	option_print_words(list);
	fputs("' valued='", stdout);
	if (!option_print_valued(list))
		putchar('-');
	puts("'\n\t\t;;");
}

static void print_bash(void)
{
	puts("# bash completion for bulkhead-oci(1), made from its option tables by `bulkhead-oci _completion bash`\n"
	     "_bulkhead_oci() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tlocal command= options= valued= words= word i program=(bulkhead-oci)\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tword=${COMP_WORDS[i]}\n"
	     "\t\tcase $word in\n"
	     "\t\t--root | --log | --log-format | --log-level | --cgroup-manager | --rootless)\n"
	     "\t\t\t[[ ${COMP_WORDS[i + 1]} != = ]] || ((i++))\n"
	     "\t\t\t[[ $word != --root ]] || program+=(\"$word\" \"${COMP_WORDS[i + 1]}\")\n"
	     "\t\t\t((i++))\n"
	     "\t\t\t;;\n"
	     "\t\t-*) ;;\n"
	     "\t\t*)\n"
	     "\t\t\tcommand=$word\n"
	     "\t\t\tbreak\n"
	     "\t\t\t;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tcase $command in");
	print_case("''", runtime_options, NULL);
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden && !(*c)->is_raw)
			print_case((*c)->name, (*c)->options, (*c)->shared);
	fputs("\t*) return ;;\n"
	      "\tesac\n"
	      "\tif [[ $prev =~ ^(${valued})$ ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase $command in\n"
	      "\t'') words='",
	      stdout);
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			printf("%s ", (*c)->name);
	puts("' ;;\n"
	     "\tcreate | features | help | list | run | spec | version) ;;\n"
	     "\t*) words=$(\"${program[@]}\" list -q 2>/dev/null) ;;\n"
	     "\tesac\n"
	     "\t[[ $cur != -* ]] || words=$options\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	     "}\n"
	     "complete -o bashdefault -o default -F _bulkhead_oci bulkhead-oci");
}

static struct error *run_completion(struct runtime *rt, void *data, char **arguments)
{
	(void)rt;
	(void)data;
	if (strcmp(arguments[0], "bash") != 0)
		return error_new(ERROR_BAD_INPUT,
				 "no completion for the shell \"%s\": there is one for bash",
				 arguments[0]);
	print_bash();
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
