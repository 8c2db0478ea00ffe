/*
 * `ptrace PID` takes hold of another process without stopping it; its own end lets it go. Prints
 * what came of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	pid_t pid = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;

	if (pid <= 0) {
		fprintf(stderr, "usage: ptrace PID\n");
		return 2;
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0) {
		printf("ptrace: %s\n", strerror(errno));
		return 1;
	}
	printf("ptrace: succeeded\n");
	return 0; /* the end of a tracer detaches it */
}
