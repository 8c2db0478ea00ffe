/* base/digest.c against the known answers of FIPS 180-4, and its reading of digests. */
#include "base/digest.h"
#include "unit/test.h"

#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define TWO_BLOCKS "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
#define MILLION_A "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void known_answers(void **state)
{
	char text[DIGEST_SIZE];

	(void)state;
	assert_ok(digest_of("", 0, text));
	assert_string_equal(text, EMPTY);
	assert_ok(digest_of(NULL, 0, text));
	assert_string_equal(text, EMPTY);
	assert_ok(digest_of("abc", 3, text));
	assert_string_equal(text, ABC);
	assert_ok(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text));
	assert_string_equal(text, TWO_BLOCKS);
}

static void pieces_make_the_same_digest(void **state)
{
	struct digest *d autodigest = NULL;
	char piece[1000], text[DIGEST_SIZE];

	(void)state;
	memset(piece, 'a', sizeof(piece));
	assert_ok(digest_new(&d));
	for (int i = 0; i < 1000; i++) {
		digest_add(d, piece, 333);
		digest_add(d, NULL, 0);
		digest_add(d, piece, 667);
	}
	digest_finish(d, text);
	assert_string_equal(text, MILLION_A);
}

static void two_at_once_do_not_mix(void **state)
{
	struct digest *a autodigest = NULL, *b autodigest = NULL;
	char text[DIGEST_SIZE];

	(void)state;
	assert_ok(digest_new(&a));
	assert_ok(digest_new(&b));
	digest_add(a, "ab", 2);
	digest_add(b, "zzz", 3);
	digest_add(a, "c", 1);
	digest_finish(b, text);
	assert_string_not_equal(text, ABC);
	digest_finish(a, text);
	assert_string_equal(text, ABC);
}

static void unfinished_digests_are_freed(void **state)
{
	struct digest *d = NULL;

	(void)state;
	assert_ok(digest_new(&d));
	digest_add(d, "abc", 3);
	digest_free(d);
	digest_free(NULL);
}

static void only_canonical_digests_are_valid(void **state)
{
	(void)state;
	assert_true(digest_is_valid(ABC));
	assert_false(digest_is_valid(NULL));
	assert_false(digest_is_valid(""));
	assert_false(digest_is_valid(&ABC[7]));
	assert_false(digest_is_valid(ABC "0"));
	assert_false(digest_is_valid(ABC "\n"));
	assert_false(digest_is_valid(
		"SHA256:" /* the algorithm's name has one spelling */
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(digest_is_valid(
		"sha256:" /* and so have the digits */
		"BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(digest_is_valid(
		"sha256:"
		"../816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(digest_is_valid(
		"sha512:"
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

static void hex_is_the_part_after_the_colon(void **state)
{
	(void)state;
	assert_string_equal(digest_hex(ABC), &ABC[7]);
	assert_int_equal(strlen(digest_hex(ABC)), DIGEST_HEX_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(pieces_make_the_same_digest),
		cmocka_unit_test(two_at_once_do_not_mix),
		cmocka_unit_test(unfinished_digests_are_freed),
		cmocka_unit_test(only_canonical_digests_are_valid),
		cmocka_unit_test(hex_is_the_part_after_the_colon),
	};

	return TEST_MAIN(tests);
}
