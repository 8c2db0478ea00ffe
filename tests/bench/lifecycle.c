/*
 * lifecycle [-m] PIDFILE RUNTIME [OPTION...] -- BUNDLE ID
 *
 * The life of a container as an engine's shim has it made by an OCI runtime: create, start, kill
 * KILL, the wait for the container's end, delete. The shim adopts the container and reaps it, so
 * this is a program and no script: `delete` of what has not quite ended is an error, and a process
 * nobody reaps has not ended for some.
 *
 * -m: for each line read, a container is created, killed and deleted, and the answer is the peak of
 * resident memory in kB, of the largest process that had a part in `create`: the command, what it
 * has waited for, and the process that waits for `start` (ru_maxrss of wait4(2)). This program is
 * static and small since a peak begins with what the process was before execve(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define WORDS_MAX 32

static const char *pid_file, *bundle, *id;
static char *words[WORDS_MAX + 8]; /* the runtime and its options; room for a command's words */
static size_t n_words;

/* Reaps @pid; its peak goes into *@peak_kb when that is less. */
static int reap(pid_t pid, long *peak_kb)
{
	struct rusage usage;
	int status;

	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			die("wait for %d", (int)pid);
	if (usage.ru_maxrss > *peak_kb)
		*peak_kb = usage.ru_maxrss;
	return status;
}

/* Runs the runtime with the @n words of @command. */
static void run(const char *const *command, size_t n, long *peak_kb)
{
	pid_t pid = vfork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		for (size_t i = 0; i < n; i++)
			words[n_words + i] = (char *)command[i];
		words[n_words + n] = NULL;
		execvp(words[0], words);
		die("execute %s", words[0]);
	}
	int status = reap(pid, peak_kb);
	errno = 0;
	if (status)
		die("%s %s: wait status %#x", words[0], command[0], (unsigned int)status);
}

#define RUN(peak_kb, ...)                                                                          \
	run((const char *const[]){ __VA_ARGS__ },                                                  \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), peak_kb)

static pid_t read_pid(void)
{
	char text[16] = "";
	int fd = open(pid_file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		die("read %s", pid_file);
	close(fd);
	return (pid_t)parse_count(pid_file, text, 1u << 22);
}

/* With @is_started, the whole life; returns the peak of `create` and of the created process. */
static long live(bool is_started)
{
	long peak_kb = 0, other_kb = 0;
	pid_t pid;

	RUN(&peak_kb, "create", "--bundle", bundle, "--pid-file", pid_file, id);
	pid = read_pid();
	if (is_started)
		RUN(&other_kb, "start", id);
	RUN(&other_kb, "kill", id, "KILL");
	reap(pid, &peak_kb);
	RUN(&other_kb, "delete", id);
	return peak_kb;
}

int main(int argc, char **argv)
{
	bool is_memory = argc > 1 && strcmp(argv[1], "-m") == 0;
	char **at = argv + 1 + is_memory;
	char line[16];

	errno = 0;
	pid_file = *at ? *at++ : NULL;
	while (*at && strcmp(*at, "--") != 0 && n_words < WORDS_MAX)
		words[n_words++] = *at++;
	if (n_words == 0 || !at[0] || strcmp(at[0], "--") != 0 || !at[1] || !at[2] || at[3])
		die("usage: lifecycle [-m] PIDFILE RUNTIME [OPTION...] -- BUNDLE ID");
	bundle = at[1];
	id = at[2];
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		die("become a subreaper");
	if (!is_memory) {
		live(true);
		return 0;
	}
	while (fgets(line, sizeof line, stdin)) {
		printf("%ld\n", live(false));
		fflush(stdout);
	}
	return 0;
}
