/* bulkhead start */
#include <stdio.h>

#include "base/fd.h"
#include "cli/command.h"
#include "cli/session.h"

#include "base/banned.h"

struct start_options {
	bool attach, interactive;
	char *detach_keys;
};

static const struct option options[] = {
	OPTION(struct start_options, attach, "attach", 'a', option_bool,
	       "Attach STDOUT/STDERR and forward signals"),
	OPTION(struct start_options, detach_keys, "detach-keys", 0, option_text,
	       "Override the key sequence for detaching a container"),
	OPTION(struct start_options, interactive, "interactive", 'i', option_bool,
	       "Attach container's STDIN"),
	OPTION_END,
};

static struct error *start(struct engine *e, const char *ref, void *data)
{
	(void)data;
	TRY(engine_start(e, ref, session_terminal_size(), NULL));
	puts(ref);
	return NULL;
}

static struct error *start_attached(struct engine *e, const struct start_options *o,
				    const char *ref, int *ret_status)
{
	struct container *c autocontainer = NULL;
	struct session session = { .detach_keys = o->detach_keys };
	int socket autoclose = -1;
	bool detached = false;

	TRY(engine_find(e, ref, &c));
	if (c->status == CONTAINER_RUNNING)
		return error_new(ERROR_CONFLICT, "container %s is already running: use attach",
				 ref);
	session.engine = e;
	session.id = c->id;
	session.tty = c->config.tty;
	session.stdin_open = o->interactive && c->config.open_stdin;
	TRY(session_check_tty(session.stdin_open, session.tty));
	TRY(engine_start(e, c->id, session_terminal_size(), &socket));
	TRY(session_run(socket, &session, ret_status, &detached));
	return detached ? NULL : session_end(e, c->id, socket);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct start_options *o = data;
	struct engine *e;

	if (!o->attach && !o->interactive)
		return cli_for_each(cli, arguments, start, NULL);
	if (arguments[1])
		return error_new(ERROR_BAD_INPUT,
				 "you cannot start and attach multiple containers at once");
	TRY(cli_engine(cli, &e));
	return start_attached(e, o, arguments[0], &cli->status);
}

const struct command cmd_start = {
	.name = "start",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Start one or more stopped containers",
	.options = options,
	.options_size = sizeof(struct start_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
