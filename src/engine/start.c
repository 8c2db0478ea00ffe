/*
 * The start of a container: the command forks once, the child sets the container up, and becomes
 * its monitor while the container's own process does its part. Whether the program has been
 * executed the monitor hears first and tells the command over a pipe.
 */
#include "engine/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attach.h"
#include "base/db.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/self.h"
#include "base/started.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/ended.h"
#include "engine/events.h"
#include "engine/record.h"
#include "engine/spec.h"

#include "base/banned.h"

/* One frame by send(2): a monitor that has just ended must not kill the command with SIGPIPE. */
static struct error *say_hello(int socket, uint64_t flags)
{
	struct {
		struct msg_head head;
		uint64_t flags;
	} hello = { .head = { .length = sizeof(flags), .type = ATTACH_HELLO }, .flags = flags };

	if (send(socket, &hello, sizeof(hello), MSG_NOSIGNAL) != (ssize_t)sizeof(hello))
		return error_sys("greet the monitor");
	return NULL;
}

struct error *start_make_client(uint64_t flags, int *ret_ours, int *ret_monitors)
{
	int ends[2];
	struct error *err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_sys("socketpair");
	err = say_hello(ends[0], flags);
	if (err) {
		fd_close(&ends[0]);
		fd_close(&ends[1]);
		return err;
	}
	*ret_ours = ends[0];
	*ret_monitors = ends[1];
	return NULL;
}

static void add_log_options(struct engine *e, const struct container *c, char ***argv)
{
	const struct policy *policy;
	struct error *err = handle_policy(e, &policy);
	int64_t bytes = err ? 10 << 20 : policy->log_max_bytes,
		files = err ? 3 : policy->log_max_files;

	error_ignore(err, "create has read it before");
	for (size_t i = 0; c->host.log_options && c->host.log_options[i]; i += 2) {
		const char *key = c->host.log_options[i], *value = c->host.log_options[i + 1];
		uint64_t n;

		if (strcmp(key, "max-size") == 0)
			error_ignore(str_parse_size(value, &bytes), "create has checked it");
		else if (strcmp(key, "max-file") == 0) {
			err = str_parse_u64(value, 1, 1000, &n);
			if (!err)
				files = (int64_t)n;
			error_ignore(err, "create has checked it");
		}
	}
	strv_add(argv, "--log-size");
	strv_addf(argv, "%jd", (intmax_t)bytes);
	strv_add(argv, "--log-files");
	strv_addf(argv, "%jd", (intmax_t)files);
}

struct error *start_open_monitor(int *ret_program)
{
	return proc_open_helper("bulkhead-monitor", ret_program);
}

static struct error *become_monitor(struct engine *e, const struct container *c,
				    const struct monitor_plan *plan, const struct oci_running *r)
{
	int engine autoclose = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	char **argv autostrv = NULL;
	int fds[MONITOR_FD_END];

	if (engine < 0)
		return error_sys("open /proc/self/exe");
	strv_add(&argv, "bulkhead-monitor");
	if (plan->tty)
		strv_add(&argv, "--tty");
	if (plan->session)
		strv_add(&argv, "--session");
	add_log_options(e, c, &argv);
	strv_add(&argv, "--root");
	strv_add(&argv, e->root);
	strv_add(&argv, "--state");
	strv_add(&argv, e->state);
	strv_add(&argv, c->id);
	for (int i = 0; i < MONITOR_FD_END; i++)
		fds[i] = -1;
	fds[MONITOR_FD_PIDFD] = r->pidfd;
	fds[MONITOR_FD_STATE_DIR] = plan->state_dir;
	fds[MONITOR_FD_LOG_DIR] = plan->log_dir;
	fds[MONITOR_FD_STDIN] = r->stdin_fd;
	fds[MONITOR_FD_STDOUT] = r->stdout_fd;
	fds[MONITOR_FD_STDERR] = r->stderr_fd;
	fds[MONITOR_FD_CLIENT] = plan->client;
	fds[MONITOR_FD_ENGINE] = engine;
	fds[MONITOR_FD_HOLD] = r->hold_fd;
	fds[MONITOR_FD_OOM] = r->oom_fd;
	fds[MONITOR_FD_CHANNEL] = r->channel;
	fds[MONITOR_FD_STATUS] = plan->status;
	return proc_replace(&(struct proc_spawn){
		.exec_fd = plan->program,
		.argv = argv,
		.fds = fds,
		.n_fds = MONITOR_FD_END,
	});
}

struct error *start_become_monitor(struct engine *e, const struct container *c,
				   const struct monitor_plan *plan, struct oci_running *r)
{
	struct error *err = become_monitor(e, c, plan, r);

	oci_running_kill(r);
	return err;
}

struct start {
	struct engine *e;
	const struct container *c;
	struct oci_spec spec;
	int state_dir;
	int status_read, status_write;
	int client_ours, client;
};

static void start_done(struct start *s)
{
	oci_spec_done(&s->spec);
	fd_close(&s->state_dir);
	fd_close(&s->status_read);
	fd_close(&s->status_write);
	fd_close(&s->client_ours);
	fd_close(&s->client);
}

static struct error *open_log(struct start *s, int *ret_fd)
{
	int dir;

	if (str_equal(s->c->host.log_driver, "none"))
		return NULL;
	TRY(handle_dir(s->e, HANDLE_CONTAINERS, &dir));
	return path_open_dir(dir, s->c->id, 0, ret_fd);
}

/*
 * In the child: everything up to the exec of the monitor. Returns only with an error that nobody
 * was told.
 */
static struct error *set_up(struct start *s)
{
	struct oci_running running;
	struct monitor_plan plan = { .tty = s->c->config.tty,
				     .log_dir = -1,
				     .client = s->client,
				     .status = s->status_write };
	/* Opened anew: the lock that says "I live" belongs to this open file and no copy of it. */
	int held autoclose = openat(s->state_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int program autoclose = -1;

	if (held < 0)
		return error_sys("open the run-time directory");
	TRY(start_open_monitor(&program));
	plan.program = program;
	TRY(alive_hold(held));
	plan.state_dir = held;
	TRY(open_log(s, &plan.log_dir));
	TRY(oci_start(&s->spec, &running));
	return start_become_monitor(s->e, s->c, &plan, &running);
}

static void child(struct start *s)
{
	struct error *err;

	setsid(); /* the terminal's signals are the command's */
	fd_close(&s->status_read);
	fd_close(&s->client_ours);
	err = set_up(s);
	started_report(s->status_write, err);
	_exit(125);
}

static struct error *run_child(struct start *s)
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

static struct error *record_start(struct engine *e, const struct container *c)
{
	struct error *err;

	TRY(db_begin(e->db, !c->host.auto_remove));
	err = record_set_started(e, c->id, handle_now());
	if (!err)
		err = db_commit(e->db);
	else
		db_rollback(e->db);
	if (!err)
		events_container(e, "start", c, NULL);
	return err;
}

/*
 * What the first client gets is what the container was created to be attached to. One that was made
 * for the background (run -d) says nothing about that: who attaches to a later start gets all.
 */
static uint64_t client_flags(const struct container *c)
{
	uint64_t flags = (c->config.attach_stdin ? ATTACH_WANT_STDIN : 0) |
			 (c->config.attach_stdout ? ATTACH_WANT_STDOUT : 0) |
			 (c->config.attach_stderr ? ATTACH_WANT_STDERR : 0);

	if (!flags)
		flags = ATTACH_WANT_STDOUT | ATTACH_WANT_STDERR |
			(c->config.open_stdin ? ATTACH_WANT_STDIN : 0);
	return flags | ATTACH_WILL_END;
}

static struct error *start_locked(struct engine *e, const struct container *c,
				  struct terminal_size size, int *ret_socket, int *lock)
{
	struct start s __attribute__((cleanup(start_done))) = {
		.e = e,
		.c = c,
		.spec = { .state_dir = -1,
			  .container_dir = -1,
			  .join_pidfd = -1,
			  .seccomp_cache = -1 },
		.state_dir = -1,
		.status_read = -1,
		.status_write = -1,
		.client_ours = -1,
		.client = -1,
	};
	struct error *err;

	TRY(alive_make_dir(e, c->id, &s.state_dir));
	err = spec_build(e, c, s.state_dir, &s.spec);
	s.spec.process.size = (struct oci_terminal_size){ size.rows, size.columns };
	if (!err && ret_socket)
		err = start_make_client(client_flags(c), &s.client_ours, &s.client);
	if (!err)
		err = run_child(&s);
	if (err) {
		error_ignore(ended_start_failed(e, c, err, lock),
			     "the start's own error is the one to tell");
		return err;
	}
	TRY(record_start(e, c));
	if (ret_socket)
		*ret_socket = fd_take(&s.client_ours);
	return NULL;
}

/*
 * Finds and locks the container: what was found before the lock may have been started or removed by
 * another command meanwhile.
 */
static struct error *find_locked(struct engine *e, const char *ref, struct container **ret,
				 int *ret_lock)
{
	for (;;) {
		struct container *c autocontainer = NULL, *now autocontainer = NULL;
		int lock autoclose = -1;
		enum alive alive;
		struct error *err;

		TRY(alive_find(e, ref, true, &c));
		if (spec_shares_root(c))
			TRY(self_protect());
		TRY(alive_lock(e, c->id, true, &lock));
		TRY(alive_probe(e, c->id, &alive, NULL));
		err = record_load(e, c->id, RECORD_BRIEF, &now);
		if (error_is(err, ERROR_NOT_FOUND))
			alive_unlock_removed(e, c->id, &lock);
		TRY(err);
		if (now->status == c->status && ended_agrees(now, alive)) {
			*ret = take(c);
			*ret_lock = fd_take(&lock);
			return NULL;
		}
	}
}

struct error *engine_start(struct engine *e, const char *ref, struct terminal_size size,
			   int *ret_socket)
{
	struct container *c autocontainer = NULL;
	int lock autoclose = -1;

	TRY(find_locked(e, ref, &c, &lock));
	if (c->status == CONTAINER_RUNNING)
		return ret_socket ? engine_attach(e, ref, ret_socket) : NULL;
	if (c->status == CONTAINER_DEAD)
		return error_new(ERROR_CONFLICT, "container %s is being removed", c->name);
	return start_locked(e, c, size, ret_socket, &lock);
}

struct error *start_connect(int state_dir, uint64_t flags, int *ret_socket)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd autoclose = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_sys("socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" ATTACH_SOCKET_NAME,
		 state_dir);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys("connect to the monitor");
	TRY(say_hello(fd, flags));
	*ret_socket = fd_take(&fd);
	return NULL;
}

struct error *engine_attach(struct engine *e, const char *ref, int *ret_socket)
{
	struct container *c autocontainer = NULL;
	int state_dir autoclose = -1;
	enum alive alive;

	TRY(alive_find(e, ref, true, &c));
	TRY(alive_probe(e, c->id, &alive, &state_dir));
	if (alive != ALIVE_RUNS)
		return error_new(ERROR_CONFLICT,
				 "cannot attach to a stopped container, start it first");
	return start_connect(state_dir,
			     ATTACH_WANT_STDOUT | ATTACH_WANT_STDERR |
				     (c->config.open_stdin ? ATTACH_WANT_STDIN : 0),
			     ret_socket);
}
