/* Lines of a container's log: written by our monitor, but on a disk that others may have had. */
#include <assert.h>
#include <stdint.h>

#include "engine/log_line.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_line line;
	struct error *err = log_line_parse((const char *)data, size, &line);

	if (err) {
		assert(error_is(err, ERROR_BAD_INPUT));
		error_free(err);
		return 0;
	}
	assert(line.stream == 1 || line.stream == 2);
	assert(line.time_ns >= 0 && line.text[line.length] == '\0');
	log_line_done(&line);
	return 0;
}
