/* config/config_resources.c, config_seccomp.c and their checks. */
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "unit/config/config_fixture.h"

#define RESOURCES(text) "{'linux':{'resources':{" text "}}}"

static void assert_devices_arrived(const struct config_resources *r)
{
	assert_int_equal(*r->block_io.weight, 10);
	assert_int_equal(*r->block_io.leaf_weight, 1000);
	assert_int_equal(*r->block_io.weight_device[0].leaf_weight, 300);
	assert_int_equal(r->block_io.throttle_read_bps_device[0].rate, 600);
	assert_true(r->block_io.throttle_write_bps_device[0].rate == UINT64_MAX);
	assert_int_equal(r->block_io.throttle_read_iops_device[0].minor, 3);
	assert_int_equal(r->block_io.throttle_write_iops_device[0].minor, 4);
	assert_int_equal(*r->network.class_id, UINT32_MAX);
	assert_string_equal(r->network.priorities[0].name, "lo");
	assert_string_equal(r->rdma[1].device, "mlx4_0");
	assert_int_equal(*r->rdma[1].hca_objects, 1000);
	assert_null(r->rdma[0].hca_objects);
}

static void every_limit_arrives(void **state)
{
	struct config c autoconfig = { 0 };
	const struct config_resources *r = &c.linux_.resources;

	(void)state;
	assert_ok(config_try(
		RESOURCES(
			"'devices':[{'allow':false,'access':'rwm'},{'allow':true,'type':'b',"
			"'major':8,'minor':-1,'access':'r'}],'memory':{'limit':1,'reservation':2,"
			"'swap':-1,'swappiness':100,'disableOOMKiller':false,"
			"'useHierarchy':true,'checkBeforeUpdate':true},'cpu':{"
			"'shares':18446744073709551615,'quota':-1,'burst':3,'period':4,"
			"'realtimeRuntime':5,'realtimePeriod':6,'cpus':'0-1','mems':'0','idle':1},"
			"'pids':{'limit':0},'blockIO':{'weight':10,'leafWeight':1000,"
			"'weightDevice':[{'major':8,'minor':0,'weight':500,'leafWeight':300}],"
			"'throttleReadBpsDevice':[{'major':8,'minor':1,'rate':600}],"
			"'throttleWriteBpsDevice':[{'major':8,'minor':2,"
			"'rate':18446744073709551615}],"
			"'throttleReadIOPSDevice':[{'major':8,'minor':3,'rate':1}],"
			"'throttleWriteIOPSDevice':[{'major':8,'minor':4}]},"
			"'hugepageLimits':[{'pageSize':'2MB','limit':9223372036854775808}],"
			"'network':{'classID':4294967295,'priorities':[{'name':'lo',"
			"'priority':1}]},'rdma':{'mlx5_1':{'hcaHandles':3},"
			"'mlx4_0':{'hcaHandles':1,'hcaObjects':1000}},"
			"'unified':{'memory.high':'max'}"),
		&c));
	assert_int_equal(r->n_devices, 2);
	assert_null(r->devices[0].type);
	assert_null(r->devices[0].major);
	assert_int_equal(config_word(&config_rule_types, r->devices[1].type), 'b');
	assert_int_equal(*r->devices[1].major, 8);
	assert_int_equal(*r->devices[1].minor, -1);
	assert_int_equal(*r->memory.limit, 1);
	assert_int_equal(*r->memory.reservation, 2);
	assert_int_equal(*r->memory.swap, -1);
	assert_null(r->memory.kernel);
	assert_int_equal(*r->memory.swappiness, 100);
	assert_false(*r->memory.disable_oom_killer);
	assert_true(*r->memory.use_hierarchy && *r->memory.check_before_update);
	assert_true(*r->cpu.shares == UINT64_MAX);
	assert_int_equal(*r->cpu.quota_us, -1);
	assert_int_equal(*r->cpu.burst_us, 3);
	assert_int_equal(*r->cpu.period_us, 4);
	assert_int_equal(*r->cpu.realtime_runtime_us, 5);
	assert_int_equal(*r->cpu.realtime_period_us, 6);
	assert_string_equal(r->cpu.cpus, "0-1");
	assert_string_equal(r->cpu.mems, "0");
	assert_int_equal(*r->cpu.idle, 1);
	assert_int_equal(*r->pids.limit, 0);
	assert_string_equal(r->hugepage_limits[0].page_size, "2MB");
	assert_true(r->hugepage_limits[0].limit_bytes == UINT64_C(1) << 63);
	assert_string_equal(r->unified[1], "max");
	assert_devices_arrived(r);
	assert_null(c.warnings);
}

static void wrong_limits(void **state)
{
	static const struct config_row rows[] = {
		{ RESOURCES("'pids':{'limit':'x'}"),
		  "linux.resources.pids.limit: \"x\" is not a number" },
		{ RESOURCES("'pids':{'limit':-2}"), "linux.resources.pids.limit: -2 is below -1" },
		{ RESOURCES("'pids':{}"), NULL },
		{ RESOURCES("'devices':[{'access':'r'}]"),
		  "linux.resources.devices[0].allow: missing" },
		{ RESOURCES("'devices':[{'allow':true}]"),
		  "linux.resources.devices[0].access: missing" },
		{ RESOURCES("'devices':[{'allow':true,'access':'rx'}]"),
		  "linux.resources.devices[0].access: \"rx\" is not made of \"r\", \"w\" and "
		  "\"m\"" },
		{ RESOURCES("'devices':[{'allow':true,'access':'r','type':'u'}]"),
		  "linux.resources.devices[0].type: \"u\" is not a kind of device rule" },
		{ RESOURCES("'devices':[{'allow':true,'access':'r','major':-2}]"),
		  "linux.resources.devices[0].major: -2 is below -1" },
		{ RESOURCES("'devices':[{'allow':true,'access':'r','minor':4294967296}]"),
		  "linux.resources.devices[0].minor: 4294967296 is above 4294967295" },
		{ RESOURCES("'memory':{'limit':-2}"),
		  "linux.resources.memory.limit: -2 is below -1" },
		{ RESOURCES("'memory':{'limit':2,'swap':1}"),
		  "linux.resources.memory.swap: 1 is below the limit" },
		{ RESOURCES("'memory':{'limit':2,'swap':0}"), NULL },
		{ RESOURCES("'memory':{'swappiness':101}"),
		  "linux.resources.memory.swappiness: 101 is above 100" },
		{ RESOURCES("'memory':{'disableOOMKiller':0}"),
		  "linux.resources.memory.disableOOMKiller: not true or false" },
		{ RESOURCES("'cpu':{'shares':-1}"), "linux.resources.cpu.shares: -1 is below 0" },
		{ RESOURCES("'cpu':{'quota':-2}"), "linux.resources.cpu.quota: -2 is below -1" },
		{ RESOURCES("'cpu':{'quota':9223372036854775808}"),
		  "linux.resources.cpu.quota: 9223372036854775808 is above 9223372036854775807" },
		{ RESOURCES("'cpu':{'idle':2}"), "linux.resources.cpu.idle: 2 is above 1" },
		{ RESOURCES("'cpu':{'cpus':'0\\n1'}"),
		  "linux.resources.cpu.cpus: \"0\\x0a1\" is not one line" },
		{ RESOURCES("'cpu':{'mems':0}"), "linux.resources.cpu.mems: not a string" },
	};
	struct config c autoconfig = { 0 };

	(void)state;
	CHECK_ROWS(rows);
	assert_ok(config_try(RESOURCES("'memory':{'kernel':1,'kernelTCP':-1}"), &c));
	assert_string_equal(c.warnings[0], "linux.resources.memory.kernel: has no effect");
	assert_string_equal(c.warnings[1], "linux.resources.memory.kernelTCP: has no effect");
}

static void wrong_limits_of_devices(void **state)
{
	static const struct config_row rows[] = {
		{ RESOURCES("'blockIO':{'weight':0}"), NULL },
		{ RESOURCES("'blockIO':{'weight':9}"),
		  "linux.resources.blockIO.weight: 9 is not a weight of 10 to 1000" },
		{ RESOURCES("'blockIO':{'leafWeight':1001}"),
		  "linux.resources.blockIO.leafWeight: 1001 is not a weight of 10 to 1000" },
		{ RESOURCES("'blockIO':{'weight':65536}"),
		  "linux.resources.blockIO.weight: 65536 is above 65535" },
		{ RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':2,'weight':5}]}"),
		  "linux.resources.blockIO.weightDevice[0].weight: 5 is not a weight of 10 to "
		  "1000" },
		{ RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':2,'leafWeight':5}]}"),
		  "linux.resources.blockIO.weightDevice[0].leafWeight: 5 is not a weight of 10 "
		  "to 1000" },
		{ RESOURCES("'blockIO':{'throttleReadBpsDevice':[{'major':1}]}"),
		  "linux.resources.blockIO.throttleReadBpsDevice[0].minor: missing" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2mb','limit':1}]"),
		  "linux.resources.hugepageLimits[0].pageSize: \"2mb\" is not a size of pages" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'02MB','limit':1}]"),
		  "linux.resources.hugepageLimits[0].pageSize: \"02MB\" is not a size of pages" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2MB'}]"),
		  "linux.resources.hugepageLimits[0].limit: missing" },
		{ RESOURCES("'network':{'classID':4294967296}"),
		  "linux.resources.network.classID: 4294967296 is above 4294967295" },
		{ RESOURCES("'network':{'priorities':[{'name':'a b','priority':1}]}"),
		  "linux.resources.network.priorities[0].name: \"a b\" is not a network device's "
		  "name" },
		{ RESOURCES("'network':{'priorities':[{'name':'lo'}]}"),
		  "linux.resources.network.priorities[0].priority: missing" },
		{ RESOURCES("'rdma':{'a b':{'hcaHandles':1}}"),
		  "linux.resources.rdma: \"a b\" is not a device's name" },
		{ RESOURCES("'rdma':{'a':{}}"),
		  "linux.resources.rdma.a: neither hcaHandles nor hcaObjects" },
		{ RESOURCES("'rdma':{'a':{'hcaHandles':-1}}"),
		  "linux.resources.rdma.a.hcaHandles: -1 is below 0" },
		{ RESOURCES("'unified':{'a/b':'1'}"),
		  "linux.resources.unified: \"a/b\" is not a file's name" },
		{ RESOURCES("'unified':{'..':'1'}"),
		  "linux.resources.unified: \"..\" is not a file's name" },
		{ RESOURCES("'unified':{'memory.max':1}"),
		  "linux.resources.unified.memory.max: not a string" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void resources_come_alone_too(void **state)
{
	static const char good[] = "{\"memory\":{\"limit\":5,\"kernel\":1}}";
	static const char bad[] = "{\"blockIO\":{\"weight\":5}}";
	struct config_resources r = { 0 };
	char **warnings autostrv = NULL;

	(void)state;
	assert_ok(config_resources_parse(good, strlen(good), &r, &warnings));
	assert_int_equal(*r.memory.limit, 5);
	assert_string_equal(warnings[0], "memory.kernel: has no effect");
	config_resources_done(&r);
	assert_fails(config_resources_parse(bad, strlen(bad), &r, &warnings), ERROR_BAD_INPUT,
		     "blockIO.weight: 5 is not a weight of 10 to 1000");
	assert_null(r.block_io.weight);
}

#define SECCOMP(text) "{'linux':{'seccomp':{'defaultAction':'SCMP_ACT_ERRNO'," text "}}}"
#define RULE(text) SECCOMP("'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW'},{" text "}]")

static void a_filter_arrives(void **state)
{
	struct config c autoconfig = { 0 };
	const struct config_seccomp_rule *rule;
	const struct config_seccomp *s;
	char *profile autofree = NULL;

	(void)state;
	assert_ok(config_try(
		SECCOMP("'defaultErrnoRet':38,'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X32'],"
			"'flags':['SECCOMP_FILTER_FLAG_LOG','SECCOMP_FILTER_FLAG_SPEC_ALLOW'],"
			"'listenerPath':'/l','listenerMetadata':'m','syscalls':[{'names':['mount'],"
			"'action':'SCMP_ACT_NOTIFY'},{'names':['a','b'],"
			"'action':'SCMP_ACT_TRACE','errnoRet':65535,'comment':'x','args':["
			"{'index':5,'value':18446744073709551615,'valueTwo':9223372036854775808,"
			"'op':'SCMP_CMP_MASKED_EQ'}]}]"),
		&c));
	s = c.linux_.seccomp;
	assert_int_equal(config_word(&config_seccomp_actions, s->default_action),
			 SECCOMP_RET_ERRNO);
	assert_int_equal(*s->default_errno_ret, 38);
	assert_int_equal(config_word(&config_seccomp_architectures, s->architectures[0]),
			 AUDIT_ARCH_X86_64);
	assert_int_equal(config_word_mask(&config_seccomp_flags, s->flags), 6);
	assert_string_equal(s->listener_path, "/l");
	assert_string_equal(s->listener_metadata, "m");
	rule = &s->syscalls[1];
	assert_string_equal(rule->names[1], "b");
	assert_int_equal(*rule->errno_ret, 65535);
	assert_int_equal(rule->args[0].index, 5);
	assert_true(rule->args[0].value == UINT64_MAX);
	assert_true(rule->args[0].value_two == UINT64_C(1) << 63);
	assert_int_equal(config_word(&config_seccomp_operators, rule->args[0].op), 7);
	profile = config_encode_seccomp(s);
	assert_non_null(strstr(profile, "\"value\":18446744073709551615,\"valueTwo\":"
					"9223372036854775808"));
}

static void no_flags_are_not_absent_flags(void **state)
{
	struct config c autoconfig = { 0 };
	char *text autofree = NULL;

	(void)state;
	assert_ok(config_try(SECCOMP("'flags':[]"), &c));
	assert_non_null(c.linux_.seccomp->flags);
	text = config_encode_seccomp(c.linux_.seccomp);
	assert_string_equal(text, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":[]}");
	config_done(&c);
	assert_ok(config_try(SECCOMP("'flags':null"), &c));
	assert_null(c.linux_.seccomp->flags);
}

static void wrong_filters(void **state)
{
	static const struct config_row rows[] = {
		{ "{'linux':{'seccomp':{}}}", "linux.seccomp.defaultAction: missing" },
		{ "{'linux':{'seccomp':{'defaultAction':''}}}",
		  "linux.seccomp.defaultAction: \"\" is not a seccomp action" },
		{ "{'linux':{'seccomp':{'defaultAction':'SCMP_ACT_NOTIFY'}}}",
		  "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY is for single calls" },
		{ "{'linux':{'seccomp':{'defaultAction':'SCMP_ACT_KILL','defaultErrnoRet':1}}}",
		  "linux.seccomp.defaultErrnoRet: SCMP_ACT_KILL has none" },
		{ SECCOMP("'defaultErrnoRet':65536"),
		  "linux.seccomp.defaultErrnoRet: 65536 is above 65535" },
		{ SECCOMP("'architectures':['SCMP_ARCH_VAX']"),
		  "linux.seccomp.architectures[0]: \"SCMP_ARCH_VAX\" is not a seccomp "
		  "architecture" },
		{ SECCOMP("'flags':['SECCOMP_FILTER_FLAG_NEW_LISTENER']"),
		  "linux.seccomp.flags[0]: \"SECCOMP_FILTER_FLAG_NEW_LISTENER\" is not a seccomp "
		  "flag" },
		{ SECCOMP("'listenerPath':'l'"),
		  "linux.seccomp.listenerPath: \"l\" is not absolute" },
		{ SECCOMP("'listenerMetadata':'m'"),
		  "linux.seccomp.listenerPath: missing, there is listenerMetadata" },
		{ RULE("'action':'SCMP_ACT_ALLOW'"), "linux.seccomp.syscalls[1].names: missing" },
		{ RULE("'names':[],'action':'SCMP_ACT_ALLOW'"),
		  "linux.seccomp.syscalls[1].names: empty" },
		{ RULE("'names':['']"), "linux.seccomp.syscalls[1].names[0]: empty" },
		{ RULE("'names':['a']"), "linux.seccomp.syscalls[1].action: missing" },
		{ RULE("'names':['a'],'action':'ALLOW'"),
		  "linux.seccomp.syscalls[1].action: \"ALLOW\" is not a seccomp action" },
		{ RULE("'names':['a'],'action':'SCMP_ACT_ALLOW','errnoRet':1"),
		  "linux.seccomp.syscalls[1].errnoRet: SCMP_ACT_ALLOW has none" },
		{ RULE("'names':['a'],'action':'SCMP_ACT_ERRNO','errnoRet':65536"),
		  "linux.seccomp.syscalls[1].errnoRet: 65536 is above 65535" },
		{ RULE("'names':['a'],'action':'SCMP_ACT_NOTIFY'"),
		  "linux.seccomp.listenerPath: missing, syscalls[1] notifies" },
		{ SECCOMP("'listenerPath':'/l','syscalls':[{'names':['read','write'],"
			  "'action':'SCMP_ACT_NOTIFY'}]"),
		  "linux.seccomp.syscalls[0].action: \"write\" cannot notify" },
		{ RULE("'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':6,'value':1,"
		       "'op':'SCMP_CMP_EQ'}]"),
		  "linux.seccomp.syscalls[1].args[0].index: 6 is above 5" },
		{ RULE("'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':-1,"
		       "'op':'SCMP_CMP_EQ'}]"),
		  "linux.seccomp.syscalls[1].args[0].value: -1 is below 0" },
		{ RULE("'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':1}]"),
		  "linux.seccomp.syscalls[1].args[0].op: missing" },
		{ RULE("'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':1,"
		       "'valueTwo':'x','op':'SCMP_CMP_EQ'}]"),
		  "linux.seccomp.syscalls[1].args[0].valueTwo: \"x\" is not a number" },
		{ RULE("'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':1,"
		       "'op':'SCMP_CMP_XX'}]"),
		  "linux.seccomp.syscalls[1].args[0].op: \"SCMP_CMP_XX\" is not a seccomp "
		  "operator" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

/* As `update` gets it: what is 0 or "" is not to be changed, but where 0 means something. */
static void a_change_is_merged(void **state)
{
	static const char text[] = "{\"memory\":{\"limit\":0,\"reservation\":5},\"cpu\":{\"burst\":"
				   "0,\"cpus\":\"\",\"shares\":18446744073709551615},\"unified\":{"
				   "\"b.x\":\"3\"},\"hugepageLimits\":[{\"pageSize\":\"2MB\","
				   "\"limit\":0}]}";
	struct config c autoconfig = { 0 };
	struct config_resources *r = &c.linux_.resources, change = { 0 }, bad = { 0 };
	char **warnings = NULL;

	(void)state;
	assert_ok(config_try(RESOURCES("'memory':{'limit':8,'swap':9},'cpu':{'burst':3,'cpus':'0',"
				       "'shares':7},'unified':{'a.x':'1','b.x':'2'}"),
			     &c));
	assert_ok(config_resources_parse(text, strlen(text), &change, &warnings));
	assert_ok(config_resources_merge(r, &change));
	assert_int_equal(*r->memory.limit, 8);
	assert_int_equal(*r->memory.swap, 9);
	assert_int_equal(*r->memory.reservation, 5);
	assert_int_equal(*r->cpu.burst_us, 0);
	assert_string_equal(r->cpu.cpus, "0");
	assert_true(*r->cpu.shares == UINT64_MAX);
	assert_int_equal(r->n_hugepage_limits, 1);
	assert_string_equal(r->unified[1], "1");
	assert_string_equal(r->unified[3], "3");
	/* what does not fit what there is */
	assert_ok(config_resources_parse("{\"memory\":{\"limit\":10}}", 23, &bad, &warnings));
	assert_fails(config_resources_merge(r, &bad), ERROR_BAD_INPUT,
		     "linux.resources.memory.swap: 9 is below the limit");
	assert_int_equal(*r->memory.limit, 8);
	config_resources_done(&change);
	config_resources_done(&bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_limit_arrives),
		cmocka_unit_test(wrong_limits),
		cmocka_unit_test(wrong_limits_of_devices),
		cmocka_unit_test(resources_come_alone_too),
		cmocka_unit_test(a_change_is_merged),
		cmocka_unit_test(a_filter_arrives),
		cmocka_unit_test(no_flags_are_not_absent_flags),
		cmocka_unit_test(wrong_filters),
	};

	return TEST_MAIN(tests);
}
