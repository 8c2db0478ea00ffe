#include "runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/self.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/files.h"
#include "runtime/foreground.h"
#include "runtime/notify.h"
#include "runtime/report.h"

#include "base/banned.h"

const struct option launch_options[] = {
	OPTION(struct launch_options, bundle, "bundle", 'b', option_text,
	       "Directory of config.json (default: the current one)"),
	OPTION(struct launch_options, config, "config", 'f', option_text,
	       "File to read instead of config.json, relative to the bundle"),
	OPTION(struct launch_options, console_socket, "console-socket", 0, option_text,
	       "UNIX socket that gets the master of the container's terminal"),
	OPTION(struct launch_options, pid_file, "pid-file", 0, option_text,
	       "File that the process id is written to"),
	OPTION(struct launch_options, pidfd_socket, "pidfd-socket", 0, option_text,
	       "UNIX socket that gets a descriptor of the process"),
	OPTION(struct launch_options, preserve_fds, "preserve-fds", 0, option_int,
	       "Pass this many more descriptors, from 3 on"),
	OPTION(struct launch_options, no_pivot, "no-pivot", 0, option_bool,
	       "Move the root instead of pivot_root(2): for an initramfs"),
	OPTION(struct launch_options, no_new_keyring, "no-new-keyring", 0, option_bool,
	       "Keep the caller's session keyring"),
	OPTION_END,
};

struct bundle {
	struct oci_bundle oci;
	char *path;
	struct buf config; /* the text of config.json */
};

static void bundle_close(struct bundle *b)
{
	fd_close(&b->oci.dir);
	fd_close(&b->oci.console_socket);
	fd_close(&b->oci.seccomp_cache);
	free(b->path);
	buf_done(&b->config);
}

static struct error *open_bundle(const struct launch_options *o, struct bundle *b)
{
	b->oci.dir = open(o->bundle ? o->bundle : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->oci.dir < 0)
		return error_sys("bundle %s", o->bundle);
	TRY(path_of_fd(b->oci.dir, &b->path));
	b->oci.path = b->path;
	b->oci.preserve_fds = (unsigned int)(o->preserve_fds + files_listening());
	b->oci.no_pivot = o->no_pivot;
	b->oci.no_new_keyring = o->no_new_keyring;
	return NULL;
}

/* A terminal needs somebody who holds its other end. */
static struct error *check_terminal(const struct launch_options *o, const struct config *c)
{
	bool terminal = c->process && c->process->terminal;

	if (terminal && o->detach && str_is_empty(o->console_socket))
		return error_new(
			ERROR_BAD_INPUT,
			"cannot allocate tty if the runtime will detach without setting console socket");
	if (!str_is_empty(o->console_socket) && (!terminal || !o->detach))
		return error_new(
			ERROR_BAD_INPUT,
			"cannot use console socket if the runtime will not detach or allocate tty");
	return NULL;
}

static void tell_warnings(const struct config *c)
{
	for (size_t i = 0; c->warnings && c->warnings[i]; i++)
		report_warning(c->warnings[i]);
}

/* Who comes later (start, exec, delete) must see the config.json that counted. */
static struct error *keep_config(const struct container *c, const struct buf *text)
{
	return path_replace(c->dir, CONFIG_NAME, buf_text(text), text->length, 0600, false);
}

/* Of this start alone: what is executed later has no such descriptors. */
static void pass_listening(struct config *c)
{
	char *count autofree = alloc_printf("LISTEN_FDS=%d", files_listening());

	if (!c->process || !files_listening())
		return;
	strv_env_set(&c->process->env, count);
	strv_env_set(&c->process->env, "LISTEN_PID=1");
}

static struct error *create(struct bundle *b, const struct launch_options *o, struct container *c,
			    struct oci_running *running)
{
	const char *receiver;

	if (!str_is_empty(o->console_socket))
		TRY(error_wrap(files_connect(o->console_socket, &b->oci.console_socket),
			       "console socket"));
	TRY(keep_config(c, &b->config));
	pass_listening(&c->config);
	TRY(notify_prepare(c));
	if (!o->detach && c->config.process)
		foreground_size(c->config.process);
	b->oci.config = &c->config;
	receiver = oci_annotation(&b->oci, "run.oci.pidfd_receiver");
	TRY(oci_create(c->id, c->dir, c->path, &b->oci, running));
	oci_state_done(&c->state);
	TRY(oci_state_load(c->dir, &c->state));
	if (!str_is_empty(o->pidfd_socket))
		TRY(files_send_pidfd(o->pidfd_socket, running->pidfd, "standard"));
	if (receiver)
		TRY(files_send_pidfd(receiver, running->pidfd, "standard"));
	return str_is_empty(o->pid_file) ? NULL : files_write_pid(o->pid_file, running->pid);
}

struct error *launch(struct runtime *rt, const struct launch_options *o, const char *id,
		     struct container *ret, struct oci_running *running)
{
	struct bundle b __attribute__((cleanup(bundle_close))) = {
		.oci = { .dir = -1, .console_socket = -1, .seccomp_cache = -1 },
		.config = BUF_MAX(CONFIG_BYTES_MAX),
	};
	struct config config autoconfig = { 0 };
	struct container c autocontainer = CONTAINER_NONE;
	const char *path;
	struct error *err;

	TRY(files_check_preserved(o->preserve_fds, files_listening()));
	TRY(open_bundle(o, &b));
	b.oci.systemd_cgroup = rt->systemd_cgroup;
	b.oci.foreground = !o->detach;
	path = o->config ? o->config : CONFIG_NAME;
	TRY(container_protect_early(b.oci.dir, path));
	TRY(config_load(b.oci.dir, path, &b.config, &config));
	TRY(check_terminal(o, &config));
	if (!config_namespace(&config, "user"))
		TRY(self_protect());
	tell_warnings(&config);
	TRY(runtime_cache(rt, &b.oci.seccomp_cache));
	TRY(container_new(rt, id, &c));
	c.config = config;
	config = (struct config){ 0 };
	c.has_config = true;
	c.state.bundle = alloc_string(b.path); /* for the hooks of one that fails */
	err = create(&b, o, &c, running);
	if (err) {
		oci_running_kill(running);
		c.undone = true;
		error_ignore(container_destroy(rt, &c), "the first error counts");
		return err;
	}
	*ret = c;
	c = (struct container)CONTAINER_NONE;
	return NULL;
}

struct error *launch_start(struct container *c, bool *ret_said)
{
	struct error *err = oci_gate_open(c->dir);

	if (err && ret_said)
		*ret_said = !error_is(err, ERROR_CONFLICT);
	TRY(err);
	err = container_run_hooks(c, false, NULL);
	if (err) /* the container is to be stopped then (runtime.md, Lifecycle) */
		error_ignore(oci_kill(&c->state, SIGKILL), "it has ended meanwhile");
	return err;
}
