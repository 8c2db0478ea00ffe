/*
 * The client's end of stdio, in a child process with a terminal or pipes of its own; this program
 * plays the monitor.
 */
#include "cli/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attach.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/proc.h"

#include "base/banned.h"

enum { CODE_DETACHED = 100, CODE_LOST, CODE_ERROR };

struct client {
	pid_t pid;
	int socket;	  /* the monitor's end */
	int in, out, err; /* of its pipes; in and out are the master of its terminal */
};

static void must(struct error *err)
{
	if (err)
		fail_msg("%s", error_message(err));
}

static struct error *note_signal(void *data, int sig)
{
	char c = (char)sig;

	return fd_write_all(*(int *)data, &c, 1);
}

/* In the child: what cli_attach() says becomes the exit status. */
static _Noreturn void be_client(int socket, const struct attach_options *o)
{
	bool detached = false;
	int code = 0;
	struct error *err = cli_attach(socket, o, &code, &detached);

	if (err)
		code = error_is(err, ERROR_UNAVAILABLE) ? CODE_LOST : CODE_ERROR;
	error_free(err);
	_exit(detached ? CODE_DETACHED : code);
}

static struct client start_terminal(const struct attach_options *o)
{
	struct winsize size = { .ws_row = 25, .ws_col = 90 };
	struct client c = { .err = -1 };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	c.pid = forkpty(&c.in, NULL, NULL, &size);
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		close(pair[0]);
		be_client(pair[1], o);
	}
	close(pair[1]);
	c.socket = pair[0];
	c.out = c.in;
	return c;
}

static struct client start_pipes(const struct attach_options *o)
{
	int pair[2], in[2], out[2], err[2];
	struct client c;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	must(fd_pipe(&in[0], &in[1]));
	must(fd_pipe(&out[0], &out[1]));
	must(fd_pipe(&err[0], &err[1]));
	c = (struct client){
		.pid = fork(), .socket = pair[0], .in = in[1], .out = out[0], .err = err[0]
	};
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		must(fd_cloexec_from(3));
		close(in[1]);
		close(out[0]);
		close(err[0]);
		close(pair[0]);
		be_client(pair[1], o);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	close(pair[1]);
	return c;
}

static int wait_client(struct client *c)
{
	int status;

	must(proc_wait(c->pid, &status));
	return status;
}

static void done(struct client *c)
{
	close(c->socket);
	close(c->in);
	if (c->out != c->in)
		close(c->out);
	if (c->err >= 0)
		close(c->err);
}

/* The next frame from the client must be @type with @length bytes of @data. */
static void expect(const struct client *c, uint32_t type, const void *data, size_t length)
{
	struct buf payload autobuf = BUF_MAX(ATTACH_PAYLOAD_MAX);
	struct pollfd p = { .fd = c->socket, .events = POLLIN };
	uint32_t got;

	assert_int_equal(poll(&p, 1, 5000), 1);
	must(msg_read(c->socket, &got, &payload));
	assert_int_equal(got, type);
	assert_int_equal(payload.length, length);
	if (length)
		assert_memory_equal(payload.data, data, length);
}

static void expect_size(const struct client *c, uint64_t rows, uint64_t columns)
{
	const uint64_t words[2] = { rows, columns };

	expect(c, ATTACH_RESIZE, words, sizeof(words));
}

static void say_exit(const struct client *c, uint64_t code)
{
	const uint64_t words[2] = { code, 0 };

	must(msg_write(c->socket, ATTACH_EXIT, words, sizeof(words)));
}

static void expect_text(int fd, const char *text)
{
	char got[256] = "";
	size_t n = 0;

	while (n < strlen(text)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t more;

		assert_int_equal(poll(&p, 1, 5000), 1);
		more = read(fd, got + n, sizeof(got) - 1 - n);
		assert_true(more > 0);
		n += (size_t)more;
	}
	assert_string_equal(got, text);
}

static bool is_raw(const struct client *c)
{
	struct termios t;

	assert_int_equal(tcgetattr(c->in, &t), 0);
	return !(t.c_lflag & (ICANON | ECHO | ISIG)) && !(t.c_oflag & OPOST);
}

static void wait_raw(const struct client *c, bool raw)
{
	for (int i = 0; is_raw(c) != raw; i++) {
		assert_true(i < 5000);
		usleep(1000);
	}
}

static const struct attach_options terminal = { .stdin_open = true, .tty = true };
static const struct attach_options plain = { .stdin_open = true };

static void test_terminal(void **state)
{
	struct client c = start_terminal(&terminal);
	struct winsize size = { .ws_row = 50, .ws_col = 200 };

	(void)state;
	expect_size(&c, 25, 90);
	wait_raw(&c, true);
	must(fd_write_all(c.in, "a\003\n", 3)); /* ^C is only a byte */
	expect(&c, ATTACH_STDIN, "a\003\n", 3);
	must(msg_write(c.socket, ATTACH_STDOUT, "x\r\ny", 4));
	expect_text(c.out, "x\r\ny");
	assert_int_equal(ioctl(c.in, TIOCSWINSZ, &size), 0);
	expect_size(&c, 50, 200);
	say_exit(&c, 42);
	assert_int_equal(WEXITSTATUS(wait_client(&c)), 42);
	assert_false(is_raw(&c));
	done(&c);
}

static void test_restored_on_signals(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct client c = start_terminal(&terminal);
		int status;

		expect_size(&c, 25, 90);
		wait_raw(&c, true);
		kill(c.pid, signals[i]);
		status = wait_client(&c);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_false(is_raw(&c));
		done(&c);
	}
}

/*
 * As an interactive shell: the client in a group of its own, in the foreground. Exits as the client
 * does.
 */
static _Noreturn void be_shell(int socket, int pid_out)
{
	pid_t pid = fork();
	int status;

	signal(SIGTTOU, SIG_IGN);
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(0, getpgrp());
		signal(SIGTTOU, SIG_DFL);
		be_client(socket, &terminal);
	}
	must(fd_write_all(pid_out, &pid, sizeof(pid)));
	must(proc_wait(pid, &status));
	_exit(proc_exit_status(status));
}

static char state_of(pid_t pid)
{
	char path[64], text[256] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strrchr(text, ')')[2];
}

/*
 * Stopping gives the terminal back to the shell, continuing takes it again with the size it has
 * then.
 */
static void test_stop_and_continue(void **state)
{
	struct winsize size = { .ws_row = 25, .ws_col = 90 };
	struct client c = { .err = -1 };
	int pair[2], pid_pipe[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	must(fd_pipe(&pid_pipe[0], &pid_pipe[1]));
	c.pid = forkpty(&c.in, NULL, NULL, &size);
	if (c.pid == 0) {
		close(pair[0]);
		be_shell(pair[1], pid_pipe[1]);
	}
	close(pair[1]);
	c.socket = pair[0];
	c.out = c.in;
	must(fd_read_exact(pid_pipe[0], &pid, sizeof(pid)));
	expect_size(&c, 25, 90);
	wait_raw(&c, true);
	kill(pid, SIGTSTP);
	for (int i = 0; state_of(pid) != 'T'; i++) {
		assert_true(i < 5000);
		usleep(1000);
	}
	assert_false(is_raw(&c));
	size.ws_row = 26;
	assert_int_equal(ioctl(c.in, TIOCSWINSZ, &size), 0);
	kill(pid, SIGCONT);
	wait_raw(&c, true);
	expect_size(&c, 26, 90);
	say_exit(&c, 5);
	assert_int_equal(WEXITSTATUS(wait_client(&c)), 5);
	assert_false(is_raw(&c));
	close(pid_pipe[0]);
	close(pid_pipe[1]);
	done(&c);
}

static void test_detach(void **state)
{
	const struct attach_options own_keys = { .stdin_open = true,
						 .tty = true,
						 .detach_keys = "ctrl-a,d" };
	struct client c = start_terminal(&terminal);

	(void)state;
	wait_raw(&c, true);
	expect_size(&c, 25, 90);
	must(fd_write_all(c.in, "x\020\021", 3));
	expect(&c, ATTACH_STDIN, "x", 1);
	assert_int_equal(WEXITSTATUS(wait_client(&c)), CODE_DETACHED);
	assert_false(is_raw(&c));
	done(&c);

	c = start_terminal(&own_keys);
	wait_raw(&c, true);
	expect_size(&c, 25, 90);
	must(fd_write_all(c.in, "\020\021", 2));
	expect(&c, ATTACH_STDIN, "\020\021", 2);
	must(fd_write_all(c.in, "\001d", 2));
	assert_int_equal(WEXITSTATUS(wait_client(&c)), CODE_DETACHED);
	done(&c);
}

static void test_monitor_lost(void **state)
{
	struct client c = start_terminal(&terminal);

	(void)state;
	wait_raw(&c, true);
	shutdown(c.socket, SHUT_RDWR);
	assert_int_equal(WEXITSTATUS(wait_client(&c)), CODE_LOST);
	assert_false(is_raw(&c));
	done(&c);
}

static void test_monitor_talks_nonsense(void **state)
{
	static const struct msg_head heads[] = { { .type = 99 },
						 { .type = ATTACH_STDOUT, .length = 1 << 20 },
						 { .type = ATTACH_EXIT, .length = 8 } };

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct client c = start_pipes(&plain);

		must(fd_write_all(c.socket, &heads[i], sizeof(heads[i])));
		assert_int_equal(WEXITSTATUS(wait_client(&c)), CODE_ERROR);
		done(&c);
	}
}

static void test_pipes(void **state)
{
	const struct attach_options o = { .stdin_open = true,
					  .hello = ATTACH_WANT_STDIN | ATTACH_WANT_STDERR };
	struct client c = start_pipes(&o);

	(void)state;
	expect(&c, ATTACH_HELLO, &o.hello, 8);
	must(fd_write_all(c.in, "\020\021", 2)); /* no keys without a terminal */
	expect(&c, ATTACH_STDIN, "\020\021", 2);
	fd_close(&c.in);
	expect(&c, ATTACH_STDIN_EOF, NULL, 0);
	must(msg_write(c.socket, ATTACH_STDOUT, "out", 3));
	must(msg_write(c.socket, ATTACH_STDERR, "err", 3));
	expect_text(c.out, "out");
	expect_text(c.err, "err");
	say_exit(&c, 3);
	assert_int_equal(WEXITSTATUS(wait_client(&c)), 3);
	done(&c);
}

/* Without -i our stdin is nobody's business. */
static void test_no_stdin(void **state)
{
	const struct attach_options o = { .stdin_open = false };
	struct client c = start_pipes(&o);

	(void)state;
	must(fd_write_all(c.in, "x", 1));
	usleep(20000);
	say_exit(&c, 0);
	assert_int_equal(wait_client(&c), 0);
	fd_close(&c.in);
	assert_int_equal(recv(c.socket, &(char){ 0 }, 1, 0), 0); /* nothing was said */
	done(&c);
}

/* Both directions stuck: a megabyte of input nobody takes must not stop output, nor signals. */
static void test_stuck_input(void **state)
{
	static int noted[2];
	const struct attach_options o = { .stdin_open = true,
					  .forward = note_signal,
					  .forward_data = &noted[1] };
	char *data autofree = alloc_zeroed(1, 1 << 20);
	struct client c;
	char sig;
	pid_t writer;

	(void)state;
	must(fd_pipe(&noted[0], &noted[1]));
	c = start_pipes(&o);
	writer = fork();
	if (writer == 0) {
		signal(SIGPIPE, SIG_DFL);
		error_ignore(fd_write_all(c.in, data, 1 << 20), "it is not read");
		_exit(0);
	}
	usleep(100000);
	must(msg_write(c.socket, ATTACH_STDOUT, "still here", 10));
	expect_text(c.out, "still here");
	kill(c.pid, SIGINT);
	must(fd_read_exact(noted[0], &sig, 1));
	assert_int_equal(sig, SIGINT);
	kill(c.pid, SIGUSR1);
	must(fd_read_exact(noted[0], &sig, 1));
	assert_int_equal(sig, SIGUSR1);
	say_exit(&c, 0);
	assert_int_equal(wait_client(&c), 0);
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	close(noted[0]);
	close(noted[1]);
	done(&c);
}

/*
 * A reader of our output who waits: signals are still seen, and every byte arrives before the exit
 * does.
 */
static void test_stuck_output(void **state)
{
	static int noted[2];
	const struct attach_options o = { .forward = note_signal, .forward_data = &noted[1] };
	char *data autofree = alloc_zeroed(1, 65536);
	size_t total = 0;
	struct client c;
	pid_t writer;
	char sig;

	(void)state;
	must(fd_pipe(&noted[0], &noted[1]));
	c = start_pipes(&o);
	writer = fork();
	if (writer == 0) {
		for (int i = 0; i < 64; i++)
			must(msg_write(c.socket, ATTACH_STDOUT, data, 65536));
		say_exit(&c, 9);
		_exit(0);
	}
	usleep(100000);
	kill(c.pid, SIGTERM);
	must(fd_read_exact(noted[0], &sig, 1));
	assert_int_equal(sig, SIGTERM);
	for (ssize_t n; (n = read(c.out, data, 65536)) > 0;)
		total += (size_t)n;
	assert_int_equal(total, 64 * 65536);
	assert_int_equal(WEXITSTATUS(wait_client(&c)), 9);
	waitpid(writer, NULL, 0);
	close(noted[0]);
	close(noted[1]);
	done(&c);
}

static void test_broken_pipe(void **state)
{
	struct client c = start_pipes(&plain);

	(void)state;
	fd_close(&c.out);
	c.out = c.in;
	must(msg_write(c.socket, ATTACH_STDOUT, "x", 1));
	assert_int_equal(WEXITSTATUS(wait_client(&c)), CODE_ERROR);
	done(&c);
}

/* Somebody else has made our output non-blocking: it is waited for, and stays so. */
static void test_nonblocking_stdout(void **state)
{
	char *data autofree = alloc_zeroed(1, 65536);
	int out[2], pair[2];
	size_t total = 0;
	pid_t client, writer;

	(void)state;
	must(fd_pipe(&out[0], &out[1]));
	must(fd_set_nonblocking(out[1]));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	client = fork();
	if (client == 0) {
		dup2(out[1], 1);
		close(out[0]);
		close(pair[0]);
		be_client(pair[1], &(struct attach_options){ .stdin_open = false });
	}
	writer = fork();
	if (writer == 0) {
		const struct client c = { .socket = pair[0] };

		close(out[1]);
		for (int i = 0; i < 16; i++)
			must(msg_write(c.socket, ATTACH_STDOUT, data, 65536));
		say_exit(&c, 0);
		_exit(0);
	}
	usleep(50000);
	assert_true(fcntl(out[1], F_GETFL) & O_NONBLOCK);
	close(out[1]);
	for (ssize_t n; (n = read(out[0], data, 65536)) > 0;)
		total += (size_t)n;
	assert_int_equal(total, 16 * 65536);
	waitpid(writer, NULL, 0);
	waitpid(client, NULL, 0);
	close(out[0]);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_restored_on_signals),
		cmocka_unit_test(test_stop_and_continue),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_monitor_lost),
		cmocka_unit_test(test_monitor_talks_nonsense),
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_no_stdin),
		cmocka_unit_test(test_stuck_input),
		cmocka_unit_test(test_stuck_output),
		cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_nonblocking_stdout),
	};

	alarm(60); /* a hang is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
