#include "unit/test.h"

#include "base/base64.h"

/* RFC 4648, 10. */
static const char *const vectors[][2] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct buf text autobuf = BUF_MAX(100), bytes autobuf = BUF_MAX(100);

		assert_ok(base64_encode(&text, vectors[i][0], strlen(vectors[i][0])));
		assert_string_equal(buf_text(&text), vectors[i][1]);
		assert_ok(base64_decode(&bytes, vectors[i][1]));
		assert_string_equal(buf_text(&bytes), vectors[i][0]);
	}
}

static void test_every_byte(void **state)
{
	struct buf text autobuf = BUF_MAX(1000), bytes autobuf = BUF_MAX(1000);
	unsigned char all[256];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	assert_ok(base64_encode(&text, all, sizeof(all)));
	assert_ok(base64_decode(&bytes, buf_text(&text)));
	assert_int_equal(bytes.length, sizeof(all));
	assert_memory_equal(bytes.data, all, sizeof(all));
}

static void test_malformed(void **state)
{
	static const char *const texts[] = { "Z", "Zg=a", "Zm9v!", "Zm 9v", "Zg===", "Zm9vY" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct buf b autobuf = BUF_MAX(100);

		assert_fails(base64_decode(&b, texts[i]), ERROR_BAD_INPUT, "not base64");
	}
}

static void test_padding_may_be_missing(void **state)
{
	struct buf b autobuf = BUF_MAX(100);

	(void)state;
	assert_ok(base64_decode(&b, "Zm8"));
	assert_string_equal(buf_text(&b), "fo");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_padding_may_be_missing),
	};

	return TEST_MAIN(tests);
}
