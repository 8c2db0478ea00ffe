/*
 * Numbers, sizes and words as users and image files write them: every parser of base/str.h, and the
 * ones beside it that take a string, on one input.
 */
#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct error *err)
{
	assert(!err || error_is(err, ERROR_BAD_INPUT));
	error_free(err);
}

static void parse_numbers(const char *text)
{
	uint64_t u = 0;
	int64_t i = 0;
	uint32_t octal = 0;
	int signal = 1;
	bool flag;

	check(str_parse_u64(text, 0, 1000, &u));
	assert(u <= 1000);
	check(str_parse_i64(text, -5, 5, &i));
	assert(i >= -5 && i <= 5);
	check(str_parse_octal(text, 07777, &octal));
	assert(octal <= 07777);
	i = 0;
	check(str_parse_size(text, &i));
	assert(i >= 0);
	i = 0;
	check(str_parse_nano(text, &i));
	assert(i >= 0);
	check(str_parse_bool(text, &flag));
	check(proc_parse_signal(text, &signal));
	assert(signal >= 1 && signal <= 64);
}

/* What path_normalize() promises: absolute, no empty part, no "." or "..", and a fixed point. */
static void normalize(const char *text)
{
	char *path autofree = path_normalize(text);
	char *again autofree = path_normalize(path);
	char **parts autostrv = strv_split(path + 1, '/');

	assert(*path == '/' && strcmp(path, again) == 0);
	for (size_t i = 0; parts[i]; i++)
		assert(path_is_name(parts[i]) || (i == 0 && !parts[1] && !*parts[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	char *quoted autofree = str_quote(text);
	char **parts autostrv = strv_split(text, ',');
	char *joined autofree = strv_join(parts, ",");

	for (const char *c = quoted; *c; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	assert(strcmp(joined, text) == 0);
	assert(!digest_is_valid(text) || strlen(digest_hex(text)) == 64);
	parse_numbers(text);
	normalize(text);
	return 0;
}
