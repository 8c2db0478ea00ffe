/* config/config_process.c, config_check_process.c, config_hooks.c: process and hooks. */
#include <linux/ioprio.h>
#include <sys/resource.h>

#include "unit/config/config_fixture.h"

static void every_member_arrives(void **state)
{
	struct config c autoconfig = { 0 };
	const struct config_process *p;

	(void)state;
	assert_ok(config_try("{'process':{'terminal':true,'consoleSize':{'height':24,'width':80},"
			     "'user':{'uid':1,'gid':2,'umask':18,'additionalGids':[3,4294967294],"
			     "'username':'u'},'args':['a','b'],'env':['A=1','B='],'cwd':'/w',"
			     "'commandLine':7,'capabilities':{'bounding':['CAP_KILL'],"
			     "'effective':['CAP_CHOWN'],'inheritable':[],'permitted':['CAP_BPF'],"
			     "'ambient':['CAP_MKNOD']},'rlimits':[{'type':'RLIMIT_NOFILE',"
			     "'hard':18446744073709551615,'soft':9223372036854775808},"
			     "{'type':'RLIMIT_CORE','hard':0,'soft':0}],'noNewPrivileges':true,"
			     "'apparmorProfile':'p','selinuxLabel':'l','oomScoreAdj':-1000,"
			     "'scheduler':{'policy':'SCHED_DEADLINE','nice':-20,"
			     "'flags':['SCHED_FLAG_RECLAIM','SCHED_FLAG_DL_OVERRUN'],'runtime':1,"
			     "'deadline':2,'period':18446744073709551615},"
			     "'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':7},"
			     "'execCPUAffinity':{'initial':'0-3, 7','final':'1'}}}",
			     &c));
	p = c.process;
	assert_true(p->terminal && p->no_new_privileges);
	assert_int_equal(p->console_size->height, 24);
	assert_int_equal(p->console_size->width, 80);
	assert_int_equal(p->user.uid, 1);
	assert_int_equal(p->user.gid, 2);
	assert_int_equal(*p->user.umask, 022);
	assert_int_equal(p->user.n_additional_gids, 2);
	assert_int_equal(p->user.additional_gids[1], 4294967294);
	assert_string_equal(p->user.username, "u");
	assert_string_equal(p->args[1], "b");
	assert_string_equal(p->env[1], "B=");
	assert_string_equal(p->cwd, "/w");
	assert_int_equal(config_capabilities(p->capabilities->bounding), 1 << 5);
	assert_int_equal(config_capabilities(p->capabilities->effective), 1);
	assert_int_equal(config_capabilities(p->capabilities->inheritable), 0);
	assert_true(config_capabilities(p->capabilities->permitted) == UINT64_C(1) << 39);
	assert_int_equal(config_capabilities(p->capabilities->ambient), 1 << 27);
	assert_int_equal(config_word(&config_rlimits, p->rlimits[0].type), RLIMIT_NOFILE);
	assert_true(p->rlimits[0].hard == RLIM_INFINITY);
	assert_true(p->rlimits[0].soft == UINT64_C(1) << 63);
	assert_string_equal(p->apparmor_profile, "p");
	assert_string_equal(p->selinux_label, "l");
	assert_int_equal(*p->oom_score_adj, -1000);
	assert_int_equal(p->scheduler->nice, -20);
	assert_int_equal(config_word(&config_scheduler_policies, p->scheduler->policy), 6);
	assert_int_equal(config_word_mask(&config_scheduler_flags, p->scheduler->flags), 6);
	assert_true(p->scheduler->period_ns == UINT64_MAX);
	assert_int_equal(config_word(&config_io_classes, p->io_priority->class), IOPRIO_CLASS_RT);
	assert_int_equal(p->io_priority->priority, 7);
	assert_string_equal(p->exec_cpu_affinity->initial, "0-3, 7");
	assert_string_equal(p->exec_cpu_affinity->final, "1");
	assert_string_equal(c.warnings[0], "process.capabilities.ambient[0]: can't raise ambient "
					   "capability CAP_MKNOD: it is not permitted");
	assert_null(c.warnings[1]);
}

static void what_is_absent_is_told_apart(void **state)
{
	struct config c autoconfig = { 0 };
	const struct config_process *p;

	(void)state;
	assert_ok(config_try("{}", &c));
	p = c.process;
	assert_null(p->console_size);
	assert_null(p->user.umask);
	assert_null(p->capabilities);
	assert_null(p->oom_score_adj);
	assert_null(p->scheduler);
	assert_null(p->io_priority);
	assert_null(p->exec_cpu_affinity);
	config_done(&c);
	assert_ok(config_try("{'process':{'user':{'umask':0},'oomScoreAdj':0,'capabilities':{}}}",
			     &c));
	assert_int_equal(*c.process->user.umask, 0);
	assert_int_equal(*c.process->oom_score_adj, 0);
	assert_non_null(c.process->capabilities);
	config_done(&c);
	assert_ok(config_try("{'process':null}", &c));
	assert_null(c.process);
}

static void wrong_values_of_the_process(void **state)
{
	static const struct config_row rows[] = {
		{ "{'process':7}", "process: not an object" },
		{ "{'process':{'terminal':1}}", "process.terminal: not true or false" },
		{ "{'process':{'consoleSize':{'height':1}}}",
		  "process.consoleSize.width: missing" },
		{ "{'process':{'consoleSize':{'height':65536,'width':1}}}",
		  "process.consoleSize.height: 65536 is above 65535" },
		{ "{'process':{'user':{'uid':-1}}}", "process.user.uid: -1 is below 0" },
		{ "{'process':{'user':{'uid':4294967295}}}",
		  "process.user.uid: 4294967295 is above 4294967294" },
		{ "{'process':{'user':{'gid':'root'}}}",
		  "process.user.gid: \"root\" is not a number" },
		{ "{'process':{'user':{'umask':512}}}", "process.user.umask: 512 is above 511" },
		{ "{'process':{'user':{'additionalGids':[1,4294967296]}}}",
		  "process.user.additionalGids[1]: 4294967296 is above 4294967294" },
		{ "{'process':{'user':{'additionalGids':[1.5]}}}",
		  "process.user.additionalGids[0]: 1.5 is not a whole number" },
		{ "{'process':{'args':null}}", "process.args: missing" },
		{ "{'process':{'args':[]}}", "process.args: missing" },
		{ "{'process':{'args':['']}}", "process.args[0]: empty" },
		{ "{'process':{'args':['a',1]}}", "process.args[1]: not a string" },
		{ "{'process':{'env':['A=1','B']}}", "process.env[1]: \"B\" is not NAME=VALUE" },
		{ "{'process':{'env':['=x']}}", "process.env[0]: \"=x\" is not NAME=VALUE" },
		{ "{'process':{'cwd':null}}", "process.cwd: missing" },
		{ "{'process':{'cwd':'x'}}", "process.cwd: \"x\" is not absolute" },
		{ "{'process':{'cwd':''}}", "process.cwd: \"\" is not absolute" },
		{ "{'process':{'capabilities':{'bounding':['CAP_KILL',7]}}}",
		  "process.capabilities.bounding[1]: not a string" },
		{ "{'process':{'oomScoreAdj':1001}}", "process.oomScoreAdj: 1001 is above 1000" },
		{ "{'process':{'oomScoreAdj':-1001}}",
		  "process.oomScoreAdj: -1001 is below -1000" },
		{ "{'process':{'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':8}}}",
		  "process.ioPriority.priority: 8 is above 7" },
		{ "{'process':{'ioPriority':{'class':'IOPRIO_CLASS_NONE'}}}",
		  "process.ioPriority.class: \"IOPRIO_CLASS_NONE\" is not an I/O priority class" },
		{ "{'process':{'ioPriority':{}}}", "process.ioPriority.class: missing" },
		{ "{'process':{'execCPUAffinity':{'initial':'a'}}}",
		  "process.execCPUAffinity.initial: \"a\" is not a list of numbers" },
		{ "{'process':{'execCPUAffinity':{'final':'1\\n'}}}",
		  "process.execCPUAffinity.final: \"1\\x0a\" is not a list of numbers" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void limits(void **state)
{
	static const struct config_row rows[] = {
		{ "{'process':{'rlimits':[{'type':'RLIMIT_FOO','hard':1,'soft':1}]}}",
		  "process.rlimits[0].type: \"RLIMIT_FOO\" is not a resource limit" },
		{ "{'process':{'rlimits':[{'type':'RLIMIT_NOFILE','hard':1,'soft':1},"
		  "{'type':'RLIMIT_NOFILE','hard':2,'soft':1}]}}",
		  "process.rlimits[1]: a second RLIMIT_NOFILE" },
		{ "{'process':{'rlimits':[{'type':'RLIMIT_NOFILE','hard':1,'soft':2}]}}",
		  "process.rlimits[0].soft: 2 is above hard" },
		{ "{'process':{'rlimits':[{'type':'RLIMIT_NOFILE','soft':2}]}}",
		  "process.rlimits[0].hard: missing" },
		{ "{'process':{'rlimits':[{'type':'RLIMIT_NOFILE','hard':2}]}}",
		  "process.rlimits[0].soft: missing" },
		{ "{'process':{'rlimits':[{'type':'RLIMIT_NOFILE','hard':-1,'soft':1}]}}",
		  "process.rlimits[0].hard: -1 is below 0" },
		{ "{'process':{'rlimits':[{'type':'','hard':1,'soft':1}]}}",
		  "process.rlimits[0].type: \"\" is not a resource limit" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void scheduling(void **state)
{
	static const struct config_row rows[] = {
		{ "{'process':{'scheduler':{'policy':'SCHED_RR','priority':9}}}", NULL },
		{ "{'process':{'scheduler':{'policy':'SCHED_BATCH','nice':19}}}", NULL },
		{ "{'process':{'scheduler':{}}}", "process.scheduler.policy: missing" },
		{ "{'process':{'scheduler':{'policy':'SCHED_EXT'}}}",
		  "process.scheduler.policy: \"SCHED_EXT\" is not a scheduling policy" },
		{ "{'process':{'scheduler':{'policy':'SCHED_OTHER','nice':20}}}",
		  "process.scheduler.nice: 20 is above 19" },
		{ "{'process':{'scheduler':{'policy':'SCHED_OTHER','nice':-21}}}",
		  "process.scheduler.nice: -21 is below -20" },
		{ "{'process':{'scheduler':{'policy':'SCHED_OTHER','priority':1}}}",
		  "process.scheduler.priority: SCHED_OTHER has none" },
		{ "{'process':{'scheduler':{'policy':'SCHED_FIFO','priority':2147483648}}}",
		  "process.scheduler.priority: 2147483648 is above 2147483647" },
		{ "{'process':{'scheduler':{'policy':'SCHED_FIFO','runtime':1}}}",
		  "process.scheduler.runtime: SCHED_FIFO has none" },
		{ "{'process':{'scheduler':{'policy':'SCHED_FIFO','deadline':1}}}",
		  "process.scheduler.deadline: SCHED_FIFO has none" },
		{ "{'process':{'scheduler':{'policy':'SCHED_FIFO','period':1}}}",
		  "process.scheduler.period: SCHED_FIFO has none" },
		{ "{'process':{'scheduler':{'policy':'SCHED_RR','flags':['SCHED_FLAG_X']}}}",
		  "process.scheduler.flags[0]: \"SCHED_FLAG_X\" is not a scheduling flag" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void unknown_capabilities_are_a_warning(void **state)
{
	struct config c autoconfig = { 0 };

	(void)state;
	assert_ok(config_try("{'process':{'capabilities':{"
			     "'bounding':['CAP_KILL','CAP_FOO'],'ambient':['CAP_BAR_2'],"
			     "'effective':['KILL'],'permitted':['','cap_kill']}}}",
			     &c));
	assert_int_equal(strv_length(c.warnings), 5);
	assert_string_equal(c.warnings[0],
			    "process.capabilities.bounding[1]: \"CAP_FOO\" is not a capability");
	assert_string_equal(c.warnings[1],
			    "process.capabilities.effective[0]: \"KILL\" is not a capability");
	assert_string_equal(c.warnings[4],
			    "process.capabilities.ambient[0]: \"CAP_BAR_2\" is not a capability");
	assert_int_equal(config_capabilities(c.process->capabilities->permitted), 0);
	assert_int_equal(config_capabilities(c.process->capabilities->bounding), 1 << 5);
}

static void a_process_comes_alone_too(void **state)
{
	static const char good[] = "{\"cwd\":\"/\",\"args\":[\"ls\"],"
				   "\"capabilities\":{\"ambient\":[\"CAP_X\"]}}";
	static const char relative[] = "{\"cwd\":\"x\",\"args\":[\"ls\"]}";
	static const char idle[] = "{\"cwd\":\"/\"}";
	char **warnings autostrv = NULL;
	struct config_process p = { 0 };

	(void)state;
	assert_ok(config_process_parse(good, strlen(good), &p, &warnings));
	assert_string_equal(p.args[0], "ls");
	assert_string_equal(warnings[0], "capabilities.ambient[0]: \"CAP_X\" is not a capability");
	config_process_done(&p);
	assert_fails(config_process_parse(relative, strlen(relative), &p, &warnings),
		     ERROR_BAD_INPUT, "cwd: \"x\" is not absolute");
	assert_fails(config_process_parse(idle, strlen(idle), &p, &warnings), ERROR_BAD_INPUT,
		     "args: missing");
	assert_null(p.cwd);
}

static void hooks(void **state)
{
	static const struct config_row rows[] = {
		{ "{'hooks':{'prestart':[{}]}}", "hooks.prestart[0].path: missing" },
		{ "{'hooks':{'createRuntime':[{'path':'x'}]}}",
		  "hooks.createRuntime[0].path: \"x\" is not absolute" },
		{ "{'hooks':{'createContainer':[{'path':'/x','timeout':0}]}}",
		  "hooks.createContainer[0].timeout: 0 is below 1" },
		{ "{'hooks':{'startContainer':[{'path':'/x','env':['A']}]}}",
		  "hooks.startContainer[0].env[0]: \"A\" is not NAME=VALUE" },
		{ "{'hooks':{'poststart':[{'path':'/x','args':'a'}]}}",
		  "hooks.poststart[0].args: not an array" },
		{ "{'hooks':{'poststop':{}}}", "hooks.poststop: not an array" },
	};
	struct config c autoconfig = { 0 };

	(void)state;
	CHECK_ROWS(rows);
	assert_ok(config_try("{'hooks':{'prestart':[{'path':'/1'}],'createRuntime':[{'path':'/2'}],"
			     "'createContainer':[{'path':'/3'}],'startContainer':[{'path':'/4'}],"
			     "'poststart':[{'path':'/5'},{'path':'/6'}],'poststop':[{'path':'/7',"
			     "'args':['n','a'],'env':['A=b'],'timeout':30}]}}",
			     &c));
	assert_string_equal(c.hooks.prestart[0].path, "/1");
	assert_null(c.hooks.prestart[0].timeout_s);
	assert_string_equal(c.hooks.create_runtime[0].path, "/2");
	assert_string_equal(c.hooks.create_container[0].path, "/3");
	assert_string_equal(c.hooks.start_container[0].path, "/4");
	assert_int_equal(c.hooks.n_poststart, 2);
	assert_string_equal(c.hooks.poststop[0].args[1], "a");
	assert_string_equal(c.hooks.poststop[0].env[0], "A=b");
	assert_int_equal(*c.hooks.poststop[0].timeout_s, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_arrives),
		cmocka_unit_test(what_is_absent_is_told_apart),
		cmocka_unit_test(wrong_values_of_the_process),
		cmocka_unit_test(limits),
		cmocka_unit_test(scheduling),
		cmocka_unit_test(unknown_capabilities_are_a_warning),
		cmocka_unit_test(a_process_comes_alone_too),
		cmocka_unit_test(hooks),
	};

	return TEST_MAIN(tests);
}
