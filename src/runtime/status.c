#include "runtime/status.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"

#include "base/banned.h"

char *status_created(const struct container *c)
{
	time_t seconds = (time_t)(c->state.created_ns / 1000000000);
	struct tm tm;
	char text[32] = "";

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return alloc_printf("%s.%09ldZ", text, (long)(c->state.created_ns % 1000000000));
}

char *status_owner(const struct container *c)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];
	struct stat st;

	if (fstat(c->dir, &st) < 0 ||
	    getpwuid_r(st.st_uid, &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return alloc_string("");
	return alloc_string(found->pw_name);
}

/* Relative roots are below the bundle. */
static char *rootfs_of(const struct container *c)
{
	const char *path = c->has_config ? c->config.root->path : "";

	if (*path == '/' || !c->state.bundle)
		return alloc_string(path);
	return alloc_printf("%s/%s", c->state.bundle, path);
}

json_t *status_json(const struct container *c)
{
	enum status status = container_status(c);
	char *rootfs autofree = rootfs_of(c), *created autofree = status_created(c),
		     *owner autofree = status_owner(c);
	json_t *state = json_object();
	char *const *annotations = c->config.annotations;

	json_object_set_new(state, "ociVersion",
			    json_string(c->has_config ? c->config.oci_version : CONFIG_VERSION));
	json_object_set_new(state, "id", json_string(c->id));
	json_object_set_new(state, "pid",
			    json_integer(status == STATUS_STOPPED ? 0 : c->state.pid));
	json_object_set_new(state, "status", json_string(status_name(status)));
	json_object_set_new(state, "bundle", json_string(c->state.bundle ? c->state.bundle : ""));
	json_object_set_new(state, "rootfs", json_string(rootfs));
	json_object_set_new(state, "created", json_string(created));
	if (annotations) {
		json_t *map = json_object();

		for (size_t i = 0; annotations[i]; i += 2)
			json_object_set_new(map, annotations[i], json_string(annotations[i + 1]));
		json_object_set_new(state, "annotations", map);
	}
	json_object_set_new(state, "owner", json_string(owner));
	return state;
}
