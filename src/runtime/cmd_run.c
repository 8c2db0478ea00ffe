/* bulkhead-oci run: create, start, and, unless detached, wait and delete. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/fd.h"
#include "runtime/commands.h"
#include "runtime/foreground.h"
#include "runtime/launch.h"
#include "runtime/notify.h"
#include "runtime/report.h"

#include "base/banned.h"

static const struct option options[] = {
	OPTION(struct launch_options, detach, "detach", 'd', option_bool,
	       "Return when the program runs"),
	OPTION(struct launch_options, keep, "keep", 0, option_bool,
	       "Do not delete the container when it has ended"),
	OPTION(struct launch_options, no_subreaper, "no-subreaper", 0, option_bool,
	       "Do not adopt what the container's processes leave behind"),
	OPTION_END,
};

/* Its lock is not held while it runs: others want to signal it, or to execute in it. */
static struct error *wait_and_delete(struct runtime *rt, const struct launch_options *o,
				     struct container *c, struct oci_running *running,
				     struct notify *notify)
{
	struct container again autocontainer = CONTAINER_NONE;
	struct error *err;

	fd_close(&c->lock);
	TRY(foreground_wait(running, c->config.process->terminal, notify, &rt->status));
	if (o->keep)
		return NULL;
	err = container_open_brief(rt, c->id, &again);
	if (error_is(err, ERROR_NOT_FOUND)) { /* deleted by somebody else */
		error_ignore(err, "that is what we were going to do");
		return NULL;
	}
	return err ? err : container_destroy(rt, &again);
}

/* The container's stderr, which is ours or its terminal, has it: one line, as with runc. */
static struct error *keep_quiet(struct runtime *rt, struct error *err)
{
	report_known_error(err);
	error_free(err);
	rt->status = 1;
	return NULL;
}

static struct error *start(struct runtime *rt, const struct launch_options *o, struct container *c,
			   struct oci_running *running)
{
	struct notify notify autonotify = NOTIFY_NONE;
	struct error *err = notify_open(c, &notify);
	bool said = false;

	if (!err)
		err = launch_start(c, &said);
	said = said && !o->detach;
	if (said && c->config.process->terminal)
		foreground_rest(running);
	if (err) {
		oci_running_kill(running);
		error_ignore(container_destroy(rt, c), "the first error counts");
		return said ? keep_quiet(rt, err) : err;
	}
	if (!o->detach)
		return wait_and_delete(rt, o, c, running, &notify);
	fd_close(&c->lock);
	return notify_wait(&notify, running->pid, running->pidfd);
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct launch_options *o = data;
	struct container c autocontainer = CONTAINER_NONE;
	struct oci_running running = OCI_RUNNING_NONE;
	struct error *err;

	if (!o->detach && !o->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_sys("become a subreaper");
	TRY(launch(rt, o, arguments[0], &c, &running));
	err = start(rt, o, &c, &running);
	oci_running_done(&running);
	return err;
}

const struct command cmd_run = {
	.name = "run",
	.arguments = "CONTAINER",
	.summary = "Create and start a container",
	.details = "Its exit status is that of the container's program.",
	.options = launch_options,
	.shared = options,
	.options_size = sizeof(struct launch_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
