/* bulkhead attach */
#include "base/fd.h"
#include "cli/command.h"
#include "cli/session.h"

#include "base/banned.h"

struct attach_command_options {
	bool no_stdin, sig_proxy;
	char *detach_keys;
};

static const struct option options[] = {
	OPTION(struct attach_command_options, detach_keys, "detach-keys", 0, option_text,
	       "Override the key sequence for detaching a container"),
	OPTION(struct attach_command_options, no_stdin, "no-stdin", 0, option_bool,
	       "Do not attach STDIN"),
	OPTION(struct attach_command_options, sig_proxy, "sig-proxy", 0, option_bool,
	       "Proxy all received signals to the process (default true)"),
	OPTION_END,
};

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct attach_command_options *o = data;
	struct container *c autocontainer = NULL;
	struct session session = { .detach_keys = o->detach_keys };
	int socket autoclose = -1;
	struct engine *e;
	bool detached;

	TRY(cli_engine(cli, &e));
	TRY(engine_find(e, arguments[0], &c));
	session.engine = o->sig_proxy ? e : NULL;
	session.id = c->id;
	session.tty = c->config.tty;
	session.stdin_open = !o->no_stdin && c->config.open_stdin;
	TRY(session_check_tty(session.stdin_open, session.tty));
	TRY(engine_attach(e, c->id, &socket));
	return session_run(socket, &session, &cli->status, &detached);
}

static const struct attach_command_options defaults = { .sig_proxy = true };

const struct command cmd_attach = {
	.name = "attach",
	.arguments = "CONTAINER",
	.summary = "Attach local standard input, output, and error streams to a running container",
	.options = options,
	.options_size = sizeof(struct attach_command_options),
	.defaults = &defaults,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
