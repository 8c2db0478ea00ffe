/* bulkhead stop */
#include <stdio.h>

#include "base/proc.h"
#include "cli/command.h"

#include "base/banned.h"

struct stop_options {
	char *signal;
	int timeout_s;
	int signal_number;
};

static const struct option options[] = {
	OPTION(struct stop_options, signal, "signal", 's', option_text,
	       "Signal to send to the container"),
	OPTION(struct stop_options, timeout_s, "timeout", 't', option_int,
	       "Seconds to wait before killing the container"),
	OPTION_ALIAS(struct stop_options, timeout_s, "time", 0, option_int),
	OPTION_END,
};

static struct error *stop(struct engine *e, const char *ref, void *data)
{
	const struct stop_options *o = data;

	TRY(engine_stop(e, ref, o->signal_number, o->timeout_s));
	puts(ref);
	return NULL;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	struct stop_options *o = data;

	if (o->signal)
		TRY(proc_parse_signal(o->signal, &o->signal_number));
	return cli_for_each(cli, arguments, stop, o);
}

static const struct stop_options defaults = { .timeout_s = ENGINE_STOP_OWN_TIMEOUT };

const struct command cmd_stop = {
	.name = "stop",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Stop one or more running containers",
	.options = options,
	.options_size = sizeof(struct stop_options),
	.defaults = &defaults,
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
