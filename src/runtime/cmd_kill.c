/* bulkhead-oci kill: a signal to a container's first process, or to all of them. */
#include <signal.h>
#include <string.h>

#include "base/proc.h"
#include "runtime/commands.h"
#include "runtime/container.h"

#include "base/banned.h"

struct kill_options {
	bool all, regex;
	int signal; /* the second argument */
};

static const struct option options[] = {
	OPTION(struct kill_options, all, "all", 'a', option_bool,
	       "Signal every process of the container"),
	OPTION(struct kill_options, regex, "regex", 'r', option_bool,
	       "CONTAINER is a regular expression: signal all whose ids it matches"),
	OPTION_END,
};

/* A frozen process of cgroup v1 dies when it goes on. */
static struct error *thaw(const struct container *c)
{
	return oci_is_frozen(&c->state) ? oci_freeze(&c->state, false) : NULL;
}

static struct error *kill_one(struct runtime *rt, const void *data, const char *id)
{
	const struct kill_options *o = data;
	struct container c autocontainer = CONTAINER_NONE;
	int signal = o->signal;
	struct error *err;

	TRY(container_look_brief(rt, id, &c));
	/*
	 * Without a pid namespace of its own the others would outlive its first process. Also in
	 * one that has stopped: others may be left of it.
	 */
	if (o->all || (signal == SIGKILL && c.state.id && c.state.shares_pids))
		return oci_kill_all(&c.state, signal);
	if (container_status(&c) == STATUS_STOPPED)
		return error_new(ERROR_CONFLICT, "container not running");
	err = oci_kill(&c.state, signal);
	if (!err)
		return signal == SIGKILL ? thaw(&c) : NULL;
	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_ignore(err, "it has just ended");
	return error_new(ERROR_CONFLICT, "container not running");
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	struct kill_options *o = data;

	o->signal = SIGTERM;
	if (arguments[1] && strcmp(arguments[1], "0") == 0)
		o->signal = 0; /* asks whether somebody is there, as kill(2) has it */
	else if (arguments[1])
		TRY(proc_parse_signal(arguments[1], &o->signal));
	return o->regex ? container_each(rt, arguments[0], kill_one, o)
			: kill_one(rt, o, arguments[0]);
}

const struct command cmd_kill = {
	.name = "kill",
	.arguments = "CONTAINER [SIGNAL]",
	.summary = "Send a signal to a container",
	.details = "SIGNAL is a name or a number; SIGTERM where there is none.",
	.options = options,
	.options_size = sizeof(struct kill_options),
	.min_arguments = 1,
	.max_arguments = 2,
	.run = run,
};
