/*
 * `forks N` starts processes that wait until it has N or may have no more, prints how many and why
 * it stopped, and ends them. `forks bomb` is the bomb: every process starts others without end, and
 * what one fork refuses the next tries again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void bomb(void)
{
	for (;;)
		if (fork() < 0)
			usleep(10000);
}

int main(int argc, char **argv)
{
	long wanted, have = 0;

	if (argc == 2 && strcmp(argv[1], "bomb") == 0)
		bomb();
	wanted = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	while (have < wanted) {
		pid_t parent = getpid(), pid = fork();

		if (pid < 0)
			break;
		have++;
		if (pid)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			pause();
		_exit(0);
	}
	printf("%ld: %s\n", have, have < wanted ? strerrorname_np(errno) : "succeeded");
	return have < wanted;
}
