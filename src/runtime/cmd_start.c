/* bulkhead-oci start: lets a created container execute its program. */
#include "runtime/commands.h"
#include "runtime/launch.h"

#include "base/banned.h"

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	struct container c autocontainer = CONTAINER_NONE;

	(void)data;
	TRY(container_open_brief(rt, arguments[0], &c));
	switch (container_status(&c)) {
	case STATUS_CREATED:
		return launch_start(&c);
	case STATUS_PAUSED:
		return error_new(ERROR_CONFLICT, "cannot start a container that is paused");
	case STATUS_STOPPED:
		return error_new(ERROR_CONFLICT, "cannot start a container that has stopped");
	default:
		return error_new(ERROR_CONFLICT, "cannot start an already running container");
	}
}

const struct command cmd_start = {
	.name = "start",
	.arguments = "CONTAINER",
	.summary = "Execute the program of a created container",
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
