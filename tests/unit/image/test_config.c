#include "unit/test.h"

#include "base/strv.h"
#include "image/config.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct error *decode(const char *text, struct config_file *ret)
{
	return config_decode(text, strlen(text), ret);
}

static void test_decode(void **state)
{
	static const char text[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2020-01-01T00:00:00Z\","
		"\"author\":\"me\",\"unknown\":1,\"container_config\":{\"Cmd\":null},\"config\":{"
		"\"User\":\"u\",\"Env\":[\"A=b\"],\"Cmd\":[\"sh\"],\"Entrypoint\":null,\"Labels\":"
		"{\"k\":\"v\"},\"Volumes\":{\"/v\":{}},\"ExposedPorts\":{\"80/tcp\":{}},"
		"\"Healthcheck\":{\"Test\":[\"NONE\"]},\"StopSignal\":\"SIGINT\"},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" A "\"]},\"history\":[{}]}";
	struct config_file config autoconfig = { 0 };

	(void)state;
	assert_ok(decode(text, &config));
	assert_string_equal(config.architecture, "amd64");
	assert_string_equal(config.config.user, "u");
	assert_string_equal(config.config.env[0], "A=b");
	assert_null(config.config.entrypoint);
	assert_string_equal(config.config.labels[1], "v");
	assert_string_equal(config.config.volumes[0], "/v");
	assert_string_equal(config.config.exposed_ports[0], "80/tcp");
	assert_non_null(config.config.healthcheck);
	assert_string_equal(config.rootfs.diff_ids[0], A);
}

/* kaniko and others write null where nothing is. */
static void test_nulls(void **state)
{
	struct config_file config autoconfig = { 0 };

	(void)state;
	assert_ok(decode("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":null,"
			 "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}",
			 &config));
	assert_null(config.rootfs.diff_ids);
}

static void test_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "", "image config: " },
		{ "[]", "image config: not an object" },
		{ "{\"os\":\"linux\"}", "image config: architecture: missing" },
		{ "{\"architecture\":\"a\",\"os\":\"b\"}", "rootfs: missing" },
		{ "{\"architecture\":\"a\",\"os\":\"b\",\"rootfs\":{\"type\":\"x\"}}",
		  "rootfs.type: not \"layers\"" },
		{ "{\"architecture\":\"a\",\"os\":\"b\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
		  "\"../../etc\"]}}",
		  "rootfs.diff_ids[0]: not a sha256 digest" },
		{ "{\"architecture\":\"a\",\"os\":\"b\",\"config\":{\"Env\":\"x\"},"
		  "\"rootfs\":{\"type\":\"layers\"}}",
		  "config.Env" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct config_file config autoconfig = { 0 };

		assert_fails(decode(cases[i][0], &config), ERROR_BAD_INPUT, cases[i][1]);
		assert_null(config.architecture);
	}
}

static void test_too_many_layers(void **state)
{
	struct buf text autobuf = BUF_MAX(1 << 20);
	struct config_file config autoconfig = { 0 };

	(void)state;
	assert_ok(buf_add_text(&text, "{\"architecture\":\"a\",\"os\":\"b\",\"rootfs\":{\"type\":"
				      "\"layers\",\"diff_ids\":[\"" A "\""));
	for (int i = 0; i < CONFIG_LAYERS_MAX; i++)
		assert_ok(buf_add_text(&text, ",\"" A "\""));
	assert_ok(buf_add_text(&text, "]}}"));
	assert_fails(decode(buf_text(&text), &config), ERROR_LIMIT, "501 layers, more than 500");
}

/* Values by sha256sum(1): printf 'sha256:aa… sha256:aa…' | sha256sum */
static void test_chain(void **state)
{
	char *diff_ids[] = { (char *)A, (char *)A, NULL };
	char **chain autostrv = NULL;
	char **none autostrv = NULL;

	(void)state;
	assert_ok(config_chain(diff_ids, &chain));
	assert_int_equal(strv_length(chain), 2);
	assert_string_equal(chain[0], &A[7]);
	assert_string_equal(chain[1],
			    "9d2cc34dc7dc748dba0ed439e6987c2f2c39ec504fa0c1527531d9bc7d0f1052");
	assert_ok(config_chain(NULL, &none));
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),	cmocka_unit_test(test_nulls),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_too_many_layers),
		cmocka_unit_test(test_chain),
	};

	return TEST_MAIN(tests);
}
