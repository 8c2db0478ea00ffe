/* oci/stats.c: groups' files as JSON, whatever stands in them. */
#include "base/json.h"
#include "base/path.h"
#include "oci/cgroup.h"
#include "unit/test.h"

struct fixture {
	char path[32];
	int dir;
};

static int set_up(void **state)
{
	static struct fixture f;

	f.dir = test_make_dir(f.path);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->dir);
	assert_ok(path_remove_tree(AT_FDCWD, f->path));
	return 0;
}

static json_t *stats_of(const struct fixture *f, const char *controllers)
{
	struct cgroup cg = { 0 };
	char *text;
	json_t *stats;

	assert_ok(cgroup_add_place(&cg, f->path, controllers));
	text = cgroup_stats(&cg);
	stats = json_loads(text, 0, NULL);
	free(text);
	cgroup_close(&cg);
	assert_non_null(stats);
	return stats;
}

static void a_set_is_bounded(void **state)
{
	const struct fixture *f = *state;
	json_t *stats autojson = NULL;
	const json_t *set;

	test_write_file(f->dir, "cpuset.cpus", "0-2,7\n");
	test_write_file(f->dir, "cpuset.mems", "0-18446744073709551615,0-18446744073709551615\n");
	stats = stats_of(f, "");
	set = json_object_get(stats, "cpuset");
	assert_int_equal(json_array_size(json_object_get(set, "cpus")), 4);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(set, "cpus"), 3)), 7);
	assert_int_equal(json_array_size(json_object_get(set, "mems")), 8192);
}

static void odd_words_stay_words(void **state)
{
	const struct fixture *f = *state;
	json_t *stats autojson = NULL;
	const json_t *raw, *usage, *io, *set;

	test_write_file(f->dir, "memory.stat", "a\"b 1\n\\ 2\n");
	test_write_file(f->dir, "cpuacct.usage_percpu", "5 \"x\" 6\n");
	test_write_file(f->dir, "cpuacct.usage_all", "cpu user system\n0 1 \"\n1 x 2\n");
	test_write_file(f->dir, "cpuset.sched_relax_domain_level", "0,\"x\":1\n");
	test_write_file(f->dir, "blkio.throttle.io_serviced", "8:0 Re\"ad 1\nx:y Read 2\n");
	test_write_file(f->dir, "hugetlb.\"x.usage_in_bytes", "5\n");
	stats = stats_of(f, "cpu,cpuacct,cpuset,memory,blkio,hugetlb");
	raw = json_object_get(json_object_get(stats, "memory"), "raw");
	assert_int_equal(json_integer_value(json_object_get(raw, "a\"b")), 1);
	assert_int_equal(json_integer_value(json_object_get(raw, "\\")), 2);
	usage = json_object_get(json_object_get(stats, "cpu"), "usage");
	assert_int_equal(json_integer_value(json_array_get(json_object_get(usage, "percpu"), 2)),
			 6);
	assert_int_equal(json_array_size(json_object_get(usage, "percpu_user")), 2);
	set = json_object_get(stats, "cpuset");
	assert_int_equal(json_integer_value(json_object_get(set, "sched_relax_domain_level")), 0);
	io = json_object_get(json_object_get(stats, "blkio"), "ioServicedRecursive");
	assert_int_equal(json_array_size(io), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(io, 0), "op")),
			    "Re\"ad");
	assert_non_null(json_object_get(json_object_get(stats, "hugetlb"), "\"x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_set_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(odd_words_stay_words, set_up, tear_down),
	};

	return TEST_MAIN(tests);
}
