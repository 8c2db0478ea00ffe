/*
 * bulkhead-init: process 1 of a container with --init. Starts the program as its only child, in a
 * process group of its own that has the terminal, hands every signal on to it, reaps what is
 * orphaned, and ends as the program does: its status, or 128 and the signal. The kernel then kills
 * what is left of the pid namespace.
 *
 *	bulkhead-init -- PROGRAM ARGUMENTS
 *
 * It stands alone: the container's image is around it, and nothing of ours.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { EXIT_FAILED = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static void say(const char *const *words)
{
	char line[512];
	size_t n = 0;

	for (; *words; words++) {
		size_t length = strnlen(*words, sizeof(line) - 1 - n);

		memcpy(line + n, *words, length);
		n += length;
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nobody is left to tell */
}

/* The signals that mean this process itself, as tini has them; all others are the program's. */
static void fill_forwarded(sigset_t *set)
{
	static const int own[] = { SIGFPE,  SIGILL, SIGSEGV, SIGBUS, SIGABRT,
				   SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU };

	sigfillset(set);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(set, own[i]);
}

static _Noreturn void be_program(char *const *argv, const sigset_t *mask)
{
	int failure;

	setpgid(0, 0);
	/*
	 * Still ignoring SIGTTOU: a background group may then take the terminal. ENOTTY: there is
	 * none.
	 */
	if (tcsetpgrp(STDIN_FILENO, getpgrp()) < 0 && errno != ENOTTY && errno != ENXIO &&
	    errno != EBADF)
		say((const char *[]){ "[WARN  bulkhead-init] terminal: ", strerrordesc_np(errno),
				      NULL });
	signal(SIGTTIN, SIG_DFL);
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	failure = errno;
	say((const char *[]){ "[FATAL bulkhead-init] exec ", argv[0],
			      " failed: ", strerrordesc_np(failure), NULL });
	_exit(failure == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/* Reaps every child that has ended; true when the program @main_pid was among them. */
static bool reap(pid_t main_pid, int *ret_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != main_pid)
			continue;
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		ended = true;
	}
	return ended;
}

static int attend(pid_t pid, const sigset_t *forwarded)
{
	int status = EXIT_FAILED;

	for (;;) {
		int sig = sigwaitinfo(forwarded, NULL);

		if (sig == SIGCHLD) {
			if (reap(pid, &status))
				return status;
		} else if (sig > 0) {
			kill(pid, sig); /* ESRCH: its SIGCHLD is next */
		}
	}
}

int main(int argc, char **argv)
{
	sigset_t forwarded, old;
	pid_t pid;

	if (argc < 3 || strcmp(argv[1], "--") != 0) {
		say((const char *[]){ "usage: bulkhead-init -- PROGRAM [ARGUMENT...]", NULL });
		return EXIT_FAILED;
	}
	if (getpid() != 1) /* the host's pid namespace: orphans come here all the same */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	fill_forwarded(&forwarded);
	sigprocmask(SIG_BLOCK, &forwarded, &old);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	pid = fork();
	if (pid < 0) {
		say((const char *[]){ "[FATAL bulkhead-init] fork failed: ", strerrordesc_np(errno),
				      NULL });
		return EXIT_FAILED;
	}
	if (pid == 0)
		be_program(argv + 2, &old);
	return attend(pid, &forwarded);
}
