/*
 * bulkhead run: create, start, attach, and the record of the end. This is the way that has to be
 * fast: nothing is read that the options do not ask for.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/self.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/create.h"
#include "cli/session.h"

#include "base/banned.h"

struct run_options {
	struct container_options container;
	bool detach, sig_proxy;
	char *detach_keys;
};

static const struct option options[] = {
	OPTION(struct run_options, detach, "detach", 'd', option_bool,
	       "Run container in background and print container ID"),
	OPTION(struct run_options, detach_keys, "detach-keys", 0, option_text,
	       "Override the key sequence for detaching a container"),
	OPTION(struct run_options, sig_proxy, "sig-proxy", 0, option_bool,
	       "Proxy received signals to the process (default true)"),
	OPTION_END,
};

/* A container that could not be started has nothing to keep: the error is all there is to know. */
static struct error *start(struct engine *e, const struct run_options *o, const char *id,
			   int *ret_socket)
{
	const char *id_file = o->container.request.host.container_id_file;
	struct error *err = engine_start(e, id, session_terminal_size(), ret_socket);

	if (!err)
		return NULL;
	if (!str_is_empty(id_file))
		unlink(id_file);
	error_ignore(engine_remove(e, id, false, true), "with --rm it is gone already");
	return err;
}

static struct error *run_attached(struct engine *e, const struct run_options *o, const char *id,
				  int *ret_status)
{
	const struct container_config *config = &o->container.request.config;
	struct session session = {
		.tty = config->tty,
		.stdin_open = config->attach_stdin && config->open_stdin,
		.engine = o->sig_proxy ? e : NULL,
		.id = id,
		.detach_keys = o->detach_keys,
	};
	int socket autoclose = -1;
	bool detached = false;

	TRY(start(e, o, id, &socket));
	TRY(session_run(socket, &session, ret_status, &detached));
	return detached ? NULL : session_end(e, id, socket);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	struct run_options *o = data;
	const struct container_config *config = &o->container.request.config;
	char id[ENGINE_ID_SIZE];
	struct engine *e;

	/* Before anything is read or done: this may be executed anew. */
	if (o->container.request.host.privileged ||
	    str_equal(o->container.request.host.userns_mode, "host"))
		TRY(self_protect());
	TRY(container_options_finish(&o->container, arguments, o->detach));
	TRY(session_check_tty(config->attach_stdin, config->tty));
	TRY(cli_engine(cli, &e));
	TRY(create_container(e, &o->container, id));
	if (!o->detach)
		return run_attached(e, o, id, &cli->status);
	TRY(start(e, o, id, NULL));
	puts(id);
	return NULL;
}

static void done(void *data)
{
	struct run_options *o = data;

	container_options_done(&o->container);
}

static const struct run_options defaults = { .sig_proxy = true };

const struct command cmd_run = {
	.name = "run",
	.arguments = "IMAGE [COMMAND] [ARG...]",
	.summary = "Create and run a new container from an image",
	.options = container_options,
	.shared = options,
	.options_size = sizeof(struct run_options),
	.defaults = &defaults,
	.min_arguments = 1,
	.max_arguments = -1,
	.stop_at_argument = true,
	.failure_status = CLI_STATUS_USAGE,
	.run = run,
	.done = done,
};
