/* bulkhead-oci pause, resume: all processes of a container stop where they are, and go on. */
#include "runtime/commands.h"
#include "runtime/container.h"

#include "base/banned.h"

static struct error *pause_it(struct runtime *rt, void *data, char **arguments)
{
	struct container c autocontainer = CONTAINER_NONE;
	enum status status;

	(void)data;
	TRY(container_open_brief(rt, arguments[0], &c));
	status = container_status(&c);
	if (status != STATUS_RUNNING && status != STATUS_CREATED)
		return error_new(ERROR_CONFLICT, "container not running or created: %s",
				 status_name(status));
	return oci_freeze(&c.state, true);
}

static struct error *resume(struct runtime *rt, void *data, char **arguments)
{
	struct container c autocontainer = CONTAINER_NONE;

	(void)data;
	TRY(container_open_brief(rt, arguments[0], &c));
	if (container_status(&c) != STATUS_PAUSED)
		return error_new(ERROR_CONFLICT, "container not paused");
	return oci_freeze(&c.state, false);
}

const struct command cmd_pause = {
	.name = "pause",
	.arguments = "CONTAINER",
	.summary = "Stop all processes of a container",
	.min_arguments = 1,
	.max_arguments = 1,
	.run = pause_it,
};

const struct command cmd_resume = {
	.name = "resume",
	.arguments = "CONTAINER",
	.summary = "Let the processes of a paused container go on",
	.min_arguments = 1,
	.max_arguments = 1,
	.run = resume,
};
