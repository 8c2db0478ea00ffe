/*
 * `descriptors N` opens files until it has N or may have no more, and prints how many and why it
 * stopped. `descriptors N PROCESSES` has that many processes do so at the same time, each with the
 * most that it may raise its limit to, and prints what they have together or that one was killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static long open_files(long wanted)
{
	long have = 3;

	while (have < wanted && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		have++;
	return have;
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		exit(2);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		exit(2);
}

/* Says how many it has, and keeps them until its parent ends. */
static void run_child(long wanted, int to)
{
	long have;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	have = open_files(wanted);
	if (write(to, &have, sizeof(have)) != sizeof(have))
		_exit(2);
	close(to);
	for (;;)
		pause();
}

/* SIGCHLD comes only when one is killed: none ends by itself. */
static void on_child(int signal)
{
	(void)signal;
	if (write(1, "killed\n", 7) == 7)
		_exit(1);
	_exit(2);
}

static int open_together(long wanted, long processes)
{
	long total = 0, have;
	int ends[2];

	raise_limit();
	signal(SIGCHLD, on_child);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return 2;
	for (long i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 2;
		if (pid == 0)
			run_child(wanted, ends[1]);
	}
	for (long i = 0; i < processes; i++) {
		if (read(ends[0], &have, sizeof(have)) != sizeof(have))
			return 2;
		total += have;
	}
	printf("%ld: %s\n", total, total < wanted * processes ? "no more" : "succeeded");
	return total < wanted * processes;
}

int main(int argc, char **argv)
{
	long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : 0, have;

	if (argc == 3)
		return open_together(wanted, strtol(argv[2], NULL, 10));
	have = open_files(wanted);
	printf("%ld: %s\n", have, have < wanted ? strerrorname_np(errno) : "succeeded");
	return have < wanted;
}
