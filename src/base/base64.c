#include "base/base64.h"

#include <stdint.h>
#include <string.h>

#include "base/banned.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct error *base64_encode(struct buf *b, const void *data, size_t length)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t n = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);
		const char group[4] = {
			digits[n >> 18],
			digits[n >> 12 & 63],
			left > 1 ? digits[n >> 6 & 63] : '=',
			left > 2 ? digits[n & 63] : '=',
		};

		TRY(buf_add(b, group, sizeof(group)));
	}
	return NULL;
}

struct error *base64_decode(struct buf *b, const char *text)
{
	size_t length = strlen(text), padding = 0;
	uint32_t bits = 0;
	int n = 0;

	while (length && text[length - 1] == '=' && padding < 2) {
		length--;
		padding++;
	}
	if (length % 4 == 1)
		return error_new(ERROR_BAD_INPUT, "not base64: it ends early");
	for (size_t i = 0; i < length; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
		unsigned char byte;

		if (!digit)
			return error_new(ERROR_BAD_INPUT, "not base64");
		bits = bits << 6 | (uint32_t)(digit - digits);
		n += 6;
		if (n < 8)
			continue;
		n -= 8;
		byte = (unsigned char)(bits >> n);
		TRY(buf_add(b, &byte, 1));
	}
	return NULL;
}
