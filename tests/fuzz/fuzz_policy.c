/* The policy file, and what info shows of it: whatever is accepted keeps its bounds. */
#include <assert.h>
#include <stdint.h>

#include "base/json.h"
#include "engine/policy.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *p autopolicy = NULL;
	struct error *err = policy_parse((const char *)data, size, &p);
	json_t *shown autojson = NULL;

	if (err) {
		assert(error_is(err, ERROR_BAD_INPUT));
		error_free(err);
		return 0;
	}
	assert(p->pids_limit > 0 && p->log_max_files > 0 && p->log_max_bytes >= 4096);
	assert(p->memory_bytes >= 0 && p->memory_reserve_bytes >= 0);
	for (size_t i = 0; p->allowed_paths && p->allowed_paths[i]; i++)
		assert(p->allowed_paths[i][0] == '/');
	shown = policy_encode(p);
	assert(json_is_object(shown));
	return 0;
}
