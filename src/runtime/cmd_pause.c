/* bulkhead-oci pause and resume: the freezer of a container's groups. */
#include "runtime/commands.h"
#include "runtime/container.h"

#include "base/banned.h"

static struct error *set_frozen(struct runtime *rt, const char *id, enum status from, bool frozen)
{
	struct container c autocontainer = CONTAINER_NONE;
	enum status status;

	TRY(container_open(rt, id, &c));
	status = container_status(&c);
	if (status != from && !(frozen && status == STATUS_CREATED))
		return error_new(ERROR_CONFLICT, "container not %s", status_name(from));
	return oci_freeze(&c.state, frozen);
}

static struct error *pause_container(struct runtime *rt, void *data, char **arguments)
{
	(void)data;
	return set_frozen(rt, arguments[0], STATUS_RUNNING, true);
}

static struct error *resume_container(struct runtime *rt, void *data, char **arguments)
{
	(void)data;
	return set_frozen(rt, arguments[0], STATUS_PAUSED, false);
}

const struct command cmd_pause = {
	.name = "pause",
	.arguments = "CONTAINER",
	.summary = "Freeze all processes of a container",
	.min_arguments = 1,
	.max_arguments = 1,
	.run = pause_container,
};

const struct command cmd_resume = {
	.name = "resume",
	.arguments = "CONTAINER",
	.summary = "Let a paused container go on",
	.min_arguments = 1,
	.max_arguments = 1,
	.run = resume_container,
};
