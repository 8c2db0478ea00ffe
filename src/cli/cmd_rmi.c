/* bulkhead rmi */
#include <stdio.h>

#include "base/strv.h"
#include "cli/command.h"

#include "base/banned.h"

struct rmi_options {
	bool force, no_prune;
};

static const struct option options[] = {
	OPTION(struct rmi_options, force, "force", 'f', option_bool, "Force removal of the image"),
	OPTION(struct rmi_options, no_prune, "no-prune", 0, option_bool,
	       "Do not delete untagged parents (there are none to delete)"),
	OPTION_END,
};

static struct error *remove_one(struct engine *e, const char *ref, void *data)
{
	const struct rmi_options *o = data;
	char **lines autostrv = NULL;

	TRY(engine_image_remove(e, ref, o->force, &lines));
	for (char **line = lines; line && *line; line++)
		puts(*line);
	return NULL;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	return cli_for_each(cli, arguments, remove_one, data);
}

const struct command cmd_rmi = {
	.name = "rmi",
	.arguments = "IMAGE [IMAGE...]",
	.summary = "Remove one or more images",
	.options = options,
	.options_size = sizeof(struct rmi_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
