/* Names of images, as anybody types them: what parses is a fixed point of its own short form. */
#include <assert.h>
#include <string.h>

#include "image/image.h"
#include "image/reference.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	struct reference ref autoreference = { 0 }, again autoreference = { 0 };
	char *shown autofree = NULL, *shown_again autofree = NULL;
	struct error *err = reference_parse(text, &ref);

	if (err) {
		assert(error_is(err, ERROR_BAD_INPUT));
		assert(!ref.name);
		error_free(err);
		return 0;
	}
	shown = reference_text(&ref);
	assert(!strstr(ref.name, "..") && *ref.name != '/' && !strpbrk(shown, "\n "));
	err = reference_parse(shown, &again);
	assert(!err);
	shown_again = reference_text(&again);
	assert(strcmp(shown, shown_again) == 0);
	return 0;
}
