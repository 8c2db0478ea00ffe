/* bulkhead create */
#include <stdio.h>

#include "cli/command.h"
#include "cli/create.h"

#include "base/banned.h"

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	struct container_options *o = data;
	char id[ENGINE_ID_SIZE];
	struct error *err = container_options_finish(o, arguments, false);
	struct engine *e;

	if (err)
		return error_set_status(err, CLI_STATUS_USAGE);
	TRY(cli_engine(cli, &e));
	TRY(create_container(e, o, id));
	puts(id);
	return NULL;
}

static void done(void *data)
{
	container_options_done(data);
}

const struct command cmd_create = {
	.name = "create",
	.arguments = "IMAGE [COMMAND] [ARG...]",
	.summary = "Create a new container",
	.options = container_options,
	.options_size = sizeof(struct container_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.stop_at_argument = true,
	.run = run,
	.done = done,
};
