/*
 * The error frame of a child process that may be hostile: any bytes give an error with clean text,
 * and what is decoded can be encoded again.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error *err autoerror = error_decode(data, size);
	struct error *again autoerror = NULL;
	char frame[ERROR_FRAME_MAX];
	size_t length;

	for (const char *c = error_message(err); *c; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	assert(error_kind(err) <= ERROR_KIND_LAST);
	assert(error_status(err) >= 0 && error_status(err) <= 255);
	length = error_encode(err, frame, sizeof(frame));
	again = error_decode(frame, length);
	assert(strcmp(error_message(err), error_message(again)) == 0);
	assert(error_kind(err) == error_kind(again) && error_errno(err) == error_errno(again));
	return 0;
}
