/* bulkhead-monitor with the master of a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/rig.h"

#include "base/banned.h"

#define BOTH (ATTACH_WANT_STDOUT | ATTACH_WANT_STDERR)

static void end_well(struct rig *r)
{
	rig_say(r->client, ATTACH_ENDED, NULL, 0);
	assert_int_equal(rig_wait(r), 0);
}

static void test_tty(void **state)
{
	const struct rig_options o = {
		.script = "trap 'stty size; exit 3' WINCH; stty -echo; stty size; "
			  "read x; echo got:$x; while :; do sleep 0.02; done",
		.tty = true,
		.client = BOTH | ATTACH_WANT_STDIN | ATTACH_WILL_END
	};
	const uint64_t size[2] = { 40, 132 };
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_expect(r.client, "24 80\r\n");
	rig_say(r.client, ATTACH_STDIN, "word\n", 5);
	rig_expect(r.client, "got:word\r\n");
	rig_say(r.client, ATTACH_RESIZE, size, sizeof(size));
	rig_hear(r.client, &h);
	assert_string_equal(h.out, "40 132\r\n");
	assert_string_equal(h.err, "");
	assert_int_equal(h.exit_code, 3);
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

/* ^C typed into the terminal is a signal to the program behind it. */
static void test_tty_interrupt(void **state)
{
	const struct rig_options o = {
		.script = "trap 'exit 5' INT; echo ready; while :; do sleep 0.02; done",
		.tty = true,
		.client = BOTH | ATTACH_WANT_STDIN | ATTACH_WILL_END
	};
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_expect(r.client, "ready\r\n");
	rig_say(r.client, ATTACH_STDIN, "\003", 1);
	rig_hear(r.client, &h);
	assert_int_equal(h.exit_code, 5);
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

/* An init system closes its terminal and opens it again: nothing of what follows may be lost. */
static void test_tty_reopened(void **state)
{
	const struct rig_options o = {
		.script = "t=$(tty); exec <&- >&- 2>&-; sleep 0.2; exec >$t; echo again",
		.tty = true,
		.client = BOTH | ATTACH_WILL_END
	};
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	rig_hear(r.client, &h);
	assert_string_equal(h.out, "again\r\n");
	assert_int_equal(h.exit_code, 0);
	end_well(&r);
	rig_heard_done(&h);
	rig_done(&r);
}

/* The last words of a terminal are not lost in the kernel's buffers. */
static void test_tty_tail(void **state)
{
	const struct rig_options o = {
		.script =
			"i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo last",
		.tty = true,
		.client = BOTH | ATTACH_WILL_END
	};

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct rig_heard h;
		struct rig r;

		rig_start(&r, &o);
		rig_hear(r.client, &h);
		assert_non_null(strstr(h.out, "line 2999\r\nlast\r\n"));
		end_well(&r);
		rig_heard_done(&h);
		rig_done(&r);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tty),
		cmocka_unit_test(test_tty_interrupt),
		cmocka_unit_test(test_tty_reopened),
		cmocka_unit_test(test_tty_tail),
	};

	if (rig_is_engine(argc, argv))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
