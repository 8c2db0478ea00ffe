/*
 * From the command line to a command: global options, the command's name, its options and
 * arguments, its exit status. Everything that ends as text on stderr passes through here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/usage.h"

#include "base/banned.h"

const struct option cli_options[] = {
	OPTION(struct cli, root, "root", 0, option_text,
	       "Directory of images, containers and volumes (default \"" ENGINE_DEFAULT_ROOT "\")"),
	OPTION(struct cli, state, "state", 0, option_text,
	       "Directory of run-time state (default \"" ENGINE_DEFAULT_STATE "\")"),
	OPTION(struct cli, debug, "debug", 'D', option_bool, "Trace to stderr what is done"),
	OPTION(struct cli, version, "version", 'v', option_bool,
	       "Print version information and quit"),
	OPTION_END,
};

void cli_report(struct error *err)
{
	log_notice("%s", error_message(err));
	error_free(err);
}

struct error *cli_engine(struct cli *cli, struct engine **ret)
{
	if (!cli->engine)
		TRY(engine_open(cli->root ? cli->root : ENGINE_DEFAULT_ROOT,
				cli->state ? cli->state : ENGINE_DEFAULT_STATE, &cli->engine));
	*ret = cli->engine;
	return NULL;
}

struct error *cli_for_each(struct cli *cli, char **arguments, cli_each *each, void *data)
{
	struct engine *e;

	TRY(cli_engine(cli, &e));
	for (; *arguments; arguments++) {
		struct error *err = each(e, *arguments, data);

		if (err) {
			cli_report(err);
			cli->status = 1;
		}
	}
	return NULL;
}

/* Reports a mistake in how @what was called, and where to read on. */
static int misuse(struct error *err, const char *what, int status)
{
	cli_report(err);
	fprintf(stderr, "See '%s --help'.\n", what);
	return status;
}

static struct error *check_count(const struct command *c, const char *path, size_t n)
{
	size_t min = (size_t)c->min_arguments, max = (size_t)c->max_arguments;
	const char *s = min == 1 ? "" : "s";

	if (n >= min && (c->max_arguments < 0 || n <= max))
		return NULL;
	if (c->max_arguments == 0)
		return error_new(ERROR_BAD_INPUT, "\"%s\" accepts no arguments.", path);
	if (min == max)
		return error_new(ERROR_BAD_INPUT, "\"%s\" requires exactly %zu argument%s.", path,
				 min, s);
	if (n < min)
		return error_new(ERROR_BAD_INPUT, "\"%s\" requires at least %zu argument%s.", path,
				 min, s);
	return error_new(ERROR_BAD_INPUT, "\"%s\" requires at most %zu argument%s.", path, max,
			 max == 1 ? "" : "s");
}

/* Runs the command and turns its error into its exit status. */
static int finish(struct cli *cli, void *options, char **arguments)
{
	const struct command *c = cli->command;
	struct error *err = c->run(cli, options, arguments);

	if (err) {
		cli->status = error_status(err);
		if (!cli->status)
			cli->status = c->failure_status ? c->failure_status : 1;
		cli_report(err);
	}
	if (fflush(stdout) != 0 && !cli->status) {
		cli_report(error_sys("write to stdout"));
		cli->status = 1;
	}
	return cli->status;
}

static int parse_and_run(struct cli *cli, void *options, char **argv)
{
	const struct command *c = cli->command;
	struct option_parse p = {
		.tables = { c->options, c->shared },
		.targets = { options, options },
		.stop_at_argument = c->stop_at_argument,
	};
	struct error *err = option_parse(&p, argv);
	char **arguments autofree = p.arguments;

	if (err)
		return misuse(err, cli->path, CLI_STATUS_USAGE);
	if (p.help) {
		usage_of_command(cli->path, c);
		return 0;
	}
	err = check_count(c, cli->path, strv_length(arguments));
	if (err) {
		misuse(err, cli->path, 1);
		fputc('\n', stderr);
		usage_line(stderr, cli->path, c);
		return 1;
	}
	return finish(cli, options, arguments);
}

static int run_command(struct cli *cli, char **argv)
{
	const struct command *c = cli->command;
	void *options autofree = alloc_zeroed(1, c->options_size ? c->options_size : 1);
	int status;

	if (c->defaults)
		memcpy(options, c->defaults, c->options_size);
	status = parse_and_run(cli, options, argv);
	option_done(c->options, options);
	option_done(c->shared, options);
	if (c->done)
		c->done(options);
	return status;
}

/*
 * Finds the command in "NAME …" or "GROUP NAME …"; *@argv moves behind its name. NULL after saying
 * why.
 */
static const struct command *choose(struct cli *cli, char ***argv, int *ret_status)
{
	const char *first = *(*argv)++;
	const char *group = command_is_group(first) ? first : NULL;
	const char *name = group ? **argv : first;
	const struct command *c;

	*ret_status = 0;
	if (group && (!name || strcmp(name, "--help") == 0)) {
		usage_of_group(group);
		return NULL;
	}
	c = command_find(group, name);
	if (group) {
		(*argv)++;
		cli->path = alloc_printf("bulkhead %s %s", group, name);
	} else {
		cli->path = alloc_printf("bulkhead %s", name);
	}
	if (c)
		return c;
	log_notice("'%s' is not a bulkhead command.", cli->path + strlen("bulkhead "));
	fprintf(stderr, "See 'bulkhead%s%s --help'\n", group ? " " : "", group ? group : "");
	*ret_status = 1;
	return NULL;
}

static int dispatch(struct cli *cli, char **argv)
{
	int status;

	log_setup("bulkhead", cli->debug);
	if (cli->version) {
		puts("Bulkhead version " BULKHEAD_VERSION);
		return 0;
	}
	if (!*argv) {
		usage_of_program();
		return 0;
	}
	cli->command = choose(cli, &argv, &status);
	return cli->command ? run_command(cli, argv) : status;
}

int cli_main(char **argv)
{
	struct cli cli = { .root = NULL };
	struct option_parse p = {
		.tables = { cli_options },
		.targets = { &cli },
		.stop_at_argument = true,
	};
	struct error *err;
	int status = 0;

	log_setup("bulkhead", false);
	err = option_parse(&p, argv);
	if (err)
		status = misuse(err, "bulkhead", CLI_STATUS_USAGE);
	else if (p.help)
		usage_of_program();
	else
		status = dispatch(&cli, p.arguments);
	engine_close(cli.engine);
	option_done(cli_options, &cli);
	free(p.arguments);
	free(cli.path);
	return status;
}
