#include <string.h>

#include "cli/command.h"

#include "base/banned.h"

/* Each is defined in its cmd_NAME.c. */
extern const struct command cmd_attach, cmd_commit, cmd_completion, cmd_container_inspect,
	cmd_create, cmd_ended, cmd_exec, cmd_export, cmd_help, cmd_history, cmd_image_inspect,
	cmd_image_prune, cmd_image_verify, cmd_images, cmd_import, cmd_info, cmd_inspect, cmd_kill,
	cmd_load, cmd_login, cmd_logout, cmd_logs, cmd_manifest_inspect, cmd_options, cmd_ps,
	cmd_pull, cmd_push, cmd_rm, cmd_rmi, cmd_run, cmd_save, cmd_start, cmd_stop, cmd_system_df,
	cmd_tag, cmd_version, cmd_wait;

/* In the order of --help; `run`, which is in a hurry, is found first. */
const struct command *const commands[] = {
	&cmd_run,	 &cmd_create,  &cmd_start,   &cmd_exec, &cmd_attach, &cmd_ps,
	&cmd_inspect,	 &cmd_logs,    &cmd_stop,    &cmd_kill, &cmd_wait,   &cmd_rm,
	&cmd_images,	 &cmd_history, &cmd_pull,    &cmd_push, &cmd_login,  &cmd_logout,
	&cmd_load,	 &cmd_save,    &cmd_import,  &cmd_tag,	&cmd_rmi,    &cmd_commit,
	&cmd_export,	 &cmd_info,    &cmd_version, &cmd_help, &cmd_ended,  &cmd_options,
	&cmd_completion, NULL,
};

const struct command_alias command_aliases[] = {
	{ "container", "attach", &cmd_attach },
	{ "container", "commit", &cmd_commit },
	{ "container", "create", &cmd_create },
	{ "container", "exec", &cmd_exec },
	{ "container", "export", &cmd_export },
	{ "container", "inspect", &cmd_container_inspect },
	{ "container", "kill", &cmd_kill },
	{ "container", "list", &cmd_ps },
	{ "container", "logs", &cmd_logs },
	{ "container", "ls", &cmd_ps },
	{ "container", "ps", &cmd_ps },
	{ "container", "rm", &cmd_rm },
	{ "container", "run", &cmd_run },
	{ "container", "start", &cmd_start },
	{ "container", "stop", &cmd_stop },
	{ "container", "wait", &cmd_wait },
	{ "image", "history", &cmd_history },
	{ "image", "import", &cmd_import },
	{ "image", "inspect", &cmd_image_inspect },
	{ "image", "list", &cmd_images },
	{ "image", "load", &cmd_load },
	{ "image", "ls", &cmd_images },
	{ "image", "prune", &cmd_image_prune },
	{ "image", "pull", &cmd_pull },
	{ "image", "push", &cmd_push },
	{ "image", "rm", &cmd_rmi },
	{ "image", "save", &cmd_save },
	{ "image", "tag", &cmd_tag },
	{ "image", "verify", &cmd_image_verify },
	{ "manifest", "inspect", &cmd_manifest_inspect },
	{ "system", "df", &cmd_system_df },
	{ "system", "info", &cmd_info },
	{ NULL, NULL, NULL },
};

bool command_is_group(const char *name)
{
	return strcmp(name, "container") == 0 || strcmp(name, "image") == 0 ||
	       strcmp(name, "manifest") == 0 || strcmp(name, "system") == 0;
}

const struct command *command_find(const char *group, const char *name)
{
	for (const struct command *const *c = commands; !group && *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	for (const struct command_alias *a = command_aliases; group && a->group; a++)
		if (strcmp(a->group, group) == 0 && strcmp(a->name, name) == 0)
			return a->command;
	return NULL;
}
