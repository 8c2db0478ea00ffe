/* engine/validate*.c: each value that a container is made with, right and wrong. */
#include "engine/validate.h"

#include <sys/resource.h>

#include "base/strv.h"
#include "unit/test.h"

static struct policy *policy;

static int set_up(void **state)
{
	(void)state;
	assert_ok(policy_parse("{}", 2, &policy));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	policy_free(policy);
	return 0;
}

/* Decodes "{Config members}" and "{HostConfig members}" and validates them. */
static struct error *check(const char *config_text, const char *host_text)
{
	struct container_config config = { 0 };
	struct host_config host = { 0 };
	char **warnings autostrv = NULL;
	struct error *err;

	err = json_decode_text(&container_config_type, config_text, strlen(config_text), &config);
	if (!err)
		err = json_decode_text(&host_config_type, host_text, strlen(host_text), &host);
	if (!err)
		err = validate_container(policy, &config, &host, &warnings);
	json_done(&container_config_type, &config);
	json_done(&host_config_type, &host);
	return err;
}

static void good_host_configs(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{\"Memory\":6291456}",
		"{\"Memory\":-1}",
		"{\"Memory\":8388608,\"MemorySwap\":8388608,\"MemoryReservation\":6291456}",
		"{\"Memory\":8388608,\"MemorySwap\":-1}",
		"{\"NanoCpus\":500000000}",
		"{\"CpuPeriod\":100000,\"CpuQuota\":50000,\"CpuShares\":512}",
		"{\"CpuQuota\":-1}",
		"{\"CpusetCpus\":\"0\",\"CpusetMems\":\"0\"}",
		"{\"PidsLimit\":-1,\"ShmSize\":1048576,\"OomScoreAdj\":-1000}",
		"{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1,\"Hard\":1},"
		"{\"Name\":\"core\",\"Soft\":-1,\"Hard\":-1},{\"Name\":\"cpu\",\"Soft\":5,\"Hard\":-1}]}",
		"{\"CapAdd\":[\"ALL\",\"CAP_NET_ADMIN\",\"sys_time\"],\"CapDrop\":[\"all\"]}",
		"{\"SecurityOpt\":[\"no-new-privileges\",\"no-new-privileges=false\","
		"\"no-new-privileges:true\",\"seccomp=unconfined\",\"seccomp={\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\"}\","
		"\"landlock=unconfined\",\"landlock=default\",\"label=disable\",\"label:disable\","
		"\"apparmor=unconfined\",\"systempaths=unconfined\",\"seccomp-arch=x86\"]}",
		"{\"Sysctls\":{\"net.ipv4.ip_forward\":\"1\",\"kernel.shmmax\":\"5\","
		"\"fs.mqueue.msg_max\":\"9\",\"kernel.sem\":\"1 2 3 4\"}}",
		"{\"NetworkMode\":\"host\",\"PidMode\":\"host\",\"UTSMode\":\"host\",\"IpcMode\":\"host\"}",
		"{\"NetworkMode\":\"none\",\"IpcMode\":\"shareable\",\"PidMode\":\"container:x\"}",
		"{\"IpcMode\":\"none\"}",
		"{\"UsernsMode\":\"host\"}",
		"{\"Privileged\":true}",
		"{\"Devices\":[{\"PathOnHost\":\"/dev/null\"}]}",
		"{\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"/dev/n\","
		"\"CgroupPermissions\":\"rw\"}]}",
		"{\"LogConfig\":{\"Type\":\"none\"}}",
		"{\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\",\"max-file\":\"2\"}}}",
		"{\"GroupAdd\":[\"audio\",\"100\"]}",
		"{\"Annotations\":{\"a\":\"\"}}",
		"{\"MaskedPaths\":[\"/proc/x\"]}",
		"{\"CgroupParent\":\"web\"}",
		"{\"CgroupParent\":\"/web//db-1.x/\"}",
		"{\"CgroupParent\":\"db/monitors\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_ok(check("{}", cases[i]));
}

static const struct {
	const char *text;
	enum error_kind kind;
	const char *message;
} bad_cases[] = {
	{ "{\"Memory\":6291455}", ERROR_BAD_INPUT, "minimum memory limit allowed is 6MB" },
	{ "{\"Memory\":-2}", ERROR_BAD_INPUT, "less than 0" },
	{ "{\"Memory\":8388608,\"MemorySwap\":8388607}", ERROR_BAD_INPUT, "memoryswap" },
	{ "{\"MemorySwap\":8388607}", ERROR_BAD_INPUT, "must be set when" },
	{ "{\"MemoryReservation\":100}", ERROR_BAD_INPUT, "reservation allowed is 6MB" },
	{ "{\"Memory\":8388608,\"MemoryReservation\":8388609}", ERROR_BAD_INPUT,
	  "can not be less than memory reservation" },
	{ "{\"NanoCpus\":1}", ERROR_BAD_INPUT, "range of CPUs is from 0.01" },
	{ "{\"NanoCpus\":-1}", ERROR_BAD_INPUT, "range of CPUs" },
	{ "{\"NanoCpus\":100000000000000}", ERROR_BAD_INPUT, "range of CPUs" },
	{ "{\"NanoCpus\":500000000,\"CpuQuota\":5000}", ERROR_BAD_INPUT, "conflicting" },
	{ "{\"CpuPeriod\":999}", ERROR_BAD_INPUT, "CPU cfs period" },
	{ "{\"CpuPeriod\":1000001}", ERROR_BAD_INPUT, "CPU cfs period" },
	{ "{\"CpuQuota\":999}", ERROR_BAD_INPUT, "CPU cfs quota" },
	{ "{\"CpuShares\":1}", ERROR_BAD_INPUT, "invalid CPU shares" },
	{ "{\"CpuShares\":-5}", ERROR_BAD_INPUT, "invalid CPU shares" },
	{ "{\"CpusetCpus\":\"4000\"}", ERROR_BAD_INPUT, "not available: requested 4000" },
	{ "{\"CpusetCpus\":\"1-0\"}", ERROR_BAD_INPUT, "invalid value 1-0 for cpuset CPUs" },
	{ "{\"CpusetCpus\":\"0-\"}", ERROR_BAD_INPUT, "invalid value" },
	{ "{\"CpusetCpus\":\"0,,1\"}", ERROR_BAD_INPUT, "invalid value" },
	{ "{\"CpusetCpus\":\"0-99999999999\"}", ERROR_BAD_INPUT, "invalid value" },
	{ "{\"CpusetMems\":\"a\"}", ERROR_BAD_INPUT, "cpuset memory nodes" },
	{ "{\"PidsLimit\":-2}", ERROR_BAD_INPUT, "pids limit" },
	{ "{\"ShmSize\":-1}", ERROR_BAD_INPUT, "SHM size must be greater than 0" },
	{ "{\"OomScoreAdj\":1001}", ERROR_BAD_INPUT, "range for oom score adj" },
	{ "{\"Ulimits\":[{\"Name\":\"nofiles\"}]}", ERROR_BAD_INPUT,
	  "invalid ulimit type: nofiles" },
	{ "{\"Ulimits\":[{\"Name\":\"cpu\",\"Soft\":5,\"Hard\":4}]}", ERROR_BAD_INPUT, "5 > 4" },
	{ "{\"Ulimits\":[{\"Name\":\"cpu\",\"Soft\":-1,\"Hard\":4}]}", ERROR_BAD_INPUT,
	  "soft limit must be" },
	{ "{\"CapAdd\":[\"CAP_FOO\"]}", ERROR_BAD_INPUT, "invalid CapAdd" },
	{ "{\"CapDrop\":[\"\"]}", ERROR_BAD_INPUT, "invalid CapDrop" },
	{ "{\"SecurityOpt\":[\"nonsense\"]}", ERROR_BAD_INPUT,
	  "invalid --security-opt: \"nonsense\"" },
	{ "{\"SecurityOpt\":[\"no-new-privileges=maybe\"]}", ERROR_BAD_INPUT, "no-new-privileges" },
	{ "{\"SecurityOpt\":[\"seccomp=/no/json\"]}", ERROR_BAD_INPUT,
	  "decoding seccomp profile failed" },
	{ "{\"SecurityOpt\":[\"seccomp=[]\"]}", ERROR_BAD_INPUT, "not an object" },
	{ "{\"SecurityOpt\":[\"landlock=off\"]}", ERROR_BAD_INPUT, "landlock" },
	{ "{\"SecurityOpt\":[\"apparmor=docker-default\"]}", ERROR_UNSUPPORTED, "AppArmor" },
	{ "{\"SecurityOpt\":[\"label=type:x_t\"]}", ERROR_UNSUPPORTED, "SELinux" },
	{ "{\"SecurityOpt\":[\"systempaths=some\"]}", ERROR_BAD_INPUT, "systempaths" },
	{ "{\"Sysctls\":{\"kernel.core_pattern\":\"x\"}}", ERROR_BAD_INPUT,
	  "'kernel.core_pattern' is not allowed" },
	{ "{\"Sysctls\":{\"net.ipv4.ip_forward\":\"1\"},\"NetworkMode\":\"host\"}", ERROR_BAD_INPUT,
	  "network namespace of others" },
	{ "{\"Sysctls\":{\"kernel.shmmax\":\"1\"},\"IpcMode\":\"host\"}", ERROR_BAD_INPUT,
	  "ipc namespace of others" },
	{ "{\"Sysctls\":{\"net./../kernel.x\":\"1\"}}", ERROR_BAD_INPUT, "malformed" },
	{ "{\"Sysctls\":{\"net.core.x\":\"1\\n2\"}}", ERROR_BAD_INPUT, "malformed" },
	{ "{\"NetworkMode\":\"bridge\"}", ERROR_UNSUPPORTED, "network bridge" },
	{ "{\"PidMode\":\"hosts\"}", ERROR_BAD_INPUT, "invalid PID mode: hosts" },
	{ "{\"PidMode\":\"container:\"}", ERROR_BAD_INPUT, "invalid PID mode" },
	{ "{\"IpcMode\":\"share\"}", ERROR_BAD_INPUT, "invalid IPC mode" },
	{ "{\"UTSMode\":\"none\"}", ERROR_BAD_INPUT, "invalid UTS mode" },
	{ "{\"UsernsMode\":\"auto\"}", ERROR_BAD_INPUT, "invalid USER mode" },
	{ "{\"Privileged\":true,\"UsernsMode\":\"private\"}", ERROR_BAD_INPUT, "conflicting" },
	{ "{\"Devices\":[{\"PathOnHost\":\"/dev/nonsense\"}]}", ERROR_BAD_INPUT,
	  "no such file or directory" },
	{ "{\"Devices\":[{\"PathOnHost\":\"/tmp\"}]}", ERROR_BAD_INPUT, "not a device" },
	{ "{\"Devices\":[{\"PathOnHost\":\"dev/null\"}]}", ERROR_BAD_INPUT, "absolute" },
	{ "{\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"CgroupPermissions\":\"x\"}]}",
	  ERROR_BAD_INPUT, "invalid device mode: x" },
	{ "{\"LogConfig\":{\"Type\":\"syslog\"}}", ERROR_BAD_INPUT,
	  "no log driver named 'syslog'" },
	{ "{\"LogConfig\":{\"Config\":{\"max-sizes\":\"1\"}}}", ERROR_BAD_INPUT,
	  "unknown log opt 'max-sizes'" },
	{ "{\"LogConfig\":{\"Config\":{\"max-size\":\"big\"}}}", ERROR_BAD_INPUT, "max-size" },
	{ "{\"LogConfig\":{\"Config\":{\"max-file\":\"0\"}}}", ERROR_BAD_INPUT, "max-file" },
	{ "{\"LogConfig\":{\"Type\":\"none\",\"Config\":{\"max-file\":\"2\"}}}", ERROR_BAD_INPUT,
	  "for none log driver" },
	{ "{\"GroupAdd\":[\"a:b\"]}", ERROR_BAD_INPUT, "group-add" },
	{ "{\"Annotations\":{\"\":\"x\"}}", ERROR_BAD_INPUT, "annotation" },
	{ "{\"MaskedPaths\":[\"proc\"]}", ERROR_BAD_INPUT, "masked path" },
	{ "{\"CgroupParent\":\"/\"}", ERROR_BAD_INPUT, "names no group" },
	{ "{\"CgroupParent\":\"../x\"}", ERROR_BAD_INPUT, "begins with a dot" },
	{ "{\"CgroupParent\":\"/a/../../x\"}", ERROR_BAD_INPUT, "begins with a dot" },
	{ "{\"CgroupParent\":\"a/.\"}", ERROR_BAD_INPUT, "begins with a dot" },
	{ "{\"CgroupParent\":\"a b\"}", ERROR_BAD_INPUT, "other characters" },
	{ "{\"CgroupParent\":\"a\\nb\"}", ERROR_BAD_INPUT, "cgroup parent \"a\\x0ab\": " },
	{ "{\"CgroupParent\":\"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q\"}", ERROR_BAD_INPUT, "too deep" },
	{ "{\"CgroupParent\":\"/monitors\"}", ERROR_BAD_INPUT, "the engine's" },
	{ "{\"CgroupParent\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}",
	  ERROR_BAD_INPUT, "the engine's" },
	{ "{\"CgroupParent\":\"/web.slice\"}", ERROR_BAD_INPUT, "by its name alone" },
	{ "{\"CgroupParent\":\"web.slice/x\"}", ERROR_BAD_INPUT, "by its name alone" },
	{ "{\"CgroupParent\":\"-.slice\"}", ERROR_BAD_INPUT, "not the name of a slice" },
	{ "{\"CgroupParent\":\"a--b.slice\"}", ERROR_BAD_INPUT, "not the name of a slice" },
};

static void bad_host_configs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++)
		assert_fails(check("{}", bad_cases[i].text), bad_cases[i].kind,
			     bad_cases[i].message);
}

static void configs(void **state)
{
	static const struct {
		const char *text, *message; /* NULL: fine */
	} cases[] = {
		{ "{\"Env\":[\"A=b\",\"B\",\"C=\"],\"WorkingDir\":\"/x\"}", NULL },
		{ "{\"Hostname\":\"web-1.example\",\"Domainname\":\"example.org\"}", NULL },
		{ "{\"StopSignal\":\"SIGRTMIN+3\",\"StopTimeout\":-1}", NULL },
		{ "{\"Env\":[\"=b\"]}", "invalid environment variable" },
		{ "{\"Env\":[\"\"]}", "invalid environment variable" },
		{ "{\"WorkingDir\":\"x\"}", "the working directory 'x' is invalid" },
		{ "{\"Hostname\":\"-a\"}", "invalid hostname format" },
		{ "{\"Hostname\":\"a b\"}", "invalid hostname format" },
		{ "{\"Hostname\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
		  "invalid hostname format" },
		{ "{\"StopSignal\":\"SIGFOO\"}", "stop signal" },
		{ "{\"StopTimeout\":-2}", "stop timeout" },
		{ "{\"Volumes\":{\"data\":{}}}", "volume: data is not an absolute path" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].message)
			assert_fails(check(cases[i].text, "{}"), ERROR_BAD_INPUT, cases[i].message);
		else
			assert_ok(check(cases[i].text, "{}"));
	}
	assert_fails(check("{\"Hostname\":\"web\"}", "{\"UTSMode\":\"host\"}"), ERROR_BAD_INPUT,
		     "hostname and the UTS mode");
}

static void policy_may_forbid_privileged(void **state)
{
	static const char text[] = "{\"privileged\":false}";

	(void)state;
	policy_free(policy);
	assert_ok(policy_parse(text, strlen(text), &policy));
	assert_fails(check("{}", "{\"Privileged\":true}"), ERROR_REFUSED, "privileged");
}

static void options_read_back(void **state)
{
	char *none[] = { NULL };
	char **off autostrv = strv_split("no-new-privileges,no-new-privileges:false", ',');
	char **profile autostrv = strv_split("seccomp={\"a\":\"b=c\"}", ',');
	struct host_config host = { .security_opt = none };

	(void)state;
	assert_true(validate_no_new_privileges(&host));
	host.privileged = true;
	assert_false(validate_no_new_privileges(&host));
	host.privileged = false;
	host.security_opt = off;
	assert_false(validate_no_new_privileges(&host));
	assert_string_equal(validate_security_option(profile, "seccomp"), "{\"a\":\"b=c\"}");
	assert_null(validate_security_option(profile, "sec"));
	assert_int_equal(validate_ulimit_resource("nofile"), RLIMIT_NOFILE);
	assert_int_equal(validate_ulimit_resource("as"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good_host_configs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_host_configs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(configs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(policy_may_forbid_privileged, set_up, tear_down),
		cmocka_unit_test(options_read_back),
	};

	return TEST_MAIN(tests);
}
