/* bulkhead-oci start: lets a created container execute its program. */
#include "base/fd.h"
#include "base/proc.h"
#include "runtime/commands.h"
#include "runtime/launch.h"
#include "runtime/notify.h"

#include "base/banned.h"

/* Others may use the container while it is waited for. */
static struct error *start(struct container *c)
{
	struct notify notify autonotify = NOTIFY_NONE;
	int pidfd autoclose = -1;

	TRY(notify_open(c, &notify));
	if (notify.socket >= 0)
		TRY(proc_open((pid_t)c->state.pid, &pidfd));
	TRY(launch_start(c, NULL));
	fd_close(&c->lock);
	return notify_wait(&notify, (pid_t)c->state.pid, pidfd);
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	struct container c autocontainer = CONTAINER_NONE;

	(void)data;
	TRY(container_open_brief(rt, arguments[0], &c));
	switch (container_status(&c)) {
	case STATUS_CREATED:
		return start(&c);
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
