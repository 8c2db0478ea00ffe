/* oci/cgroup_limit*.c: resources as contents of files. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/config.h"
#include "oci/cgroup_limit.h"
#include "unit/test.h"

static struct config_resources parse(const char *text)
{
	struct config_resources r = { 0 };
	char **warnings = NULL;

	assert_null(config_resources_parse(text, strlen(text), &r, &warnings));
	return r;
}

/* "file=value" of each row, "?" behind what may be missing, "|file=value" for the other file. */
static char *shown(const struct cgroup_writes *w)
{
	char *all = alloc_string("");

	for (size_t i = 0; i < w->n; i++) {
		const struct cgroup_write *row = &w->list[i];
		char *other autofree =
			row->other_file ? alloc_printf("|%s=%s", row->other_file, row->other_value)
					: alloc_string("");
		char *longer = alloc_printf("%s%s%s=%s%s%s", all, i ? "; " : "", row->file,
					    row->value, other, row->optional ? "?" : "");

		free(all);
		all = longer;
	}
	return all;
}

static void assert_v1(const char *resources, const char *expected)
{
	struct config_resources r = parse(resources);
	struct cgroup_writes w autowrites = { 0 };
	char *text autofree = NULL;

	assert_null(cgroup_writes_v1(&r, &w));
	text = shown(&w);
	assert_string_equal(text, expected);
	config_resources_done(&r);
}

static void assert_v2(const char *resources, const char *expected)
{
	struct config_resources r = parse(resources);
	struct cgroup_writes w autowrites = { 0 };
	char *text autofree = NULL;

	assert_null(cgroup_writes_v2(&r, &w));
	text = shown(&w);
	assert_string_equal(text, expected);
	config_resources_done(&r);
}

static void assert_v2_refuses(const char *resources, const char *words)
{
	struct config_resources r = parse(resources);
	struct cgroup_writes w autowrites = { 0 };
	struct error *err autoerror = cgroup_writes_v2(&r, &w);

	assert_non_null(err);
	assert_true(str_has_prefix(error_message(err), words));
	config_resources_done(&r);
}

/* For each of the scale what the formula gives in the library's arithmetic. */
static void weights_of_all_shares(void **state)
{
	(void)state;
	for (uint64_t shares = 3; shares < 262144; shares++) {
		double l = log2((double)shares);
		double weight = ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));

		assert_int_equal(cgroup_weight_of_shares(shares), (uint64_t)weight);
	}
}

static void weights(void **state)
{
	(void)state;
	assert_int_equal(cgroup_weight_of_shares(2), 1);
	assert_int_equal(cgroup_weight_of_shares(0), 1);
	assert_int_equal(cgroup_weight_of_shares(1024), 100);
	assert_int_equal(cgroup_weight_of_shares(262144), 10000);
	assert_int_equal(cgroup_weight_of_shares(UINT64_MAX), 10000);
	assert_int_equal(cgroup_io_weight_of(10), 1);
	assert_int_equal(cgroup_io_weight_of(500), 4950);
	assert_int_equal(cgroup_io_weight_of(1000), 10000);
}

static void nothing_asked_for(void **state)
{
	(void)state;
	assert_v1("{}", "");
	assert_v2("{}", "");
	/* as engines write what is not set */
	assert_v1("{\"memory\":{\"limit\":0,\"swap\":0,\"disableOOMKiller\":false},\"cpu\":{"
		  "\"shares\":0,\"quota\":0,\"period\":0,\"cpus\":\"\"},\"pids\":{\"limit\":0},"
		  "\"blockIO\":{\"weight\":0}}",
		  "");
	assert_v2("{\"memory\":{\"limit\":0,\"swap\":0,\"disableOOMKiller\":false},\"cpu\":{"
		  "\"shares\":0,\"quota\":0,\"period\":0,\"cpus\":\"\"},\"pids\":{\"limit\":0},"
		  "\"blockIO\":{\"weight\":0}}",
		  "");
}

static void memory(void **state)
{
	(void)state;
	assert_v1("{\"memory\":{\"limit\":8,\"swap\":9,\"reservation\":7,\"swappiness\":0,"
		  "\"disableOOMKiller\":true}}",
		  "memory.limit_in_bytes=8; memory.memsw.limit_in_bytes=9; "
		  "memory.soft_limit_in_bytes=7; memory.oom_control=1; memory.swappiness=0");
	assert_v1("{\"memory\":{\"limit\":-1}}",
		  "memory.memsw.limit_in_bytes=-1?; memory.limit_in_bytes=-1");
	assert_v2("{\"memory\":{\"limit\":8,\"swap\":9,\"reservation\":7}}",
		  "memory.swap.max=1; memory.max=8; memory.low=7");
	assert_v2("{\"memory\":{\"limit\":8,\"swap\":8}}", "memory.swap.max=0?; memory.max=8");
	assert_v2("{\"memory\":{\"limit\":8,\"swap\":-1}}", "memory.swap.max=max?; memory.max=8");
	assert_v2("{\"memory\":{\"limit\":-1}}", "memory.swap.max=max?; memory.max=max");
	assert_v2_refuses("{\"memory\":{\"swap\":9}}",
			  "memory.swap: unable to set swap limit without memory limit");
	assert_v2_refuses("{\"memory\":{\"swappiness\":9}}", "memory.swappiness: ");
	assert_v2_refuses("{\"memory\":{\"disableOOMKiller\":true}}", "memory.disableOOMKiller: ");
}

static void cpu(void **state)
{
	(void)state;
	assert_v1("{\"cpu\":{\"shares\":512,\"quota\":-1,\"period\":5,\"burst\":0,\"idle\":1,"
		  "\"realtimeRuntime\":3,\"realtimePeriod\":4,\"cpus\":\"0-1\",\"mems\":\"0\"}}",
		  "cpu.rt_period_us=4; cpu.rt_runtime_us=3; cpu.cfs_period_us=5; "
		  "cpu.cfs_quota_us=-1; cpu.cfs_burst_us=0; cpu.idle=1; cpuset.cpus=0-1; "
		  "cpuset.mems=0");
	assert_v1("{\"cpu\":{\"shares\":512,\"idle\":0}}", "cpu.shares=512; cpu.idle=0");
	assert_v2("{\"cpu\":{\"shares\":512,\"quota\":7,\"period\":50,\"burst\":3}}",
		  "cpu.weight=59; cpu.max=7 50; cpu.max.burst=3");
	assert_v2("{\"cpu\":{\"quota\":7}}", "cpu.max=7 100000");
	assert_v2("{\"cpu\":{\"quota\":-1}}", "cpu.max=max 100000");
	assert_v2("{\"cpu\":{\"period\":7}}", "cpu.max=max 7");
	assert_v2("{\"cpu\":{\"shares\":512,\"idle\":1}}", "cpu.idle=1");
	assert_v2_refuses("{\"cpu\":{\"realtimeRuntime\":9}}", "cpu.realtimeRuntime: ");
}

static void block_io(void **state)
{
	static const char text[] =
		"{\"blockIO\":{\"weight\":500,\"weightDevice\":[{\"major\":8,\"minor\":1,"
		"\"weight\":10}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":5}],"
		"\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":0}]}}";

	(void)state;
	assert_v1(text, "blkio.weight=500|blkio.bfq.weight=500; "
			"blkio.weight_device=8:1 10|blkio.bfq.weight_device=8:1 10; "
			"blkio.throttle.read_bps_device=8:0 5; "
			"blkio.throttle.write_iops_device=8:0 0");
	assert_v2(text, "io.bfq.weight=500|io.weight=4950; io.bfq.weight=8:1 10|io.weight=8:1 1; "
			"io.max=8:0 rbps=5; io.max=8:0 wiops=max");
	assert_v2_refuses("{\"blockIO\":{\"leafWeight\":10}}", "blockIO.leafWeight: ");
}

static void the_rest(void **state)
{
	static const char text[] = "{\"pids\":{\"limit\":-1},\"hugepageLimits\":[{\"pageSize\":"
				   "\"2MB\",\"limit\":9}],\"rdma\":{\"mlx\":{\"hcaHandles\":1,"
				   "\"hcaObjects\":2}}}";

	(void)state;
	assert_v1(text, "pids.max=max; rdma.max=mlx hca_handle=1 hca_object=2; "
			"hugetlb.2MB.limit_in_bytes=9; hugetlb.2MB.rsvd.limit_in_bytes=9?");
	assert_v2(text, "pids.max=max; rdma.max=mlx hca_handle=1 hca_object=2; hugetlb.2MB.max=9; "
			"hugetlb.2MB.rsvd.max=9?");
	assert_v1("{\"network\":{\"classID\":5,\"priorities\":[{\"name\":\"lo\",\"priority\":3}]}}",
		  "net_cls.classid=5; net_prio.ifpriomap=lo 3");
	assert_v2_refuses("{\"network\":{\"classID\":5}}", "network.classID: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights),
		cmocka_unit_test(weights_of_all_shares),
		cmocka_unit_test(nothing_asked_for),
		cmocka_unit_test(memory),
		cmocka_unit_test(cpu),
		cmocka_unit_test(block_io),
		cmocka_unit_test(the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
