/* bulkhead-init, as process 1 of a pid namespace of its own and on a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/proc.h"

#include "base/banned.h"

struct run {
	pid_t pid; /* of init, as seen from here */
	int out;   /* what it and its program print, both streams */
};

static void must(struct error *err)
{
	if (err)
		fail_msg("%s", error_message(err));
}

static _Noreturn void be_init(const char *const *command)
{
	char *path autofree = alloc_printf("%s/bulkhead-init", getenv("BULKHEAD_PROGRAMS"));
	const char *argv[8] = { "bulkhead-init" };

	for (size_t i = 0; command[i]; i++)
		argv[i + 1] = command[i];
	execv(path, (char *const *)argv);
	_exit(99);
}

/* Starts it as process 1: unshare(2) puts only children into a new pid namespace. */
static struct run start(const char *const *command)
{
	int out[2], pid_pipe[2];
	struct run r;
	pid_t outer;

	must(fd_pipe(&out[0], &out[1]));
	must(fd_pipe(&pid_pipe[0], &pid_pipe[1]));
	outer = fork();
	if (outer == 0) {
		int status;
		pid_t pid;

		if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWPID : CLONE_NEWPID) < 0)
			_exit(98);
		pid = fork();
		if (pid == 0) {
			dup2(out[1], STDOUT_FILENO);
			dup2(out[1], STDERR_FILENO);
			be_init(command);
		}
		close(out[1]);
		must(fd_write_all(pid_pipe[1], &pid, sizeof(pid)));
		must(proc_wait(pid, &status));
		_exit(proc_exit_status(status));
	}
	close(out[1]);
	close(pid_pipe[1]);
	must(fd_read_exact(pid_pipe[0], &r.pid, sizeof(r.pid)));
	close(pid_pipe[0]);
	r.out = out[0];
	return r;
}

/* Reads until @text has come. */
static void expect(struct run *r, const char *text)
{
	char got[1024] = "";
	size_t n = 0;

	while (!strstr(got, text)) {
		struct pollfd p = { .fd = r->out, .events = POLLIN };
		ssize_t more;

		if (poll(&p, 1, 5000) != 1)
			fail_msg("waited for \"%s\", got \"%s\"", text, got);
		more = read(r->out, got + n, sizeof(got) - 1 - n);
		if (more <= 0)
			fail_msg("waited for \"%s\", got \"%s\"", text, got);
		n += (size_t)more;
	}
}

static int finish(struct run *r)
{
	int status;

	assert_true(wait(&status) > 0);
	close(r->out);
	return WEXITSTATUS(status);
}

static struct run start_script(const char *script)
{
	return start((const char *[]){ "--", "/bin/sh", "-c", script, NULL });
}

static void test_status(void **state)
{
	struct run r = start_script("exit 42");

	(void)state;
	assert_int_equal(finish(&r), 42);
	r = start_script("kill -KILL $$");
	assert_int_equal(finish(&r), 137);
}

static void test_not_executable(void **state)
{
	struct run r = start((const char *[]){ "--", "/nonexistent", NULL });

	(void)state;
	expect(&r, "exec /nonexistent failed: No such file or directory\n");
	assert_int_equal(finish(&r), 127);
	r = start((const char *[]){ "--", "/etc/passwd", NULL });
	expect(&r, "exec /etc/passwd failed: Permission denied\n");
	assert_int_equal(finish(&r), 126);
	r = start((const char *[]){ "/bin/true", NULL });
	expect(&r, "usage: ");
	assert_int_equal(finish(&r), 125);
}

/*
 * Process 1 without a handler would ignore SIGTERM: that it ends the program is what init is for.
 */
static void test_signals(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		r = start_script("echo ready; exec sleep 60");
		expect(&r, "ready\n");
		kill(r.pid, signals[i]);
		assert_int_equal(finish(&r), 128 + signals[i]);
	}
	r = start_script(
		"trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.02; done");
	expect(&r, "ready\n");
	kill(r.pid, SIGTERM);
	expect(&r, "caught\n");
	assert_int_equal(finish(&r), 3);
}

/* Orphans become children of process 1, which must not leave them as zombies. */
static void test_reaps_orphans(void **state)
{
	struct run r =
		start_script("i=0; while [ $i -lt 50 ]; do (sh -c 'exit 1' &) ; i=$((i+1)); done; "
			     "sleep 0.3; echo ready; exec sleep 60");
	char path[96], pids[4096] = "";
	int fd, children = 0;

	(void)state;
	expect(&r, "ready\n");
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)r.pid, (int)r.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, pids, sizeof(pids) - 1) > 0);
	close(fd);
	for (const char *c = pids; *c; c++)
		children += *c == ' ';
	assert_int_equal(children, 1); /* the program */
	kill(r.pid, SIGTERM);
	assert_int_equal(finish(&r), 143);
}

/* The program's signal mask and dispositions are those init was started with. */
static void test_clean_signals(void **state)
{
	struct run r = start_script(
		"grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\n'; echo; exec true");

	(void)state;
	expect(&r, "SigBlk:\t0000000000000000SigIgn:\t0000000000000000\n");
	assert_int_equal(finish(&r), 0);
}

/* On a terminal the program's group is in the foreground: ^C reaches it, and it may read. */
static void test_terminal(void **state)
{
	struct run r;
	int status;

	(void)state;
	r.pid = forkpty(&r.out, NULL, NULL, NULL);
	if (r.pid == 0)
		be_init((const char *[]){
			"--", "/bin/sh", "-c",
			"stty -echo; trap 'exit 7' INT; read x; echo got $x; while :; do sleep 0.02; done",
			NULL });
	must(fd_write_all(r.out, "it\n", 3));
	expect(&r, "got it\r\n");
	must(fd_write_all(r.out, "\003", 1));
	must(proc_wait(r.pid, &status));
	assert_int_equal(WEXITSTATUS(status), 7);
	close(r.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	      cmocka_unit_test(test_not_executable),
		cmocka_unit_test(test_signals),	      cmocka_unit_test(test_reaps_orphans),
		cmocka_unit_test(test_clean_signals), cmocka_unit_test(test_terminal),
	};

	alarm(50); /* a hang is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
