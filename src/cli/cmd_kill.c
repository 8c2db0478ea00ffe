/* bulkhead kill */
#include <signal.h>
#include <stdio.h>

#include "base/proc.h"
#include "cli/command.h"

#include "base/banned.h"

struct kill_options {
	char *signal;
};

static const struct option options[] = {
	OPTION(struct kill_options, signal, "signal", 's', option_text,
	       "Signal to send to the container"),
	OPTION_END,
};

static struct error *send_signal(struct engine *e, const char *ref, void *data)
{
	TRY(engine_kill(e, ref, *(const int *)data));
	puts(ref);
	return NULL;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct kill_options *o = data;
	int number = SIGKILL;

	if (o->signal)
		TRY(proc_parse_signal(o->signal, &number));
	return cli_for_each(cli, arguments, send_signal, &number);
}

const struct command cmd_kill = {
	.name = "kill",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Kill one or more running containers",
	.options = options,
	.options_size = sizeof(struct kill_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
