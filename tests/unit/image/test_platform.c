#include "unit/test.h"

#include "image/platform.h"

static struct platform of(const char *architecture, const char *variant)
{
	return (struct platform){ .os = (char *)"linux",
				  .architecture = (char *)architecture,
				  .variant = (char *)variant };
}

static void test_parse(void **state)
{
	static const char *const cases[][2] = {
		{ "linux/amd64", "linux/amd64" },	{ "amd64", "linux/amd64" },
		{ "linux/arm64/v8", "linux/arm64/v8" }, { "aarch64", "linux/arm64" },
		{ "linux/x86_64", "linux/amd64" },	{ "armhf", "linux/arm/v7" },
		{ "linux/arm/v6", "linux/arm/v6" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct platform p autoplatform = { 0 };
		char *text autofree = NULL;

		assert_ok(platform_parse(cases[i][0], &p));
		text = platform_text(&p);
		assert_string_equal(text, cases[i][1]);
	}
}

static void test_malformed(void **state)
{
	static const char *const texts[] = { "",	"windows/amd64", "linux/vax",
					     "linux",	"linux/amd64/",	 "linux/amd64/v1/x",
					     "a/b/c/d", "linux/arm/7",	 "LINUX/amd64" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct platform p autoplatform = { 0 };

		assert_fails(platform_parse(texts[i], &p), ERROR_BAD_INPUT, "platform");
	}
}

/* An older variant runs too, a newer one does not. */
static void test_matches(void **state)
{
	struct platform arm = of("arm", "v7"), older = of("arm", "v6"), newer = of("arm", "v8");
	struct platform bare = of("arm", NULL), amd = of("amd64", NULL), v1 = of("amd64", "v1");
	struct platform v3 = of("amd64", "v3"), none = { 0 };

	(void)state;
	assert_true(platform_matches(&arm, &older));
	assert_true(platform_matches(&arm, &bare));
	assert_false(platform_matches(&arm, &newer));
	assert_false(platform_matches(&older, &arm));
	assert_true(platform_matches(&amd, &v1));
	assert_false(platform_matches(&amd, &v3));
	assert_false(platform_matches(&amd, &arm));
	assert_false(platform_matches(&amd, &none));
}

static void test_choose(void **state)
{
	struct platform a = of("arm", "v6"), b = of("arm", "v7"), c = of("amd64", NULL);
	struct platform unknown = { .os = (char *)"unknown", .architecture = (char *)"unknown" };
	struct descriptor list[] = {
		{ .platform = &b },
		{ .platform = &a },
		{ .platform = &c },
		{ .platform = &unknown },
	};
	struct oci_index index = { .manifests = list, .n_manifests = 4 };
	struct platform wanted = of("arm", "v7"), s390 = of("s390x", NULL), v6 = of("arm", "v6");
	struct descriptor only = { .platform = NULL };
	struct oci_index bare = { .manifests = &only, .n_manifests = 1 };

	(void)state;
	assert_ptr_equal(platform_choose(&index, &wanted), &list[0]);
	assert_ptr_equal(platform_choose(&index, &v6), &list[1]);
	assert_ptr_equal(platform_choose(&index, &c), &list[2]);
	assert_null(platform_choose(&index, &s390));
	assert_fails(platform_missing(&index, &s390), ERROR_UNSUPPORTED,
		     "no image for linux/s390x, only for linux/arm/v7, linux/arm/v6, linux/amd64");
	assert_ptr_equal(platform_choose(&bare, &wanted), &only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_choose),
	};

	return TEST_MAIN(tests);
}
