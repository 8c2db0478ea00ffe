/* bulkhead export */
#include "cli/command.h"
#include "cli/output.h"

#include "base/banned.h"

struct export_options {
	char *output;
};

static const struct option options[] = {
	OPTION(struct export_options, output, "output", 'o', option_text,
	       "Write to a file, instead of STDOUT"),
	OPTION_END,
};

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct export_options *o = data;
	struct output out autooutput = { .fd = -1 };
	struct engine *e;

	TRY(output_open(o->output, &out));
	TRY(cli_engine(cli, &e));
	TRY(engine_export(e, arguments[0], out.fd));
	return output_finish(&out);
}

const struct command cmd_export = {
	.name = "export",
	.arguments = "CONTAINER",
	.summary = "Export a container's filesystem as a tar archive",
	.options = options,
	.options_size = sizeof(struct export_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
