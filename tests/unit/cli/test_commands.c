/*
 * cli/cli.c and the commands: dispatch, messages, exit statuses, and what each asks of the engine.
 */
#include "unit/cli/fake_engine.h"
#include "unit/test.h"

static void assert_has(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("\"%s\" is not in \"%s\"", wanted, text);
}

static void misuse_is_explained(void **state)
{
	static const struct {
		const char *words[5];
		int status;
		const char *message;
	} cases[] = {
		{ { "foo" },
		  1,
		  "bulkhead: 'foo' is not a bulkhead command.\nSee 'bulkhead --help'\n" },
		{ { "container", "foo" },
		  1,
		  "'container foo' is not a bulkhead command.\nSee 'bulkhead container --help'\n" },
		{ { "image", "run" }, 1, "'image run' is not a bulkhead command.\n" },
		{ { "--foo" }, 125, "bulkhead: unknown flag: --foo\nSee 'bulkhead --help'.\n" },
		{ { "run", "--foo" },
		  125,
		  "bulkhead: unknown flag: --foo\nSee 'bulkhead run --help'.\n" },
		{ { "run", "-Z" }, 125, "bulkhead: unknown shorthand flag: 'Z' in -Z\n" },
		{ { "ps", "--foo" }, 125, "unknown flag: --foo\nSee 'bulkhead ps --help'.\n" },
		{ { "container", "ls", "-Z" }, 125, "See 'bulkhead container ls --help'.\n" },
		{ { "run" },
		  1,
		  "bulkhead: \"bulkhead run\" requires at least 1 argument.\nSee 'bulkhead run --help'.\n\n"
		  "Usage:  bulkhead run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nCreate and run a new container" },
		{ { "exec", "x" }, 1, "\"bulkhead exec\" requires at least 2 arguments." },
		{ { "ps", "x" }, 1, "\"bulkhead ps\" accepts no arguments." },
		{ { "logs", "a", "b" }, 1, "\"bulkhead logs\" requires exactly 1 argument." },
		{ { "tag", "a" }, 1, "\"bulkhead tag\" requires exactly 2 arguments." },
		{ { "images", "a", "b" }, 1, "\"bulkhead images\" requires at most 1 argument." },
		{ { "run", "-d", "-astdin", "img" },
		  125,
		  "cannot specify both --attach and --detach" },
		{ { "kill", "-s", "FOO", "x" }, 1, "FOO" },
		{ { "stop", "-t", "x", "y" },
		  125,
		  "invalid argument \"x\" for \"-t, --timeout\" flag" },
		{ { "ps", "-f", "foo" }, 125, "bad format of filter (expected name=value)" },
		{ { "ps", "-f", "foo=bar" }, 1, "invalid filter 'foo'" },
		{ { "inspect", "--type=foo", "x" }, 1, "unknown type: \"foo\"" },
		{ { "start", "-a", "x", "y" },
		  1,
		  "you cannot start and attach multiple containers at once" },
		{ { "_completion", "zsh" }, 1, "no completion for the shell \"zsh\"" },
	};
	struct result r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fake_run(&r, cases[i].words);
		assert_has(r.err, cases[i].message);
		assert_int_equal(r.status, cases[i].status);
		assert_string_equal(r.out, "");
		assert_string_equal(fake.calls[0] ? strstr(fake.calls, "open") : "", fake.calls);
	}
	fake_reset();
}

static void help_is_on_stdout(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "--help");
	assert_int_equal(r.status, 0);
	assert_has(r.out, "Usage:  bulkhead [OPTIONS] COMMAND\n");
	assert_has(r.out, "\n  run       Create and run a new container from an image\n");
	assert_null(strstr(r.out, "_ended"));
	RUN(&r, "run", "--help");
	assert_int_equal(r.status, 0);
	assert_has(r.out,
		   "Usage:  bulkhead run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nCreate and run");
	assert_has(r.out, "\nAliases:\n  bulkhead container run, bulkhead run\n");
	assert_has(r.out, "\n  -e, --env list                   Set environment variables\n");
	assert_has(r.out, "\n  -h, --hostname string ");
	assert_null(strstr(r.out, "--net "));
	RUN(&r, "ps", "-h");
	assert_has(r.out, "Usage:  bulkhead ps [OPTIONS]\n");
	RUN(&r, "container", "ls", "--help");
	assert_has(r.out, "Usage:  bulkhead container ls [OPTIONS]\n");
	RUN(&r, "container");
	assert_has(r.out, "Usage:  bulkhead container COMMAND\n");
	RUN(&r, "help", "stop");
	assert_has(r.out, "Usage:  bulkhead stop [OPTIONS] CONTAINER [CONTAINER...]\n");
	RUN(&r, "--version");
	assert_has(r.out, "Bulkhead version ");
	RUN(&r, "-D", "-v");
	assert_has(r.out, "Bulkhead version ");
	fake_reset();
}

static void tables_are_dumped(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "_options");
	assert_has(r.out, "\troot\t\tstring\tDirectory of images");
	assert_has(r.out, "\nrun\tenv\te\tlist\tSet environment variables\n");
	assert_has(r.out, "\nps\tall\ta\t\tShow all containers");
	assert_has(r.out, "\nwait\thelp\t\t\tPrint usage\n");
	RUN(&r, "_completion", "bash");
	assert_int_equal(r.status, 0);
	assert_has(r.out, "\n\trun | 'container run')\n\t\toptions=' --annotation --attach -a ");
	fake_reset();
}

static void roots_are_the_users(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "--root", "/r", "--state=/s", "wait", "x");
	assert_string_equal(fake.calls, "open:/r:/s wait:x");
	RUN(&r, "wait", "x");
	assert_string_equal(fake.calls, "open:/var/lib/bulkhead:/run/bulkhead wait:x");
	fake_reset();
}

#define OPEN "open:/var/lib/bulkhead:/run/bulkhead"

static void run_goes_all_the_way(void **state)
{
	struct result r;

	(void)state;
	fake.exit_code = 7;
	RUN(&r, "run", "--rm", "--name", "web", "img", "cmd", "--rm", "-x");
	assert_int_equal(r.status, 7);
	assert_string_equal(fake.calls, OPEN " create start:aaaa:attached session ended:aaaa");
	assert_string_equal(fake.name, "web");
	assert_string_equal(fake.session, "0,0,1,-");
	assert_string_equal(r.out, "");
	assert_has(r.err, "WARNING: a warning\n");
	assert_has(fake.config, "\"Cmd\":[\"cmd\",\"--rm\",\"-x\"]");
	RUN(&r, "container", "run", "-it", "--sig-proxy=false", "--detach-keys", "ctrl-x", "img");
	assert_string_equal(fake.session, "1,1,0,ctrl-x");
	fake_reset();
}

static void run_detached_prints_the_id(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "run", "-d", "-i", "img");
	assert_int_equal(r.status, 0);
	assert_int_equal(strlen(r.out), 65);
	assert_string_equal(fake.calls, OPEN " create start:aaaa:detached");
	assert_has(fake.config, "\"AttachStdin\":false,\"AttachStdout\":false");
	fake_reset();
}

static void detaching_leaves_the_container(void **state)
{
	struct result r;

	(void)state;
	fake.detaches = true;
	fake.exit_code = 3;
	RUN(&r, "run", "-it", "img");
	assert_int_equal(r.status, 0);
	assert_string_equal(fake.calls, OPEN " create start:aaaa:attached session");
	fake_reset();
}

static void failures_have_dockers_statuses(void **state)
{
	static const struct {
		const char *fail;
		int asks, status;
	} cases[] = { { "create", 0, 125 },  { "start", 0, 125 }, { "start", 126, 126 },
		      { "start", 127, 127 }, { "open", 0, 125 },  { "tty", 0, 1 },
		      { "session", 0, 125 } };
	struct result r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fake.fail = cases[i].fail;
		fake.fail_kind = ERROR_SYSTEM;
		fake.fail_status = cases[i].asks;
		RUN(&r, "run", "-it", "img", "x");
		assert_int_equal(r.status, cases[i].status);
		assert_has(r.err, strcmp(cases[i].fail, "tty") == 0
					  ? "the input device is not a TTY"
					  : " fails\n");
	}
	fake_reset();
	fake.fail = "create";
	RUN(&r, "create", "img");
	assert_int_equal(r.status, 1);
	fake_reset();
}

static void commands_for_many_go_on(void **state)
{
	struct result r;

	(void)state;
	fake.fail = "stop:b";
	fake.fail_kind = ERROR_NOT_FOUND;
	RUN(&r, "stop", "-t", "3", "-s", "INT", "a", "b", "c");
	assert_int_equal(r.status, 1);
	assert_string_equal(r.out, "a\nc\n");
	assert_has(r.err, "bulkhead: stop:b fails\n");
	assert_has(fake.calls, "stop:a:2:3 stop:b:2:3 stop:c:2:3");
	RUN(&r, "stop", "a", "--time", "5");
	assert_has(fake.calls, "stop:a:0:5");
	RUN(&r, "stop", "-t", "-1", "a");
	assert_has(fake.calls, "stop:a:0:-1");
	RUN(&r, "stop", "a");
	assert_has(fake.calls, "stop:a:0:-2147483648");
	fake_reset();
}

static void save_export_and_commit(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "save", "a:1", "b");
	assert_has(fake.calls, "save:a:1,b:-:0");
	assert_string_equal(r.out, "tar");
	RUN(&r, "save", "--format", "oci", "--platform", "linux/arm64", "a");
	assert_has(fake.calls, "save:a:linux/arm64:1");
	RUN(&r, "image", "save", "--format", "zip", "a");
	assert_int_equal(r.status, 1);
	RUN(&r, "export", "web");
	assert_has(fake.calls, "export:web");
	assert_string_equal(r.out, "tar");
	RUN(&r, "export", "-o", "/nonexistent/x", "web");
	assert_int_equal(r.status, 1);
	RUN(&r, "commit", "-a", "me", "-m", "why", "-c", "CMD x", "-p=false", "web", "name:1");
	assert_has(fake.calls, "commit:web:name:1:me:why:CMD x:0");
	assert_has(r.out, "sha256:00000000");
	RUN(&r, "container", "commit", "web");
	assert_has(fake.calls, "commit:web:-:-:-::1");
	fake_reset();
}

static void verify_says_what_is_damaged(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "image", "verify");
	assert_int_equal(r.status, 0);
	assert_string_equal(r.out, "1 images, 2 layers, 3 blobs: 0 damaged\n");
	RUN(&r, "image", "verify", "-q", "a", "b");
	assert_has(fake.calls, "verify:a,b:0");
	assert_string_equal(r.out, "");
	fake.exit_code = 1;
	RUN(&r, "image", "verify");
	assert_int_equal(r.status, 1);
	assert_has(r.out, "layer 0123: etc/passwd: other bytes\n");
	RUN(&r, "image", "verify", "--fix");
	assert_int_equal(r.status, 0);
	assert_has(r.out, "1 damaged, all healed\n");
	fake_reset();
}

static void the_small_commands(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "kill", "-sUSR1", "a");
	assert_has(fake.calls, "kill:a:10");
	RUN(&r, "kill", "a");
	assert_has(fake.calls, "kill:a:9");
	RUN(&r, "rm", "-fv", "a", "b");
	assert_has(fake.calls, "remove:a:1:1 remove:b:1:1");
	assert_string_equal(r.out, "a\nb\n");
	fake.exit_code = 137;
	RUN(&r, "wait", "a", "b");
	assert_string_equal(r.out, "137\n137\n");
	RUN(&r, "_ended", "abcdef");
	assert_has(fake.calls, "ended:abcd");
	RUN(&r, "tag", "a", "b:c");
	assert_has(fake.calls, "tag:a:b:c");
	RUN(&r, "rmi", "-f", "x");
	assert_has(fake.calls, "rmi:x:1");
	assert_string_equal(r.out, "Untagged: x\n");
	RUN(&r, "import", "-c", "CMD x", "-m", "why", "-c", "USER y", "/dev/null", "name:tag");
	assert_has(fake.calls, "import:name:tag:why:CMD x;USER y");
	assert_has(r.out, "sha256:000");
	RUN(&r, "import", "/nonexistent");
	assert_int_equal(r.status, 1);
	assert_has(r.err, "open /nonexistent: No such file");
	RUN(&r, "load", "-i", "/dev/null");
	assert_string_equal(r.out, "Loading layer\nLoaded image: debian:latest\n");
	RUN(&r, "load", "-q", "--input=/dev/null");
	assert_string_equal(r.out, "Loaded image: debian:latest\n");
	fake_reset();
}

/* docker says what is not there and succeeds: it was to be gone. */
static void forced_removal_of_nothing_succeeds(void **state)
{
	struct result r;

	(void)state;
	fake.fail = "remove";
	fake.fail_kind = ERROR_NOT_FOUND;
	RUN(&r, "rm", "-f", "a");
	assert_int_equal(r.status, 0);
	assert_string_equal(r.out, "");
	assert_has(r.err, "remove fails");
	RUN(&r, "rm", "a");
	assert_int_equal(r.status, 1);
	fake_reset();
}

static void exec_asks_for_a_session(void **state)
{
	struct result r;

	(void)state;
	fake.exit_code = 5;
	RUN(&r, "exec", "-i", "-u", "1:2", "-w/w", "-eA=1", "-e", "A=2", "web", "ls", "-l");
	assert_int_equal(r.status, 5);
	assert_string_equal(fake.exec, "1:2|/w|0,1,0,0|A=2|ls -l");
	assert_string_equal(fake.session, "0,1,0,-");
	RUN(&r, "exec", "-d", "--privileged", "web", "ls");
	assert_int_equal(r.status, 0);
	assert_string_equal(fake.exec, "-|-|0,0,1,1||ls");
	assert_null(strstr(fake.calls, "session"));
	fake.fail = "exec";
	fake.fail_status = 127;
	RUN(&r, "exec", "web", "nothing");
	assert_int_equal(r.status, 127);
	fake_reset();
}

static void start_and_attach(void **state)
{
	struct result r;
	struct container *c = fake_add_container("bbbb", "web");

	(void)state;
	c->config.open_stdin = true;
	c->status = CONTAINER_EXITED;
	RUN(&r, "start", "web", "other");
	assert_has(fake.calls, "start:web:detached start:othe:detached");
	assert_string_equal(r.out, "web\nother\n");
	fake.exit_code = 4;
	RUN(&r, "start", "-a", "web");
	assert_int_equal(r.status, 4);
	assert_has(fake.calls, "start:bbbb:attached session ended:bbbb");
	assert_string_equal(fake.session, "0,0,1,-");
	RUN(&r, "start", "-ai", "web");
	assert_string_equal(fake.session, "0,1,1,-");
	c->status = CONTAINER_RUNNING;
	RUN(&r, "attach", "web");
	assert_int_equal(r.status, 4);
	assert_has(fake.calls, "attach:bbbb session");
	assert_null(strstr(fake.calls, "ended"));
	RUN(&r, "attach", "--no-stdin", "--sig-proxy=false", "web");
	assert_string_equal(fake.session, "0,0,0,-");
	RUN(&r, "attach", "none");
	assert_int_equal(r.status, 1);
	assert_has(r.err, "bulkhead: no such container: none\n");
	fake_reset();
}

static void logs_go_where_they_came_from(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "logs", "web");
	assert_string_equal(r.out, "to stdout\n");
	assert_string_equal(r.err, "to stderr\n");
	assert_string_equal(fake.logs, "-1 0 0 0");
	RUN(&r, "logs", "-ft", "-n5", "--since", "1136214245", "--until=1136214246", "web");
	assert_string_equal(fake.logs, "5 1136214245000000000 1136214246000000000 1");
	assert_string_equal(r.out, "2006-01-02T15:04:05.000000000Z to stdout\n");
	assert_string_equal(r.err, "2006-01-02T15:04:06.000000001Z to stderr\n");
	RUN(&r, "logs", "--tail", "all", "web");
	assert_string_equal(fake.logs, "-1 0 0 0");
	RUN(&r, "logs", "--since", "yesterday", "web");
	assert_int_equal(r.status, 1);
	assert_has(r.err,
		   "invalid value for \"since\": \"yesterday\" is neither a time nor a duration");
	fake_reset();
}

static void info_and_version(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "info");
	assert_string_equal(r.out,
			    "CPUs: 2\nKernel Version: 6.1\nSecurity Options:\n name=seccomp\n");
	assert_string_equal(r.err, "WARNING: none\n");
	RUN(&r, "info", "-f", "{{.NCPU}} {{json .SecurityOptions}}");
	assert_string_equal(r.out, "2 [\"name=seccomp\"]\n");
	RUN(&r, "version");
	assert_string_equal(r.out, "Bulkhead:\n Version: 1.2.3\n");
	RUN(&r, "version", "--format", "{{.Server.Version}} {{.Client.Version}}");
	assert_string_equal(r.out, "1.2.3 1.2.3\n");
	RUN(&r, "version", "--format", "{{.Foo}}");
	assert_int_equal(r.status, 1);
	assert_has(r.err, "template parsing error: template: :1:2:");
	fake_reset();
}

/* What a user typed cannot speak to the terminal through a message. */
static void messages_are_clean(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "run", "--\x1b[31mfoo");
	assert_null(strchr(r.err, '\x1b'));
	RUN(&r, "\x1b[31mfoo");
	assert_null(strchr(r.err, '\x1b'));
	RUN(&r, "run", "-m", "\x1b]0;x\x07", "img");
	assert_null(strchr(r.err, '\x1b'));
	fake_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(save_export_and_commit),
		cmocka_unit_test(verify_says_what_is_damaged),
		cmocka_unit_test(misuse_is_explained),
		cmocka_unit_test(help_is_on_stdout),
		cmocka_unit_test(tables_are_dumped),
		cmocka_unit_test(roots_are_the_users),
		cmocka_unit_test(run_goes_all_the_way),
		cmocka_unit_test(run_detached_prints_the_id),
		cmocka_unit_test(detaching_leaves_the_container),
		cmocka_unit_test(failures_have_dockers_statuses),
		cmocka_unit_test(commands_for_many_go_on),
		cmocka_unit_test(the_small_commands),
		cmocka_unit_test(forced_removal_of_nothing_succeeds),
		cmocka_unit_test(exec_asks_for_a_session),
		cmocka_unit_test(start_and_attach),
		cmocka_unit_test(logs_go_where_they_came_from),
		cmocka_unit_test(info_and_version),
		cmocka_unit_test(messages_are_clean),
	};

	return TEST_MAIN(tests);
}
