/* oci/cgroup_parent.c and oci/systemd.c: what lies between the engine's group and a container's. */
#include <stdlib.h>

#include "base/strv.h"
#include "oci/cgroup.h"
#include "oci/systemd.h"
#include "unit/test.h"

static void names_of_a_path(void **state)
{
	static const struct {
		const char *parent, *names;
	} cases[] = {
		{ "web", "web" }, { "/web", "web" }, { "//web///db/", "web db" },
		{ "", "" },	  { NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char **names autostrv = cgroup_parent_names(cases[i].parent);
		char *joined autofree = strv_join(names, " ");

		assert_string_equal(joined, cases[i].names);
	}
}

static void slices(void **state)
{
	static const struct {
		const char *slice, *path;
	} cases[] = {
		{ "web.slice", "web.slice/bulkhead-web.scope" },
		{ "web-db.slice", "web.slice/web-db.slice/bulkhead-web-db.scope" },
		{ "a-b-c.slice", "a.slice/a-b.slice/a-b-c.slice/bulkhead-a-b-c.scope" },
	};

	(void)state;
	assert_true(cgroup_parent_is_slice("web.slice"));
	assert_false(cgroup_parent_is_slice("slice"));
	assert_false(cgroup_parent_is_slice(NULL));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *path autofree = systemd_scope_in(cases[i].slice);

		assert_string_equal(path, cases[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_a_path),
		cmocka_unit_test(slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
