/* base/fd.c: whole reads and writes, descriptors over sockets, close-on-exec everywhere. */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "unit/test.h"

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void make_sockets(int type, int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
}

static void close_is_idempotent_and_keeps_errno(void **state)
{
	int fd = dup(0), none = -1, other;

	(void)state;
	assert_true(fd >= 0);
	errno = EXDEV;
	other = fd;
	fd_close(&fd);
	fd_close(&fd);
	fd_close(&none);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(other, F_GETFD), -1);
}

static void take_moves_ownership(void **state)
{
	int a = 5;
	int b = fd_take(&a);

	(void)state;
	assert_int_equal(a, -1);
	assert_int_equal(b, 5);
}

static void pipes_are_cloexec_and_carry(void **state)
{
	int reader autoclose = -1, writer autoclose = -1;
	char text[6] = "";

	(void)state;
	assert_ok(fd_pipe(&reader, &writer));
	assert_true(is_cloexec(reader) && is_cloexec(writer));
	assert_ok(fd_write_all(writer, "hello", 5));
	assert_ok(fd_read_exact(reader, text, 5));
	assert_string_equal(text, "hello");
}

/* 1 MiB through a pipe of 64 KiB with a signal every millisecond: short writes and EINTR. */
static void on_alarm(int signal)
{
	(void)signal;
}

static void big_writes_go_through_signals_whole(void **state)
{
	enum { SIZE = 1 << 20 };
	struct sigaction action = { .sa_handler = on_alarm }; /* without SA_RESTART */
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	int reader autoclose = -1, writer autoclose = -1, status;
	struct buf b autobuf = BUF_MAX(SIZE);
	char *data autofree = alloc_zeroed(SIZE, 1);
	pid_t pid;

	(void)state;
	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7);
	assert_ok(fd_pipe(&reader, &writer));
	sigaction(SIGALRM, &action, NULL);
	pid = fork();
	assert_true(pid >= 0);
	setitimer(ITIMER_REAL, &every, NULL);
	if (pid == 0) {
		struct error *err = fd_write_all(writer, data, SIZE);

		_exit(err ? 1 : 0);
	}
	fd_close(&writer);
	assert_ok(fd_read_all(reader, &b));
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(b.length, SIZE);
	assert_memory_equal(b.data, data, SIZE);
}

static void write_to_nobody_is_an_error(void **state)
{
	int reader autoclose = -1, writer autoclose = -1;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_ok(fd_pipe(&reader, &writer));
	fd_close(&reader);
	assert_fails(fd_write_all(writer, "x", 1), ERROR_SYSTEM, "Broken pipe");
	assert_fails(fd_write_all(-1, "x", 1), ERROR_SYSTEM, "Bad file descriptor");
	assert_ok(fd_write_all(-1, "", 0));
}

static void early_end_of_file_is_told_apart(void **state)
{
	int reader autoclose = -1, writer autoclose = -1;
	char text[8];

	(void)state;
	assert_ok(fd_pipe(&reader, &writer));
	assert_ok(fd_write_all(writer, "abc", 3));
	fd_close(&writer);
	assert_fails(fd_read_exact(reader, text, 4), ERROR_UNAVAILABLE, "closed early");
	assert_fails(fd_read_exact(-1, text, 4), ERROR_SYSTEM, "read");
	assert_ok(fd_read_exact(reader, text, 0));
}

/* Exactly the maximum is fine, one byte more is not: the reader must look for the end. */
static void read_all_respects_the_maximum(void **state)
{
	static const size_t sizes[] = { 0, 1, 255, 256, 257, 16384, 16385 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (size_t over = 0; over < 2; over++) {
			struct buf b autobuf = BUF_MAX(sizes[i]);
			int reader autoclose = -1, writer autoclose = -1;
			char *data autofree = alloc_zeroed(sizes[i] + 1, 1);

			assert_ok(fd_pipe(&reader, &writer));
			assert_ok(fd_write_all(writer, data, sizes[i] + over));
			fd_close(&writer);
			if (over) {
				assert_fails(fd_read_all(reader, &b), ERROR_LIMIT, "more than");
				continue;
			}
			assert_ok(fd_read_all(reader, &b));
			assert_int_equal(b.length, sizes[i]);
		}
	}
}

static void read_all_appends(void **state)
{
	int reader autoclose = -1, writer autoclose = -1;
	struct buf b autobuf = BUF_MAX(16);

	(void)state;
	assert_ok(buf_add_text(&b, "head-"));
	assert_ok(fd_pipe(&reader, &writer));
	assert_ok(fd_write_all(writer, "tail", 4));
	fd_close(&writer);
	assert_ok(fd_read_all(reader, &b));
	assert_string_equal(buf_text(&b), "head-tail");
}

static void descriptors_pass_over_sockets(void **state)
{
	int ends[2], reader autoclose = -1, writer autoclose = -1, got[2] = { -1, -1 }, sent[2];
	char data[5] = "", text[3] = "";

	(void)state;
	make_sockets(SOCK_STREAM, ends);
	assert_ok(fd_pipe(&reader, &writer));
	sent[0] = reader, sent[1] = writer;
	assert_ok(fd_send(ends[0], "four", 4, sent, 2));
	assert_ok(fd_receive(ends[1], data, 4, got, 2));
	assert_string_equal(data, "four");
	assert_true(is_cloexec(got[0]) && is_cloexec(got[1]));
	assert_ok(fd_write_all(got[1], "ab", 2));
	assert_ok(fd_read_exact(reader, text, 2));
	assert_string_equal(text, "ab");
	for (int i = 0; i < 2; i++) {
		close(got[i]);
		close(ends[i]);
	}
}

static void the_most_descriptors_pass(void **state)
{
	int ends[2], sent[FD_PASS_MAX + 1], got[FD_PASS_MAX];
	char c;

	(void)state;
	for (int i = 0; i <= FD_PASS_MAX; i++)
		sent[i] = 0;
	make_sockets(SOCK_SEQPACKET, ends);
	assert_fails(fd_send(ends[0], "x", 1, sent, FD_PASS_MAX + 1), ERROR_BUG, "more than 32");
	assert_ok(fd_send(ends[0], "x", 1, sent, FD_PASS_MAX));
	assert_ok(fd_receive(ends[1], &c, 1, got, FD_PASS_MAX));
	for (int i = 0; i < FD_PASS_MAX; i++)
		close(got[i]);
	close(ends[0]);
	close(ends[1]);
}

/* What comes with another number of descriptors or bytes is refused and leaks nothing. */
static void other_shapes_are_refused_and_closed(void **state)
{
	static const struct {
		size_t bytes, fds;
	} shapes[] = { { 1, 0 }, { 1, 1 }, { 1, 3 }, { 1, FD_PASS_MAX }, { 2, 2 }, { 3, 2 } };
	int sent[FD_PASS_MAX] = { 0 };
	int before = test_count_fds();

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		int ends[2], got[2] = { -1, -1 };
		char c[4];

		make_sockets(SOCK_SEQPACKET, ends);
		assert_ok(fd_send(ends[0], "xyz", shapes[i].bytes, sent, shapes[i].fds));
		assert_fails(fd_receive(ends[1], c, shapes[i].bytes == 3 ? 2 : 1, got, 2),
			     ERROR_BAD_INPUT, "another shape");
		assert_int_equal(got[0], -1);
		close(ends[0]);
		close(ends[1]);
		assert_int_equal(test_count_fds(), before);
	}
}

/* More descriptors than anybody may send: the kernel cuts the control data, all are closed. */
static void too_many_descriptors_are_refused_and_closed(void **state)
{
	enum { MANY = FD_PASS_MAX + 5 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MANY * sizeof(int))];
	} control = { 0 };
	char byte = 'x', c;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	int ends[2], got[2], before = test_count_fds();

	(void)state;
	make_sockets(SOCK_STREAM, ends);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(MANY * sizeof(int)); /* the zeros are descriptor 0 */
	assert_int_equal(sendmsg(ends[0], &message, 0), 1);
	assert_fails(fd_receive(ends[1], &c, 1, got, 2), ERROR_BAD_INPUT, "another shape");
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(test_count_fds(), before);
}

static void closed_sockets_are_told_apart(void **state)
{
	int ends[2], got[1];
	char c;

	(void)state;
	make_sockets(SOCK_STREAM, ends);
	close(ends[0]);
	assert_fails(fd_receive(ends[1], &c, 1, got, 0), ERROR_UNAVAILABLE, "closed early");
	assert_fails(fd_send(ends[1], "x", 1, NULL, 0), ERROR_SYSTEM, "send");
	close(ends[1]);
}

/* In a child, since it concerns every descriptor of the process. */
static void all_descriptors_from_a_number_become_cloexec(void **state)
{
	int fd = fcntl(0, F_DUPFD, 20), low = fcntl(0, F_DUPFD, 10), status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error *err = fd_cloexec_from(20);

		if (err || !is_cloexec(fd) || is_cloexec(low))
			_exit(1);
		err = fd_inherit(fd);
		_exit(err || is_cloexec(fd) ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
	close(low);
	assert_fails(fd_inherit(-1), ERROR_SYSTEM, "descriptor -1");
}

static void nonblocking_does_not_wait(void **state)
{
	int reader autoclose = -1, writer autoclose = -1;
	struct error *err autoerror = NULL;
	char c;

	(void)state;
	assert_ok(fd_pipe(&reader, &writer));
	assert_ok(fd_set_nonblocking(reader));
	err = fd_read_exact(reader, &c, 1);
	assert_int_equal(error_errno(err), EAGAIN);
	assert_fails(fd_set_nonblocking(-1), ERROR_SYSTEM, "descriptor -1");
}

/* Were it a signal, the test would not be there to say so. */
static void test_reader_that_is_gone(void **state)
{
	int ends[2];
	struct error *err;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	err = fd_write_quietly(ends[1], "x", 1);
	assert_non_null(err);
	assert_int_equal(error_errno(err), EPIPE);
	error_free(err);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_is_idempotent_and_keeps_errno),
		cmocka_unit_test(take_moves_ownership),
		cmocka_unit_test(pipes_are_cloexec_and_carry),
		cmocka_unit_test(big_writes_go_through_signals_whole),
		cmocka_unit_test(write_to_nobody_is_an_error),
		cmocka_unit_test(early_end_of_file_is_told_apart),
		cmocka_unit_test(read_all_respects_the_maximum),
		cmocka_unit_test(read_all_appends),
		cmocka_unit_test(descriptors_pass_over_sockets),
		cmocka_unit_test(the_most_descriptors_pass),
		cmocka_unit_test(other_shapes_are_refused_and_closed),
		cmocka_unit_test(too_many_descriptors_are_refused_and_closed),
		cmocka_unit_test(closed_sockets_are_told_apart),
		cmocka_unit_test(all_descriptors_from_a_number_become_cloexec),
		cmocka_unit_test(nonblocking_does_not_wait),
		cmocka_unit_test(test_reader_that_is_gone),
	};

	return TEST_MAIN(tests);
}
