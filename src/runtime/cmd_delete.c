/* bulkhead-oci delete: what a container has left. */
#include <signal.h>

#include "runtime/commands.h"
#include "runtime/container.h"

#include "base/banned.h"

struct delete_options {
	bool force, regex;
};

static const struct option options[] = {
	OPTION(struct delete_options, force, "force", 'f', option_bool,
	       "Kill a container that runs; one that does not exist is no error"),
	OPTION(struct delete_options, regex, "regex", 'r', option_bool,
	       "CONTAINER is a regular expression: delete all whose ids it matches"),
	OPTION_END,
};

static struct error *delete_one(struct runtime *rt, const void *data, const char *id)
{
	const struct delete_options *o = data;
	struct container c autocontainer = CONTAINER_NONE;
	struct error *err = container_open_brief(rt, id, &c);
	enum status status;

	if (o->force && error_is(err, ERROR_NOT_FOUND)) {
		error_ignore(err, "that is what was asked for");
		return NULL;
	}
	TRY(err);
	status = container_status(&c);
	if (!o->force && (status == STATUS_RUNNING || status == STATUS_PAUSED))
		return error_new(ERROR_CONFLICT,
				 "cannot delete container %s that is not stopped: %s", c.id,
				 status_name(status));
	return container_destroy(rt, &c); /* which kills whatever is left in its groups */
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct delete_options *o = data;

	return o->regex ? container_each(rt, arguments[0], delete_one, o)
			: delete_one(rt, o, arguments[0]);
}

const struct command cmd_delete = {
	.name = "delete",
	.arguments = "CONTAINER",
	.summary = "Delete what a container holds",
	.options = options,
	.options_size = sizeof(struct delete_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
