/* engine/policy.c */
#include "engine/policy.h"

#include <sys/stat.h>

#include "base/json.h"
#include "base/path.h"
#include "unit/test.h"

static struct error *parse(const char *text, struct policy **ret)
{
	return policy_parse(text, strlen(text), ret);
}

static void an_empty_policy_is_the_defaults(void **state)
{
	struct policy *p autopolicy = NULL;

	(void)state;
	assert_ok(parse("{}", &p));
	assert_true(p->refuse_host_paths);
	assert_false(p->refuse_read_only);
	assert_true(p->privileged);
	assert_int_equal(p->pids_limit, 4096);
	assert_int_equal(p->log_max_files, 3);
	assert_int_equal(p->log_max_bytes, 10 << 20);
	assert_true(p->memory_reserve_bytes >= 128 << 20);
	assert_true(policy_memory_ceiling(p) > 0);
}

static void every_setting_counts(void **state)
{
	struct policy *p autopolicy = NULL;

	(void)state;
	assert_ok(parse("{\"mounts\":{\"refuseHostPaths\":false,\"refuseReadOnly\":true,"
			"\"allow\":[\"/etc/../etc/nginx/\"]},\"privileged\":false,"
			"\"limits\":{\"pids\":7,\"memory\":\"64m\",\"memoryReserve\":\"1g\"},"
			"\"log\":{\"maxSize\":\"1m\",\"maxFiles\":5}}",
			&p));
	assert_false(p->refuse_host_paths);
	assert_true(p->refuse_read_only);
	assert_string_equal(p->allowed_paths[0], "/etc/nginx");
	assert_false(p->privileged);
	assert_int_equal(p->pids_limit, 7);
	assert_int_equal(policy_memory_ceiling(p), 64 << 20);
	assert_int_equal(p->memory_reserve_bytes, 1 << 30);
	assert_int_equal(p->log_max_bytes, 1 << 20);
	assert_int_equal(p->log_max_files, 5);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "[]", "not an object" },
		{ "{\"privilegd\":true}", "privilegd: no such setting" },
		{ "{\"limits\":{\"pid\":1}}", "limits.pid: no such setting" },
		{ "{\"limits\":{\"pidsReserve\":1}}", "limits.pidsReserve: no such setting" },
		{ "{\"limits\":{\"pids\":0}}", "limits.pids: 0 is not between" },
		{ "{\"limits\":{\"pids\":\"many\"}}", "limits.pids: \"many\" is not a number" },
		{ "{\"limits\":{\"memory\":\"1m\"}}", "limits.memory: 1m is less than" },
		{ "{\"limits\":{\"memory\":\"5x\"}}", "limits.memory" },
		{ "{\"log\":{\"maxSize\":\"0\"}}", "log.maxSize" },
		{ "{\"log\":{\"maxFiles\":0}}", "log.maxFiles" },
		{ "{\"mounts\":{\"allow\":[\"etc\"]}}", "mounts.allow[0]: not an absolute path" },
		{ "{\"privileged\":1}", "privileged: not true or false" },
		{ "{", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *p = NULL;

		assert_fails(parse(cases[i].text, &p), ERROR_BAD_INPUT, cases[i].message);
		assert_null(p);
	}
}

static void the_file_must_be_its_owners_alone(void **state)
{
	struct policy *p = NULL;
	char path[32];
	int dir = test_make_dir(path);

	(void)state;
	assert_ok(policy_load(dir, "p.json", &p));
	assert_string_equal(p->path, "p.json");
	policy_free(p);
	test_write_file(dir, "p.json", "{\"limits\":{\"pids\":5}}");
	assert_ok(policy_load(dir, "p.json", &p));
	assert_int_equal(p->pids_limit, 5);
	policy_free(p);
	assert_int_equal(fchmodat(dir, "p.json", 0666, 0), 0);
	assert_fails(policy_load(dir, "p.json", &p), ERROR_REFUSED, "other users may write");
	test_write_file(dir, "bad.json", "{]");
	assert_fails(policy_load(dir, "bad.json", &p), ERROR_BAD_INPUT, "policy bad.json: line 1");
	assert_int_equal(mkdirat(dir, "d.json", 0700), 0);
	assert_fails(policy_load(dir, "d.json", &p), ERROR_REFUSED, "not a regular file");
	close(dir);
	assert_ok(path_remove_tree(AT_FDCWD, path));
}

/* What info shows could be written into the file as it is, sizes being numbers of bytes there. */
static void the_effective_policy_names_every_setting(void **state)
{
	struct policy *p autopolicy = NULL;
	json_t *shown autojson = NULL;
	const char *path;
	int flag;

	(void)state;
	assert_ok(parse("{\"mounts\":{\"allow\":[\"/x\"]},\"limits\":{\"pids\":12}}", &p));
	shown = policy_encode(p);
	assert_int_equal(json_unpack(shown, "{s:{s:b,s:[s]}}", "mounts", "refuseHostPaths", &flag,
				     "allow", &path),
			 0);
	assert_true(flag);
	assert_string_equal(path, "/x");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(shown, "limits"), "pids")), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_policy_is_the_defaults),
		cmocka_unit_test(every_setting_counts),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(the_file_must_be_its_owners_alone),
		cmocka_unit_test(the_effective_policy_names_every_setting),
	};

	return TEST_MAIN(tests);
}
