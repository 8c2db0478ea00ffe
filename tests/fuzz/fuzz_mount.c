/* Mounts as users write them: -v and --tmpfs, and the attributes that come of them. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/mount_spec.h"
#include "engine/types.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct error *err, struct engine_mount *m)
{
	char *options autofree = NULL;
	uint64_t attributes;

	if (err) {
		assert(error_is(err, ERROR_BAD_INPUT) || error_is(err, ERROR_REFUSED));
		assert(!m->type && !m->destination && !m->source);
		error_free(err);
		return;
	}
	assert(m->destination[0] == '/' && m->destination[1] && !strstr(m->destination, "/../"));
	if (strcmp(m->type, "volume") == 0)
		assert(!strchr(m->name, '/') && m->name[0] != '.');
	if (strcmp(m->type, "bind") == 0)
		assert(m->source[0] == '/');
	err = mount_spec_attributes(m, &attributes, &options);
	assert(!err);
	json_done(&engine_mount_type, m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	struct engine_mount bind = { 0 }, tmpfs = { 0 };

	check(mount_parse_bind(text, &bind), &bind);
	check(mount_parse_tmpfs("/t", text, &tmpfs), &tmpfs);
	return 0;
}
