/* bulkhead tag */
#include "cli/command.h"

#include "base/banned.h"

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	struct engine *e;

	(void)data;
	TRY(cli_engine(cli, &e));
	return image_tag(engine_images(e), arguments[0], arguments[1]);
}

const struct command cmd_tag = {
	.name = "tag",
	.arguments = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	.summary = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
	.min_arguments = 2,
	.max_arguments = 2,
	.run = run,
};
