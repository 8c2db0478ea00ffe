/*
 * Hooks (config.md, POSIX-platform Hooks): programs of who made the bundle, run with the
 * container's state on their stdin: by the parent in the runtime's namespaces, by the child in the
 * container's.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/started.h"
#include "base/strv.h"
#include "config/config.h"
#include "oci/console.h"
#include "oci/net_devices.h"
#include "oci/setup.h"

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
	return seconds < 0 ? -1 : clock_ms() + seconds * 1000;
}

/* For poll(2): what is left until then. */
static int left_ms(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	if (deadline < 0)
		return -1;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* What goes on between a hook and us. */
struct talk {
	int in, err; /* our ends of its stdin and stderr; -1: closed */
	int pidfd;
	const char *text; /* what it has not read yet */
	struct buf *said;
};

static void feed(struct talk *t)
{
	ssize_t n = write(t->in, t->text, strlen(t->text));

	if (n > 0)
		t->text += n;
	/* It need not read its state. */
	if (!*t->text || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(&t->in);
}

static void listen_to(struct talk *t)
{
	char chunk[512];
	ssize_t n = read(t->err, chunk, sizeof(chunk));

	if (n <= 0)
		fd_close(&t->err);
	else if (t->said->length + (size_t)n <= t->said->max)
		error_ignore(buf_add(t->said, chunk, (size_t)n), "it fits");
}

/*
 * Until the hook has ended: what it has started may keep its stderr, and it may never read what we
 * feed it. False where it takes longer than until @deadline.
 */
static bool talk(struct talk *t, int64_t deadline)
{
	for (;;) {
		struct pollfd p[] = { { .fd = t->err, .events = POLLIN },
				      { .fd = t->in, .events = POLLOUT },
				      { .fd = t->pidfd, .events = POLLIN } };
		int n = poll(p, 3, left_ms(deadline));

		if (n == 0)
			return false;
		if (n < 0)
			continue;
		if (p[1].revents)
			feed(t);
		if (p[0].revents)
			listen_to(t);
		else if (p[2].revents)
			return true;
		if (deadline >= 0 && left_ms(deadline) == 0)
			return false;
	}
}

static struct error *converse(pid_t pid, struct talk *t, int64_t deadline, int *ret_status)
{
	struct error *err = fd_set_nonblocking(t->in);
	bool gone = false;

	if (!err)
		gone = talk(t, deadline);
	if (!gone)
		kill(pid,
		     SIGKILL); /* our own child, not waited for yet: it is nobody else's number */
	fd_close(&t->pidfd);
	TRY(err);
	TRY(proc_wait(pid, ret_status));
	return gone ? NULL : error_new(ERROR_TIMEOUT, "no end within its timeout");
}

static struct error *outcome(int status, const struct buf *said)
{
	const char *text = buf_text(said);
	size_t n = strcspn(text, "\n");

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	if (WIFSIGNALED(status)) {
		char *word autofree = alloc_string(sigdescr_np(WTERMSIG(status)));

		*word = (char)tolower((unsigned char)*word);
		return error_new(ERROR_SYSTEM, "signal: %s", word);
	}
	return error_new(ERROR_SYSTEM, "exit status %d%s%.*s", WEXITSTATUS(status), n ? ": " : "",
			 (int)n, text);
}

static struct error *start_hook(const struct config_hook *hook, const struct oci_hooks *row,
				struct talk *t, pid_t *ret_pid)
{
	const char *own[] = { hook->path, NULL };
	int in autoclose = -1, err autoclose = -1;
	struct proc_spawn spawn = {
		.path = hook->path,
		.exec_fd = -1,
		.argv = hook->args && *hook->args ? hook->args : (char *const *)own,
		.env = hook->env,
		.n_fds = 3,
		.cwd = row->dir < 0 ? 0 : row->dir,
	};

	TRY(fd_pipe(&in, &t->in));
	TRY(fd_pipe(&t->err, &err));
	spawn.fds = (const int[]){ in, row->output ? row->output[0] : -1,
				   row->output && row->output[1] >= 0 ? row->output[1] : err };
	spawn.ret_pidfd = &t->pidfd;
	return proc_start(&spawn, ret_pid);
}

static struct error *run_hook(const struct config_hook *hook, const char *state,
			      const struct oci_hooks *row)
{
	int64_t deadline = deadline_in(hook->timeout_s ? *hook->timeout_s : -1);
	struct buf said autobuf = BUF_MAX(STDERR_MAX);
	struct talk t = { .in = -1, .err = -1, .pidfd = -1, .text = state, .said = &said };
	pid_t pid;
	struct error *err = start_hook(hook, row, &t, &pid);
	int status = 0;

	if (!err)
		err = converse(pid, &t, deadline, &status);
	fd_close(&t.in);
	fd_close(&t.err);
	return err ? err : outcome(status, &said);
}

struct error *oci_run_hooks(const struct oci_hooks *row, const char *state)
{
	for (size_t i = 0; i < row->n; i++) {
		const struct config_hook *hook = &row->list[i];
		struct error *err =
			error_wrap(run_hook(hook, state, row), "error running %s hook #%zu: %s",
				   row->name, i, hook->path);

		if (err && !row->warn)
			return err;
		if (err)
			row->warn(error_message(err));
		error_free(err);
	}
	return NULL;
}

struct error *oci_hook_output(const struct oci_bundle *b, int ret_fds[2])
{
	static const char *const keys[] = { "run.oci.hooks.stdout", "run.oci.hooks.stderr" };

	ret_fds[0] = ret_fds[1] = -1;
	for (size_t i = 0; i < 2; i++) {
		const char *path = oci_annotation(b, keys[i]);

		if (!path)
			continue;
		ret_fds[i] = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
		if (ret_fds[i] < 0) {
			struct error *err = error_sys("annotations.%s: %s", keys[i], path);

			fd_close(&ret_fds[0]);
			return err;
		}
	}
	return NULL;
}

/* Before the child is made, which may not be allowed to open them. */
struct error *step_open_hook_output(struct setup *s)
{
	return oci_hook_output(s->spec->bundle, s->hook_output);
}

static const struct config_hooks *hooks_of(const struct setup *s)
{
	return &s->spec->bundle->config->hooks;
}

/* Whether the parent has something to do while the child waits with its mounts and namespaces. */
static bool child_waits(const struct setup *s)
{
	return hooks_of(s)->n_prestart || hooks_of(s)->n_create_runtime ||
	       s->spec->bundle->config->linux_.n_net_devices;
}

/* The parent's: once the root stands, before the child goes into it. */
struct error *step_run_hooks(struct setup *s)
{
	const struct oci_bundle *b = s->spec->bundle;
	const struct config_hooks *h = hooks_of(s);
	const struct oci_hooks rows[] = {
		{ "prestart", h->prestart, h->n_prestart, b->dir, s->hook_output, NULL },
		{ "createRuntime", h->create_runtime, h->n_create_runtime, b->dir, s->hook_output,
		  NULL },
	};
	char *state autofree = NULL;
	char go = 'g';

	if (!child_waits(s))
		return NULL;
	TRY(console_wait_for(s, STARTED_MOUNTED));
	TRY(net_devices_move(b->config->linux_.net_devices, b->config->linux_.n_net_devices,
			     s->running->pid));
	state = oci_state_text(s->spec->id, b, "creating", s->running->pid);
	TRY(oci_run_hooks(&rows[0], state));
	TRY(oci_run_hooks(&rows[1], state));
	return fd_send(s->running->channel, &go, 1, NULL, 0);
}

static struct error *wait_for_runtime_hooks(struct setup *s)
{
	char go = 0;

	if (!child_waits(s))
		return NULL;
	TRY(started_tell(s->channel_child, STARTED_MOUNTED, -1));
	return fd_receive(s->channel_child, &go, 1, NULL, 0);
}

/* Programs of the host, in the container's namespaces; as runc's they start in the root. */
struct error *step_container_hooks(struct setup *s)
{
	const struct config_hooks *h = hooks_of(s);
	const struct oci_hooks row = { "createContainer",     h->create_container,
				       h->n_create_container, s->root_dir,
				       s->hook_output,	      NULL };
	char *state autofree = NULL;

	TRY(wait_for_runtime_hooks(s));
	if (!row.n)
		return NULL;
	state = oci_state_text(s->spec->id, s->spec->bundle, "creating", getpid());
	return oci_run_hooks(&row, state);
}

/*
 * Programs of the container, just before its own, and with its environment unless they have theirs:
 * files of the host are closed by then.
 */
struct error *step_start_hooks(struct setup *s)
{
	const struct config_hooks *h = hooks_of(s);
	struct oci_hooks row = { .name = "startContainer", .n = h->n_start_container, .dir = -1 };
	struct config_hook *own autofree = NULL;
	char **env autostrv = setup_environment(s);
	char *state autofree = NULL;

	if (!row.n)
		return NULL;
	own = alloc_zeroed(h->n_start_container, sizeof(*own));
	for (size_t i = 0; i < h->n_start_container; i++) {
		own[i] = h->start_container[i];
		if (!own[i].env)
			own[i].env = env;
	}
	state = oci_state_text(s->spec->id, s->spec->bundle, "created", getpid());
	row.list = own;
	return oci_run_hooks(&row, state);
}
