#include "helpers/monitor/closer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "helpers/monitor/monitor.h"

#include "base/banned.h"

enum {
	WORD_DISMISSED = 'q', /* anything else, and the end of file: run it */
	FD_WORD = 3,
	FD_ENGINE,
	FD_FREE,
	FD_OUT_OF_THE_WAY = 64,
};

static _Noreturn void be_closer(const struct monitor *m, int word_fd)
{
	static const int null_fds[] = { -1, -1, -1 };
	const char *argv[] = { "bulkhead", "--root", m->root, "--state",
			       m->state,   "_ended", m->id,   NULL };
	struct proc_spawn ended = { .exec_fd = FD_ENGINE,
				    .argv = (char *const *)argv,
				    .env = environ,
				    .fds = null_fds,
				    .n_fds = 3 };
	int word = fcntl(word_fd, F_DUPFD_CLOEXEC, FD_OUT_OF_THE_WAY);
	int engine = fcntl(m->engine, F_DUPFD_CLOEXEC, FD_OUT_OF_THE_WAY);
	char said = 0;
	ssize_t n;

	prctl(PR_SET_NAME, "bulkhead-closer");
	if (dup2(STDIN_FILENO, STDERR_FILENO) < 0 || dup2(word, FD_WORD) < 0 ||
	    dup2(engine, FD_ENGINE) < 0 || fd_close_from(FD_FREE))
		_exit(1); /* it would hold the container's pipes or the caller's open */
	do
		n = read(FD_WORD, &said, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1 && said == WORD_DISMISSED)
		_exit(0);
	error_ignore(proc_replace(&ended), "the next command finds the exit record");
	_exit(1);
}

struct error *closer_start(struct monitor *m)
{
	int read_end autoclose = -1, write_end autoclose = -1;

	TRY(fd_pipe(&read_end, &write_end));
	m->closer_pid = fork();
	if (m->closer_pid < 0)
		return error_sys("fork the closer");
	if (m->closer_pid == 0)
		be_closer(m, read_end);
	m->closer = fd_take(&write_end);
	fd_close(&m->engine);
	return NULL;
}

void closer_finish(struct monitor *m, bool run)
{
	char word = run ? 'e' : WORD_DISMISSED;
	int status;

	if (m->closer < 0)
		return;
	if (write(m->closer, &word, 1) <
	    0) /* it was killed: the next command finds the exit record */
		error_ignore(error_sys("tell the closer"), "it is gone");
	fd_close(&m->closer);
	error_ignore(proc_wait(m->closer_pid, &status), "there is nothing to do about it");
}
