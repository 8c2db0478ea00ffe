/* bulkhead-oci exec: another process in a container that runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/self.h"
#include "base/started.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/commands.h"
#include "runtime/container.h"
#include "runtime/files.h"
#include "runtime/foreground.h"
#include "runtime/report.h"

#include "base/banned.h"

#define PROCESS_BYTES_MAX (1 << 20)

struct exec_options {
	char *process, *console_socket, *pid_file, *pidfd_socket, *cwd, *user, *process_label,
		*apparmor;
	char **cgroups, **env, **additional_gids, **capabilities;
	int preserve_fds;
	bool detach, tty, no_new_privileges, ignore_paused;
};

static const struct option options[] = {
	OPTION(struct exec_options, process, "process", 'p', option_text,
	       "File with the process object as JSON; \"-\" is stdin"),
	OPTION(struct exec_options, console_socket, "console-socket", 0, option_text,
	       "UNIX socket that gets the master of the terminal"),
	OPTION(struct exec_options, pid_file, "pid-file", 0, option_text,
	       "File that the process id is written to"),
	OPTION(struct exec_options, pidfd_socket, "pidfd-socket", 0, option_text,
	       "UNIX socket that gets a descriptor of the process"),
	OPTION(struct exec_options, cwd, "cwd", 0, option_text, "Working directory"),
	OPTION(struct exec_options, env, "env", 'e', option_list, "NAME=VALUE to add"),
	OPTION(struct exec_options, user, "user", 'u', option_text, "UID[:GID]"),
	OPTION(struct exec_options, additional_gids, "additional-gids", 'g', option_list,
	       "Further group id"),
	OPTION(struct exec_options, cgroups, "cgroup", 0, option_list,
	       "Group below the container's, as [CONTROLLER,...:]PATH"),
	OPTION(struct exec_options, capabilities, "cap", 'c', option_list, "Capability to add"),
	OPTION(struct exec_options, process_label, "process-label", 0, option_text,
	       "SELinux label of the process"),
	OPTION(struct exec_options, apparmor, "apparmor", 0, option_text,
	       "AppArmor profile of the process"),
	OPTION(struct exec_options, no_new_privileges, "no-new-privs", 0, option_bool,
	       "Set no_new_privs"),
	OPTION(struct exec_options, preserve_fds, "preserve-fds", 0, option_int,
	       "Pass this many more descriptors, from 3 on"),
	OPTION(struct exec_options, ignore_paused, "ignore-paused", 0, option_bool,
	       "Execute in a paused container, too"),
	OPTION(struct exec_options, tty, "tty", 't', option_bool, "Give it a terminal"),
	OPTION(struct exec_options, detach, "detach", 'd', option_bool,
	       "Return when the program runs"),
	OPTION_END,
};

static struct error *read_process(const char *path, struct config_process *ret)
{
	struct buf text autobuf = BUF_MAX(PROCESS_BYTES_MAX);
	char **warnings autostrv = NULL;

	if (strcmp(path, "-") == 0)
		TRY(fd_read_all(STDIN_FILENO, &text));
	else
		TRY(error_wrap(path_read(AT_FDCWD, path, &text), "process %s", path));
	TRY(error_wrap(config_process_parse(buf_text(&text), text.length, ret, &warnings),
		       "process %s", path));
	for (size_t i = 0; warnings && warnings[i]; i++)
		report_warning(warnings[i]);
	return NULL;
}

static struct error *set_user(const char *text, struct config_user *u)
{
	char *copy autofree = alloc_string(text);
	char *colon = strchr(copy, ':');
	uint64_t id;

	if (colon)
		*colon++ = '\0';
	TRY(error_wrap(str_parse_u64(copy, 0, UINT32_MAX - 1, &id), "--user"));
	u->uid = (uint32_t)id;
	if (!colon)
		return NULL;
	TRY(error_wrap(str_parse_u64(colon, 0, UINT32_MAX - 1, &id), "--user"));
	u->gid = (uint32_t)id;
	return NULL;
}

static struct error *add_groups(char *const *list, struct config_user *u)
{
	for (size_t i = 0; list && list[i]; i++) {
		uint64_t id;

		TRY(error_wrap(str_parse_u64(list[i], 0, UINT32_MAX - 1, &id),
			       "--additional-gids"));
		u->additional_gids = alloc_resize(u->additional_gids, u->n_additional_gids + 1,
						  sizeof(*u->additional_gids));
		u->additional_gids[u->n_additional_gids++] = (uint32_t)id;
	}
	return NULL;
}

/* Unknown ones are left out, as the specification has it for those of config.json. */
static void add_capabilities(char *const *list, struct config_process *p)
{
	if (list && !p->capabilities)
		p->capabilities = alloc_zeroed(1, sizeof(*p->capabilities));
	for (size_t i = 0; list && list[i]; i++) {
		int number = 0;
		struct error *err = error_wrap(oci_capability_parse(list[i], &number), "--cap");
		const char *name;

		if (err) {
			report_warning(error_message(err));
			error_free(err);
			continue;
		}
		name = oci_capability_name(number);
		strv_add(&p->capabilities->bounding, name);
		strv_add(&p->capabilities->effective, name);
		strv_add(&p->capabilities->permitted, name);
		/* Where it could be raised at all; as runc has it. */
		if (strv_length(p->capabilities->inheritable))
			strv_add(&p->capabilities->ambient, name);
	}
}

static void replace(char **target, const char *value)
{
	if (!value)
		return;
	free(*target);
	*target = alloc_string(value);
}

/* The container's own process object, with what the options change. */
static struct error *change_process(const struct exec_options *o, char **args,
				    struct config_process *p)
{
	strv_free(p->args);
	p->args = strv_copy(args);
	p->terminal = o->tty;
	p->no_new_privileges = p->no_new_privileges || o->no_new_privileges;
	replace(&p->cwd, o->cwd);
	replace(&p->apparmor_profile, o->apparmor);
	replace(&p->selinux_label, o->process_label);
	for (size_t i = 0; o->env && o->env[i]; i++) {
		if (!strchr(o->env[i], '='))
			return error_new(ERROR_BAD_INPUT, "--env: %s is not NAME=VALUE", o->env[i]);
		strv_env_set(&p->env, o->env[i]);
	}
	if (o->user)
		TRY(set_user(o->user, &p->user));
	TRY(add_groups(o->additional_gids, &p->user));
	add_capabilities(o->capabilities, p);
	return NULL;
}

/* Until the program has been executed; a terminal goes to whoever asked for it. */
static struct error *wait_started(struct oci_running *r, int console)
{
	int terminal autoclose = -1;

	TRY(started_wait(r->channel, &terminal));
	if (terminal < 0) /* a listener's service has heard of it before */
		terminal = fd_take(&r->stdout_fd);
	if (terminal >= 0 && console >= 0)
		return files_send_console(console, terminal);
	r->stdout_fd = fd_take(&terminal);
	return NULL;
}

/* A terminal needs somebody who holds its other end. */
static struct error *check_terminal(const struct exec_options *o, const struct config_process *p)
{
	if (p->terminal && o->detach && str_is_empty(o->console_socket))
		return error_new(
			ERROR_BAD_INPUT,
			"cannot allocate tty if the runtime will detach without setting console socket");
	if (!str_is_empty(o->console_socket) && (!p->terminal || !o->detach))
		return error_new(
			ERROR_BAD_INPUT,
			"cannot use console socket if the runtime will not detach or allocate tty");
	return NULL;
}

static struct error *execute(struct runtime *rt, const struct exec_options *o, struct container *c,
			     const struct config_process *p)
{
	struct oci_bundle io = container_bundle(c);
	int console autoclose = -1, cache autoclose = -1;
	struct oci_running running = OCI_RUNNING_NONE;
	struct error *err;

	TRY(runtime_cache(rt, &cache));
	io.seccomp_cache = cache;
	io.foreground = !o->detach;
	io.sub_cgroups = o->cgroups;
	io.preserve_fds = (unsigned int)o->preserve_fds;
	TRY(check_terminal(o, p));
	if (!str_is_empty(o->console_socket))
		TRY(error_wrap(files_connect(o->console_socket, &console), "console socket"));
	TRY(oci_exec_bundle(&io, p, &c->state, &running));
	err = wait_started(&running, console);
	if (!err && !str_is_empty(o->pidfd_socket))
		err = files_send_pidfd(o->pidfd_socket, running.pidfd, "setns");
	if (!err && !str_is_empty(o->pid_file))
		err = files_write_pid(o->pid_file, running.pid);
	if (err)
		oci_running_kill(&running);
	else if (!o->detach)
		err = foreground_wait(&running, p->terminal && console < 0, NULL, &rt->status);
	oci_running_done(&running);
	return err;
}

static struct error *run_in(struct runtime *rt, const struct exec_options *o, struct container *c,
			    char **args)
{
	struct config_process own = { 0 };
	struct config_process *p = c->config.process;
	enum status status = container_status(c);
	struct error *err;

	if (status == STATUS_STOPPED)
		return error_new(ERROR_CONFLICT, "cannot exec in a stopped container");
	if (status == STATUS_PAUSED && !o->ignore_paused)
		return error_new(
			ERROR_CONFLICT,
			"cannot exec in a paused container (use --ignore-paused to override)");
	if (!config_namespace(&c->config, "user"))
		TRY(self_protect());
	if (o->process) {
		p = &own;
		err = read_process(o->process, p);
		p->terminal = p->terminal || o->tty;
	} else if (!*args) {
		err = error_new(ERROR_BAD_INPUT, "process args cannot be empty");
	} else {
		err = change_process(o, args, p);
	}
	if (!err && !o->detach)
		foreground_size(p);
	if (!err)
		err = execute(rt, o, c, p);
	config_process_done(&own);
	return err;
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct exec_options *o = data;
	struct container c autocontainer = CONTAINER_NONE;
	struct error *err;

	err = files_check_preserved(o->preserve_fds, 0);
	if (!err)
		err = container_protect(rt, arguments[0]);
	if (!err)
		err = container_look(rt, arguments[0], &c);
	if (!err && !c.has_config)
		err = error_new(ERROR_NOT_FOUND, "container does not exist");
	if (!err)
		err = run_in(rt, o, &c, arguments + 1);
	return err ? error_set_status(err, COMMAND_STATUS_EXEC) : NULL;
}

const struct command cmd_exec = {
	.name = "exec",
	.arguments = "CONTAINER [COMMAND [ARG...]]",
	.summary = "Execute another process in a container",
	.options = options,
	.options_size = sizeof(struct exec_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.stop_at_argument = true,
	.run = run,
};
