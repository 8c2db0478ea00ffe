/* config/config.c and config_default.c: the whole file, its default, and the way back to text. */
#include <sys/stat.h>

#include "base/path.h"
#include "unit/config/config_fixture.h"

static void the_whole_document(void **state)
{
	static const struct config_row rows[] = {
		{ "{}", NULL },
		{ "{'ociVersion':'1.0.2-dev','x':{'unknown':[1.5,null]},'solaris':7}", NULL },
		{ "{'ociVersion':'1.3.0+b'}", NULL },
		{ "{'ociVersion':null}", "ociVersion: missing" },
		{ "{'ociVersion':1}", "ociVersion: not a string" },
		{ "{'ociVersion':''}", "ociVersion: \"\" is not a version 1 of the specification" },
		{ "{'ociVersion':'2.0.0'}",
		  "ociVersion: \"2.0.0\" is not a version 1 of the specification" },
		{ "{'ociVersion':'1.0'}",
		  "ociVersion: \"1.0\" is not a version 1 of the specification" },
		{ "{'ociVersion':'1.02.0'}",
		  "ociVersion: \"1.02.0\" is not a version 1 of the specification" },
		{ "{'ociVersion':'1.0.0-'}",
		  "ociVersion: \"1.0.0-\" is not a version 1 of the specification" },
		{ "{'ociVersion':'1.0.0x'}",
		  "ociVersion: \"1.0.0x\" is not a version 1 of the specification" },
		{ "{'root':null}", "root: missing" },
		{ "{'root':{'path':null}}", "root.path: missing" },
		{ "{'root':{'path':''}}", "root.path: empty" },
		{ "{'root':{'readonly':'true'}}", "root.readonly: not true or false" },
		{ "{'annotations':{'a':'1','b':2}}", "annotations.b: not a string" },
		{ "{'annotations':{'':'1'}}", "annotations: an empty key" },
		{ "{'mounts':{}}", "mounts: not an array" },
		{ "{'hostname':[]}", "hostname: not a string" },
		{ "{'linux':[]}", "linux: not an object" },
		{ "{'linux':null}", NULL },
	};
	struct config c autoconfig = { 0 };

	(void)state;
	CHECK_ROWS(rows);
	assert_ok(config_try("{'root':{'path':'/r','readonly':true},'annotations':{'a':'b'}}", &c));
	assert_string_equal(c.oci_version, "1.2.0");
	assert_string_equal(c.root->path, "/r");
	assert_true(c.root->readonly);
	assert_string_equal(c.annotations[0], "a");
	assert_string_equal(c.annotations[1], "b");
}

static void what_is_no_document_is_refused(void **state)
{
	struct config c autoconfig = { 0 };

	(void)state;
	assert_fails(config_parse("", 0, &c), ERROR_BAD_INPUT, "line 1");
	assert_fails(config_parse("[]", 2, &c), ERROR_BAD_INPUT, "not an object");
	assert_fails(config_parse("{} {}", 5, &c), ERROR_BAD_INPUT, "end of file expected");
	assert_fails(config_parse("{}", CONFIG_BYTES_MAX + 1, &c), ERROR_LIMIT, "16777216");
}

static void the_default_is_what_runc_prints(void **state)
{
	struct config c autoconfig = { 0 }, back autoconfig = { 0 };
	char *text autofree = NULL, *again autofree = NULL;

	(void)state;
	config_default(false, false, &c);
	text = config_encode(&c);
	assert_non_null(strstr(text, "{\n\t\"ociVersion\": \"1.2.1\",\n\t\"process\": {\n"
				     "\t\t\"terminal\": true,\n\t\t\"user\": {\n\t\t\t\"uid\": 0,\n"
				     "\t\t\t\"gid\": 0\n\t\t},\n\t\t\"args\": [\n\t\t\t\"sh\"\n"));
	assert_non_null(strstr(text, "\t\t\"rlimits\": [\n\t\t\t{\n\t\t\t\t\"type\": "
				     "\"RLIMIT_NOFILE\",\n\t\t\t\t\"hard\": 1024,\n"));
	assert_non_null(strstr(text, "\t\t\"resources\": {\n\t\t\t\"devices\": [\n\t\t\t\t{\n"
				     "\t\t\t\t\t\"allow\": false,\n\t\t\t\t\t\"access\": "
				     "\"rwm\"\n"));
	assert_ok(config_parse(text, strlen(text), &back));
	assert_null(back.warnings);
	again = config_encode(&back);
	assert_string_equal(again, text);
	assert_int_equal(back.n_mounts, 7);
	assert_non_null(config_namespace(&back, "network"));
	assert_null(config_namespace(&back, "user"));
}

static void the_rootless_default_needs_no_privilege(void **state)
{
	struct config c autoconfig = { 0 }, back autoconfig = { 0 };
	char *text autofree = NULL;

	(void)state;
	config_default(true, true, &c);
	text = config_encode(&c);
	assert_ok(config_parse(text, strlen(text), &back));
	assert_null(config_namespace(&back, "network"));
	assert_non_null(config_namespace(&back, "user"));
	assert_int_equal(back.linux_.uid_mappings[0].outside, geteuid());
	assert_int_equal(back.linux_.gid_mappings[0].length, 1);
	assert_null(strstr(text, "gid=5"));
	assert_null(strstr(text, "resources"));
	assert_non_null(strstr(text, "\"source\": \"/sys\""));
	assert_string_equal(back.mounts[5].options[0], "rbind");
	assert_string_equal(back.mounts[5].options[4], "ro");
}

static void a_bundle_is_loaded(void **state)
{
	char *text autofree = config_text("{'process':{'rlimits':[{'type':'RLIMIT_CORE',"
					  "'hard':18446744073709551615,'soft':0}]}}");
	struct config c autoconfig = { 0 };
	struct buf read autobuf = BUF_MAX(CONFIG_BYTES_MAX);
	char path[32];
	int dir = test_make_dir(path);
	int fds = test_count_fds();

	(void)state;
	assert_fails(config_load(dir, CONFIG_NAME, &read, &c), ERROR_NOT_FOUND,
		     "config.json: no such file");
	test_write_file(dir, "config.json", text);
	assert_ok(config_load(dir, CONFIG_NAME, &read, &c));
	assert_true(c.process->rlimits[0].hard == UINT64_MAX);
	test_write_file(dir, "config.json", "{\"ociVersion\":\"0.1.0\"}");
	config_done(&c);
	buf_done(&read);
	assert_fails(config_load(dir, CONFIG_NAME, &read, &c), ERROR_BAD_INPUT,
		     "config.json: ociVersion: \"0.1.0\"");
	assert_int_equal(unlinkat(dir, "config.json", 0), 0);
	assert_int_equal(mkfifoat(dir, "config.json", 0600), 0);
	buf_done(&read);
	assert_fails(config_load(dir, CONFIG_NAME, &read, &c), ERROR_BAD_INPUT,
		     "config.json: line 1");
	unlinkat(dir, "config.json", 0);
	assert_int_equal(test_count_fds(), fds);
	close(dir);
	rmdir(path);
}

/* The fuzzing corpus has what other engines give to their runtime. */
static void what_others_write_is_taken(void **state)
{
	static const struct {
		const char *name;
		size_t warnings;
	} rows[] = {
		{ "docker", 0 }, { "cri", 0 }, { "spec", 0 }, { "spec-rootless", 0 }, { "full", 6 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *path autofree =
			alloc_printf("%s/../fuzz/corpus/config/%s.json", TEST_DATA, rows[i].name);
		struct config c autoconfig = { 0 };
		char *text autofree = NULL;

		assert_ok(path_read_text(AT_FDCWD, path, CONFIG_BYTES_MAX, &text));
		assert_ok(config_parse(text, strlen(text), &c));
		assert_int_equal(strv_length(c.warnings), rows[i].warnings);
	}
}

/* What stands there is always found, what is found may not stand there. */
static void a_word_is_found_without_reading(void **state)
{
	struct config c autoconfig = { 0 };
	char *text autofree = NULL;
	char uts[] = "uts";
	struct config_namespace namespace = { .type = uts };

	(void)state;
	assert_true(json_mentions("{\"hooks\":{}}", "hooks", true));
	assert_true(json_mentions("{\"hooks\" \n: {}}", "hooks", true));
	assert_false(json_mentions("{\"args\":[\"hooks\"]}", "hooks", true));
	assert_true(json_mentions("[{\"user\":1}, {\"type\": \"user\"}]", "user", false));
	assert_false(json_mentions("{\"user\" : {\"x\":\"users\"}}", "user", false));
	assert_false(json_mentions("", "user", false));
	assert_true(json_mentions("{\"h\\u006foks\":{}}", "hooks", true));

	config_default(true, false, &c);
	text = config_encode(&c);
	assert_true(json_mentions(text, "user", false));
	assert_false(json_mentions(text, "hooks", true));
	free(text);
	config_done(&c);

	c = (struct config){ .linux_.namespaces = &namespace, .linux_.n_namespaces = 1 };
	c.hooks.n_poststop = 1;
	c.hooks.poststop = &(struct config_hook){ .path = uts };
	text = config_encode(&c);
	assert_false(json_mentions(text, "user", false));
	assert_true(json_mentions(text, "hooks", true));
	c = (struct config){ 0 };
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_document),
		cmocka_unit_test(what_is_no_document_is_refused),
		cmocka_unit_test(the_default_is_what_runc_prints),
		cmocka_unit_test(the_rootless_default_needs_no_privilege),
		cmocka_unit_test(a_bundle_is_loaded),
		cmocka_unit_test(what_others_write_is_taken),
		cmocka_unit_test(a_word_is_found_without_reading),
	};

	return TEST_MAIN(tests);
}
