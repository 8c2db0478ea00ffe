/*
 * Where a container's groups are: /proc/self/cgroup, linux.cgroupsPath in both forms and
 * --cgroup-parent. A line each: what is made of them never leads out of where it should be.
 */
#include <assert.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup_bundle.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(char *const *names)
{
	for (size_t i = 0; names && names[i]; i++)
		assert(path_is_name(names[i]));
}

static void try_own(const char *text, const char *controllers, const char *root)
{
	char *own autofree = cgroup_own(text, controllers, root);
	char *normal autofree = path_normalize(own);

	assert(strcmp(own, normal) == 0 && !strchr(own, '\n'));
}

/* Absolute ones begin at the root; others stay below @own. */
static void try_path(const char *path)
{
	char **names autostrv = cgroup_bundle_names(path, "id", "/own");

	check_names(names);
	/* No names: the root itself, which is refused. */
	if (*path && *path != '/')
		assert(names && strcmp(names[0], "own") == 0);
	else if (!*path)
		assert(names && strcmp(names[0], "id") == 0 && !names[1]);
}

static void try_unit(const char *path)
{
	struct cgroup_unit u = { 0 };
	struct error *err = cgroup_unit_parse(path, "id", &u);

	if (err) {
		assert(error_is(err, ERROR_BAD_INPUT));
		error_free(err);
	} else {
		check_names(u.names);
		assert(path_is_name(u.slice) && path_is_name(u.name));
		assert(str_has_suffix(u.name, ".scope") || str_has_suffix(u.name, ".slice"));
		assert(strcmp(u.names[strv_length(u.names) - 1], u.name) == 0);
	}
	cgroup_unit_done(&u);
}

static void try_parent(const char *parent)
{
	struct error *err = oci_check_cgroup_parent(parent);
	char **names autostrv = NULL;

	assert(!err || error_is(err, ERROR_BAD_INPUT) || error_is(err, ERROR_UNSUPPORTED));
	if (!err) {
		names = cgroup_parent_names(parent);
		check_names(names);
		assert(names && names[0]);
	}
	error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	char **lines autostrv = strv_split(text, '\n');

	try_own(text, "", "/");
	try_own(text, "", "/a");
	try_own(text, "memory", "/");
	try_own(text, "name=systemd", "/a/b");
	for (size_t i = 0; lines[i] && i < 64; i++) {
		try_path(lines[i]);
		try_unit(lines[i]);
		try_parent(lines[i]);
	}
	return 0;
}
