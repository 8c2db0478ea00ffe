/*
 * config/config_linux.c, config_mounts.c, config_check_namespaces.c, config_check_linux.c: mounts,
 * namespaces and what belongs to them, devices, policies.
 */
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "unit/config/config_fixture.h"

static void assert_policies_arrived(const struct config_linux *l)
{
	assert_string_equal(l->mount_label, "ml");
	assert_string_equal(l->intel_rdt->clos_id, "c");
	assert_string_equal(l->intel_rdt->schemata[1], "MB:0=10");
	assert_string_equal(l->intel_rdt->l3_cache_schema, "L3:0=f");
	assert_string_equal(l->intel_rdt->mem_bw_schema, "MB:0=70");
	assert_true(l->intel_rdt->enable_monitoring);
	assert_int_equal(config_word(&config_memory_modes, l->memory_policy->mode), 2);
	assert_int_equal(config_word_mask(&config_memory_flags, l->memory_policy->flags), 1 << 15);
	assert_string_equal(l->memory_policy->nodes, "0-1");
	assert_int_equal(config_word(&config_personalities, l->personality->domain), PER_LINUX32);
}

static void every_member_arrives(void **state)
{
	struct config c autoconfig = { 0 };
	const struct config_linux *l = &c.linux_;

	(void)state;
	assert_ok(config_try(
		"{'linux':{'namespaces':[{'type':'pid'},{'type':'network','path':'/n'},"
		"{'type':'mount'},{'type':'user'},{'type':'time'},{'type':'ipc'},"
		"{'type':'uts','path':''},{'type':'cgroup'}],"
		"'uidMappings':[{'containerID':0,'hostID':1000,'size':1},"
		"{'containerID':1,'hostID':100000,'size':65535}],"
		"'gidMappings':[{'containerID':0,'hostID':7,'size':1}],"
		"'timeOffsets':{'monotonic':{'secs':-5,'nanosecs':999999999},"
		"'boottime':{'secs':9}},'sysctl':{'kernel.shmmax':'1'},'cgroupsPath':'/a/b',"
		"'devices':[{'path':'/dev/x','type':'c','major':1,'minor':0,'fileMode':438,"
		"'uid':5,'gid':6},{'path':'/dev/p','type':'p'}],"
		"'netDevices':{'eth0':{'name':'e'},'eth1':{}},"
		"'rootfsPropagation':'rslave','maskedPaths':['/m'],'readonlyPaths':['/r'],"
		"'mountLabel':'ml','intelRdt':{'closID':'c','schemata':['L3:0=f','MB:0=10'],"
		"'l3CacheSchema':'L3:0=f','memBwSchema':'MB:0=70','enableMonitoring':true},"
		"'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-1',"
		"'flags':['MPOL_F_STATIC_NODES']},'personality':{'domain':'LINUX32'}}}",
		&c));
	assert_int_equal(l->n_namespaces, 8);
	assert_int_equal(config_word(&config_namespaces, l->namespaces[1].type), CLONE_NEWNET);
	assert_string_equal(config_namespace(&c, "network")->path, "/n");
	assert_null(config_namespace(&c, "uts")->path);
	assert_int_equal(l->uid_mappings[1].inside, 1);
	assert_int_equal(l->uid_mappings[1].outside, 100000);
	assert_int_equal(l->uid_mappings[1].length, 65535);
	assert_int_equal(l->gid_mappings[0].outside, 7);
	assert_int_equal(l->time_offsets.monotonic->secs, -5);
	assert_int_equal(l->time_offsets.monotonic->nanosecs, 999999999);
	assert_int_equal(l->time_offsets.boottime->secs, 9);
	assert_string_equal(l->sysctl[0], "kernel.shmmax");
	assert_string_equal(l->cgroups_path, "/a/b");
	assert_int_equal(config_word(&config_device_types, l->devices[0].type), S_IFCHR);
	assert_int_equal(*l->devices[0].major, 1);
	assert_int_equal(*l->devices[0].minor, 0);
	assert_int_equal(*l->devices[0].file_mode, 0666);
	assert_int_equal(*l->devices[0].uid, 5);
	assert_int_equal(*l->devices[0].gid, 6);
	assert_null(l->devices[1].major);
	assert_string_equal(l->net_devices[0].device, "eth0");
	assert_string_equal(l->net_devices[0].name, "e");
	assert_null(l->net_devices[1].name);
	assert_int_equal(config_word(&config_propagations, l->rootfs_propagation),
			 MS_SLAVE | MS_REC);
	assert_string_equal(l->masked_paths[0], "/m");
	assert_string_equal(l->readonly_paths[0], "/r");
	assert_policies_arrived(l);
	assert_null(c.warnings);
}

#define USER "{'linux':{'namespaces':[{'type':'user'}],"
#define GIDS "'gidMappings':[{'containerID':0,'hostID':0,'size':1}]"

static void namespaces(void **state)
{
	static const struct config_row rows[] = {
		{ "{'linux':{'namespaces':[{'type':'pid'},{'type':'ipc'},{'type':'uts'},"
		  "{'type':'pid','path':'/x'}]}}",
		  "linux.namespaces[3]: a second \"pid\" namespace" },
		{ "{'linux':{'namespaces':[{'type':'net'}]}}",
		  "linux.namespaces[0].type: \"net\" is not a kind of namespace" },
		{ "{'linux':{'namespaces':[{}]}}", "linux.namespaces[0].type: missing" },
		{ "{'linux':{'namespaces':[{'type':'pid','path':'x'}]}}",
		  "linux.namespaces[0].path: \"x\" is not absolute" },
		{ "{'hostname':'h'}", "hostname: needs a \"uts\" namespace" },
		{ "{'domainname':'d'}", "domainname: needs a \"uts\" namespace" },
		{ "{'hostname':'h','domainname':'d','linux':{'namespaces':[{'type':'uts'}]}}",
		  NULL },
		{ "{'hostname':'0123456789012345678901234567890123456789012345678901234567890123x',"
		  "'linux':{'namespaces':[{'type':'uts'}]}}",
		  "hostname: longer than 64 bytes" },
		{ "{'domainname':7}", "domainname: not a string" },
		{ "{'linux':{'namespaces':null,'maskedPaths':['/x']}}",
		  "linux.maskedPaths: needs a \"mount\" namespace" },
		{ "{'linux':{'namespaces':null,'readonlyPaths':['/x']}}",
		  "linux.readonlyPaths: needs a \"mount\" namespace" },
		{ "{'linux':{'namespaces':null,'maskedPaths':[]}}", NULL },
		{ "{'linux':{'maskedPaths':['x']}}",
		  "linux.maskedPaths[0]: \"x\" is not absolute" },
		{ "{'linux':{'readonlyPaths':['/x','']}}",
		  "linux.readonlyPaths[1]: \"\" is not absolute" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void maps_of_ids(void **state)
{
	static const struct config_row rows[] = {
		{ "{'linux':{'uidMappings':[{'containerID':0,'hostID':1,'size':1}]}}",
		  "linux.uidMappings: needs a \"user\" namespace" },
		{ "{'linux':{" GIDS "}}", "linux.gidMappings: needs a \"user\" namespace" },
		{ USER GIDS "}}", "linux.uidMappings: missing for a new \"user\" namespace" },
		{ USER "'uidMappings':[{'containerID':0,'hostID':1,'size':1}]}}",
		  "linux.gidMappings: missing for a new \"user\" namespace" },
		{ USER GIDS ",'uidMappings':[{'containerID':0,'hostID':1,'size':0}]}}",
		  "linux.uidMappings[0].size: 0 is below 1" },
		{ USER GIDS ",'uidMappings':[{'containerID':0,'size':1}]}}",
		  "linux.uidMappings[0].hostID: missing" },
		{ USER GIDS ",'uidMappings':[{'containerID':-1,'hostID':1,'size':1}]}}",
		  "linux.uidMappings[0].containerID: -1 is below 0" },
		{ USER GIDS ",'uidMappings':[{'containerID':1,'hostID':0,'size':4294967295}]}}",
		  "linux.uidMappings[0]: goes beyond the last id" },
		{ USER GIDS ",'uidMappings':[{'containerID':0,'hostID':0,'size':4294967295}]}}",
		  NULL },
		{ USER GIDS ",'uidMappings':[{'containerID':0,'hostID':100,'size':10},"
			    "{'containerID':9,'hostID':200,'size':10}]}}",
		  "linux.uidMappings[1]: has container ids of [0]" },
		{ USER GIDS ",'uidMappings':[{'containerID':10,'hostID':100,'size':10},"
			    "{'containerID':0,'hostID':91,'size':10}]}}",
		  "linux.uidMappings[1]: has host ids of [0]" },
		{ USER GIDS ",'uidMappings':[{'containerID':10,'hostID':100,'size':10},"
			    "{'containerID':0,'hostID':90,'size':10}]}}",
		  NULL },
		{ "{'linux':{'namespaces':[{'type':'user','path':'/u'}]}}", NULL },
	};
	struct config c autoconfig = { 0 };

	(void)state;
	CHECK_ROWS(rows);
	assert_ok(
		config_try("{'linux':{'namespaces':[{'type':'user','path':'/u'}]," GIDS "}}", &c));
	assert_string_equal(c.warnings[0], "linux.gidMappings: has no effect on the \"user\" "
					   "namespace that is joined");
}

static void a_map_has_as_many_lines_as_the_kernel_takes(void **state)
{
	struct id_map map[341];

	(void)state;
	for (uint32_t i = 0; i < 341; i++)
		map[i] = (struct id_map){ .inside = 2 * i, .outside = 3 * i, .length = 1 };
	for (size_t n = 340; n < 342; n++) {
		struct config c = { .linux_ = { .uid_mappings = map,
						.gid_mappings = map,
						.n_uid_mappings = n,
						.n_gid_mappings = n } };
		char oci_version[] = "1.0.0", path[] = "r", type[] = "user";
		struct config_namespace user = { .type = type };
		struct config_root root = { .path = path };
		struct config back autoconfig = { 0 };
		char *text autofree = NULL;

		c.oci_version = oci_version;
		c.root = &root;
		c.linux_.namespaces = &user;
		c.linux_.n_namespaces = 1;
		text = config_encode(&c);
		if (n == 340)
			assert_ok(config_parse(text, strlen(text), &back));
		else
			assert_fails(config_parse(text, strlen(text), &back), ERROR_BAD_INPUT,
				     "linux.uidMappings: more than 340 lines");
	}
}

static void mounts(void **state)
{
	static const struct config_row rows[] = {
		{ "{'mounts':[{'destination':'/x','options':['what','ever=1']}]}", NULL },
		{ "{'mounts':[{}]}", "mounts[0].destination: missing" },
		{ "{'mounts':[{'destination':''}]}", "mounts[0].destination: empty" },
		{ "{'mounts':[{'destination':'/x'},{'destination':'/y','options':[1]}]}",
		  "mounts[1].options[0]: not a string" },
		{ "{'mounts':[{'destination':'/x','type':1}]}", "mounts[0].type: not a string" },
		{ "{'mounts':[{'destination':'/x','source':1}]}",
		  "mounts[0].source: not a string" },
		{ "{'mounts':[{'destination':'/x','type':'tmpfs','options':['idmap']}]}",
		  "mounts[0]: ids are mapped only in bind mounts" },
		{ "{'mounts':[{'destination':'/x','options':['rbind','ridmap']}]}",
		  "mounts[0].uidMappings: missing, there is no \"user\" namespace" },
		{ "{'mounts':[{'destination':'/x','options':['bind'],"
		  "'uidMappings':[{'containerID':0,'hostID':1,'size':1}]}]}",
		  "mounts[0].gidMappings: missing, there are uidMappings" },
		{ "{'mounts':[{'destination':'/x','options':['bind'],"
		  "'gidMappings':[{'containerID':0,'hostID':1,'size':1}]}]}",
		  "mounts[0].uidMappings: missing, there are gidMappings" },
		{ "{'mounts':[{'destination':'/x','type':'bind',"
		  "'uidMappings':[{'containerID':0,'hostID':1,'size':1}],"
		  "'gidMappings':[{'containerID':0,'hostID':1,'size':1},"
		  "{'containerID':0,'hostID':5,'size':1}]}]}",
		  "mounts[0].gidMappings[1]: has container ids of [0]" },
		{ "{'mounts':[{'destination':'/x','uidMappings':[{'containerID':0,'hostID':1}]}]}",
		  "mounts[0].uidMappings[0].size: missing" },
	};
	struct config c autoconfig = { 0 };

	(void)state;
	CHECK_ROWS(rows);
	assert_ok(config_try("{'mounts':[{'destination':'proc','type':'proc','source':'p',"
			     "'options':['ro']},{'destination':'/b','options':['bind'],"
			     "'uidMappings':[{'containerID':0,'hostID':1,'size':2}],"
			     "'gidMappings':[{'containerID':3,'hostID':4,'size':5}]}]}",
			     &c));
	assert_string_equal(c.warnings[0], "mounts[0].destination: \"proc\" is not absolute");
	assert_string_equal(c.mounts[0].type, "proc");
	assert_string_equal(c.mounts[0].source, "p");
	assert_string_equal(c.mounts[0].options[0], "ro");
	assert_int_equal(c.mounts[1].uid_mappings[0].length, 2);
	assert_int_equal(c.mounts[1].gid_mappings[0].inside, 3);
}

static void clocks_and_network_devices(void **state)
{
	static const struct config_row rows[] = {
		{ "{'linux':{'timeOffsets':{'boottime':{'secs':1}}}}",
		  "linux.timeOffsets: needs a new \"time\" namespace" },
		{ "{'linux':{'namespaces':[{'type':'time','path':'/t'}],"
		  "'timeOffsets':{'boottime':{'secs':1}}}}",
		  "linux.timeOffsets: needs a new \"time\" namespace" },
		{ "{'linux':{'timeOffsets':{'realtime':{'secs':1}}}}",
		  "linux.timeOffsets.realtime: no such setting" },
		{ "{'linux':{'timeOffsets':{'monotonic':{'nanosecs':1000000000}}}}",
		  "linux.timeOffsets.monotonic.nanosecs: 1000000000 is above 999999999" },
		{ "{'linux':{'timeOffsets':{'monotonic':{'secs':'1'}}}}",
		  "linux.timeOffsets.monotonic.secs: \"1\" is not a number" },
		{ "{'linux':{'netDevices':{'eth0':{}}}}",
		  "linux.netDevices: needs a \"network\" namespace" },
		{ "{'linux':{'netDevices':{'0123456789abcdef':{}}}}",
		  "linux.netDevices: \"0123456789abcdef\" is not a network device's name" },
		{ "{'linux':{'netDevices':{'':{}}}}",
		  "linux.netDevices: \"\" is not a network device's name" },
		{ "{'linux':{'netDevices':{'eth0':{'name':'a/b'}}}}",
		  "linux.netDevices.eth0.name: \"a/b\" is not a network device's name" },
		{ "{'linux':{'netDevices':{'eth0':{'name':'e%d'}}}}",
		  "linux.netDevices.eth0.name: \"e%d\" is not a network device's name" },
		{ "{'linux':{'netDevices':{'eth0':{'name':'..'}}}}",
		  "linux.netDevices.eth0.name: \"..\" is not a network device's name" },
		{ "{'linux':{'netDevices':{'eth0':null}}}",
		  "linux.netDevices.eth0: not an object" },
		{ "{'linux':{'namespaces':[{'type':'network'}],"
		  "'netDevices':{'a':{'name':'b'},'c':{},'b':{}}}}",
		  "linux.netDevices: a second device with the name \"b\"" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

#define SYSCTL(type, key) "{'linux':{'namespaces':[" type "],'sysctl':{'" key "':'1'}}}"

static void sysctl_settings(void **state)
{
	static const struct config_row rows[] = {
		{ SYSCTL("{'type':'ipc'}", "kernel.shm_rmid_forced"), NULL },
		{ SYSCTL("{'type':'ipc'}", "fs/mqueue/msg_max"), NULL },
		{ SYSCTL("", "kernel.sem"), "linux.sysctl.kernel.sem: needs a \"ipc\" namespace" },
		{ SYSCTL("", "fs.mqueue.x"),
		  "linux.sysctl.fs.mqueue.x: needs a \"ipc\" namespace" },
		{ SYSCTL("{'type':'network'}", "net.ipv4.ip_forward"), NULL },
		{ SYSCTL("{'type':'network'}", "net/ipv4/conf/eth0.1/forwarding"), NULL },
		{ SYSCTL("", "net.core.somaxconn"),
		  "linux.sysctl.net.core.somaxconn: needs a \"network\" namespace" },
		{ SYSCTL("{'type':'network','path':'/proc/self/ns/net'}", "net.x"),
		  "linux.sysctl.net.x: the \"network\" namespace is the host's" },
		{ SYSCTL("{'type':'network','path':'/proc/self/ns/ipc'}", "net.x"), NULL },
		{ SYSCTL("{'type':'ipc','path':'/proc/self/ns/ipc'}", "kernel.sem"),
		  "linux.sysctl.kernel.sem: the \"ipc\" namespace is the host's" },
		{ SYSCTL("{'type':'network','path':'/nowhere'}", "net.x"),
		  "linux.sysctl.net.x: linux.namespaces: /nowhere: No such file or directory" },
		{ SYSCTL("{'type':'uts'}", "kernel.domainname"), NULL },
		{ SYSCTL("{'type':'ipc'}", "kernel.domainname"),
		  "linux.sysctl.kernel.domainname: needs a \"uts\" namespace" },
		{ SYSCTL("{'type':'uts'}", "kernel.hostname"),
		  "linux.sysctl.kernel.hostname: is what \"hostname\" is for" },
		{ SYSCTL("{'type':'ipc'}", "kernel.shmmaxx"),
		  "linux.sysctl.kernel.shmmaxx: is the whole host's" },
		{ SYSCTL("{'type':'ipc'}", "vm.swappiness"),
		  "linux.sysctl.vm.swappiness: is the whole host's" },
		{ SYSCTL("{'type':'network'}", "network.x"),
		  "linux.sysctl.network.x: is the whole host's" },
		{ SYSCTL("", ""), "linux.sysctl: \"\" is not a name below /proc/sys" },
		{ SYSCTL("", "/net/x"), "linux.sysctl: \"/net/x\" is not a name below /proc/sys" },
		{ SYSCTL("", "net//x"), "linux.sysctl: \"net//x\" is not a name below /proc/sys" },
		{ SYSCTL("", "net/../kernel/sysrq"),
		  "linux.sysctl: \"net/../kernel/sysrq\" is not a name below /proc/sys" },
		{ SYSCTL("", "net.//.kernel"),
		  "linux.sysctl: \"net.//.kernel\" is not a name below /proc/sys" },
		{ "{'linux':{'sysctl':{'net.x':1}}}", "linux.sysctl.net.x: not a string" },
	};
	char *dotted autofree = config_sysctl_path("net.ipv4.conf.eth0/1.x");
	char *slashed autofree = config_sysctl_path("net/ipv4/conf/eth0.1/x");

	(void)state;
	CHECK_ROWS(rows);
	assert_string_equal(dotted, "net/ipv4/conf/eth0.1/x");
	assert_string_equal(slashed, "net/ipv4/conf/eth0.1/x");
}

static void devices(void **state)
{
	static const struct config_row rows[] = {
		{ "{'linux':{'devices':[{'type':'c','major':1,'minor':1}]}}",
		  "linux.devices[0].path: missing" },
		{ "{'linux':{'devices':[{'path':'/d','major':1,'minor':1}]}}",
		  "linux.devices[0].type: missing" },
		{ "{'linux':{'devices':[{'path':'d','type':'c','major':1,'minor':1}]}}",
		  "linux.devices[0].path: \"d\" is not absolute" },
		{ "{'linux':{'devices':[{'path':'/d','type':'a','major':1,'minor':1}]}}",
		  "linux.devices[0].type: \"a\" is not a kind of device" },
		{ "{'linux':{'devices':[{'path':'/d','type':'c','minor':1}]}}",
		  "linux.devices[0].major: missing" },
		{ "{'linux':{'devices':[{'path':'/d','type':'b','major':1}]}}",
		  "linux.devices[0].minor: missing" },
		{ "{'linux':{'devices':[{'path':'/d','type':'c','major':-1,'minor':1}]}}",
		  "linux.devices[0].major: -1 is below 0" },
		{ "{'linux':{'devices':[{'path':'/d','type':'c','major':1,'minor':4294967296}]}}",
		  "linux.devices[0].minor: 4294967296 is above 4294967295" },
		{ "{'linux':{'devices':[{'path':'/d','type':'p','fileMode':65536}]}}",
		  "linux.devices[0].fileMode: 65536 is above 65535" },
		{ "{'linux':{'devices':[{'path':'/d','type':'p','fileMode':8630}]}}", NULL },
		{ "{'linux':{'devices':[{'path':'/d','type':'p','uid':4294967295}]}}",
		  "linux.devices[0].uid: 4294967295 is above 4294967294" },
		{ "{'linux':{'devices':[{'path':'/d','type':'p','gid':'x'}]}}",
		  "linux.devices[0].gid: \"x\" is not a number" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

#define POLICY(text) "{'linux':{'memoryPolicy':{" text "}}}"

static void policies(void **state)
{
	static const struct config_row rows[] = {
		{ POLICY("'mode':'MPOL_DEFAULT'"), NULL },
		{ POLICY("'mode':'MPOL_PREFERRED'"), NULL },
		{ POLICY("'nodes':'1'"), "linux.memoryPolicy.mode: missing" },
		{ POLICY("'mode':'MPOL_X'"),
		  "linux.memoryPolicy.mode: \"MPOL_X\" is not a memory policy" },
		{ POLICY("'mode':'MPOL_BIND'"), "linux.memoryPolicy.nodes: missing for MPOL_BIND" },
		{ POLICY("'mode':'MPOL_LOCAL','nodes':'0'"),
		  "linux.memoryPolicy.nodes: MPOL_LOCAL has none" },
		{ POLICY("'mode':'MPOL_BIND','nodes':'all'"),
		  "linux.memoryPolicy.nodes: \"all\" is not a list of numbers" },
		{ POLICY("'mode':'MPOL_BIND','nodes':'0','flags':['X']"),
		  "linux.memoryPolicy.flags[0]: \"X\" is not a memory policy flag" },
		{ POLICY("'mode':'MPOL_BIND','nodes':'0',"
			 "'flags':['MPOL_F_STATIC_NODES','MPOL_F_RELATIVE_NODES']"),
		  "linux.memoryPolicy.flags: nodes are either static or relative" },
		{ POLICY("'mode':'MPOL_DEFAULT','flags':['MPOL_F_STATIC_NODES']"),
		  "linux.memoryPolicy.flags: MPOL_DEFAULT has none" },
		{ "{'linux':{'personality':{}}}", "linux.personality.domain: missing" },
		{ "{'linux':{'personality':{'domain':'BSD'}}}",
		  "linux.personality.domain: \"BSD\" is not a personality" },
		{ "{'linux':{'rootfsPropagation':'public'}}",
		  "linux.rootfsPropagation: \"public\" is not a propagation" },
		{ "{'linux':{'rootfsPropagation':''}}", NULL },
		{ "{'linux':{'intelRdt':{'closID':'a/b'}}}",
		  "linux.intelRdt.closID: \"a/b\" is not a file's name" },
		{ "{'linux':{'intelRdt':{'closID':'..'}}}",
		  "linux.intelRdt.closID: \"..\" is not a file's name" },
		{ "{'linux':{'intelRdt':{'schemata':['L3:0=f\\nMB:0=1']}}}",
		  "linux.intelRdt.schemata[0]: \"L3:0=f\\x0aMB:0=1\" is not one line" },
		{ "{'linux':{'intelRdt':{'memBwSchema':'L3:0=f'}}}",
		  "linux.intelRdt.memBwSchema: \"L3:0=f\" is not one line that starts with "
		  "\"MB:\"" },
		{ "{'linux':{'intelRdt':{'enableMonitoring':'yes'}}}",
		  "linux.intelRdt.enableMonitoring: not true or false" },
		{ "{'linux':{'mountLabel':1}}", "linux.mountLabel: not a string" },
		{ "{'linux':{'cgroupsPath':1}}", "linux.cgroupsPath: not a string" },
	};
	struct config c autoconfig = { 0 };

	(void)state;
	CHECK_ROWS(rows);
	assert_ok(config_try("{'linux':{'personality':{'domain':'LINUX','flags':['X']}}}", &c));
	assert_string_equal(c.warnings[0], "linux.personality.flags[0]: has no effect");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_arrives),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(maps_of_ids),
		cmocka_unit_test(a_map_has_as_many_lines_as_the_kernel_takes),
		cmocka_unit_test(mounts),
		cmocka_unit_test(clocks_and_network_devices),
		cmocka_unit_test(sysctl_settings),
		cmocka_unit_test(devices),
		cmocka_unit_test(policies),
	};

	return TEST_MAIN(tests);
}
