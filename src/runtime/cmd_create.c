/* bulkhead-oci create: everything but the execution of the program. */
#include "base/fd.h"
#include "runtime/commands.h"
#include "runtime/launch.h"

#include "base/banned.h"

static const struct option options[] = {
	OPTION(struct launch_options, no_subreaper, "no-subreaper", 0, option_bool,
	       "Taken for compatibility: create adopts nobody"),
	OPTION_END,
};

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	struct launch_options *o = data;
	struct container c autocontainer = CONTAINER_NONE;
	struct oci_running running = OCI_RUNNING_NONE;

	o->detach = true;
	TRY(launch(rt, o, arguments[0], &c, &running));
	oci_running_done(&running);
	return NULL;
}

const struct command cmd_create = {
	.name = "create",
	.arguments = "CONTAINER",
	.summary = "Create a container",
	.details = "Its first process then waits until `start` lets it execute process.args.",
	.options = launch_options,
	.shared = options,
	.options_size = sizeof(struct launch_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
