/* The instructions of import -c, one a line, on one config. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "image/change.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	char **lines autostrv = strv_split(text, '\n');
	struct image_config config = { 0 };

	for (size_t i = 0; lines[i] && i < 64; i++) {
		struct error *err = change_apply(&config, lines[i]);

		assert(!err || error_is(err, ERROR_BAD_INPUT) || error_is(err, ERROR_LIMIT));
		error_free(err);
	}
	for (char **v = config.volumes; v && *v; v++)
		assert(**v == '/');
	assert(!config.working_dir || *config.working_dir == '/');
	assert(strv_length(config.labels) % 2 == 0);
	json_done(&image_config_type, &config);
	return 0;
}
