/*
 * bulkhead-monitor: the parent of one container's (or exec session's) first process, executed in
 * place of the process that set it up, with the descriptors of enum monitor_fd. It moves stdio,
 * keeps the log, and tells how the container ended. It outlives the command that started the
 * container and that command's terminal.
 *
 * It does not set up, restart or kill anything, and knows no database.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/started.h"
#include "base/str.h"
#include "helpers/monitor/closer.h"
#include "helpers/monitor/confine.h"
#include "helpers/monitor/monitor.h"

#include "base/banned.h"

static struct error *number(const char *option, const char *text, uint64_t max, uint64_t *ret)
{
	if (!text)
		return error_new(ERROR_BAD_INPUT, "%s: no value", option);
	return error_wrap(str_parse_u64(text, 0, max, ret), "%s", option);
}

static struct error *parse(struct monitor *m, char **argv)
{
	for (argv++; *argv && str_has_prefix(*argv, "--"); argv++) {
		const char *option = *argv;

		if (str_equal(option, "--tty")) {
			m->tty = true;
		} else if (str_equal(option, "--session")) {
			m->session = true;
		} else if (str_equal(option, "--log-size")) {
			TRY(number(option, *++argv, INT64_MAX, &m->log_bytes));
		} else if (str_equal(option, "--log-files")) {
			TRY(number(option, *++argv, 1000, &m->log_files));
		} else if (str_equal(option, "--root")) {
			m->root = *++argv;
		} else if (str_equal(option, "--state")) {
			m->state = *++argv;
		} else {
			return error_new(ERROR_BAD_INPUT, "unknown option: %s", option);
		}
		if (!*argv)
			return error_new(ERROR_BAD_INPUT, "%s: no value", option);
	}
	m->id = argv[0];
	if (!m->id || argv[1] || !m->root || !m->state || !path_is_name(m->id))
		return error_new(ERROR_BAD_INPUT,
				 "usage: bulkhead-monitor [--tty] [--session] [--log-size BYTES] "
				 "[--log-files N] --root DIR --state DIR ID");
	return NULL;
}

/* The descriptor @fd of the list, or -1 where it was left closed. */
static int listed(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}

static struct error *set_up_output(struct monitor *m, int i, int fd)
{
	struct output *o = &m->outputs[i];

	o->m = m;
	o->line = m->lines[i];
	o->fd = listed(fd);
	o->type = i ? ATTACH_STDERR : ATTACH_STDOUT;
	return o->fd < 0 ? NULL : fd_set_nonblocking(o->fd);
}

/* The master is written through a descriptor of its own: the loop watches each direction apart. */
static struct error *set_up_tty(struct monitor *m)
{
	int master = m->outputs[0].fd;

	if (master < 0)
		return error_new(ERROR_BAD_INPUT, "--tty without a tty");
	m->input.fd = fcntl(master, F_DUPFD_CLOEXEC, MONITOR_FD_END);
	if (m->input.fd < 0)
		return error_sys("duplicate the tty");
	/*
	 * A program may close its tty and open it again; so reading the master must not end in
	 * between.
	 */
	m->tty_peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return NULL;
}

static struct error *take_descriptors(struct monitor *m)
{
	m->pidfd = listed(MONITOR_FD_PIDFD);
	m->state_dir = listed(MONITOR_FD_STATE_DIR);
	m->log_dir = listed(MONITOR_FD_LOG_DIR);
	m->engine = listed(MONITOR_FD_ENGINE);
	m->hold = listed(MONITOR_FD_HOLD);
	m->oom = listed(MONITOR_FD_OOM);
	m->channel = listed(MONITOR_FD_CHANNEL);
	m->status = listed(MONITOR_FD_STATUS);
	m->tty_peer = m->session_parent = m->record = m->closer = m->listener = -1;
	m->input.fd = listed(MONITOR_FD_STDIN);
	m->input.data = m->input_data;
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		m->clients[i].fd = -1;
		m->clients[i].pending = m->pending[i];
	}
	if (m->pidfd < 0 || m->state_dir < 0 || (m->engine < 0 && !m->session))
		return error_new(ERROR_BAD_INPUT, "a descriptor is missing");
	TRY(fd_close_from(MONITOR_FD_END));
	TRY(set_up_output(m, 0, MONITOR_FD_STDOUT));
	TRY(set_up_output(m, 1, MONITOR_FD_STDERR));
	return m->input.fd < 0 ? NULL : fd_set_nonblocking(m->input.fd);
}

/*
 * Leaves the caller's session, terminal and, but for errors of the start, standard descriptors;
 * only SIGKILL ends it from here on.
 */
static struct error *leave_the_caller(void)
{
	static const int ignored[] = { SIGHUP,	SIGINT,	 SIGQUIT, SIGTERM,
				       SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM };
	sigset_t none;
	int null;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit status away */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid(); /* fails only for the leader of a group, which then has its own already */
	prctl(PR_SET_NAME, "bulkhead-monitor");
	umask(077);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return error_sys("open /dev/null");
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return error_sys("replace the standard descriptors");
	if (null > STDERR_FILENO)
		close(null);
	return NULL;
}

/*
 * What it takes to remove the session's directory in the end. Without /proc it stays until the
 * container goes.
 */
static void find_session_name(struct monitor *m)
{
	char link[PATH_PROC_FD_SIZE], path[PATH_MAX];
	ssize_t n;

	path_proc_fd(link, m->state_dir);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return;
	path[n] = '\0';
	snprintf(m->session_name, sizeof(m->session_name), "%s", path_last(path));
	m->session_parent = openat(m->state_dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* While the container's process did its part, we did ours; now it is waited for. */
static struct error *wait_for_program(struct monitor *m)
{
	int terminal = -1;

	if (m->channel < 0)
		return NULL;
	TRY(started_wait(m->channel, &terminal));
	fd_close(&m->channel);
	if (terminal < 0)
		return NULL;
	fd_close(&m->outputs[0].fd);
	m->outputs[0].fd = terminal;
	return fd_set_nonblocking(terminal);
}

/* The command goes on from here. */
static void report(struct monitor *m, const struct error *err)
{
	if (m->status >= 0)
		started_report(m->status, err);
	fd_close(&m->status);
}

static struct error *prepare(struct monitor *m, int first)
{
	TRY(take_descriptors(m));
	TRY(leave_the_caller());
	if (m->session)
		find_session_name(m);
	else
		TRY(closer_start(m));
	TRY(loop_new(MONITOR_CLIENTS + 8, &m->loop));
	TRY(end_prepare(m));
	TRY(clients_listen(m));
	if (m->log_dir >= 0) {
		m->logging = true;
		TRY(logfile_init(&m->log, m->log_dir, m->id, m->log_bytes,
				 (unsigned int)m->log_files));
	}
	if (dup2(STDIN_FILENO, STDERR_FILENO) < 0)
		return error_sys("replace the standard error");
	if (first >= 0)
		TRY(fd_set_nonblocking(first));
	if (m->tty) { /* a terminal takes calls that are refused later */
		TRY(wait_for_program(m));
		TRY(set_up_tty(m));
	}
	TRY(confine(m));
	return wait_for_program(m);
}

/*
 * Nobody would look after the program, nor hear how it ended. A command that waits hears why, and
 * cleans up.
 */
static void give_up(struct monitor *m, const struct error *err)
{
	siginfo_t info;

	if (m->pidfd >= 0) {
		error_ignore(proc_signal(m->pidfd, SIGKILL), "it has ended by itself");
		waitid(P_PIDFD, (id_t)m->pidfd, &info, WEXITED | __WALL);
	}
	closer_finish(m, m->status < 0);
	if (m->status < 0)
		return;
	report(m, err);
	_exit(1);
}

static struct error *start(struct monitor *m)
{
	int first = listed(MONITOR_FD_CLIENT);
	struct error *err = prepare(m, first);

	if (err) {
		give_up(m, err);
		return err;
	}
	report(m, NULL);
	if (first >= 0)
		TRY(client_adopt(m, first, true));
	return outputs_resume(m);
}

/*
 * The C library's and our own start has mapped nearly the whole program around the pages it used;
 * the loop needs a tenth of it. What is given back here stays in the page cache and is mapped again
 * where it is used.
 */
static void forget_the_start(void)
{
	extern char __executable_start[], etext[]; /* end(3) */

	release_pages(__executable_start, etext);
}

static struct error *run(char **argv)
{
	static struct monitor m; /* zeroed memory that no file holds */
	struct error *err;

	TRY(parse(&m, argv));
	err = start(&m);
	forget_the_start();
	if (!err)
		err = loop_run(m.loop);
	if (!err)
		end_finish(&m);
	loop_free(m.loop);
	return err;
}

int main(int argc, char **argv)
{
	struct error *err autoerror = argc ? run(argv) : error_new(ERROR_BAD_INPUT, "no arguments");

	if (!err)
		return 0;
	fprintf(stderr, "bulkhead-monitor: %s\n", error_message(err));
	return 1;
}
