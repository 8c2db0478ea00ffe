#include "base/rand.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

#include "base/banned.h"

void rand_hex(char *hex, size_t digits)
{
	unsigned char bytes[64];
	ssize_t n;

	assert(digits <= sizeof(bytes));
	do
		n = getrandom(bytes, digits,
			      0); /* up to 256 bytes come whole once the pool is seeded */
	while (n < 0 && errno == EINTR);
	assert(n == (ssize_t)digits);
	for (size_t i = 0; i < digits; i++)
		hex[i] = "0123456789abcdef"[bytes[i] & 15];
	hex[digits] = '\0';
}
