/*
 * base/proc.c: identity over time, and programs that get exactly the descriptors they were given.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/strv.h"
#include "unit/test.h"

/* An argument list from "one|two"; the caller frees. */
static char **words(const char *text)
{
	return strv_split(text, '|');
}

/* A shell with the script, its output in a pipe whose read end is returned. */
static struct error *run_shell(const char *script, const int *more_fds, size_t n_more,
			       pid_t *ret_pid, int *ret_output)
{
	char **argv autostrv = words("sh|-c");
	int fds[PROC_FDS_MAX] = { -1, -1, -1 };
	struct proc_spawn spawn = { .path = "/bin/sh", .exec_fd = -1, .fds = fds };
	int reader autoclose = -1, writer autoclose = -1;

	strv_add(&argv, script);
	spawn.argv = argv;
	TRY(fd_pipe(&reader, &writer));
	fds[1] = writer;
	for (size_t i = 0; i < n_more; i++)
		fds[3 + i] = more_fds[i];
	spawn.n_fds = 3 + n_more;
	TRY(proc_start(&spawn, ret_pid));
	*ret_output = fd_take(&reader);
	return NULL;
}

/* The output and the exit status of the script. */
static void assert_shell(const char *script, const int *fds, size_t n, const char *output)
{
	struct buf b autobuf = BUF_MAX(4096);
	int reader autoclose = -1, status;
	pid_t pid;

	assert_ok(run_shell(script, fds, n, &pid, &reader));
	assert_ok(fd_read_all(reader, &b));
	assert_ok(proc_wait(pid, &status));
	assert_int_equal(proc_exit_status(status), 0);
	assert_string_equal(buf_text(&b), output);
}

/* Boot-relative seconds; field 22 of stat counts in clock ticks of it. */
static double uptime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start_times_are_start_times(void **state)
{
	double before = uptime(), seconds;
	uint64_t ticks, again;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	assert_ok(proc_start_time(pid, &ticks));
	seconds = (double)ticks / (double)sysconf(_SC_CLK_TCK);
	assert_true(seconds > before - 1 && seconds < uptime() + 1);
	assert_ok(proc_start_time(pid, &again));
	assert_int_equal(ticks, again);
	assert_true(proc_is_alive(pid, ticks));
	assert_false(proc_is_alive(pid, ticks + 1)); /* another process with this pid */
	kill(pid, SIGKILL);
	while (proc_is_alive(pid, ticks))
		usleep(1000); /* until it is a zombie */
	assert_ok(proc_start_time(pid, &again));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_fails(proc_start_time(pid, &again), ERROR_NOT_FOUND, "is gone");
	assert_false(proc_is_alive(pid, ticks));
	assert_false(proc_is_alive(0, 0));
	assert_false(proc_is_alive(-1, 0));
}

/* A program may call itself anything: the name stands unescaped in the middle of the line. */
static void hostile_names_do_not_move_the_fields(void **state)
{
	FILE *comm = fopen("/proc/self/comm", "r+");
	char old[32] = "";
	uint64_t before, after;

	(void)state;
	assert_non_null(comm);
	assert_non_null(fgets(old, sizeof(old), comm));
	assert_ok(proc_start_time(getpid(), &before));
	rewind(comm);
	fputs("a) Z 1 1 1) \n", comm);
	fflush(comm);
	assert_ok(proc_start_time(getpid(), &after));
	assert_int_equal(before, after);
	assert_true(proc_is_alive(getpid(), before));
	rewind(comm);
	fputs(old, comm);
	fclose(comm);
}

static void the_boot_id_is_the_kernels(void **state)
{
	char id[PROC_BOOT_ID_SIZE], again[PROC_BOOT_ID_SIZE];

	(void)state;
	assert_ok(proc_boot_id(id));
	assert_ok(proc_boot_id(again));
	assert_int_equal(strlen(id), 36);
	assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
	assert_string_equal(id, again);
}

static void pidfds_signal_and_wait(void **state)
{
	int fd autoclose = -1;
	bool gone = true;
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	assert_ok(proc_open(pid, &fd));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_ok(proc_wait_gone(fd, 0, &gone));
	assert_false(gone);
	assert_ok(proc_wait_gone(fd, 10, &gone));
	assert_false(gone);
	assert_ok(proc_signal(fd, 0));
	assert_ok(proc_signal(fd, SIGTERM));
	assert_ok(proc_wait_gone(fd, -1, &gone));
	assert_true(gone);
	assert_ok(proc_wait(pid, &status));
	assert_int_equal(proc_exit_status(status), 128 + SIGTERM);
	assert_fails(proc_signal(fd, SIGTERM), ERROR_NOT_FOUND, "gone");
	assert_fails(proc_wait(pid, &status), ERROR_SYSTEM, "No child");
	fd_close(&fd);
	assert_fails(proc_open(pid, &fd), ERROR_NOT_FOUND, "is gone");
	assert_fails(proc_signal(-1, SIGTERM), ERROR_SYSTEM, "send signal 15");
}

static void exit_statuses_count_as_a_shell_does(void **state)
{
	(void)state;
	assert_int_equal(proc_exit_status(W_EXITCODE(0, 0)), 0);
	assert_int_equal(proc_exit_status(W_EXITCODE(255, 0)), 255);
	assert_int_equal(proc_exit_status(W_EXITCODE(0, SIGKILL)), 137);
	assert_int_equal(proc_exit_status(W_EXITCODE(0, SIGSEGV) | 0x80), 139); /* with a core */
}

static void programs_get_their_descriptors_and_no_others(void **state)
{
	int stray = open("/dev/null", O_RDONLY); /* not close-on-exec, on purpose */
	int reader autoclose = -1, writer autoclose = -1, fds[4];

	(void)state;
	assert_true(stray >= 0);
	assert_ok(fd_pipe(&reader, &writer));
	assert_ok(fd_write_all(writer, "line\n", 5));
	fds[0] = -1, fds[1] = reader, fds[2] = -1, fds[3] = writer;
	/* 3 and 5 are closed, 4 and 6 are the pipe. All by the shell alone, which opens none. */
	assert_shell("read x <&4; echo $x; for fd in 0 1 2 3 4 5 6 7 8 9 10 11 12 13; do "
		     "test -e /proc/$$/fd/$fd && echo $fd; done; true",
		     fds, 4, "line\n0\n1\n2\n4\n6\n");
	assert_shell("readlink /proc/self/fd/0 /proc/self/fd/2", NULL, 0, "/dev/null\n/dev/null\n");
	close(stray);
}

/* Targets that are also sources: 3 becomes 4 and 4 becomes 3. */
static void descriptors_can_change_places(void **state)
{
	int a = open("/dev/zero", O_RDONLY | O_CLOEXEC),
	    b = open("/dev/full", O_RDONLY | O_CLOEXEC);
	int at3 = fcntl(3, F_DUPFD_CLOEXEC, 100), at4 = fcntl(4, F_DUPFD_CLOEXEC, 100);
	int fds[2] = { 4, 3 };

	(void)state;
	assert_true(a >= 0 && b >= 0);
	dup3(a, 3, O_CLOEXEC);
	dup3(b, 4, O_CLOEXEC);
	assert_shell("readlink /proc/$$/fd/3 /proc/$$/fd/4", fds, 2, "/dev/full\n/dev/zero\n");
	if (at3 >= 0)
		dup3(at3, 3, O_CLOEXEC);
	if (at4 >= 0)
		dup3(at4, 4, O_CLOEXEC);
	for (int fd = 100; fd < 104; fd++)
		if (fd == at3 || fd == at4)
			close(fd);
	if (a > 4)
		close(a);
	if (b > 4)
		close(b);
}

/* A program that opens a file must never get 0, 1 or 2 for it, whatever its caller listed. */
static void standard_descriptors_are_always_there(void **state)
{
	char **argv autostrv = words("sh|-c|cd /proc/$$/fd && test -e 0 && test -e 1 && test -e 2");
	struct proc_spawn spawn = { .path = "/bin/sh", .exec_fd = -1, .argv = argv };
	int status;
	pid_t pid;

	(void)state;
	assert_ok(proc_start(&spawn, &pid));
	assert_ok(proc_wait(pid, &status));
	assert_int_equal(proc_exit_status(status), 0);
}

static void the_environment_is_only_what_was_given(void **state)
{
	char **argv autostrv = words("env"), **env autostrv = words("A=1");
	int reader autoclose = -1, writer autoclose = -1, fds[3] = { -1, -1, -1 }, status;
	struct buf b autobuf = BUF_MAX(4096);
	struct proc_spawn spawn = { .path = "/usr/bin/env", .exec_fd = -1, .fds = fds, .n_fds = 3 };
	pid_t pid;

	(void)state;
	spawn.argv = argv;
	spawn.env = env;
	assert_ok(fd_pipe(&reader, &writer));
	fds[1] = writer;
	assert_ok(proc_start(&spawn, &pid));
	assert_ok(proc_wait(pid, &status));
	spawn.env = NULL;
	assert_ok(proc_start(&spawn, &pid));
	assert_ok(proc_wait(pid, &status));
	fd_close(&writer);
	assert_ok(fd_read_all(reader, &b));
	assert_string_equal(buf_text(&b), "A=1\n");
}

static void signals_are_as_new(void **state)
{
	sigset_t blocked, old, after;

	(void)state;
	signal(SIGTERM, SIG_IGN);
	signal(SIGRTMIN + 1, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	assert_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr '\\t' ' '", NULL, 0,
		     "SigBlk: 0000000000000000\nSigIgn: 0000000000000000\n");
	sigprocmask(SIG_SETMASK, &old, &after);
	assert_true(sigismember(&after, SIGUSR1)); /* ours is as it was */
	assert_false(sigismember(&after, SIGUSR2));
	assert_true(signal(SIGTERM, SIG_DFL) == SIG_IGN);
	signal(SIGRTMIN + 1, SIG_DFL);
}

static void a_new_session_is_one(void **state)
{
	char **argv autostrv = words("sh|-c|set -- $(cat /proc/$$/stat); test $6 = $$");
	struct proc_spawn spawn = { .path = "/bin/sh", .exec_fd = -1, .argv = argv };
	int status;
	pid_t pid;

	(void)state;
	for (int want = 0; want < 2; want++) {
		spawn.new_session = want;
		assert_ok(proc_start(&spawn, &pid));
		assert_ok(proc_wait(pid, &status));
		assert_int_equal(proc_exit_status(status), want ? 0 : 1);
	}
}

static void a_failing_exec_is_an_error_and_leaves_no_child(void **state)
{
	char **argv autostrv = words("prog");
	struct proc_spawn spawn = { .path = "/nonexistent/prog", .exec_fd = -1, .argv = argv };
	int before = test_count_fds();
	struct error *err;
	pid_t pid = -5;

	(void)state;
	err = proc_start(&spawn, &pid);
	assert_non_null(err);
	assert_int_equal(error_errno(err), ENOENT);
	assert_string_equal(error_message(err), "start prog: No such file or directory");
	error_free(err);
	spawn.path = "/etc/passwd";
	err = proc_start(&spawn, &pid);
	assert_int_equal(error_errno(err), EACCES);
	error_free(err);
	spawn.path = "/tmp";
	err = proc_start(&spawn, &pid);
	assert_int_equal(error_errno(err), EACCES);
	error_free(err);
	spawn.n_fds = PROC_FDS_MAX + 1;
	assert_fails(proc_start(&spawn, &pid), ERROR_BUG, "too many descriptors");
	assert_int_equal(pid, -5);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(test_count_fds(), before);
}

/* Descriptors that cannot be handed on are an error: a program without its pipe would go astray. */
static void a_missing_descriptor_is_an_error(void **state)
{
	char **argv autostrv = words("true");
	int fds[5] = { -1, -1, -1, 0, 0 };
	struct proc_spawn spawn = {
		.path = "/bin/true", .exec_fd = -1, .argv = argv, .fds = fds, .n_fds = 5
	};
	struct rlimit limit, few;
	struct error *err;
	pid_t pid;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &limit);
	few = limit;
	few.rlim_cur = 18;
	setrlimit(RLIMIT_NOFILE, &few);
	err = proc_start(&spawn, &pid);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(error_errno(err), EMFILE);
	error_free(err);
	fds[4] = 999;
	assert_fails(proc_start(&spawn, &pid), ERROR_SYSTEM, "start true: Bad file descriptor");
}

static void programs_start_by_descriptor(void **state)
{
	char **argv autostrv = words("renamed|-c|exit 7");
	int fd autoclose = open("/bin/sh", O_PATH | O_CLOEXEC), status;
	struct proc_spawn spawn = { .exec_fd = fd, .argv = argv };
	pid_t pid;

	(void)state;
	assert_ok(proc_start(&spawn, &pid));
	assert_ok(proc_wait(pid, &status));
	assert_int_equal(proc_exit_status(status), 7);
	spawn.exec_fd = open("/etc/passwd", O_PATH | O_CLOEXEC);
	assert_fails(proc_start(&spawn, &pid), ERROR_SYSTEM, "start renamed: Permission denied");
	close(spawn.exec_fd);
}

static void becoming_another_program(void **state)
{
	char **argv autostrv = words("sh|-c|exit 9");
	int status;
	pid_t pid;

	(void)state;
	for (int missing = 0; missing < 2; missing++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct proc_spawn spawn = { .path = missing ? "/nonexistent" : "/bin/sh",
						    .exec_fd = -1,
						    .argv = argv };
			struct error *err = proc_replace(&spawn);

			_exit(error_errno(err) == ENOENT ? 3 : 4);
		}
		assert_ok(proc_wait(pid, &status));
		assert_int_equal(proc_exit_status(status), missing ? 3 : 9);
	}
}

/* Our memory is shared with the child until it execs: many starts must not disturb it. */
static void many_starts_keep_our_memory(void **state)
{
	char **argv autostrv = words("true");
	struct proc_spawn spawn = { .path = "/bin/true", .exec_fd = -1, .argv = argv };
	char *canary autofree = alloc_printf("%s", "canary");

	(void)state;
	for (int i = 0; i < 50; i++) {
		int status;
		pid_t pid;

		assert_ok(proc_start(&spawn, &pid));
		assert_ok(proc_wait(pid, &status));
		assert_int_equal(status, 0);
	}
	assert_string_equal(canary, "canary");
}

static void helpers_are_found_beside_us(void **state)
{
	int fd autoclose = -1;

	(void)state;
	assert_ok(proc_open_helper("test_base_proc", &fd));
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(&fd);
	assert_fails(proc_open_helper("no-such-helper", &fd), ERROR_SYSTEM,
		     "libexec/bulkhead/no-such-helper: No such file");
	assert_int_equal(fd, -1);
}

static void signals_have_names(void **state)
{
	static const struct {
		const char *text;
		int number;
	} good[] = {
		{ "KILL", 9 },	 { "SIGKILL", 9 },  { "sigkill", 9 },	   { "kill", 9 },
		{ "9", 9 },	 { "64", 64 },	    { "HUP", 1 },	   { "CHLD", 17 },
		{ "RTMIN", 34 }, { "RTMIN+3", 37 }, { "SIGRTMIN+3", 37 },  { "rtmin+30", 64 },
		{ "RTMAX", 64 }, { "RTMAX-1", 63 }, { "SIGRTMAX-30", 34 }, { "SIGUSR1", 10 },
	};
	static const char *const bad[] = { "",		 "0",	    "65",	"-1",
					   "+9",	 " 9",	    "9 ",	"SIG",
					   "SIGSIGKILL", "KILLX",   "RTMIN+",	"RTMIN+31",
					   "RTMIN-1",	 "RTMAX+1", "RTMAX-31", "4294967305" };
	int number;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_ok(proc_parse_signal(good[i].text, &number));
		assert_int_equal(number, good[i].number);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(proc_parse_signal(bad[i], &number), ERROR_BAD_INPUT,
			     "invalid signal: \"");
	assert_string_equal(proc_signal_name(15), "TERM");
	assert_null(proc_signal_name(0));
	assert_null(proc_signal_name(-1));
	assert_null(proc_signal_name(40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_times_are_start_times),
		cmocka_unit_test(hostile_names_do_not_move_the_fields),
		cmocka_unit_test(the_boot_id_is_the_kernels),
		cmocka_unit_test(pidfds_signal_and_wait),
		cmocka_unit_test(exit_statuses_count_as_a_shell_does),
		cmocka_unit_test(programs_get_their_descriptors_and_no_others),
		cmocka_unit_test(descriptors_can_change_places),
		cmocka_unit_test(standard_descriptors_are_always_there),
		cmocka_unit_test(the_environment_is_only_what_was_given),
		cmocka_unit_test(signals_are_as_new),
		cmocka_unit_test(a_new_session_is_one),
		cmocka_unit_test(a_failing_exec_is_an_error_and_leaves_no_child),
		cmocka_unit_test(a_missing_descriptor_is_an_error),
		cmocka_unit_test(programs_start_by_descriptor),
		cmocka_unit_test(becoming_another_program),
		cmocka_unit_test(many_starts_keep_our_memory),
		cmocka_unit_test(helpers_are_found_beside_us),
		cmocka_unit_test(signals_have_names),
	};

	return TEST_MAIN(tests);
}
