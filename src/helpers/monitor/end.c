/*
 * The end of a container. In this order: reap it, write the exit record (so that nothing that
 * follows can lose it), read what output is left, tell the clients, let go of its mounts, have the
 * end recorded in the database.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "helpers/monitor/closer.h"
#include "helpers/monitor/monitor.h"

#include "base/banned.h"

#define RECORD_RESERVED ".exit"

enum { RECORD_SIZE = 128 };

/* Bounded: a pipe's writers may be anywhere, and a client may have stopped reading. */
static struct error *time_is_over(void *data, int signal)
{
	struct monitor *m = data;

	(void)signal;
	if (m->phase == PHASE_DRAINING) {
		m->late = true;
		TRY(outputs_drain(m));
		if (!clients_ready(m))
			TRY(clients_report_to_watchers(m));
	} else {
		clients_leave(m);
	}
	return end_advance(m);
}

/*
 * Whether the kernel killed a process of the container for memory: "oom_kill N" in memory.events or
 * memory.oom_control.
 */
static bool read_oom(int fd)
{
	char text[1024];
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : -1;

	if (n <= 0)
		return false;
	text[n] = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (str_has_prefix(line, "oom_kill "))
			return line[9] >= '1' && line[9] <= '9';
	}
	return false;
}

/* The record's place on disk is taken beforehand, so a full disk cannot lose an exit. */
static void write_record(struct monitor *m)
{
	struct timespec now;
	char text[RECORD_SIZE];
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(text, sizeof(text), "{\"ExitCode\":%d,\"OOMKilled\":%s,\"FinishedAt\":%jd}\n",
		     m->exit_code, m->oom_killed ? "true" : "false",
		     (intmax_t)now.tv_sec * 1000000000 + now.tv_nsec);
	if (pwrite(m->record, text, (size_t)n, 0) != n || ftruncate(m->record, n) < 0 ||
	    renameat(m->state_dir, RECORD_RESERVED, m->state_dir, MONITOR_EXIT_NAME) < 0)
		error_ignore(error_sys("write the exit record"),
			     "without it the monitor counts as lost");
	fd_close(&m->record);
}

/*
 * Before the record is seen: who has seen it may start the container again, and its new monitor
 * makes this socket anew.
 */
static void stop_listening(struct monitor *m)
{
	loop_remove(m->loop, m->listener);
	fd_close(&m->listener);
	unlinkat(m->state_dir, ATTACH_SOCKET_NAME, 0);
}

static struct error *reap(void *data, uint32_t events)
{
	struct monitor *m = data;
	siginfo_t info = { 0 };

	(void)events;
	if (waitid(P_PIDFD, (id_t)m->pidfd, &info, WEXITED | WNOHANG) < 0)
		info.si_status = 255; /* not our child: what it ended with is not to be known */
	else if (!info.si_pid)
		return NULL;
	loop_remove(m->loop, m->pidfd);
	m->exit_code = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED
			       ? 128 + info.si_status
			       : info.si_status;
	m->oom_killed = read_oom(m->oom);
	stop_listening(m);
	write_record(m);
	m->phase = PHASE_DRAINING;
	fd_close(&m->tty_peer); /* now a tty without users says so */
	TRY(input_close(m));
	TRY(loop_set_timer(m->loop, MONITOR_DRAIN_MS, time_is_over, m));
	TRY(outputs_drain(m));
	return end_advance(m);
}

static struct error *report(struct monitor *m)
{
	m->phase = PHASE_REPORTING;
	outputs_finish(m);
	TRY(loop_set_timer(m->loop, MONITOR_REPORT_MS, time_is_over, m));
	return clients_report_exit(m);
}

struct error *end_advance(struct monitor *m)
{
	if (m->phase == PHASE_DRAINING && outputs_done(m))
		TRY(report(m));
	if (m->phase == PHASE_REPORTING && clients_reported(m)) {
		m->phase = PHASE_ENDING;
		loop_clear_timer(m->loop);
		clients_leave(m);
		fd_close(
			&m->hold); /* unmounts: up to a millisecond that no client has waited for */
	}
	if (m->phase == PHASE_ENDING && (m->ended || !clients_will_end(m))) {
		m->phase = PHASE_DONE;
		loop_stop(m->loop);
	}
	return NULL;
}

struct error *end_prepare(struct monitor *m)
{
	static const char blanks[RECORD_SIZE];

	m->record = openat(m->state_dir, RECORD_RESERVED,
			   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->record < 0 ||
	    pwrite(m->record, blanks, sizeof(blanks), 0) != (ssize_t)sizeof(blanks))
		return error_sys("reserve the exit record");
	return loop_add(m->loop, m->pidfd, EPOLLIN, reap, m);
}

struct entry { /* linux_dirent64: getdents64(2) */
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/*
 * An exec session that nobody looks after removes its directory: files only, there is nothing else
 * in it.
 */
static void remove_session(const struct monitor *m)
{
	char buffer[2048] __attribute__((aligned(8)));
	long n;

	if (lseek(m->state_dir, 0, SEEK_SET) < 0)
		return;
	while ((n = syscall(SYS_getdents64, m->state_dir, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			const struct entry *e = (const void *)(buffer + at);

			if (e->type != DT_DIR)
				unlinkat(m->state_dir, e->name, 0);
			at += e->length;
		}
	unlinkat(m->session_parent, m->session_name, AT_REMOVEDIR);
}

void end_finish(struct monitor *m)
{
	if (m->session && !m->ended)
		remove_session(m);
	else if (!m->session)
		closer_finish(m, !m->ended);
}
