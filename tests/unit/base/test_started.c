/*
 * base/started.c: the words of a process that becomes a program, and what its parent makes of them.
 */
#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/started.h"
#include "unit/test.h"

struct pair {
	int parent, child;
};

static struct pair make_pair(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	return (struct pair){ ends[0], ends[1] };
}

static void pair_done(struct pair *p)
{
	fd_close(&p->parent);
	fd_close(&p->child);
}
#define autopair __attribute__((cleanup(pair_done)))

static void end_of_file_is_success(void **state)
{
	struct pair p autopair = make_pair();
	int terminal = 77;

	(void)state;
	fd_close(&p.child);
	assert_ok(started_wait(p.parent, &terminal));
	assert_int_equal(terminal, -1);
}

static void terminal_comes_with_its_word(void **state)
{
	struct pair p autopair = make_pair();
	int terminal autoclose = -1;

	(void)state;
	assert_ok(started_tell(p.child, STARTED_TERMINAL, p.child));
	fd_close(&p.child);
	/*
	 * The descriptor in flight is the last that keeps the socket open: closing it is the end.
	 */
	shutdown(p.parent, SHUT_WR);
	{
		enum started_word word;

		assert_ok(started_receive(p.parent, &word, &terminal));
		assert_int_equal(word, STARTED_TERMINAL);
		assert_true(terminal >= 0 && (fcntl(terminal, F_GETFD) & FD_CLOEXEC));
	}
	fd_close(&terminal);
	assert_ok(started_wait(p.parent, &terminal));
	assert_int_equal(terminal, -1);
}

static void error_comes_whole(void **state)
{
	struct pair p autopair = make_pair();
	char frame[ERROR_FRAME_MAX];
	struct error *said autoerror =
		error_set_status(error_new(ERROR_NOT_FOUND, "no such program"), 127);
	struct error *err autoerror = NULL;
	int terminal = -1;

	(void)state;
	assert_ok(started_tell(p.child, STARTED_TERMINAL, 0));
	assert_ok(fd_send(p.child, frame, error_encode(said, frame, sizeof(frame)), NULL, 0));
	err = started_wait(p.parent, &terminal);
	assert_non_null(err);
	assert_string_equal(error_message(err), "no such program");
	assert_int_equal(error_status(err), 127);
	assert_int_equal(error_kind(err), ERROR_NOT_FOUND);
	assert_int_equal(terminal, -1);
}

/* The child has died with words of its parent unread, which the socket tells first. */
static void error_comes_over_a_reset(void **state)
{
	struct pair p autopair = make_pair();
	char frame[ERROR_FRAME_MAX];
	struct error *said autoerror = error_new(ERROR_REFUSED, "not a directory");
	struct error *err autoerror = NULL;
	int terminal = -1;

	(void)state;
	assert_ok(fd_send(p.parent, "x", 1, NULL, 0));
	assert_ok(fd_send(p.child, frame, error_encode(said, frame, sizeof(frame)), NULL, 0));
	fd_close(&p.child);
	err = started_wait(p.parent, &terminal);
	assert_non_null(err);
	assert_string_equal(error_message(err), "not a directory");
}

static void assert_refused(struct pair *p)
{
	struct error *err autoerror = NULL;
	int terminal = -1;

	err = started_wait(p->parent, &terminal);
	assert_true(error_is(err, ERROR_BAD_INPUT));
	assert_int_equal(terminal, -1);
}

static void words_out_of_turn_are_refused(void **state)
{
	struct pair twice autopair = make_pair(), bare autopair = make_pair(),
			  other autopair = make_pair(), many autopair = make_pair();
	const int fds[2] = { 0, 1 };

	(void)state;
	assert_ok(started_tell(twice.child, STARTED_TERMINAL, 0));
	assert_ok(started_tell(twice.child, STARTED_TERMINAL, 0));
	assert_refused(&twice);
	assert_ok(fd_send(bare.child, "t", 1, NULL, 0));
	assert_refused(&bare);
	assert_ok(started_tell(other.child, STARTED_NAMESPACE, 0));
	assert_refused(&other);
	assert_ok(fd_send(many.child, "t", 1, fds, 2));
	assert_refused(&many);
}

static void report_is_heard(void **state)
{
	int reader autoclose = -1, writer autoclose = -1;
	struct error *said autoerror = error_new(ERROR_LIMIT, "too much");
	struct error *heard autoerror = NULL;

	(void)state;
	assert_ok(fd_pipe(&reader, &writer));
	started_report(writer, NULL);
	assert_ok(started_listen(reader)); /* the end of file need not come */
	started_report(writer, said);
	heard = started_listen(reader);
	assert_true(error_is(heard, ERROR_LIMIT));
	assert_string_equal(error_message(heard), "too much");
}

static void silence_is_an_error(void **state)
{
	int reader autoclose = -1, writer autoclose = -1;
	struct error *err autoerror = NULL;

	(void)state;
	assert_ok(fd_pipe(&reader, &writer));
	fd_close(&writer);
	err = started_listen(reader);
	assert_true(error_is(err, ERROR_SYSTEM));
}

static void listener_comes_as_a_number_to_who_asks(void **state)
{
	struct pair p autopair = make_pair();
	enum started_word word = STARTED_NOTHING;
	struct error *err;
	int fd = -1, number = -1;

	(void)state;
	assert_ok(started_tell_listener(p.child, 1000));
	assert_ok(started_receive_any(p.parent, &word, &fd, &number));
	assert_int_equal(word, STARTED_LISTENER);
	assert_int_equal(number, 1000);
	assert_int_equal(fd, -1);
	assert_ok(started_tell(p.child, STARTED_READY, -1));
	assert_ok(started_receive_any(p.parent, &word, &fd, &number));
	assert_int_equal(word, STARTED_READY);
	assert_int_equal(number, -1);
	assert_ok(started_tell_listener(p.child, 0));
	err = started_receive(p.parent, &word, &fd);
	assert_true(error_is(err, ERROR_BAD_INPUT));
	assert_int_equal(fd, -1);
	error_free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(end_of_file_is_success),
		cmocka_unit_test(terminal_comes_with_its_word),
		cmocka_unit_test(error_comes_whole),
		cmocka_unit_test(error_comes_over_a_reset),
		cmocka_unit_test(words_out_of_turn_are_refused),
		cmocka_unit_test(listener_comes_as_a_number_to_who_asks),
		cmocka_unit_test(report_is_heard),
		cmocka_unit_test(silence_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
