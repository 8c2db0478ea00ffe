/*
 * --cgroup-parent: which groups a container may be put below. Docker takes a path from the root of
 * each hierarchy; here it begins at the engine's own group, so that nothing that a container is put
 * below is outside of the limit that leaves the host its reserve (requirement C2), nor belongs to
 * anybody else.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"
#include "oci/systemd.h"

#include "base/banned.h"

#define DEPTH_MAX 16
#define ID_LENGTH 64

char **cgroup_parent_names(const char *parent)
{
	char **parts autostrv = strv_split(parent ? parent : "", '/');
	char **names = NULL;

	for (size_t i = 0; parts[i]; i++)
		if (*parts[i])
			strv_add(&names, parts[i]);
	return names;
}

bool cgroup_parent_is_slice(const char *parent)
{
	return parent && str_has_suffix(parent, ".slice");
}

/* What a container's own group is called. */
static bool is_id(const char *name)
{
	return strlen(name) == ID_LENGTH && strspn(name, "0123456789abcdef") == ID_LENGTH;
}

static bool is_plain(const char *name)
{
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || (name[n] && strchr("_.:@+-", name[n])))
		n++;
	return !name[n] && n <= NAME_MAX && *name != '.';
}

static struct error *refuse(const char *parent, const char *why)
{
	char *shown autofree = str_quote(parent);

	return error_new(ERROR_BAD_INPUT, "cgroup parent %s: %s", shown, why);
}

/* systemd.slice(5): the dashes are the path, so that none stands first, last or beside another. */
static struct error *check_slice(const char *parent)
{
	size_t length = strlen(parent) - strlen(".slice");

	if (strchr(parent, '/'))
		return refuse(parent, "a slice is given by its name alone");
	if (!length || *parent == '-' || parent[length - 1] == '-' || strstr(parent, "--"))
		return refuse(parent, "not the name of a slice");
	if (!systemd_is_running())
		return refuse(parent, "there are slices only where systemd runs");
	return NULL;
}

static struct error *check_slice_host(const char *parent)
{
	const struct cgroup_ops *ops;

	TRY(cgroup_detect(&ops));
	return ops == &cgroup_v2
		       ? NULL
		       : error_new(ERROR_UNSUPPORTED,
				   "cgroup parent %s: with control groups of version 1 containers"
				   " are not in systemd's slices",
				   parent);
}

struct error *oci_check_cgroup_parent(const char *parent)
{
	char **names autostrv = cgroup_parent_names(parent);

	if (!names)
		return refuse(parent, "it names no group");
	if (strv_length(names) > DEPTH_MAX)
		return refuse(parent, "too deep");
	for (size_t i = 0; names[i]; i++)
		if (!is_plain(names[i]))
			return refuse(parent,
				      "a name in it has other characters than"
				      " [A-Za-z0-9_.:@+-], begins with a dot or is too long");
	for (size_t i = 0; names[i]; i++)
		if (is_id(names[i]) || (i == 0 && strcmp(names[i], "monitors") == 0))
			return refuse(parent, "this name is the engine's");
	for (size_t i = 0; names[i]; i++)
		if (names[1] && cgroup_parent_is_slice(names[i]))
			return refuse(parent, "a slice is given by its name alone");
	if (!cgroup_parent_is_slice(parent))
		return NULL;
	TRY(check_slice(parent));
	return check_slice_host(parent);
}
