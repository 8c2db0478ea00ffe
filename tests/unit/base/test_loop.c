/* base/loop.c: readiness, timers, signals, and callbacks that change the loop under its feet. */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/fd.h"
#include "base/loop.h"
#include "unit/test.h"

/* What a test's callbacks share. */
struct scene {
	struct loop *loop;
	int a[2], b[2]; /* pipes: read end, write end */
	int calls;
	int last_signal;
	uint32_t last_events;
	int extra;
};

static void make_pipe(int ends[2])
{
	assert_ok(fd_pipe(&ends[0], &ends[1]));
	assert_ok(fd_set_nonblocking(ends[0]));
}

static int set_up(void **state)
{
	struct scene *s = alloc_zeroed(1, sizeof(*s));

	assert_ok(loop_new(4, &s->loop));
	make_pipe(s->a);
	make_pipe(s->b);
	s->extra = -1;
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 2; i++) {
		fd_close(&s->a[i]);
		fd_close(&s->b[i]);
	}
	fd_close(&s->extra);
	loop_free(s->loop);
	free(s);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct error *stop(void *data, uint32_t events)
{
	struct scene *s = data;

	s->calls++;
	s->last_events = events;
	loop_stop(s->loop);
	return NULL;
}

static struct error *refuse(void *data, uint32_t events)
{
	(void)data, (void)events;
	return error_new(ERROR_LIMIT, "enough");
}

static struct error *fired(void *data, int signal)
{
	struct scene *s = data;

	s->calls++;
	s->last_signal = signal;
	loop_stop(s->loop);
	return NULL;
}

static void ready_descriptors_are_called(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, stop, s));
	assert_ok(loop_add(s->loop, s->b[0], EPOLLIN, refuse, s));
	assert_ok(fd_write_all(s->a[1], "x", 1));
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->calls, 1);
	assert_true(s->last_events & EPOLLIN);
	fd_close(&s->a[1]); /* a hang-up comes unasked */
	assert_int_equal(read(s->a[0], &(char){ 0 }, 1), 1);
	assert_ok(loop_run(s->loop));
	assert_true(s->last_events & EPOLLHUP);
}

static void an_error_ends_the_loop(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, refuse, s));
	assert_ok(fd_write_all(s->a[1], "x", 1));
	assert_fails(loop_run(s->loop), ERROR_LIMIT, "enough");
}

static void events_can_be_changed_and_removed(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, refuse, s));
	assert_ok(fd_write_all(s->a[1], "x", 1));
	assert_ok(loop_change(s->loop, s->a[0], 0));
	assert_ok(loop_set_timer(s->loop, 20, fired, s));
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->calls, 1);
	assert_ok(loop_change(s->loop, s->a[0], EPOLLIN));
	loop_remove(s->loop, s->a[0]);
	loop_remove(s->loop, s->a[0]);
	loop_remove(s->loop, -1);
	assert_ok(loop_set_timer(s->loop, 20, fired, s));
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->calls, 2);
	assert_fails(loop_change(s->loop, s->a[0], EPOLLIN), ERROR_BUG, "is not watched");
}

static void the_number_of_watches_is_bounded(void **state)
{
	struct scene *s = *state;
	struct loop *small autoloop = NULL;

	assert_ok(loop_new(1, &small));
	assert_ok(loop_add(small, s->a[0], EPOLLIN, stop, s));
	assert_fails(loop_add(small, s->b[0], EPOLLIN, stop, s), ERROR_LIMIT, "1 descriptors");
	assert_ok(loop_add_signal(small, SIGUSR2, fired, s)); /* has its own place */
	loop_remove(small, s->a[0]);
	assert_ok(loop_add(small, s->b[0], EPOLLIN, stop, s));
	assert_fails(loop_add(s->loop, -1, EPOLLIN, stop, s), ERROR_SYSTEM, "descriptor -1");
}

static void the_same_descriptor_twice_is_refused(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, stop, s));
	assert_fails(loop_add(s->loop, s->a[0], EPOLLIN, stop, s), ERROR_SYSTEM, "watch");
	loop_remove(s->loop, s->a[0]);
	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, stop, s));
}

static void timers_fire_once_and_in_time(void **state)
{
	struct scene *s = *state;
	int64_t start = now_ms();

	assert_ok(loop_set_timer(s->loop, 60000, fired, s));
	assert_ok(loop_set_timer(s->loop, 50, fired, s)); /* replaces the first */
	assert_ok(loop_run(s->loop));
	assert_in_range(now_ms() - start, 48, 20000);
	assert_int_equal(s->calls, 1);
	assert_int_equal(s->last_signal, 0);
	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, stop, s));
	assert_ok(fd_write_all(s->a[1], "x", 1));
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->calls, 2);
}

static void cleared_and_endless_timers_do_not_fire(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_set_timer(s->loop, 0, fired, s));
	loop_clear_timer(s->loop);
	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, stop, s));
	assert_ok(fd_write_all(s->a[1], "x", 1));
	assert_ok(loop_set_timer(s->loop, INT64_MAX, fired, s));
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->calls, 1);
	assert_int_not_equal(s->last_events, 0);
}

static struct error *fire_again(void *data, int signal)
{
	struct scene *s = data;

	(void)signal;
	if (++s->calls == 3) {
		loop_stop(s->loop);
		return NULL;
	}
	return loop_set_timer(s->loop, 1, fire_again, s);
}

static void a_timer_can_set_itself_again(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_set_timer(s->loop, 0, fire_again, s));
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->calls, 3);
}

/* Always ready: must not keep the timer from its turn. */
static struct error *count(void *data, uint32_t events)
{
	struct scene *s = data;

	(void)events;
	s->calls++;
	return NULL;
}

static struct error *stop_quietly(void *data, int signal)
{
	struct scene *s = data;

	(void)signal;
	loop_stop(s->loop);
	return NULL;
}

static void busy_descriptors_do_not_starve_the_timer(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_add(s->loop, s->a[1], EPOLLOUT, count, s));
	assert_ok(loop_set_timer(s->loop, 20, stop_quietly, s));
	assert_ok(loop_run(s->loop));
	assert_true(s->calls > 1);
}

static void signals_come_with_their_number(void **state)
{
	struct scene *s = *state;
	sigset_t pending;

	assert_ok(loop_add_signal(s->loop, SIGUSR1, fired, s));
	assert_ok(loop_add_signal(s->loop, SIGCHLD, fired, s));
	kill(getpid(), SIGUSR1);
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->last_signal, SIGUSR1);
	kill(getpid(), SIGCHLD);
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->last_signal, SIGCHLD);
	assert_int_equal(s->calls, 2);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGUSR1));
}

static struct error *remove_other(void *data, uint32_t events)
{
	struct scene *s = data;

	(void)events;
	s->calls++;
	loop_remove(s->loop, s->a[0]);
	loop_remove(s->loop, s->b[0]);
	return loop_set_timer(s->loop, 10, stop_quietly, s);
}

/* Both are ready in one round; the first called removes both, so the second is not called. */
static void a_removed_watch_is_not_called(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, remove_other, s));
	assert_ok(loop_add(s->loop, s->b[0], EPOLLIN, remove_other, s));
	assert_ok(fd_write_all(s->a[1], "x", 1));
	assert_ok(fd_write_all(s->b[1], "x", 1));
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->calls, 1);
}

static struct error *replace_other(void *data, uint32_t events)
{
	struct scene *s = data;
	int fd = s->b[0];

	(void)events;
	s->calls++;
	loop_remove(s->loop, s->a[0]);
	loop_remove(s->loop, fd);
	fd_close(&s->b[0]);
	s->extra = fcntl(s->a[1], F_DUPFD_CLOEXEC, fd); /* a write end: no EPOLLIN */
	assert_int_equal(s->extra, fd);
	TRY(loop_add(s->loop, s->extra, EPOLLIN, refuse, s));
	return loop_set_timer(s->loop, 10, stop_quietly, s);
}

static struct error *replace_first(void *data, uint32_t events)
{
	struct scene *s = data;
	int t;

	t = s->a[0], s->a[0] = s->b[0], s->b[0] = t;
	t = s->a[1], s->a[1] = s->b[1], s->b[1] = t;
	return replace_other(data, events);
}

/*
 * A descriptor closed and its number reused within one round: the old event is not the new one's.
 */
static void old_events_are_not_for_a_new_watch_of_the_same_number(void **state)
{
	struct scene *s = *state;

	assert_ok(loop_add(s->loop, s->a[0], EPOLLIN, replace_other, s));
	assert_ok(loop_add(s->loop, s->b[0], EPOLLIN, replace_first, s));
	assert_ok(fd_write_all(s->a[1], "x", 1));
	assert_ok(fd_write_all(s->b[1], "x", 1));
	assert_ok(loop_run(s->loop));
	assert_int_equal(s->calls, 1);
}

static void nothing_is_left_open(void **state)
{
	struct scene *s = *state;
	int before = test_count_fds();

	for (int i = 0; i < 10; i++) {
		struct loop *loop autoloop = NULL;

		assert_ok(loop_new(2, &loop));
		assert_ok(loop_add_signal(loop, SIGUSR1, fired, s));
		assert_ok(loop_add_signal(loop, SIGUSR2, fired, s));
	}
	assert_int_equal(test_count_fds(), before);
	loop_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ready_descriptors_are_called),
		TEST(an_error_ends_the_loop),
		TEST(events_can_be_changed_and_removed),
		TEST(the_number_of_watches_is_bounded),
		TEST(the_same_descriptor_twice_is_refused),
		TEST(timers_fire_once_and_in_time),
		TEST(cleared_and_endless_timers_do_not_fire),
		TEST(a_timer_can_set_itself_again),
		TEST(busy_descriptors_do_not_starve_the_timer),
		TEST(signals_come_with_their_number),
		TEST(a_removed_watch_is_not_called),
		TEST(old_events_are_not_for_a_new_watch_of_the_same_number),
		TEST(nothing_is_left_open),
	};

	return TEST_MAIN(tests);
}
