/* The headers of a registry's answer, line by line, as libcurl hands them over. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "helpers/fetch/transfer.h"

#include "base/strv.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct answer a autoanswer = { 0 };

	answer_begin(&a);
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t length = newline ? (size_t)(newline - p) + 1 : (size_t)(end - p);

		answer_add_line(&a, p, length);
		p += length;
	}
	assert(strv_length(a.challenges) <= 8);
	assert(a.retry_after >= -1);
	assert(!a.location || !strpbrk(a.location, "\r\n"));
	return 0;
}
