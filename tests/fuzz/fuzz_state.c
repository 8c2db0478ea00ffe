/*
 * state.json of a container: what is accepted names one process and groups that can be killed and
 * removed without harm to others, and is printed as what it is.
 */
#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/oci.h"
#include "runtime/status.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct oci_state *s)
{
	assert(*s->id && *s->boot_id);
	assert(s->pid >= 1 && s->pid <= INT_MAX);
	assert(s->start_ticks >= 0 && s->created_ns >= 0);
	assert(s->first_id >= 0 && s->first_id <= UINT32_MAX);
	for (size_t i = 0; s->cgroups && s->cgroups[i]; i++) {
		char *normal autofree = path_normalize(s->cgroups[i]);

		assert(strcmp(normal, s->cgroups[i]) == 0 && normal[1]);
	}
	assert(!s->bundle || *s->bundle == '/');
	assert(!s->systemd_unit || !strchr(s->systemd_unit, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_state state;
	struct error *err = oci_state_parse((const char *)data, size, &state);
	struct container c = CONTAINER_NONE;
	char *created autofree = NULL;

	if (err) {
		assert(error_is(err, ERROR_BAD_INPUT));
		assert(!state.id && !state.cgroups && !state.boot_id);
		error_free(err);
		return 0;
	}
	check(&state);
	c.state = state;
	created = status_created(&c);
	/* "2024-05-01T10:00:00.123456789Z" */
	assert(strlen(created) == 30 && created[10] == 'T' && str_has_suffix(created, "Z"));
	oci_state_done(&state);
	return 0;
}
