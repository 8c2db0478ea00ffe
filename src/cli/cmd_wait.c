/* bulkhead wait */
#include <stdio.h>

#include "cli/command.h"

#include "base/banned.h"

static struct error *wait_for(struct engine *e, const char *ref, void *data)
{
	int code;

	(void)data;
	TRY(engine_wait(e, ref, &code));
	printf("%d\n", code);
	return NULL;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	return cli_for_each(cli, arguments, wait_for, data);
}

const struct command cmd_wait = {
	.name = "wait",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Block until one or more containers stop, then print their exit codes",
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
