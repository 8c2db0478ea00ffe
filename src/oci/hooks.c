/*
 * Hooks (config.md, POSIX-platform Hooks): programs of who made the bundle, run with the
 * container's state on their stdin: by the parent in the runtime's namespaces, by the child in the
 * container's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/started.h"
#include "config/config.h"
#include "oci/console.h"

#include "base/banned.h"

#define STDERR_MAX 4096 /* of a hook, that is told */

char *oci_state_text(const char *id, const struct oci_bundle *b, const char *status, pid_t pid)
{
	json_t *state autojson = json_object(), *annotations = json_object();
	char *text;

	for (size_t i = 0; b->config->annotations && b->config->annotations[i]; i += 2)
		json_object_set_new(annotations, b->config->annotations[i],
				    json_string(b->config->annotations[i + 1]));
	json_object_set_new(state, "ociVersion", json_string(b->config->oci_version));
	json_object_set_new(state, "id", json_string(id));
	json_object_set_new(state, "status", json_string(status));
	if (pid)
		json_object_set_new(state, "pid", json_integer(pid));
	json_object_set_new(state, "bundle", json_string(b->path));
	json_object_set_new(state, "annotations", annotations);
	text = json_dumps(state, JSON_COMPACT);
	return text ? text : alloc_string("{}");
}

/* A moment on the monotonic clock; -1: never. */
static int64_t deadline_in(int64_t seconds)
{
	struct timespec t;

	if (seconds < 0)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec + seconds) * 1000 + t.tv_nsec / 1000000;
}

/* For poll(2): what is left until then. */
static int left_ms(int64_t deadline)
{
	int64_t left = deadline - deadline_in(0);

	if (deadline < 0)
		return -1;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* Feeds @text to the hook and collects what it says on stderr until it has closed both. */
static void talk(int in, int err_fd, const char *text, int64_t deadline, struct buf *said)
{
	struct error *err = fd_write_all(in, text, strlen(text));
	struct pollfd p = { .fd = err_fd, .events = POLLIN };
	char chunk[512];

	error_ignore(err, "a hook need not read its state");
	close(in);
	while (poll(&p, 1, left_ms(deadline)) > 0) {
		ssize_t n = read(err_fd, chunk, sizeof(chunk));

		if (n <= 0)
			return;
		if (said->length + (size_t)n <= said->max)
			error_ignore(buf_add(said, chunk, (size_t)n), "it fits");
	}
}

static struct error *wait_for(pid_t pid, int64_t deadline, int *ret_status)
{
	int pidfd autoclose = -1;
	bool gone;

	TRY(proc_open(pid, &pidfd));
	TRY(proc_wait_gone(pidfd, left_ms(deadline), &gone));
	if (!gone)
		error_ignore(proc_signal(pidfd, SIGKILL), "it is gone by now");
	TRY(proc_wait(pid, ret_status));
	return gone ? NULL : error_new(ERROR_TIMEOUT, "no end within its timeout");
}

static struct error *outcome(int status, const struct buf *said)
{
	const char *text = buf_text(said);
	size_t n = strcspn(text, "\n");

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	if (WIFSIGNALED(status))
		return error_new(ERROR_SYSTEM, "killed by signal %d", WTERMSIG(status));
	return error_new(ERROR_SYSTEM, "exit status %d%s%.*s", WEXITSTATUS(status), n ? ": " : "",
			 (int)n, text);
}

static struct error *run_hook(const struct config_hook *hook, const char *state)
{
	const char *own[] = { hook->path, NULL };
	int in_read autoclose = -1, in_write = -1, err_read autoclose = -1,
		    err_write autoclose = -1;
	int64_t deadline = deadline_in(hook->timeout_s ? *hook->timeout_s : -1);
	struct buf said autobuf = BUF_MAX(STDERR_MAX);
	struct proc_spawn spawn = {
		.path = hook->path,
		.exec_fd = -1,
		.argv = hook->args && *hook->args ? hook->args : (char *const *)own,
		.env = hook->env,
	};
	struct error *err;
	int status;
	pid_t pid;

	TRY(fd_pipe(&in_read, &in_write));
	err = fd_pipe(&err_read, &err_write);
	spawn.fds = (const int[]){ in_read, -1, err_write };
	spawn.n_fds = 3;
	if (!err)
		err = proc_start(&spawn, &pid);
	if (err) {
		close(in_write);
		return err;
	}
	fd_close(&in_read);
	fd_close(&err_write);
	talk(in_write, err_read, state, deadline, &said);
	TRY(wait_for(pid, deadline, &status));
	return outcome(status, &said);
}

struct error *oci_run_hooks(const char *name, const struct config_hook *hooks, size_t n,
			    const char *state)
{
	for (size_t i = 0; i < n; i++)
		TRY(error_wrap(run_hook(&hooks[i], state), "hooks.%s[%zu]: %s", name, i,
			       hooks[i].path));
	return NULL;
}

static const struct config_hooks *hooks_of(const struct setup *s)
{
	return &s->spec->bundle->config->hooks;
}

static bool has_runtime_hooks(const struct setup *s)
{
	return hooks_of(s)->n_prestart || hooks_of(s)->n_create_runtime;
}

/* The parent's: once the root stands, before the child goes into it. */
struct error *step_run_hooks(struct setup *s)
{
	const struct config_hooks *h = hooks_of(s);
	char *state autofree = NULL;
	char go = 'g';

	if (!has_runtime_hooks(s))
		return NULL;
	TRY(console_wait_for(s, STARTED_MOUNTED));
	state = oci_state_text(s->spec->id, s->spec->bundle, "creating", s->running->pid);
	TRY(oci_run_hooks("prestart", h->prestart, h->n_prestart, state));
	TRY(oci_run_hooks("createRuntime", h->create_runtime, h->n_create_runtime, state));
	return fd_send(s->running->channel, &go, 1, NULL, 0);
}

static struct error *wait_for_runtime_hooks(struct setup *s)
{
	char go = 0;

	if (!has_runtime_hooks(s))
		return NULL;
	TRY(started_tell(s->channel_child, STARTED_MOUNTED, -1));
	return fd_receive(s->channel_child, &go, 1, NULL, 0);
}

/* Programs of the host, in the container's namespaces. */
struct error *step_container_hooks(struct setup *s)
{
	const struct config_hooks *h = hooks_of(s);
	char *state autofree = NULL;

	TRY(wait_for_runtime_hooks(s));
	if (!h->n_create_container)
		return NULL;
	state = oci_state_text(s->spec->id, s->spec->bundle, "creating", getpid());
	return oci_run_hooks("createContainer", h->create_container, h->n_create_container, state);
}

/* Programs of the container, just before its own. */
struct error *step_start_hooks(struct setup *s)
{
	const struct config_hooks *h = hooks_of(s);
	char *state autofree = NULL;

	if (!h->n_start_container)
		return NULL;
	state = oci_state_text(s->spec->id, s->spec->bundle, "created", getpid());
	return oci_run_hooks("startContainer", h->start_container, h->n_start_container, state);
}
