/* oci/state.c: what a state file may say. */
#include "oci/oci.h"
#include "unit/test.h"

#define STATE(pid, more) "{\"id\":\"c\",\"pid\":" pid ",\"startTicks\":5,\"bootId\":\"b\"" more "}"

static void what_a_start_saves(void **state)
{
	static const char text[] =
		STATE("4242", ",\"cgroups\":[\"/sys/fs/cgroup/bulkhead/c\"],\"bundle\":\"/b\","
			      "\"systemdUnit\":\"bulkhead-c.scope\",\"firstId\":1879113728");
	struct oci_state s;

	(void)state;
	assert_ok(oci_state_parse(text, strlen(text), &s));
	assert_int_equal(s.pid, 4242);
	assert_string_equal(s.cgroups[0], "/sys/fs/cgroup/bulkhead/c");
	assert_null(s.cgroups[1]);
	assert_string_equal(s.systemd_unit, "bulkhead-c.scope");
	oci_state_done(&s);
}

/* A container's processes are killed and its groups removed by what stands there. */
static void what_would_harm_others(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ STATE("4294967297", ""), "pid: " }, /* pid 1 in the kernel's bits */
		{ STATE("0", ""), "pid: " },
		{ STATE("-1", ""), "pid: " },
		{ STATE("2", ",\"startTicks\":-5"), "startTicks" },
		{ STATE("2", ",\"cgroups\":[\"/\"]"), "cgroups[0]: " },
		{ STATE("2", ",\"cgroups\":[\"/a\",\"/a/../..\"]"), "cgroups[1]: " },
		{ STATE("2", ",\"cgroups\":[\"a\"]"), "cgroups[0]: " },
		{ STATE("2", ",\"cgroups\":[\"\"]"), "cgroups[0]: " },
		{ STATE("2", ",\"firstId\":4294967296"), "firstId: " },
		{ STATE("2", ",\"created\":-1"), "created: " },
		{ STATE("2", ",\"systemdUnit\":\"../x\""), "systemdUnit: " },
		{ STATE("2", ",\"bundle\":\"b\""), "bundle: " },
		{ "{\"id\":\"\",\"pid\":2,\"startTicks\":5,\"bootId\":\"b\"}", "id: empty" },
		{ "{\"id\":\"c\",\"pid\":2,\"startTicks\":5,\"bootId\":\"\"}", "bootId: empty" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct oci_state s;

		assert_fails(oci_state_parse(cases[i].text, strlen(cases[i].text), &s),
			     ERROR_BAD_INPUT, cases[i].why);
		assert_null(s.id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_start_saves),
		cmocka_unit_test(what_would_harm_others),
	};

	return TEST_MAIN(tests);
}
