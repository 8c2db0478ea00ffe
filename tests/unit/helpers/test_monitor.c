/* bulkhead-monitor at work: stdio, log, clients, tty, the end. */
#include "helpers/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/msg.h"

#include "base/banned.h"

#define OUT ATTACH_WANT_STDOUT
#define BOTH (ATTACH_WANT_STDOUT | ATTACH_WANT_STDERR)

static void end_well(struct rig *r)
{
	rig_say(r->client, ATTACH_ENDED, NULL, 0);
	assert_int_equal(rig_wait(r), 0);
}

static void wait_for(const struct rig *r, const char *name)
{
	for (int i = 0; !rig_has(r, name); i++) {
		assert_true(i < 30000);
		usleep(1000);
	}
}

static void test_first_client(void **state)
{
	const struct rig_options o = { .script = "echo out; echo err >&2; printf 'no end'; exit 7",
				       .client = BOTH | ATTACH_WILL_END };
	char *record autofree = NULL, *log autofree = NULL;
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_hear(r.client, &h);
	record = rig_record(&r); /* is there before the client knows */
	log = rig_log(&r);
	assert_string_equal(h.out, "out\nno end");
	assert_string_equal(h.err, "err\n");
	assert_int_equal(h.exit_code, 7);
	assert_false(h.oom);
	assert_non_null(record);
	assert_ptr_equal(strstr(record, "{\"ExitCode\":7,\"OOMKilled\":false,\"FinishedAt\":1"),
			 record);
	assert_string_equal(record + strlen(record) - 2, "}\n");
	assert_non_null(strstr(log, "{\"log\":\"out\\n\",\"stream\":\"stdout\",\"time\":\""));
	assert_non_null(strstr(log, "{\"log\":\"err\\n\",\"stream\":\"stderr\",\"time\":\""));
	assert_non_null(strstr(log, "{\"log\":\"no end\",\"stream\":\"stdout\""));
	end_well(&r);
	assert_false(rig_ended(&r));
	assert_false(rig_has(&r, "attach"));
	assert_false(rig_has(&r, ".exit"));
	rig_heard_done(&h);
	rig_done(&r);
}

static void test_killed_for_memory(void **state)
{
	const struct rig_options o = { .script = "kill -9 $$",
				       .client = OUT | ATTACH_WILL_END,
				       .oom = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n" };
	char *record autofree = NULL;
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_hear(r.client, &h);
	record = rig_record(&r);
	assert_int_equal(h.exit_code, 137);
	assert_true(h.oom);
	assert_non_null(strstr(record, "\"ExitCode\":137,\"OOMKilled\":true,"));
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

static void test_nobody_there(void **state)
{
	const struct rig_options o = { .script = "echo x; exit 3",
				       .oom = "low 0\noom 0\noom_kill 0\n" };
	char *record autofree = NULL, *log autofree = NULL;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	assert_int_equal(rig_wait(&r), 0);
	record = rig_record(&r);
	log = rig_log(&r);
	assert_non_null(strstr(record, "\"ExitCode\":3,\"OOMKilled\":false,"));
	assert_non_null(strstr(log, "\"x\\n\""));
	assert_true(rig_ended(&r));
	rig_done(&r);
}

/* A client that promised to record the end and dies instead. */
static void test_client_breaks_promise(void **state)
{
	const struct rig_options o = { .script = "exit 0", .client = OUT | ATTACH_WILL_END };
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_hear(r.client, &h);
	assert_false(rig_ended(&r));
	fd_close(&r.client);
	assert_int_equal(rig_wait(&r), 0);
	assert_true(rig_ended(&r));
	rig_heard_done(&h);
	rig_done(&r);
}

/* The client goes away in the middle; the container and its log go on. */
static void test_client_leaves(void **state)
{
	const struct rig_options o = {
		.script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done",
		.client = OUT
	};
	char *log autofree = NULL;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_expect(r.client, "line 5\n");
	fd_close(&r.client);
	assert_int_equal(rig_wait(&r), 0);
	log = rig_log(&r);
	assert_non_null(strstr(log, "line 19999\\n"));
	rig_done(&r);
}

static void test_monitor_killed(void **state)
{
	const struct rig_options o = { .script = "exec sleep 1", .client = OUT };
	struct rig_heard h;
	struct rig r;
	pid_t closer;

	(void)state;
	rig_start(&r, &o);
	wait_for(&r, "attach");
	closer = rig_closer(&r);
	assert_true(closer > 0);
	kill(r.monitor, SIGKILL);
	rig_hear(r.client, &h);
	assert_int_equal(h.exit_code, -1);
	assert_true(WIFSIGNALED(rig_wait(&r)));
	for (int i = 0; kill(closer, 0) == 0 && i < 3000; i++)
		usleep(1000);
	assert_true(rig_ended(&r)); /* the closer saw it */
	assert_false(rig_has(&r, "exit"));
	rig_heard_done(&h);
	rig_done(&r);
}

static void test_signals_ignored(void **state)
{
	const struct rig_options o = { .script = "read x; echo got $x",
				       .stdin_open = true,
				       .client = OUT | ATTACH_WANT_STDIN | ATTACH_WILL_END };
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1 };
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	wait_for(&r, "attach");
	usleep(20000); /* past its set-up */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		kill(r.monitor, signals[i]);
	rig_say(r.client, ATTACH_STDIN, "it\n", 3);
	rig_hear(r.client, &h);
	assert_string_equal(h.out, "got it\n");
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

/* 8 MB there and back at once, through a program that holds no more than two pipes. */
static void test_stdin(void **state)
{
	const struct rig_options o = { .script = "exec cat",
				       .stdin_open = true,
				       .no_log = true,
				       .client = OUT | ATTACH_WANT_STDIN | ATTACH_WILL_END };
	enum { FRAMES = 256, SIZE = 32768 };
	char *data autofree = alloc_zeroed(1, SIZE);
	struct rig_heard h;
	struct rig r;
	pid_t writer;

	(void)state;
	rig_start(&r, &o);
	writer = fork();
	if (writer == 0) {
		for (int i = 0; i < FRAMES; i++) {
			memset(data, 'a' + i % 26, SIZE);
			rig_say(r.client, ATTACH_STDIN, data, SIZE);
		}
		rig_say(r.client, ATTACH_STDIN_EOF, NULL, 0);
		_exit(0);
	}
	rig_hear(r.client, &h);
	assert_int_equal(h.n_out, FRAMES * SIZE);
	for (int i = 0; i < FRAMES * SIZE; i++)
		if (h.out[i] != 'a' + i / SIZE % 26)
			fail_msg("byte %d is wrong", i);
	assert_int_equal(h.exit_code, 0);
	waitpid(writer, NULL, 0);
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

/* Stdin stays open until the last client that was attached for it has said so. */
static void test_stdin_of_two(void **state)
{
	const struct rig_options o = { .script = "cat; echo end",
				       .stdin_open = true,
				       .client = OUT | ATTACH_WANT_STDIN | ATTACH_WILL_END };
	struct rig_heard h;
	struct rig r;
	int second;

	(void)state;
	rig_start(&r, &o);
	second = rig_attach(&r, OUT | ATTACH_WANT_STDIN);
	rig_say(second, ATTACH_STDIN, "two\n", 4);
	rig_expect(second, "two\n");
	rig_say(r.client, ATTACH_STDIN, "one\n", 4);
	rig_say(r.client, ATTACH_STDIN_EOF, NULL, 0);
	rig_expect(second, "one\n");
	rig_say(second, ATTACH_STDIN, "still\n", 6);
	rig_expect(second, "still\n");
	rig_say(second, ATTACH_STDIN_EOF, NULL, 0);
	rig_hear(r.client, &h);
	assert_string_equal(h.out, "two\none\nstill\nend\n");
	assert_int_equal(h.exit_code, 0);
	end_well(&r);
	close(second);
	rig_heard_done(&h);
	rig_done(&r);
}

static void print_megabytes(int n)
{
	char *line = alloc_zeroed(1, 65536);

	memset(line, 'x', 65536);
	for (int i = 63; i < 65536; i += 64)
		line[i] = '\n';
	for (int i = 0; i < n * 16; i++)
		if (fd_write_all(STDOUT_FILENO, line, 65536))
			_exit(9);
	free(line);
}

static void print_100_mb(void)
{
	print_megabytes(100);
}

/* The one it was started for gets every byte, however slowly it reads: the program waits. */
static void test_slow_first_client(void **state)
{
	const struct rig_options o = { .program = print_100_mb,
				       .client = OUT | ATTACH_WILL_END,
				       .no_log = true };
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	usleep(300000);
	assert_false(rig_has(&r, "exit")); /* it is waiting */
	print_message("PSS with a full client: %lu kB\n", rig_pss_kb(r.monitor));
	rig_hear(r.client, &h);
	assert_int_equal(h.n_out, 100 << 20);
	assert_int_equal(h.exit_code, 0);
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

/*
 * Who has asked for no output is told the end although the first client does not read on, which
 * then has the rest.
 */
static void test_watcher_beside_slow_client(void **state)
{
	const struct rig_options o = { .script = "yes | head -c 300000 & sleep 0.5; kill -KILL $$",
				       .client = OUT | ATTACH_WILL_END,
				       .no_log = true };
	struct rig_heard first, seen;
	struct rig r;
	int watcher;

	(void)state;
	rig_start(&r, &o);
	watcher = rig_attach(&r, 0);
	rig_hear(watcher, &seen);
	assert_int_equal(seen.exit_code, 137);
	assert_int_equal(seen.n_out, 0);
	assert_true(rig_has(&r, "exit"));
	rig_hear(r.client, &first);
	assert_int_equal(first.exit_code, 137);
	assert_true(first.n_out > 65536);
	end_well(&r);
	close(watcher);
	rig_heard_done(&seen);
	rig_heard_done(&first);
	rig_done(&r);
}

static void wait_then_print(void)
{
	char c;

	if (read(STDIN_FILENO, &c, 1) == 1)
		print_megabytes(100);
}

/*
 * One that attached later and does not read: the container does not wait, the client is told what
 * it missed.
 */
static void test_slow_late_client(void **state)
{
	const struct rig_options o = { .program = wait_then_print,
				       .stdin_open = true,
				       .no_log = true };
	unsigned long skipped = 0;
	struct rig_heard h;
	struct rig r;
	int late, starter;

	(void)state;
	rig_start(&r, &o);
	late = rig_attach(&r, BOTH);
	starter = rig_attach(&r, ATTACH_WANT_STDIN);
	rig_say(starter, ATTACH_STDIN, "\n", 1);
	wait_for(&r, "exit");
	rig_hear(late, &h);
	assert_int_equal(h.exit_code, 0);
	assert_int_equal(sscanf(h.err, "bulkhead: %lu bytes of output skipped", &skipped), 1);
	assert_int_equal(skipped + h.n_out, 100 << 20);
	assert_int_equal(rig_wait(&r), 0);
	assert_true(rig_ended(&r));
	close(late);
	close(starter);
	rig_heard_done(&h);
	rig_done(&r);
}

static void print_1_gb(void)
{
	print_megabytes(1024);
}

static void test_log_flood(void **state)
{
	const struct rig_options o = { .program = print_1_gb,
				       .log_size = "1000000",
				       .log_files = "3" };
	double start = rig_now();
	struct stat st;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	wait_for(&r, "attach");
	sleep(1);
	if (r.monitor > 0 && !rig_has(&r, "exit"))
		print_message("PSS in the flood: %lu kB\n", rig_pss_kb(r.monitor));
	assert_int_equal(rig_wait(&r), 0);
	print_message("1 GB of output in %.1f s\n", rig_now() - start);
	assert_int_equal(faccessat(r.log, RIG_ID "-json.log.3", F_OK, 0), -1);
	for (int i = 0; i < 3; i++) {
		char name[64];

		snprintf(name, sizeof(name), i ? RIG_ID "-json.log.%d" : RIG_ID "-json.log", i);
		assert_int_equal(fstatat(r.log, name, &st, 0), 0);
		assert_in_range(st.st_size, 1, 1000000);
	}
	rig_done(&r);
}

/*
 * The exit is told at once when the pipes are closed, and soon when another process holds them
 * open.
 */
static void test_grandchild(void **state)
{
	const struct rig_options o = { .script = "sleep 3 & echo done",
				       .client = OUT | ATTACH_WILL_END };
	double start = rig_now();
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_hear(r.client, &h);
	assert_string_equal(h.out, "done\n");
	assert_int_equal(h.exit_code, 0);
	assert_true(rig_now() - start < 2);
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

static void test_bad_clients(void **state)
{
	const struct rig_options o = { .script = "read x; echo $x",
				       .stdin_open = true,
				       .client = OUT | ATTACH_WANT_STDIN | ATTACH_WILL_END };
	static const struct msg_head heads[] = {
		{ .type = 99, .length = 0 },
		{ .type = ATTACH_STDIN, .length = 1 }, /* did not ask for it */
		{ .type = ATTACH_STDIN, .length = 1 << 30 },
		{ .type = ATTACH_RESIZE, .length = 17 },
		{ .type = ATTACH_HELLO, .length = 8 }, /* once is enough */
		{ .type = ATTACH_ENDED, .length = 0 }, /* it has not */
		{ .type = ATTACH_STDIN_EOF, .length = 0 },
	};
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		int bad = rig_attach(&r, OUT);
		char c;

		assert_int_equal(send(bad, &heads[i], sizeof(heads[i]), MSG_NOSIGNAL),
				 sizeof(heads[i]));
		assert_int_equal(recv(bad, &c, 1, 0), 0);
		close(bad);
	}
	rig_say(r.client, ATTACH_STDIN, "fine\n", 5);
	rig_hear(r.client, &h);
	assert_string_equal(h.out, "fine\n");
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

static void test_many_clients(void **state)
{
	const struct rig_options o = { .script = "read x; echo $x", .stdin_open = true };
	int clients[32], one_more;
	struct rig_heard h;
	struct rig r;
	char c;

	(void)state;
	rig_start(&r, &o);
	for (int i = 0; i < 32; i++)
		clients[i] = rig_attach(&r, OUT | (i == 31 ? ATTACH_WANT_STDIN : 0));
	one_more = rig_attach(&r, OUT);
	assert_true(recv(one_more, &c, 1, 0) <= 0);
	close(one_more);
	rig_say(clients[31], ATTACH_STDIN, "all\n", 4);
	for (int i = 0; i < 32; i++) {
		rig_hear(clients[i], &h);
		assert_string_equal(h.out, "all\n");
		assert_int_equal(h.exit_code, 0);
		rig_heard_done(&h);
		close(clients[i]);
	}
	assert_int_equal(rig_wait(&r), 0);
	rig_done(&r);
}

/* An exec session: nothing is spawned; its directory goes with the last who cares. */
static void test_session(void **state)
{
	struct rig_options o = { .script = "echo s; exit 4",
				 .session = true,
				 .no_log = true,
				 .client = OUT | ATTACH_WILL_END };
	struct rig_heard h;
	char path[128];
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_hear(r.client, &h);
	assert_string_equal(h.out, "s\n");
	assert_int_equal(h.exit_code, 4);
	end_well(&r);
	assert_true(rig_has(&r, "exit"));
	assert_false(rig_ended(&r));
	rig_heard_done(&h);
	rig_done(&r);

	o.client = 0;
	rig_start(&r, &o);
	assert_int_equal(rig_wait(&r), 0);
	assert_false(rig_ended(&r));
	snprintf(path, sizeof(path), "%s/state/" RIG_ID, r.dir);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(errno, ENOENT);
	rig_done(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_client),
		cmocka_unit_test(test_killed_for_memory),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_client_breaks_promise),
		cmocka_unit_test(test_client_leaves),
		cmocka_unit_test(test_monitor_killed),
		cmocka_unit_test(test_signals_ignored),
		cmocka_unit_test(test_stdin),
		cmocka_unit_test(test_stdin_of_two),
		cmocka_unit_test(test_slow_first_client),
		cmocka_unit_test(test_slow_late_client),
		cmocka_unit_test(test_watcher_beside_slow_client),
		cmocka_unit_test(test_log_flood),
		cmocka_unit_test(test_grandchild),
		cmocka_unit_test(test_bad_clients),
		cmocka_unit_test(test_many_clients),
		cmocka_unit_test(test_session),
	};

	if (rig_is_engine(argc, argv))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
