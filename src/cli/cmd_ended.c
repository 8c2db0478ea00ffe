/*
 * bulkhead _ended ID: what a container's monitor starts when the container's program has ended. Not
 * for people.
 */
#include "cli/command.h"

#include "base/banned.h"

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	struct engine *e;

	(void)data;
	TRY(cli_engine(cli, &e));
	return engine_ended(e, arguments[0]);
}

const struct command cmd_ended = {
	.name = "_ended",
	.arguments = "ID",
	.summary = "Record the end of a container",
	.min_arguments = 1,
	.max_arguments = 1,
	.hidden = true,
	.run = run,
};
