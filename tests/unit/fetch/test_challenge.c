#include "unit/test.h"

#include "helpers/fetch/challenge.h"

#define assert_text(found, wanted)                                                                 \
	do {                                                                                       \
		if (wanted)                                                                        \
			assert_string_equal((found) ? (found) : "(none)", (wanted));               \
		else                                                                               \
			assert_null(found);                                                        \
	} while (0)

/* As Docker Hub, GitLab, a plain docker-registry and others send it. */
static void test_real_ones(void **state)
{
	static const struct {
		const char *text;
		bool basic, bearer;
		const char *realm, *service, *scope;
	} cases[] = {
		{ "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		  "scope=\"repository:library/debian:pull\"",
		  false, true, "https://auth.docker.io/token", "registry.docker.io",
		  "repository:library/debian:pull" },
		{ "Basic realm=\"x\"", true, false, NULL, NULL, NULL },
		{ "bearer  realm = \"a\" , service=b", false, true, "a", "b", NULL },
		{ "Basic realm=\"x\", Bearer realm=\"y\"", true, true, "y", NULL, NULL },
		{ "Negotiate, Basic realm=\"x\"", true, false, NULL, NULL, NULL },
		{ "Negotiate abc/def==, Bearer realm=\"y\"", false, true, "y", NULL, NULL },
		{ "Bearer realm=\"a\\\"b\\\\c\"", false, true, "a\"b\\c", NULL, NULL },
		{ "Bearer realm=\"a\",realm=\"b\"", false, true, "a", NULL, NULL },
		{ "Bearer realm=\"a\", Bearer realm=\"b\", service=\"s\"", false, true, "a", NULL,
		  NULL },
		{ "", false, false, NULL, NULL, NULL },
		{ "Digest realm=\"x\", nonce=\"y\"", false, false, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct challenge c autochallenge = { 0 };

		assert_ok(challenge_add(&c, cases[i].text));
		assert_int_equal(c.basic, cases[i].basic);
		assert_int_equal(c.bearer, cases[i].bearer);
		assert_text(c.realm, cases[i].realm);
		assert_text(c.service, cases[i].service);
		assert_text(c.scope, cases[i].scope);
	}
}

static void test_malformed(void **state)
{
	static const char *const texts[] = { "Bearer realm=\"x", "Bearer realm=\"x\\", "\"x\"",
					     "Bearer realm=(x)" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct challenge c autochallenge = { 0 };

		assert_fails(challenge_add(&c, texts[i]), ERROR_BAD_INPUT, "malformed");
	}
}

static void test_too_long(void **state)
{
	struct challenge c autochallenge = { 0 };
	char *text autofree = alloc_printf("Bearer realm=\"%05000d\"", 1);

	(void)state;
	assert_fails(challenge_add(&c, text), ERROR_LIMIT, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_ones),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_too_long),
	};

	return TEST_MAIN(tests);
}
