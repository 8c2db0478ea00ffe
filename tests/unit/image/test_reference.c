#include "unit/test.h"

#include "base/digest.h"
#include "image/image.h"
#include "image/reference.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* distribution/reference's own cases, and what docker shows for them. */
static void test_short_form(void **state)
{
	static const char *const cases[][2] = {
		{ "debian", "debian:latest" },
		{ "debian:12", "debian:12" },
		{ "library/debian", "debian:latest" },
		{ "docker.io/debian", "debian:latest" },
		{ "docker.io/library/debian:x", "debian:x" },
		{ "index.docker.io/library/debian", "debian:latest" },
		{ "user/app", "user/app:latest" },
		{ "docker.io/library/a/b", "library/a/b:latest" },
		{ "localhost/app", "localhost/app:latest" },
		{ "localhost:5000/app:v1.0_x-y", "localhost:5000/app:v1.0_x-y" },
		{ "example.org/a/b", "example.org/a/b:latest" },
		{ "[::1]:5000/app", "[::1]:5000/app:latest" },
		{ "EXAMPLE/app", "EXAMPLE/app:latest" },
		{ "x/a.b_c__d--e/f-g", "x/a.b_c__d--e/f-g:latest" },
		{ "debian@" DIGEST, "debian@" DIGEST },
		{ "debian:12@" DIGEST, "debian@" DIGEST },
		{ "deadbeef", "deadbeef:latest" },
		{ "docker.io/localhost/x", "docker.io/localhost/x:latest" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reference ref autoreference = { 0 };
		char *text autofree = NULL;

		assert_ok(reference_parse(cases[i][0], &ref));
		text = reference_text(&ref);
		assert_string_equal(text, cases[i][1]);
	}
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		":",
		"/",
		"a//b",
		"-a",
		"a-",
		"a..b",
		"a___b",
		"UPPER",
		"a/UPPER",
		"a:",
		"a:-x",
		"a:.x",
		"a: b",
		"a@",
		"a@sha256:12",
		"a@" DIGEST "0",
		"a b",
		"a/",
		"/a",
		"a\n",
		"-x.y/a",
		"x.y-/a",
		"x.y:port/a",
		"[::1/a",
		"..",
		"../etc",
		"a/../b",
		"\xc3\xa9",
		"sha256:x/y",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reference ref autoreference = { 0 };

		assert_fails(reference_parse(cases[i], &ref), ERROR_BAD_INPUT,
			     "invalid reference format");
	}
}

static void test_lengths(void **state)
{
	char *name autofree = alloc_printf("%0255d", 0),
		   *tag autofree = alloc_printf("a:%0128d", 0);
	char *long_name autofree = alloc_printf("%0256d", 0);
	char *long_tag autofree = alloc_printf("a:%0129d", 0);
	char *text = NULL;

	(void)state;
	assert_ok(image_reference_parse(name, &text));
	free(text);
	assert_ok(image_reference_parse(tag, &text));
	free(text);
	assert_fails(image_reference_parse(long_name, &text), ERROR_BAD_INPUT, "invalid reference");
	assert_fails(image_reference_parse(long_tag, &text), ERROR_BAD_INPUT, "invalid reference");
}

static void test_names_have_no_digest(void **state)
{
	char *text = NULL;

	(void)state;
	assert_fails(image_reference_parse("a@" DIGEST, &text), ERROR_BAD_INPUT,
		     "cannot have a digest");
}

static void test_hex(void **state)
{
	(void)state;
	assert_true(reference_is_hex("0af"));
	assert_false(reference_is_hex(""));
	assert_false(reference_is_hex("0aF"));
	assert_false(reference_is_hex("0ag"));
	assert_true(reference_is_hex(&DIGEST[7]));
	assert_false(reference_is_hex(
		"0"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_form), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lengths),	   cmocka_unit_test(test_names_have_no_digest),
		cmocka_unit_test(test_hex),
	};

	return TEST_MAIN(tests);
}
