/*
 * What a registry asks for in WWW-Authenticate: read whole or refused, and nothing but text comes
 * out.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "helpers/fetch/challenge.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	struct challenge c autochallenge = { 0 };
	struct error *err = challenge_add(&c, text);

	assert(!err || error_is(err, ERROR_BAD_INPUT) || error_is(err, ERROR_LIMIT));
	assert(c.bearer || (!c.realm && !c.service && !c.scope));
	assert(!c.realm || strlen(c.realm) <= size);
	error_free(err);
	return 0;
}
