/*
 * Another program in a running container: a session with a monitor of its own, so that it outlives
 * its command. Its directory STATE/containers/ID/exec/SESSION goes with it, or with the container.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attach.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/rand.h"
#include "base/self.h"
#include "base/started.h"
#include "engine/alive.h"
#include "engine/events.h"
#include "engine/spec.h"
#include "engine/start.h"

#include "base/banned.h"

#define SESSION_SIZE 33

struct session {
	struct engine *e;
	const struct container *c;
	const struct exec_request *request;
	struct oci_spec spec;
	struct oci_state state;
	char name[SESSION_SIZE];
	int exec_dir, dir; /* of all sessions, of this one */
	int status_read, status_write;
	int client_ours, client;
};

static void session_done(struct session *s)
{
	oci_spec_done(&s->spec);
	oci_state_done(&s->state);
	fd_close(&s->exec_dir);
	fd_close(&s->dir);
	fd_close(&s->status_read);
	fd_close(&s->status_write);
	fd_close(&s->client_ours);
	fd_close(&s->client);
}

static struct error *set_up(struct session *s)
{
	struct monitor_plan plan = {
		.tty = s->request->tty,
		.session = true,
		.state_dir = s->dir,
		.log_dir = -1,
		.client = s->client,
		.status = s->status_write,
	};
	struct oci_running running;
	int program autoclose = -1;

	TRY(start_open_monitor(&program));
	plan.program = program;
	TRY(oci_exec(&s->spec, &s->state, &running));
	return start_become_monitor(s->e, s->c, &plan, &running);
}

static void child(struct session *s)
{
	struct error *err;

	setsid();
	fd_close(&s->status_read);
	fd_close(&s->client_ours);
	err = set_up(s);
	started_report(s->status_write, err);
	_exit(125);
}

static struct error *run_child(struct session *s)
{
	struct error *err;
	pid_t pid;

	TRY(fd_pipe(&s->status_read, &s->status_write));
	TRY(oci_fork(&pid));
	if (pid == 0)
		child(s);
	fd_close(&s->status_write);
	fd_close(&s->client);
	err = started_listen(s->status_read);
	if (err)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return err;
}

static uint64_t client_flags(const struct exec_request *r)
{
	return ATTACH_WANT_STDOUT | ATTACH_WANT_STDERR | (r->stdin_open ? ATTACH_WANT_STDIN : 0);
}

/* Finds the container's run-time facts and makes the session's directory. */
static struct error *prepare(struct session *s, const char *ref)
{
	int state_dir autoclose = -1;
	enum alive alive;

	TRY(alive_probe(s->e, s->c->id, &alive, &state_dir));
	if (alive != ALIVE_RUNS)
		return error_new(ERROR_CONFLICT, "container %s is not running", ref);
	if (s->request->working_dir && *s->request->working_dir != '/')
		return error_set_status(
			error_new(ERROR_BAD_INPUT,
				  "the working directory '%s' is invalid, it needs to be an"
				  " absolute path",
				  s->request->working_dir),
			126);
	TRY(oci_state_load(state_dir, &s->state));
	TRY(spec_build_exec(s->e, s->c, s->request, &s->spec));
	rand_hex(s->name, SESSION_SIZE - 1);
	TRY(path_open_dir(state_dir, "exec", 0700, &s->exec_dir));
	TRY(path_open_dir(s->exec_dir, s->name, 0700, &s->dir));
	return start_make_client(client_flags(s->request), &s->client_ours, &s->client);
}

struct error *engine_exec(struct engine *e, const char *ref, const struct exec_request *request,
			  int *ret_socket)
{
	struct container *c autocontainer = NULL;
	struct session s __attribute__((cleanup(session_done))) = {
		.e = e,
		.request = request,
		.exec_dir = -1,
		.dir = -1,
		.status_read = -1,
		.status_write = -1,
		.client_ours = -1,
		.client = -1,
		.spec = { .state_dir = -1,
			  .container_dir = -1,
			  .join_pidfd = -1,
			  .seccomp_cache = -1 },
	};
	struct error *err;

	TRY(alive_find(e, ref, true, &c));
	s.c = c;
	if (spec_shares_root(c) || request->privileged)
		TRY(self_protect());
	TRY(prepare(&s, ref));
	err = run_child(&s);
	if (err) {
		error_ignore(path_remove_tree(s.exec_dir, s.name),
			     "it goes with the container at the latest");
		return err;
	}
	events_container(e, "exec_start", c, NULL);
	*ret_socket = request->detach ? -1 : fd_take(&s.client_ours);
	return NULL;
}
