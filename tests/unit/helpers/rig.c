#include "helpers/rig.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/started.h"

#include "base/banned.h"

static void must(struct error *err)
{
	if (err)
		fail_msg("%s", error_message(err));
}

bool rig_is_engine(int argc, char **argv)
{
	int state;

	if (argc != 7 || strcmp(argv[5], "_ended") != 0)
		return false;
	state = open(argv[4], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (state < 0 || strcmp(argv[1], "--root") != 0 || strcmp(argv[3], "--state") != 0)
		_exit(1);
	must(path_replace(state, "ended", argv[6], strlen(argv[6]), 0600, false));
	return true;
}

double rig_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int make_dir(const struct rig *r, const char *name)
{
	char *path autofree = alloc_printf("%s/%s", r->dir, name);
	int fd;

	must(path_make_dirs(path, 0700, &fd));
	return fd;
}

static _Noreturn void be_program(const struct rig_options *o, const int *fds, int channel,
				 int terminal)
{
	if (o->fails) {
		struct error *err =
			error_set_status(error_new(ERROR_NOT_FOUND, "%s", o->fails), 127);
		char frame[ERROR_FRAME_MAX];

		must(fd_send(channel, frame, error_encode(err, frame, sizeof(frame)), NULL, 0));
		_exit(127);
	}
	if (o->tty)
		must(started_tell(channel, STARTED_TERMINAL, terminal));
	if (o->tty) {
		login_tty(fds[0]);
	} else {
		for (int i = 0; i < 3; i++)
			dup2(fds[i], i);
	}
	syscall(SYS_close_range, 3U, ~0U, 0U);
	if (o->script)
		execl("/bin/sh", "sh", "-c", o->script, NULL);
	else
		o->program();
	fflush(stdout);
	_exit(0);
}

/* Pipes or a tty: the program's ends in @theirs, the monitor's in @ours. */
static void make_stdio(const struct rig_options *o, int *theirs, int *ours)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	ours[0] = ours[2] = -1;
	if (o->tty) {
		assert_int_equal(openpty(&ours[1], &theirs[0], NULL, NULL, &size), 0);
		theirs[1] = theirs[2] = theirs[0];
		return;
	}
	theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (o->stdin_open)
		must(fd_pipe(&theirs[0], &ours[0]));
	must(fd_pipe(&ours[1], &theirs[1]));
	must(fd_pipe(&ours[2], &theirs[2]));
}

static int memory_file(const char *text)
{
	int fd = memfd_create("oom", MFD_CLOEXEC);

	must(fd_write_all(fd, text, strlen(text)));
	return fd;
}

/* As the process that set a container up: starts the program and becomes the monitor. */
static _Noreturn void be_parent(const struct rig *r, const struct rig_options *o, int client,
				int status)
{
	const char *argv[16] = { "bulkhead-monitor" };
	char *state autofree = alloc_printf("%s/state", r->dir);
	char *path autofree = alloc_printf("%s/bulkhead-monitor", getenv("BULKHEAD_PROGRAMS"));
	int theirs[3], ours[3], channel[2], fds[MONITOR_FD_END], pidfd, n = 1;
	struct proc_spawn monitor = { .path = path,
				      .exec_fd = -1,
				      .argv = (char *const *)argv,
				      .env = environ,
				      .fds = fds,
				      .n_fds = MONITOR_FD_END };
	pid_t child;

	make_stdio(o, theirs, ours);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
		_exit(1);
	child = fork();
	if (child == 0)
		be_program(o, theirs, channel[1], ours[1]);
	must(proc_open(child, &pidfd));
	fds[0] = fds[1] = -1;
	fds[2] = STDERR_FILENO;
	fds[MONITOR_FD_PIDFD] = pidfd;
	fds[MONITOR_FD_STATE_DIR] = r->state;
	fds[MONITOR_FD_LOG_DIR] = o->no_log ? -1 : r->log;
	fds[MONITOR_FD_STDIN] = ours[0];
	fds[MONITOR_FD_STDOUT] = o->tty ? -1 : ours[1];
	fds[MONITOR_FD_STDERR] = ours[2];
	fds[MONITOR_FD_CLIENT] = client;
	fds[MONITOR_FD_ENGINE] = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	fds[MONITOR_FD_HOLD] = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	fds[MONITOR_FD_OOM] = o->oom ? memory_file(o->oom) : -1;
	fds[MONITOR_FD_CHANNEL] = channel[0];
	fds[MONITOR_FD_STATUS] = status;
	if (o->tty)
		argv[n++] = "--tty";
	if (o->session)
		argv[n++] = "--session";
	if (o->log_size) {
		argv[n++] = "--log-size";
		argv[n++] = o->log_size;
		argv[n++] = "--log-files";
		argv[n++] = o->log_files;
	}
	argv[n++] = "--root";
	argv[n++] = r->dir;
	argv[n++] = "--state";
	argv[n++] = state;
	argv[n++] = o->session ? "another-id" : RIG_ID;
	must(proc_replace(&monitor));
	_exit(1);
}

void rig_start(struct rig *r, const struct rig_options *o)
{
	int pair[2] = { -1, -1 }, status = -1;

	*r = (struct rig){ .client = -1, .status = -1 };
	snprintf(r->dir, sizeof(r->dir), "/tmp/bulkhead-test-monitor-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	r->state = make_dir(r, "state/" RIG_ID);
	r->log = make_dir(r, "log");
	if (o->client) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		rig_say(pair[0], ATTACH_HELLO, &o->client, 8);
	}
	if (o->command)
		must(fd_pipe(&r->status, &status));
	fflush(NULL);
	r->monitor = fork();
	assert_true(r->monitor >= 0);
	if (r->monitor == 0)
		be_parent(r, o, pair[1], status);
	fd_close(&status);
	if (o->client)
		close(pair[1]);
	r->client = pair[0];
}

int rig_attach(const struct rig *r, uint64_t flags)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/state/" RIG_ID "/attach", r->dir);
	for (int i = 0; connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0; i++) {
		assert_true(i < 5000);
		usleep(1000);
	}
	rig_say(fd, ATTACH_HELLO, &flags, 8);
	return fd;
}

struct error *rig_started(struct rig *r)
{
	return started_listen(r->status);
}

int rig_wait(struct rig *r)
{
	int status = -1;

	must(proc_wait(r->monitor, &status));
	r->monitor = -1;
	return status;
}

bool rig_has(const struct rig *r, const char *name)
{
	return faccessat(r->state, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool rig_ended(const struct rig *r)
{
	char *path autofree = alloc_printf("%s/state/ended", r->dir);
	char *text autofree = NULL;

	if (access(path, F_OK) < 0)
		return false;
	must(path_read_text(AT_FDCWD, path, 100, &text));
	assert_string_equal(text, RIG_ID);
	return true;
}

char *rig_record(const struct rig *r)
{
	char *text = NULL;

	if (rig_has(r, "exit"))
		must(path_read_text(r->state, "exit", 200, &text));
	return text;
}

char *rig_log(const struct rig *r)
{
	char *text = NULL;

	must(path_read_text(r->log, RIG_ID "-json.log", 64 * 1024 * 1024, &text));
	return text;
}

/* The children of the monitor, at most @max of them. */
static size_t children(const struct rig *r, pid_t *pids, size_t max)
{
	char *path autofree =
		alloc_printf("/proc/%d/task/%d/children", (int)r->monitor, (int)r->monitor);
	char *text autofree = NULL;
	size_t n = 0;
	char *next;

	must(path_read_text(AT_FDCWD, path, 200, &text));
	for (char *word = strtok_r(text, " ", &next); word && n < max;
	     word = strtok_r(NULL, " ", &next))
		if (sscanf(word, "%d", &pids[n]) == 1)
			n++;
	return n;
}

static pid_t find_closer(const struct rig *r)
{
	pid_t pids[8];
	size_t n = children(r, pids, 8);

	for (size_t i = 0; i < n; i++) {
		char *path autofree = alloc_printf("/proc/%d/comm", (int)pids[i]);
		char *comm autofree = NULL;

		must(path_read_text(AT_FDCWD, path, 64, &comm));
		if (strncmp(comm, "bulkhead-closer", 15) == 0)
			return pids[i];
	}
	return -1;
}

pid_t rig_closer(const struct rig *r)
{
	pid_t pid;

	for (int i = 0; (pid = find_closer(r)) < 0; i++) {
		assert_true(i < 5000);
		usleep(1000);
	}
	return pid;
}

void rig_done(struct rig *r)
{
	pid_t pids[8];
	size_t n = r->monitor > 0 ? children(r, pids, 8) : 0;

	for (size_t i = 0; i < n;
	     i++) /* the program, and first the closer, who would say that it ended */
		kill(pids[n - 1 - i], SIGKILL);
	if (r->monitor > 0) {
		kill(r->monitor, SIGKILL);
		rig_wait(r);
	}
	fd_close(&r->client);
	fd_close(&r->status);
	fd_close(&r->state);
	fd_close(&r->log);
	must(path_remove_tree(AT_FDCWD, r->dir));
}

/* Grows *@text by doubling: hundred megabytes come in small pieces. */
static void append(char **text, size_t *n, const struct buf *b)
{
	size_t size = 1024, more;

	while (size < *n + 1)
		size *= 2;
	for (more = size; more < *n + b->length + 1;)
		more *= 2;
	if (more > size || *n == 0)
		*text = alloc_resize(*text, more, 1);
	memcpy(*text + *n, b->data, b->length);
	*n += b->length;
	(*text)[*n] = '\0';
}

void rig_hear(int client, struct rig_heard *h)
{
	struct buf payload autobuf = BUF_MAX(ATTACH_PAYLOAD_MAX);

	*h = (struct rig_heard){ .exit_code = -1,
				 .out = alloc_string(""),
				 .err = alloc_string("") };
	for (;;) {
		struct msg_cursor c;
		uint64_t code, oom;
		uint32_t type;
		struct error *err = msg_read(client, &type, &payload);

		if (err) {
			error_ignore(err, "the end");
			return;
		}
		if (type == ATTACH_STDOUT) {
			append(&h->out, &h->n_out, &payload);
			continue;
		}
		if (type == ATTACH_STDERR) {
			append(&h->err, &h->n_err, &payload);
			continue;
		}
		assert_int_equal(type, ATTACH_EXIT);
		c = msg_begin(&payload);
		must(msg_get_u64(&c, &code));
		must(msg_get_u64(&c, &oom));
		must(msg_end(&c));
		h->exit_code = (int)code;
		h->oom = oom;
		return;
	}
}

void rig_heard_done(struct rig_heard *h)
{
	free(h->out);
	free(h->err);
}

void rig_say(int client, uint32_t type, const void *data, size_t length)
{
	must(msg_write(client, type, length ? data : "", length));
}

void rig_expect(int client, const char *text)
{
	struct buf payload autobuf = BUF_MAX(ATTACH_PAYLOAD_MAX);
	char *heard autofree = alloc_string("");
	size_t n = 0;

	while (!strstr(heard, text)) {
		struct pollfd p = { .fd = client, .events = POLLIN };
		uint32_t type;

		if (poll(&p, 1, 5000) != 1)
			fail_msg("waited for \"%s\", got \"%s\"", text, heard);
		must(msg_read(client, &type, &payload));
		append(&heard, &n, &payload);
	}
}

unsigned long rig_pss_kb(pid_t pid)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Pss: %lu kB", &kb) == 1)
			break;
	fclose(f);
	return kb;
}
