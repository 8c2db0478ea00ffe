/* bulkhead-monitor before its program runs: who is told that it does, or why not. */
#include "helpers/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/error.h"

#include "base/banned.h"

#define BOTH (ATTACH_WANT_STDOUT | ATTACH_WANT_STDERR)

/* The command hears it when the program runs, not before, and not that it ended. */
static void test_command_hears_start(void **state)
{
	const struct rig_options o = { .script = "exit 4", .command = true };
	struct error *err;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	err = rig_started(&r);
	assert_null(err);
	assert_int_equal(rig_wait(&r), 0);
	assert_true(rig_ended(&r));
	rig_done(&r);
}

/* Why the program could not be executed; the command cleans up, so nothing is recorded. */
static void test_command_hears_failure(void **state)
{
	const struct rig_options o = { .fails = "no such program",
				       .command = true,
				       .client = BOTH | ATTACH_WILL_END };
	struct error *err;
	struct rig_heard h;
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	err = rig_started(&r);
	assert_non_null(err);
	assert_string_equal(error_message(err), "no such program");
	assert_int_equal(error_status(err), 127);
	error_free(err);
	rig_hear(r.client, &h);
	assert_int_equal(h.exit_code, -1);
	assert_int_equal(rig_wait(&r), 1 << 8);
	assert_false(rig_has(&r, "exit"));
	assert_false(rig_ended(&r));
	rig_heard_done(&h);
	rig_done(&r);
}

/* The same after the command was killed: the end is recorded by the monitor's own means. */
static void test_failure_that_nobody_hears(void **state)
{
	const struct rig_options o = { .fails = "no such program" };
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	assert_int_equal(rig_wait(&r), 1 << 8);
	assert_true(rig_ended(&r));
	rig_done(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_hears_start),
		cmocka_unit_test(test_command_hears_failure),
		cmocka_unit_test(test_failure_that_nobody_hears),
	};

	if (rig_is_engine(argc, argv))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
