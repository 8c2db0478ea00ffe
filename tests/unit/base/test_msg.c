/* base/msg.c: whole frames over streams, and readers that no length can lead astray. */
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/msg.h"
#include "unit/test.h"

struct link {
	int reader, writer;
};

static int set_up(void **state)
{
	struct link *l = alloc_zeroed(1, sizeof(*l));

	assert_ok(fd_pipe(&l->reader, &l->writer));
	*state = l;
	return 0;
}

static int tear_down(void **state)
{
	struct link *l = *state;

	fd_close(&l->reader);
	fd_close(&l->writer);
	free(l);
	return 0;
}

static void frames_come_as_they_went(void **state)
{
	struct link *l = *state;
	struct buf payload autobuf = BUF_MAX(64);
	uint32_t type = 0;

	assert_ok(msg_write(l->writer, 7, "hello", 5));
	assert_ok(msg_write(l->writer, 8, "", 0));
	assert_ok(msg_write(l->writer, UINT32_MAX, "\0a\0", 3));
	assert_ok(msg_read(l->reader, &type, &payload));
	assert_int_equal(type, 7);
	assert_string_equal(buf_text(&payload), "hello");
	assert_ok(msg_read(l->reader, &type, &payload));
	assert_int_equal(type, 8);
	assert_int_equal(payload.length, 0);
	assert_string_equal(buf_text(&payload), "");
	assert_ok(msg_read(l->reader, &type, &payload));
	assert_int_equal(type, UINT32_MAX);
	assert_int_equal(payload.length, 3);
	assert_memory_equal(payload.data, "\0a\0", 3);
}

/* More than a pipe holds, so that the write is a short one, with signals between. */
static void on_alarm(int signal)
{
	(void)signal;
}

static void big_frames_come_whole_through_signals(void **state)
{
	enum { SIZE = 1 << 20 };
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	struct link *l = *state;
	char *data autofree = alloc_zeroed(SIZE, 1);
	struct buf payload autobuf = BUF_MAX(SIZE);
	uint32_t type;
	int status;
	pid_t pid;

	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i * 13);
	sigaction(SIGALRM, &action, NULL);
	pid = fork();
	assert_true(pid >= 0);
	setitimer(ITIMER_REAL, &every, NULL);
	if (pid == 0) {
		struct error *err = msg_write(l->writer, 1, data, SIZE);

		_exit(err ? 1 : 0);
	}
	assert_ok(msg_read(l->reader, &type, &payload));
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(payload.length, SIZE);
	assert_memory_equal(payload.data, data, SIZE);
}

static void a_length_over_the_bound_is_refused_unread(void **state)
{
	struct link *l = *state;
	struct buf payload autobuf = BUF_MAX(16);
	struct msg_head head = { .length = 17, .type = 1 };
	uint32_t type = 99;

	assert_ok(fd_write_all(l->writer, &head, sizeof(head)));
	assert_fails(msg_read(l->reader, &type, &payload), ERROR_BAD_INPUT, "17 bytes");
	head.length = UINT32_MAX;
	assert_ok(fd_write_all(l->writer, &head, sizeof(head)));
	assert_fails(msg_read(l->reader, &type, &payload), ERROR_BAD_INPUT, "4294967295 bytes");
	assert_int_equal(type, 99);
	assert_int_equal(payload.length, 0);
	head.length = 16;
	assert_ok(fd_write_all(l->writer, &head, sizeof(head)));
	assert_ok(fd_write_all(l->writer, "0123456789abcdef", 16));
	assert_ok(msg_read(l->reader, &type, &payload));
	assert_int_equal(payload.length, 16);
}

static void cut_frames_are_an_end_not_a_message(void **state)
{
	struct msg_head head = { .length = 10, .type = 1 };

	for (size_t cut = 0; cut < sizeof(head) + 10; cut++) {
		struct buf payload autobuf = BUF_MAX(16);
		int reader autoclose = -1, writer autoclose = -1;
		char frame[sizeof(head) + 10] = "";
		uint32_t type;

		memcpy(frame, &head, sizeof(head));
		assert_ok(fd_pipe(&reader, &writer));
		assert_ok(fd_write_all(writer, frame, cut));
		fd_close(&writer);
		assert_fails(msg_read(reader, &type, &payload), ERROR_UNAVAILABLE, "early");
		assert_int_equal(payload.length, 0);
	}
	(void)state;
}

static void an_old_payload_is_forgotten(void **state)
{
	struct link *l = *state;
	struct buf payload autobuf = BUF_MAX(16);
	uint32_t type;

	assert_ok(buf_add_text(&payload, "old old old"));
	assert_ok(msg_write(l->writer, 1, "new", 3));
	assert_ok(msg_read(l->reader, &type, &payload));
	assert_string_equal(buf_text(&payload), "new");
}

static void parts_come_out_in_order(void **state)
{
	struct buf payload autobuf = BUF_MAX(256);
	struct msg_cursor c;
	char *text autofree = NULL, *empty autofree = NULL;
	uint64_t number;

	(void)state;
	assert_ok(msg_put_u64(&payload, UINT64_MAX));
	assert_ok(msg_put_text(&payload, "text"));
	assert_ok(msg_put_text(&payload, ""));
	c = msg_begin(&payload);
	assert_ok(msg_get_u64(&c, &number));
	assert_true(number == UINT64_MAX);
	assert_fails(msg_end(&c), ERROR_BAD_INPUT, "20 bytes too many");
	assert_ok(msg_get_text(&c, 4, &text));
	assert_string_equal(text, "text");
	assert_ok(msg_get_text(&c, 0, &empty));
	assert_string_equal(empty, "");
	assert_ok(msg_end(&c));
	assert_fails(msg_get_u64(&c, &number), ERROR_BAD_INPUT, "ends early");
}

static void an_empty_payload_has_no_parts(void **state)
{
	struct buf payload autobuf = BUF_MAX(16);
	struct msg_cursor c = msg_begin(&payload);
	uint64_t number;
	char *text = NULL;

	(void)state;
	assert_ok(msg_end(&c));
	assert_fails(msg_get_u64(&c, &number), ERROR_BAD_INPUT, "ends early");
	assert_fails(msg_get_text(&c, 10, &text), ERROR_BAD_INPUT, "ends early");
	assert_null(text);
}

static void assert_text_refused(uint64_t length, const char *bytes, size_t n, size_t max)
{
	struct buf payload autobuf = BUF_MAX(256);
	struct msg_cursor c;
	char *text = NULL;

	assert_ok(msg_put_u64(&payload, length));
	assert_ok(buf_add(&payload, bytes, n));
	c = msg_begin(&payload);
	assert_fails(msg_get_text(&c, max, &text), ERROR_BAD_INPUT, "a message's text");
	assert_null(text);
}

static void hostile_texts_are_refused(void **state)
{
	(void)state;
	assert_text_refused(5, "abcd", 4, 100);		      /* longer than the frame */
	assert_text_refused(5, "abcde", 5, 4);		      /* longer than the reader's bound */
	assert_text_refused(UINT64_MAX, "abcd", 4, SIZE_MAX); /* wraps around in a sum */
	assert_text_refused(UINT64_MAX - 7, "abcd", 4, SIZE_MAX);
	assert_text_refused(4, "ab\0d", 4, 100); /* two readers would see two strings */
	assert_text_refused(4, "abc\0", 4, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_come_as_they_went),
		TEST(big_frames_come_whole_through_signals),
		TEST(a_length_over_the_bound_is_refused_unread),
		TEST(cut_frames_are_an_end_not_a_message),
		TEST(an_old_payload_is_forgotten),
		TEST(parts_come_out_in_order),
		TEST(an_empty_payload_has_no_parts),
		TEST(hostile_texts_are_refused),
	};

	return TEST_MAIN(tests);
}
