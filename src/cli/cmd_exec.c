/* bulkhead exec */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/env_file.h"
#include "cli/session.h"
#include "cli/value.h"

#include "base/banned.h"

struct exec_options {
	bool interactive, tty, detach, privileged;
	char *user, *workdir, *detach_keys;
	char **env, **env_files;
};

static const struct option options[] = {
	OPTION(struct exec_options, detach, "detach", 'd', option_bool,
	       "Detached mode: run command in the background"),
	OPTION(struct exec_options, detach_keys, "detach-keys", 0, option_text,
	       "Override the key sequence for detaching a container"),
	OPTION(struct exec_options, env, "env", 'e', option_env, "Set environment variables"),
	OPTION(struct exec_options, env_files, "env-file", 0, option_list,
	       "Read in a file of environment variables"),
	OPTION(struct exec_options, interactive, "interactive", 'i', option_bool,
	       "Keep STDIN open even if not attached"),
	OPTION(struct exec_options, privileged, "privileged", 0, option_bool,
	       "Give extended privileges to the command"),
	OPTION(struct exec_options, tty, "tty", 't', option_bool, "Allocate a pseudo-TTY"),
	OPTION(struct exec_options, user, "user", 'u', option_text,
	       "Username or UID (format: \"<name|uid>[:<group|gid>]\")"),
	OPTION(struct exec_options, workdir, "workdir", 'w', option_text,
	       "Working directory inside the container"),
	OPTION_END,
};

static struct error *exec_attached(struct engine *e, const struct exec_options *o, const char *ref,
				   struct exec_request *request, int *ret_status)
{
	struct session session = { .tty = o->tty,
				   .stdin_open = o->interactive,
				   .detach_keys = o->detach_keys };
	int socket autoclose = -1;
	bool detached;

	TRY(session_check_tty(o->interactive, o->tty));
	if (o->tty)
		request->size = session_terminal_size();
	TRY(engine_exec(e, ref, request, &socket));
	return session_run(socket, &session, ret_status, &detached);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct exec_options *o = data;
	char **env autostrv = NULL;
	struct exec_request request = {
		.argv = arguments + 1,
		.user = o->user,
		.working_dir = o->workdir,
		.tty = o->tty,
		.stdin_open = o->interactive,
		.privileged = o->privileged,
		.detach = o->detach,
	};
	int none autoclose = -1;
	struct engine *e;

	for (char **file = o->env_files; file && *file; file++)
		TRY(env_file_read(*file, value_add_env_line, &env));
	for (char **variable = o->env; variable && *variable; variable++)
		strv_env_set(&env, *variable);
	request.env = env;
	TRY(cli_engine(cli, &e));
	if (!o->detach)
		return exec_attached(e, o, arguments[0], &request, &cli->status);
	return engine_exec(e, arguments[0], &request, &none);
}

const struct command cmd_exec = {
	.name = "exec",
	.arguments = "CONTAINER COMMAND [ARG...]",
	.summary = "Execute a command in a running container",
	.options = options,
	.options_size = sizeof(struct exec_options),
	.min_arguments = 2,
	.max_arguments = -1,
	.stop_at_argument = true,
	.run = run,
};
