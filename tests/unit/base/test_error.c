/* base/error.c: texts, kinds, wrapping, and the frame that a hostile child may have written. */
#include <errno.h>

#include "base/error.h"
#include "unit/test.h"

/* The layout of a frame, as a child writes it. */
struct frame {
	uint32_t kind, number, status, text_length;
	char text[ERROR_TEXT_MAX];
};

static void texts_read_from_the_outside_in(void **state)
{
	struct error *err = error_new(ERROR_NOT_FOUND, "no such %s: %d", "thing", 5);

	(void)state;
	err = error_wrap(err, "look for %s", "it");
	err = error_wrap(err, "outer");
	assert_string_equal(error_message(err), "outer: look for it: no such thing: 5");
	assert_int_equal(error_kind(err), ERROR_NOT_FOUND);
	assert_int_equal(error_errno(err), 0);
	assert_int_equal(error_status(err), 0);
	error_free(err);
}

static void system_errors_carry_errno(void **state)
{
	struct error *err;

	(void)state;
	errno = ENOENT;
	err = error_sys("open %s", "/x");
	assert_int_equal(error_errno(err), ENOENT);
	assert_int_equal(error_kind(err), ERROR_SYSTEM); /* never guessed from errno */
	assert_string_equal(error_message(err), "open /x: No such file or directory");
	error_free(err);
	errno = 0;
	err = error_number(EPERM, "do it");
	assert_int_equal(error_errno(err), EPERM);
	assert_string_equal(error_message(err), "do it: Operation not permitted");
	error_free(err);
}

static void wrapping_nothing_is_nothing(void **state)
{
	(void)state;
	assert_null(error_wrap(NULL, "outer %d", 1));
	assert_false(error_is(NULL, ERROR_SYSTEM));
	error_free(NULL);
	error_ignore(NULL, "there is none");
}

static struct error *layer(struct error *inner, bool *ret_reached)
{
	TRY(error_wrap(inner, "layer"));
	*ret_reached = true;
	return NULL;
}

static void try_returns_early(void **state)
{
	bool reached = false;

	(void)state;
	assert_fails(layer(error_new(ERROR_LIMIT, "too much"), &reached), ERROR_LIMIT,
		     "layer: too much");
	assert_false(reached);
	assert_ok(layer(NULL, &reached));
	assert_true(reached);
}

static void percent_signs_of_others_are_only_text(void **state)
{
	struct error *err autoerror = error_new(ERROR_BAD_INPUT, "%s", "%n%s%s");

	(void)state;
	err = error_wrap(err, "%s", "%d");
	assert_string_equal(error_message(err), "%d: %n%s%s");
}

static void frames_bring_everything_over(void **state)
{
	char frame[ERROR_FRAME_MAX];
	struct error *err autoerror = NULL, *copy autoerror = NULL;
	size_t length;

	(void)state;
	errno = EACCES;
	err = error_set_status(error_wrap(error_sys("exec %s", "/bin/x"), "start"), 126);
	length = error_encode(err, frame, sizeof(frame));
	assert_int_equal(length, 16 + strlen(error_message(err)));
	copy = error_decode(frame, length);
	assert_string_equal(error_message(copy), "start: exec /bin/x: Permission denied");
	assert_int_equal(error_kind(copy), ERROR_SYSTEM);
	assert_int_equal(error_errno(copy), EACCES);
	assert_int_equal(error_status(copy), 126);
}

static void every_kind_survives_the_frame(void **state)
{
	(void)state;
	for (int kind = 0; kind <= ERROR_KIND_LAST; kind++) {
		struct error *err autoerror = error_new((enum error_kind)kind, "x");
		struct error *copy autoerror = NULL;
		char frame[ERROR_FRAME_MAX];

		copy = error_decode(frame, error_encode(err, frame, sizeof(frame)));
		assert_int_equal(error_kind(copy), kind);
		assert_string_equal(error_message(copy), "x");
	}
}

static void long_texts_are_cut(void **state)
{
	char long_text[3000], frame[ERROR_FRAME_MAX + 10];
	struct error *err autoerror = NULL, *copy autoerror = NULL;
	size_t length;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	err = error_new(ERROR_BUG, "%s", long_text);
	length = error_encode(err, frame, sizeof(frame));
	assert_int_equal(length, ERROR_FRAME_MAX);
	copy = error_decode(frame, length);
	assert_int_equal(strlen(error_message(copy)), ERROR_TEXT_MAX);
}

static void small_frames_are_not_overrun(void **state)
{
	struct error *err autoerror = error_new(ERROR_BUG, "0123456789");
	char frame[24];

	(void)state;
	memset(frame, '#', sizeof(frame));
	assert_int_equal(error_encode(err, frame, 0), 0);
	assert_int_equal(error_encode(err, frame, 15), 0);
	assert_int_equal(frame[0], '#');
	assert_int_equal(error_encode(err, frame, 20), 20);
	assert_int_equal(frame[20], '#');
}

static void assert_malformed(const struct frame *frame, size_t size)
{
	struct error *err autoerror = error_decode(frame, size);

	assert_int_equal(error_kind(err), ERROR_SYSTEM);
	assert_non_null(strstr(error_message(err), "child process reported"));
}

static void hostile_frames_are_refused(void **state)
{
	const struct frame good = { .text_length = 4, .text = "abcd" };
	struct frame bad;

	(void)state;
	for (size_t size = 0; size < 20; size++)
		assert_malformed(&good, size);
	assert_malformed(&good, 21);
	assert_malformed(&good, sizeof(good));
	bad = good, bad.kind = ERROR_KIND_LAST + 1;
	assert_malformed(&bad, 20);
	bad = good, bad.kind = UINT32_MAX;
	assert_malformed(&bad, 20);
	bad = good, bad.status = 256;
	assert_malformed(&bad, 20);
	bad = good, bad.number = UINT32_MAX;
	assert_malformed(&bad, 20);
	bad = good, bad.text_length = UINT32_MAX;
	assert_malformed(&bad, 20);
	bad = good, bad.text_length = UINT32_MAX - 11; /* 16 + length wraps around to 4 */
	assert_malformed(&bad, 4);
}

static void hostile_text_is_made_harmless(void **state)
{
	struct frame frame = { .kind = ERROR_REFUSED };
	struct error *err autoerror = NULL;

	(void)state;
	memcpy(frame.text, "a\x1b[2Jb\nc\x7f\r\0hidden", 17);
	frame.text_length = 17;
	err = error_decode(&frame, 16 + 17);
	assert_int_equal(error_kind(err), ERROR_REFUSED);
	assert_string_equal(error_message(err), "a?[2Jb?c??"); /* a NUL ends it */
}

static void freeing_keeps_errno(void **state)
{
	struct error *err = error_new(ERROR_BUG, "x");

	(void)state;
	errno = EXDEV;
	error_free(err);
	assert_int_equal(errno, EXDEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_read_from_the_outside_in),
		cmocka_unit_test(system_errors_carry_errno),
		cmocka_unit_test(wrapping_nothing_is_nothing),
		cmocka_unit_test(try_returns_early),
		cmocka_unit_test(percent_signs_of_others_are_only_text),
		cmocka_unit_test(frames_bring_everything_over),
		cmocka_unit_test(every_kind_survives_the_frame),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(small_frames_are_not_overrun),
		cmocka_unit_test(hostile_frames_are_refused),
		cmocka_unit_test(hostile_text_is_made_harmless),
		cmocka_unit_test(freeing_keeps_errno),
	};

	return TEST_MAIN(tests);
}
