/*
 * alternate [-n ROUNDS] [-w WARM_UP] [-g GAP_MS] [-t LIMIT_S] [-s] FILE
 *
 * Measures commands alternately, A B C A B C, so that what the machine does meanwhile hits all of
 * them; each run comes after GAP_MS of idleness (and, with -s, after a sync of the disks). Each
 * line of FILE is one command, fields separated by tabs: NAME KIND NAMESPACE PROGRAM ARGUMENT...
 *
 * KIND wall is the time from the program's execve(2) until it is reaped. A program of KIND self is
 * started once; for each line it reads it does its work and answers with the microseconds it took.
 *
 * NAMESPACE is a mount namespace's file to be entered first (which is not in the time), or "-".
 * "{n}" in an argument is the round's number from 1 on, warm-ups included. A command's stdin and
 * stdout are /dev/null.
 *
 * Prints for each command "NAME ROUNDS MEDIAN P10 P90 CPU" (microseconds) or "NAME failed REASON",
 * separated by tabs. CPU is the median of the time on CPUs, user and system, of the command and of
 * what it has waited for, which other work on the machine hardly changes; "-" for KIND self. A
 * command that fails or outlives LIMIT_S is not run again; the others go on. Status 1 if any
 * failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define COMMANDS_MAX 32
#define ARGUMENTS_MAX 128
#define REASON_MAX 400

struct command {
	char *name;
	bool is_self;
	int mount_ns; /* -1 for ours */
	char *arguments[ARGUMENTS_MAX];
	FILE *ask, *answer; /* of a "self" program */
	pid_t pid;
	double *samples, *cpu; /* microseconds */
	size_t count;
	char failure[REASON_MAX + 64]; /* empty while all is well */
};

struct plan {
	unsigned int rounds, warm_up, gap_ms, limit_s;
	bool sync;
	struct command commands[COMMANDS_MAX];
	size_t count;
};

static int null_fd, stderr_fd; /* what every command gets */
static uint64_t *start_ns;     /* shared with the child: when it was about to execute its program */
static volatile sig_atomic_t running; /* what the time limit kills */

static void kill_running(int number)
{
	(void)number;
	if (running > 0)
		kill((pid_t)running, SIGKILL);
}

/* The end of what the command wrote to stderr, made one printable field. */
static void last_words(char text[static REASON_MAX])
{
	off_t end = lseek(stderr_fd, 0, SEEK_END), limit = REASON_MAX - 1;
	ssize_t n = pread(stderr_fd, text, REASON_MAX - 1, end > limit ? end - limit : 0);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
}

static void fail(struct command *c, int status)
{
	char words[REASON_MAX] = "";

	last_words(words);
	if (WIFEXITED(status))
		snprintf(c->failure, sizeof c->failure, "status %d: %s", WEXITSTATUS(status),
			 words);
	else
		snprintf(c->failure, sizeof c->failure,
			 "killed by signal %d (9 is the time limit): %s", WTERMSIG(status), words);
}

/* A copy of @argument with the round's number in place of "{n}". */
static char *with_round(const char *argument, unsigned int round)
{
	const char *mark = strstr(argument, "{n}");
	char *copy = NULL;
	int length;

	if (mark)
		length = asprintf(&copy, "%.*s%u%s", (int)(mark - argument), argument, round,
				  mark + 3);
	else
		length = asprintf(&copy, "%s", argument);
	if (length < 0)
		die("memory");
	return copy;
}

static void execute(const struct command *c, char **arguments, int in, int out)
{
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(stderr_fd, 2) < 0)
		die("redirect %s", c->name);
	if (c->mount_ns >= 0 && (setns(c->mount_ns, CLONE_NEWNS) || chdir("/")))
		die("enter the mount namespace for %s", c->name);
	*start_ns = now_ns();
	execvp(arguments[0], arguments);
	die("execute %s", arguments[0]);
}

static double cpu_us(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e6 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

static void measure_wall(struct command *c, unsigned int round, unsigned int limit_s,
			 double *ret_us, double *ret_cpu_us)
{
	char *arguments[ARGUMENTS_MAX] = { NULL };
	struct rusage usage;
	int status;

	for (size_t i = 0; c->arguments[i]; i++)
		arguments[i] = with_round(c->arguments[i], round);
	if (ftruncate(stderr_fd, 0) || lseek(stderr_fd, 0, SEEK_SET))
		die("stderr's file");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		execute(c, arguments, null_fd, null_fd);
	running = pid;
	alarm(limit_s);
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			die("wait for %s", c->name);
	*ret_us = (double)(now_ns() - *start_ns) / 1000;
	*ret_cpu_us = cpu_us(&usage);
	running = 0;
	alarm(0);
	if (status)
		fail(c, status);
	for (size_t i = 0; arguments[i]; i++)
		free(arguments[i]);
}

static void start_self(struct command *c)
{
	int ask[2], answer[2];

	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		die("pipe");
	c->pid = fork();
	if (c->pid < 0)
		die("fork");
	if (c->pid == 0)
		execute(c, c->arguments, ask[0], answer[1]);
	close(ask[0]);
	close(answer[1]);
	c->ask = fdopen(ask[1], "w");
	c->answer = fdopen(answer[0], "r");
	if (!c->ask || !c->answer)
		die("memory");
}

static void end_self(struct command *c)
{
	int status;

	if (!c->ask)
		return;
	fclose(c->ask);
	fclose(c->answer);
	c->ask = NULL;
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			die("wait for %s", c->name);
	if (status && !*c->failure)
		fail(c, status);
}

static void measure_self(struct command *c, unsigned int limit_s, double *ret_us)
{
	char line[64];

	if (!c->ask)
		start_self(c);
	running = c->pid;
	alarm(limit_s);
	bool is_answered = fputc('\n', c->ask) != EOF && fflush(c->ask) == 0 &&
			   fgets(line, sizeof line, c->answer);
	running = 0;
	alarm(0);
	if (is_answered) {
		*ret_us = strtod(line, NULL);
		return;
	}
	end_self(c);
	if (!*c->failure)
		snprintf(c->failure, sizeof c->failure, "ended without an answer");
}

static void run_round(struct plan *p, unsigned int round)
{
	for (size_t i = 0; i < p->count; i++) {
		struct command *c = &p->commands[i];
		double us = 0, cpu = 0;

		if (*c->failure)
			continue;
		if (p->sync)
			sync();
		sleep_ms(p->gap_ms);
		if (c->is_self)
			measure_self(c, p->limit_s, &us);
		else
			measure_wall(c, round, p->limit_s, &us, &cpu);
		if (round > p->warm_up && !*c->failure) {
			c->cpu[c->count] = cpu;
			c->samples[c->count++] = us;
		}
	}
}

static void parse_command(struct plan *p, char *line)
{
	struct command *c = &p->commands[p->count];
	char *rest = line;
	const char *name = strsep(&rest, "\t");
	const char *kind = strsep(&rest, "\t");
	const char *ns = strsep(&rest, "\t");

	errno = 0;
	if (p->count == COMMANDS_MAX)
		die("more than %d commands", COMMANDS_MAX);
	if (!rest || (strcmp(kind, "wall") != 0 && strcmp(kind, "self") != 0))
		die("line %zu: not NAME, wall or self, NAMESPACE, PROGRAM", p->count + 1);
	c->is_self = strcmp(kind, "self") == 0;
	c->mount_ns = strcmp(ns, "-") == 0 ? -1 : open(ns, O_RDONLY | O_CLOEXEC);
	if (c->mount_ns < 0 && strcmp(ns, "-") != 0)
		die("open namespace %s", ns);
	for (size_t i = 0; rest; i++) {
		if (i == ARGUMENTS_MAX - 1)
			die("%s: more than %d arguments", name, ARGUMENTS_MAX - 1);
		c->arguments[i] = strdup(strsep(&rest, "\t"));
	}
	c->name = strdup(name);
	c->samples = calloc(p->rounds, sizeof *c->samples);
	c->cpu = calloc(p->rounds, sizeof *c->cpu);
	if (!c->name || !c->samples || !c->cpu)
		die("memory");
	p->count++;
}

static void read_plan(struct plan *p, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		die("open %s", path);
	for (ssize_t n; (n = getline(&line, &size, file)) > 0;) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (*line)
			parse_command(p, line);
	}
	free(line);
	fclose(file);
}

static bool report(struct plan *p)
{
	bool is_well = true;

	for (size_t i = 0; i < p->count; i++) {
		struct command *c = &p->commands[i];

		end_self(c);
		if (*c->failure || c->count == 0) {
			printf("%s\tfailed\t%s\n", c->name, c->failure);
			is_well = false;
			continue;
		}
		printf("%s\t%zu\t%.1f\t%.1f\t%.1f\t", c->name, c->count,
		       quantile(c->samples, c->count, 0.5), quantile(c->samples, c->count, 0.1),
		       quantile(c->samples, c->count, 0.9));
		if (c->is_self)
			puts("-");
		else
			printf("%.1f\n", quantile(c->cpu, c->count, 0.5));
	}
	return is_well;
}

/* Before any command: descriptors for stdio, the shared clock, signals. */
static void prepare(void)
{
	struct sigaction on_alarm = { .sa_handler = kill_running };

	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	stderr_fd = memfd_create("stderr", MFD_CLOEXEC);
	start_ns = mmap(NULL, sizeof *start_ns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (null_fd < 0 || stderr_fd < 0 || start_ns == MAP_FAILED)
		die("prepare");
	sigaction(SIGALRM, &on_alarm, NULL);
	signal(SIGPIPE, SIG_IGN); /* a "self" program that has ended is a reason to report */
}

int main(int argc, char **argv)
{
	static struct plan p = { .rounds = 30, .warm_up = 3, .gap_ms = 20, .limit_s = 120 };

	for (int option; (option = getopt(argc, argv, "n:w:g:t:s")) != -1;) {
		switch (option) {
		case 'n':
			p.rounds = parse_count("-n", optarg, 100000);
			break;
		case 'w':
			p.warm_up = parse_count("-w", optarg, 1000);
			break;
		case 'g':
			p.gap_ms = parse_count("-g", optarg, 10000);
			break;
		case 't':
			p.limit_s = parse_count("-t", optarg, 3600);
			break;
		case 's':
			p.sync = true;
			break;
		default:
			return 2;
		}
	}
	errno = 0;
	if (optind + 1 != argc || p.rounds == 0)
		die("usage: alternate [-n ROUNDS] [-w WARM_UP] [-g GAP_MS] [-t LIMIT_S] [-s] FILE");
	prepare();
	read_plan(&p, argv[optind]);
	for (unsigned int round = 1; round <= p.warm_up + p.rounds; round++)
		run_round(&p, round);
	return report(&p) ? 0 : 1;
}
