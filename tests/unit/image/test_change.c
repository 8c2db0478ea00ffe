#include "unit/test.h"

#include "base/strv.h"
#include "image/change.h"

static void config_free(struct image_config *config)
{
	json_done(&image_config_type, config);
}
#define autochanged __attribute__((cleanup(config_free)))

/* What the change makes of an empty config, as JSON. */
static void assert_change(const char *change, const char *wanted)
{
	struct image_config config autochanged = { 0 };
	char *text autofree = NULL;

	assert_ok(change_apply(&config, change));
	text = json_encode_text(&image_config_type, &config);
	assert_string_equal(text, wanted);
}

static void test_changes(void **state)
{
	(void)state;
	assert_change("CMD [\"a\", \"b c\"]", "{\"Cmd\":[\"a\",\"b c\"]}");
	assert_change("cmd echo hi", "{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo hi\"]}");
	assert_change("CMD [not json]", "{\"Cmd\":[\"/bin/sh\",\"-c\",\"[not json]\"]}");
	assert_change("CMD []", "{\"Cmd\":[]}");
	assert_change("  ENTRYPOINT\t[\"/x\"] \n", "{\"Entrypoint\":[\"/x\"]}");
	assert_change("ENV A=b C=\"d e\" F='g $h' I=j\\ k",
		      "{\"Env\":[\"A=b\",\"C=d e\",\"F=g $h\",\"I=j k\"]}");
	assert_change("ENV A b c", "{\"Env\":[\"A=b c\"]}");
	assert_change("ENV A=b A=c", "{\"Env\":[\"A=c\"]}");
	assert_change(
		"EXPOSE 80 53/udp 8000-8002/TCP",
		"{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{},\"8000/tcp\":{},\"8001/tcp\":{},"
		"\"8002/tcp\":{}}}");
	assert_change("LABEL a=1 \"b c\"=2 a=3", "{\"Labels\":{\"a\":\"3\",\"b c\":\"2\"}}");
	assert_change("ONBUILD RUN make x", "{\"OnBuild\":[\"RUN make x\"]}");
	assert_change("STOPSIGNAL SIGINT", "{\"StopSignal\":\"SIGINT\"}");
	assert_change("USER me:you", "{\"User\":\"me:you\"}");
	assert_change("VOLUME /a /b /a", "{\"Volumes\":{\"/a\":{},\"/b\":{}}}");
	assert_change("VOLUME [\"/a b\"]", "{\"Volumes\":{\"/a b\":{}}}");
	assert_change("WORKDIR /a/../b", "{\"WorkingDir\":\"/b\"}");
}

static void test_working_dir_joins(void **state)
{
	struct image_config config autochanged = { 0 };

	(void)state;
	assert_ok(change_apply(&config, "WORKDIR /a"));
	assert_ok(change_apply(&config, "WORKDIR b"));
	assert_string_equal(config.working_dir, "/a/b");
	assert_ok(change_apply(&config, "WORKDIR /c"));
	assert_string_equal(config.working_dir, "/c");
}

static void test_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "", "is not a change" },
		{ "RUN rm -rf /", "\"RUN rm -rf /\" is not a change" },
		{ "CMDX a", "is not a change" },
		{ "CMD", "CMD needs a value" },
		{ "ENV  ", "ENV needs a value" },
		{ "ENV A", "ENV: A has no value" },
		{ "ENV A=b C", "\"C\" is not NAME=VALUE" },
		{ "ENV =b", "\"=b\" is not NAME=VALUE" },
		{ "ENV A=\"b", "a quote that does not end" },
		{ "EXPOSE 0", "EXPOSE: " },
		{ "EXPOSE 70000", "EXPOSE: " },
		{ "EXPOSE 9-8", "EXPOSE: " },
		{ "EXPOSE 80/icmp", "\"icmp\" is not a protocol" },
		{ "ONBUILD from x", "ONBUILD: FROM isn't allowed as a trigger" },
		{ "STOPSIGNAL NONE", "STOPSIGNAL: invalid signal" },
		{ "USER a b", "is not USER[:GROUP]" },
		{ "VOLUME data", "is not an absolute path" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct image_config config autochanged = { 0 };

		assert_fails(change_apply(&config, cases[i][0]), ERROR_BAD_INPUT, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_working_dir_joins),
		cmocka_unit_test(test_refused),
	};

	return TEST_MAIN(tests);
}
