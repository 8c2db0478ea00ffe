/*
 * cli/value.c, mount_option.c, container_options.c: what options of run and create become in the
 * request.
 */
#include <sys/stat.h>

#include "unit/cli/fake_engine.h"
#include "unit/test.h"

/* Options, and what must stand in the JSON of the request's HostConfig or Config. */
static const struct {
	const char *words[9], *json;
} accepted[] = {
	{ { "-m", "5m" }, "\"Memory\":5242880" },
	{ { "-m1.5g" }, "\"Memory\":1610612736" },
	{ { "-m", "0" }, "\"Memory\":-1" },
	{ { "--memory-swap", "-1" }, "\"MemorySwap\":-1" },
	{ { "--memory-swap=1k" }, "\"MemorySwap\":1024" },
	{ { "--memory-reservation", "1k" }, "\"MemoryReservation\":1024" },
	{ { "--shm-size", "64k" }, "\"ShmSize\":65536" },
	{ { "--cpus", "1.5" }, "\"NanoCpus\":1500000000" },
	{ { "-c", "512" }, "\"CpuShares\":512" },
	{ { "--cpu-period=1000", "--cpu-quota=-1" }, "\"CpuPeriod\":1000,\"CpuQuota\":-1" },
	{ { "--cpuset-cpus", "0-3" }, "\"CpusetCpus\":\"0-3\"" },
	{ { "--pids-limit", "0" }, "\"PidsLimit\":-1" },
	{ { "--pids-limit", "-1" }, "\"PidsLimit\":-1" },
	{ { "--pids-limit", "7" }, "\"PidsLimit\":7" },
	{ { "--ulimit", "nofile=1:2" }, "{\"Name\":\"nofile\",\"Hard\":2,\"Soft\":1}" },
	{ { "--ulimit", "nofile=1:2", "--ulimit", "nofile=3" },
	  "\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":3,\"Soft\":3}]" },
	{ { "--ulimit", "core=-1" }, "{\"Name\":\"core\",\"Hard\":-1,\"Soft\":-1}" },
	{ { "--ulimit", "core=5:-1" }, "{\"Name\":\"core\",\"Hard\":-1,\"Soft\":5}" },
	{ { "--device", "/dev/a" },
	  "{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/a\",\"CgroupPermissions\":\"rwm\"}" },
	{ { "--device", "/dev/a:rw" },
	  "\"PathInContainer\":\"/dev/a\",\"CgroupPermissions\":\"rw\"" },
	{ { "--device", "/dev/a:/dev/b:m" },
	  "\"PathInContainer\":\"/dev/b\",\"CgroupPermissions\":\"m\"" },
	{ { "--tmpfs", "/x", "--tmpfs", "/y:size=1,ro" },
	  "\"Tmpfs\":{\"/x\":\"\",\"/y\":\"size=1,ro\"}" },
	{ { "-v", "/a:/b:ro" }, "\"Binds\":[\"/a:/b:ro\"]" },
	{ { "-v", "name:/b" }, "\"Binds\":[\"name:/b\"]" },
	{ { "-v", "a/b:/b" }, "\"Binds\":[\"a/b:/b\"]" },
	{ { "-v", "/data", "-v", "/data" }, "\"Volumes\":{\"/data\":{}}" },
	{ { "--sysctl", "net.x=1" }, "\"Sysctls\":{\"net.x\":\"1\"}" },
	{ { "--annotation", "a" }, "\"Annotations\":{\"a\":\"\"}" },
	{ { "--log-driver=none", "--log-opt", "max-size=1m" },
	  "{\"Type\":\"none\",\"Config\":{\"max-size\":\"1m\"}}" },
	{ { "--cap-add", "a", "--cap-drop=ALL" }, "\"CapAdd\":[\"a\"],\"CapDrop\":[\"ALL\"]" },
	{ { "--security-opt", "no-new-privileges" }, "\"SecurityOpt\":[\"no-new-privileges\"]" },
	{ { "--security-opt=seccomp=unconfined" }, "\"SecurityOpt\":[\"seccomp=unconfined\"]" },
	{ { "--security-opt", "label:disable" }, "\"SecurityOpt\":[\"label:disable\"]" },
	{ { "--init" }, "\"Init\":true" },
	{ { "--init=false" }, "\"Init\":false" },
	{ { "--net", "host", "--pid=host", "--uts", "host", "--ipc", "host" },
	  "\"NetworkMode\":\"host\"" },
	{ { "--userns=host" }, "\"UsernsMode\":\"host\"" },
	{ { "--privileged", "--read-only", "--rm" },
	  "\"Privileged\":true,\"ReadonlyRootfs\":true" },
	{ { "--oom-score-adj", "-5" }, "\"OomScoreAdj\":-5" },
	{ { "--group-add", "1" }, "\"GroupAdd\":[\"1\"]" },
	{ { "--mount", "type=bind,src=/a,dst=/b,readonly" },
	  "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"ReadOnly\":true" },
	{ { "--mount", "type=BIND,\"source=/a,\"\"b\",target=/b,ro=false" },
	  "{\"Type\":\"bind\",\"Source\":\"/a,\\\"b\",\"Target\":\"/b\"" },
	{ { "--mount", "dst=/b" }, "{\"Type\":\"volume\",\"Target\":\"/b\"" },
	{ { "--mount", "type=tmpfs,dst=/x,tmpfs-size=5m,tmpfs-mode=1777" },
	  "\"SizeBytes\":5242880,\"Mode\":1023" },
	{ { "--mount", "type=bind,src=/a,dst=/b,bind-propagation=rshared,bind-nonrecursive" },
	  "\"Propagation\":\"rshared\",\"NonRecursive\":true" },
	{ { "--mount", "type=bind,src=/a,dst=/b,bind-recursive=disabled" },
	  "\"NonRecursive\":true" },
	{ { "--mount", "type=volume,src=v,dst=/b,volume-nocopy" }, "\"NoCopy\":true" },
	{ { "--mount", "src=v,dst=/b,volume-driver=local" }, "\"Source\":\"v\"" },
	{ { "--mount", "type=bind,src=/a,dst=/b,consistency=cached" }, "\"Source\":\"/a\"" },
	{ { "--mount", "type=bind,src=/a,dst=/b,idmap=host" }, "\"IdMap\":\"host\"" },
	{ { "-e", "A=1", "-e", "B=", "-e", "A=2" }, "\"Env\":[\"A=2\",\"B=\"]" },
	{ { "-e", "BULKHEAD_TEST_UNSET" }, "\"Env\":[\"BULKHEAD_TEST_UNSET\"]" },
	{ { "-l", "a=b", "-l", "c", "-l", "a=d" }, "\"Labels\":{\"a\":\"d\",\"c\":\"\"}" },
	{ { "--entrypoint", "" }, "\"Entrypoint\":[\"\"]" },
	{ { "--entrypoint", "a b" }, "\"Entrypoint\":[\"a b\"]" },
	{ { "-h", "box", "--domainname", "d" }, "\"Hostname\":\"box\",\"Domainname\":\"d\"" },
	{ { "--stop-signal", "INT", "--stop-timeout", "5" },
	  "\"StopSignal\":\"INT\",\"StopTimeout\":5" },
	{ { "-w", "/w", "-u", "1:2" }, "\"User\":\"1:2\"" },
	{ { "--pull=never" }, "\"Image\":\"img\"" },
	{ { "-i" }, "\"AttachStdin\":true,\"AttachStdout\":true,\"AttachStderr\":true" },
	{ { "-it" }, "\"Tty\":true,\"OpenStdin\":true,\"StdinOnce\":true" },
	{ { "-a", "stdin", "-a", "STDOUT" },
	  "\"AttachStdin\":true,\"AttachStdout\":true,\"AttachStderr\":false" },
};

static void run_with(struct result *r, const char *const *words, const char *first)
{
	const char *all[16] = { first };
	size_t n = 1;

	for (; *words; words++)
		all[n++] = *words;
	all[n++] = "img";
	all[n++] = "cmd";
	all[n++] = "-x";
	fake_run(r, all);
}

static void become_requests(void **state)
{
	struct result r;

	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		fake_reset();
		run_with(&r, accepted[i].words, "create");
		if (r.status != 0 || !fake.host ||
		    (!strstr(fake.host, accepted[i].json) &&
		     !strstr(fake.config, accepted[i].json)))
			fail_msg("%s: wants %s: %s %s %s", accepted[i].words[0], accepted[i].json,
				 r.err, fake.host, fake.config);
		if (!strstr(fake.config, "\"Cmd\":[\"cmd\",\"-x\"]"))
			fail_msg("%s: %s", accepted[i].words[0], fake.config);
	}
	fake_reset();
}

static const struct {
	const char *words[9], *message;
} refused[] = {
	{ { "-m", "5x" }, "invalid argument \"5x\" for \"-m, --memory\" flag: invalid size: '5x'" },
	{ { "-m", "-1" }, "invalid size: '-1'" },
	{ { "-m", "" }, "invalid size: ''" },
	{ { "--memory-swap", "-2" }, "invalid size: '-2'" },
	{ { "--shm-size=1q" }, "for \"--shm-size\" flag: invalid size: '1q'" },
	{ { "--cpus", "x" }, "invalid argument \"x\" for \"--cpus\" flag: " },
	{ { "--pids-limit", "-2" }, "for \"--pids-limit\" flag: " },
	{ { "--pids-limit", "1e3" }, "\"1e3\" is not a number" },
	{ { "--rm=maybe" }, "invalid argument \"maybe\" for \"--rm\" flag: " },
	{ { "--ulimit", "foo" }, "invalid ulimit argument: foo" },
	{ { "--ulimit", "foo=1" }, "invalid ulimit type: foo" },
	{ { "--ulimit", "=1" }, "invalid ulimit type: " },
	{ { "--ulimit", "nofile=" }, "\"\" is not a number" },
	{ { "--ulimit", "nofile=5:3" },
	  "ulimit soft limit must be less than or equal to hard limit: 5 > 3" },
	{ { "--ulimit", "core=-1:5" }, "soft: -1 (unlimited), hard: 5" },
	{ { "--ulimit", "core=1:2:3" }, "too many limit value arguments - 1:2:3" },
	{ { "--device", "/dev/a:/b:x" }, "bad mode specified: x" },
	{ { "--device", "/a:b:c:d" }, "bad format for path: /a:b:c:d" },
	{ { "--device", "" }, "bad format for path: " },
	{ { "--device", "/dev/a:b" }, "b is not an absolute path" },
	{ { "--tmpfs", ":size=1" }, "no directory before ':'" },
	{ { "-v", "" }, "invalid empty volume spec" },
	{ { "-e", "=x" },
	  "invalid argument \"=x\" for \"-e, --env\" flag: invalid environment variable: =x" },
	{ { "-l", "=" },
	  "invalid argument \"=\" for \"-l, --label\" flag: invalid label '=': empty name" },
	{ { "--sysctl", "a" }, "sysctl 'a' is not allowed" },
	{ { "-a", "foo" }, "valid streams are STDIN, STDOUT and STDERR" },
	{ { "--mount", "foo" },
	  "invalid argument \"foo\" for \"--mount\" flag: invalid field 'foo' must be a key=value pair" },
	{ { "--mount", "" }, "target is required" },
	{ { "--mount", "type=bind,src=/a" }, "target is required" },
	{ { "--mount", "type=,dst=/x" }, "type is required" },
	{ { "--mount", "x=y,dst=/a" }, "unexpected key 'x' in 'x=y'" },
	{ { "--mount", "dst=/b,ro=foo" }, "invalid value for ro: \"foo\" is not" },
	{ { "--mount", "dst=/b,consistency=x" },
	  "invalid value for consistency: not \"consistent\"" },
	{ { "--mount", "dst=/b,volume-driver=nfs" }, "there is no volume driver but \"local\"" },
	{ { "--mount", "dst=/b,volume-label=a=b" }, "volumes have neither labels nor options" },
	{ { "--mount", "type=bind,dst=/b,volume-nocopy" },
	  "cannot mix 'volume-*' options with mount type 'bind'" },
	{ { "--mount", "type=tmpfs,dst=/b,bind-propagation=x" },
	  "cannot mix 'bind-*' options with mount type 'tmpfs'" },
	{ { "--mount", "type=volume,dst=/b,tmpfs-size=1" },
	  "cannot mix 'tmpfs-*' options with mount type 'volume'" },
	{ { "--mount", "type=tmpfs,dst=/x,tmpfs-mode=9" }, "invalid value for tmpfs-mode: " },
	{ { "--mount", "type=bind,\"src=/a" }, "extraneous or missing \" in quoted-field" },
	{ { "--mount", "type=bind,src=/a\"b,dst=/x" }, "bare \" in non-quoted field" },
	{ { "--mount", "type=bind,src=/a,dst=/b,idmap=yes" }, "invalid value for idmap: " },
	{ { "--mount", "type=bind,src=/a,dst=/b,bind-recursive=x" },
	  "invalid value for bind-recursive: " },
	{ { "--security-opt", "foo" }, "invalid --security-opt: \"foo\"" },
	{ { "--security-opt", "seccomp=/nonexistent" },
	  "open seccomp profile /nonexistent: No such file" },
	{ { "--env-file", "/nonexistent" }, "open /nonexistent: No such file" },
	{ { "--label-file", "/nonexistent" }, "open /nonexistent: No such file" },
	{ { "--pull", "foo" },
	  "invalid pull option: \"foo\": must be one of \"always\", \"missing\" or \"never\"" },
	{ { "--cidfile", "/dev/null" },
	  "container ID file found, make sure the other container isn't running or delete /dev/null" },
	{ { "--cidfile", "/nonexistent/x" }, "/nonexistent/x: No such file" },
};

/* One line that says which option and why, 125, and nothing has been asked of the engine. */
static void are_refused(void **state)
{
	struct result r;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		fake_reset();
		run_with(&r, refused[i].words, "run");
		if (r.status != 125 || !strstr(r.err, refused[i].message))
			fail_msg("%s: wants %s: %d %s", refused[i].words[0], refused[i].message,
				 r.status, r.err);
		assert_null(strstr(fake.calls, "create"));
	}
	fake_reset();
}

static void env_takes_the_callers_value(void **state)
{
	struct result r;

	(void)state;
	setenv("BULKHEAD_TEST_SET", "x=y", 1);
	RUN(&r, "create", "-e", "BULKHEAD_TEST_SET", "img");
	assert_non_null(strstr(fake.config, "\"Env\":[\"BULKHEAD_TEST_SET=x=y\"]"));
	unsetenv("BULKHEAD_TEST_SET");
	fake_reset();
}

static void relative_sources_become_absolute(void **state)
{
	struct result r;
	char dir[32], wanted[128];
	int fd = test_make_dir(dir);

	(void)state;
	assert_int_equal(fchdir(fd), 0);
	RUN(&r, "create", "-v", "./a/../b:/x:ro", "-v", ".:/y", "--mount",
	    "type=bind,src=./c,dst=/z", "img");
	snprintf(wanted, sizeof(wanted), "\"Binds\":[\"%s/b:/x:ro\",\"%s:/y\"]", dir, dir);
	assert_non_null(strstr(fake.host, wanted));
	snprintf(wanted, sizeof(wanted), "\"Source\":\"%s/c\"", dir);
	assert_non_null(strstr(fake.host, wanted));
	assert_int_equal(chdir("/"), 0);
	rmdir(dir);
	close(fd);
	fake_reset();
}

static void files_come_before_options(void **state)
{
	struct result r;
	char dir[32], path[64];
	int fd = test_make_dir(dir);

	(void)state;
	test_write_file(fd, "list", "A=file\nB=file\nBULKHEAD_TEST_UNSET\n");
	snprintf(path, sizeof(path), "%s/list", dir);
	RUN(&r, "create", "-e", "A=option", "--env-file", path, "-l", "B=option", "--label-file",
	    path, "img");
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(fake.config, "\"Env\":[\"A=option\",\"B=file\"]"));
	assert_non_null(strstr(
		fake.config,
		"\"Labels\":{\"A\":\"file\",\"B\":\"option\",\"BULKHEAD_TEST_UNSET\":\"\"}"));
	unlinkat(fd, "list", 0);
	rmdir(dir);
	close(fd);
	fake_reset();
}

static void seccomp_profiles_are_read_here(void **state)
{
	struct result r;
	char dir[32], option[64];
	int fd = test_make_dir(dir);

	(void)state;
	test_write_file(fd, "p", "{ \"defaultAction\" :\n\"SCMP_ACT_ALLOW\" }\n");
	snprintf(option, sizeof(option), "seccomp=%s/p", dir);
	RUN(&r, "create", "--security-opt", option, "img");
	assert_int_equal(r.status, 0);
	assert_non_null(
		strstr(fake.host, "[\"seccomp={\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\"}\"]"));
	RUN(&r, "create", "--security-opt", "seccomp=/nowhere", "img");
	assert_int_equal(r.status, 125);
	assert_non_null(strstr(r.err, "seccomp profile /nowhere"));
	unlinkat(fd, "p", 0);
	rmdir(dir);
	close(fd);
	fake_reset();
}

static void cidfile_is_whole_or_not_there(void **state)
{
	struct result r;
	char dir[32], path[64], id[80] = "";
	int fd = test_make_dir(dir), file;

	(void)state;
	snprintf(path, sizeof(path), "%s/cid", dir);
	fake.fail = "create";
	fake.fail_kind = ERROR_NOT_FOUND;
	RUN(&r, "run", "--cidfile", path, "img");
	assert_int_equal(r.status, 125);
	assert_int_equal(faccessat(fd, "cid", F_OK, 0), -1);
	fake.fail = NULL;
	RUN(&r, "run", "--cidfile", path, "img");
	assert_int_equal(r.status, 0);
	file = openat(fd, "cid", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(file, id, sizeof(id)), 64);
	close(file);
	RUN(&r, "run", "--cidfile", path, "img");
	assert_int_equal(r.status, 125);
	unlinkat(fd, "cid", 0);
	rmdir(dir);
	close(fd);
	fake_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(become_requests),
		cmocka_unit_test(are_refused),
		cmocka_unit_test(env_takes_the_callers_value),
		cmocka_unit_test(relative_sources_become_absolute),
		cmocka_unit_test(files_come_before_options),
		cmocka_unit_test(seccomp_profiles_are_read_here),
		cmocka_unit_test(cidfile_is_whole_or_not_there),
	};

	return TEST_MAIN(tests);
}
