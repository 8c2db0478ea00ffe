#include "unit/test.h"

#include "registry/host.h"

static char *described(const struct registry_options *o, const char *host)
{
	struct endpoints e = { 0 };
	struct buf b autobuf = BUF_MAX(4096);

	assert_ok(endpoints_find(o, host, &e));
	for (size_t i = 0; i < e.n; i++)
		assert_ok(buf_printf(&b, "%s%s%s%s%s", i ? " " : "", e.list[i].base,
				     e.list[i].unverified ? "!" : "",
				     e.list[i].is_mirror ? "m" : "",
				     e.list[i].is_doubtful ? "?" : ""));
	endpoints_done(&e);
	return buf_take(&b);
}

static const char *const insecure[] = { "plain.test:5000", "bare.test",	     "10.0.0.0/8",
					"fd00::/8",	   "192.168.1.7/32", NULL };
static const char *const mirrors[] = { "https://mirror.test", "http://127.0.0.1:5000/", NULL };

static void test_endpoints(void **state)
{
	static const char *const cases[][2] = {
		{ "example.org", "https://example.org" },
		{ "docker.io",
		  "https://mirror.testm? http://127.0.0.1:5000m? https://registry-1.docker.io" },
		{ "127.0.0.1:5000", "http://127.0.0.1:5000? https://127.0.0.1:5000!" },
		{ "127.9.9.9", "http://127.9.9.9? https://127.9.9.9!" },
		{ "[::1]:80", "http://[::1]:80? https://[::1]:80!" },
		{ "localhost", "http://localhost? https://localhost!" },
		{ "plain.test:5000", "https://plain.test:5000!? http://plain.test:5000" },
		{ "plain.test", "https://plain.test" },
		{ "plain.test:5001", "https://plain.test:5001" },
		{ "bare.test", "https://bare.test!? http://bare.test" },
		{ "10.1.2.3:99", "https://10.1.2.3:99!? http://10.1.2.3:99" },
		{ "11.1.2.3", "https://11.1.2.3" },
		{ "192.168.1.7", "https://192.168.1.7!? http://192.168.1.7" },
		{ "192.168.1.8", "https://192.168.1.8" },
		{ "[fd12::1]", "https://[fd12::1]!? http://[fd12::1]" },
		{ "[fe12::1]", "https://[fe12::1]" },
		{ "localhost.evil.test", "https://localhost.evil.test" },
		{ "127.0.0.1.evil.test", "https://127.0.0.1.evil.test" },
	};
	struct registry_options o = { .insecure = (char *const *)insecure,
				      .mirrors = (char *const *)mirrors };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text autofree = described(&o, cases[i][0]);

		assert_string_equal(text, cases[i][1]);
	}
}

static void test_mirrors_that_are_refused(void **state)
{
	static const char *const urls[][2] = {
		{ "ftp://x", "not an http or https URL" },
		{ "mirror.test", "not an http or https URL" },
		{ "https://", "a host, and no path" },
		{ "https://mirror.test/path", "a host, and no path" },
		{ "http://mirror.test", "not among the insecure registries" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		const char *const list[] = { urls[i][0], NULL };
		struct registry_options o = { .mirrors = (char *const *)list };
		struct endpoints e = { 0 };
		struct error *err = endpoints_find(&o, "docker.io", &e);

		endpoints_done(&e);
		assert_non_null(err);
		assert_non_null(strstr(error_message(err), urls[i][1]));
		error_free(err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_mirrors_that_are_refused),
	};

	return TEST_MAIN(tests);
}
