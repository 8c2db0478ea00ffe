/* bulkhead rm */
#include <stdio.h>

#include "cli/command.h"

#include "base/banned.h"

struct rm_options {
	bool force, volumes;
};

static const struct option options[] = {
	OPTION(struct rm_options, force, "force", 'f', option_bool,
	       "Force the removal of a running container (uses SIGKILL)"),
	OPTION(struct rm_options, volumes, "volumes", 'v', option_bool,
	       "Remove anonymous volumes associated with the container"),
	OPTION_END,
};

static struct error *remove_one(struct engine *e, const char *ref, void *data)
{
	const struct rm_options *o = data;
	struct error *err = engine_remove(e, ref, o->force, o->volumes);

	/*
	 * With --force a container that is not there is what was asked for: docker says so and
	 * succeeds.
	 */
	if (o->force && error_is(err, ERROR_NOT_FOUND)) {
		cli_report(err);
		return NULL;
	}
	if (!err)
		puts(ref);
	return err;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	return cli_for_each(cli, arguments, remove_one, data);
}

const struct command cmd_rm = {
	.name = "rm",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Remove one or more containers",
	.options = options,
	.options_size = sizeof(struct rm_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
