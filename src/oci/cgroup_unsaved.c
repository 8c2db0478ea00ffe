/*
 * Groups of a bundle that a killed `create` has made and no state file names: they are where its
 * config.json wants them. Whoever is in them is on the way out, because its parent has gone, or was
 * never ours; so nobody is killed, and only what is empty goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup_bundle.h"

#include "base/banned.h"

enum { TURNS = 200 }; /* of 10 ms */

static void remove_empty(const char *path)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };

	for (int i = 0; i < TURNS && rmdir(path) < 0 && errno == EBUSY; i++)
		nanosleep(&pause, NULL);
}

struct error *cgroup_bundle_delete_unsaved(int state_dir)
{
	struct config config autoconfig = { 0 };
	struct error *err = config_load(state_dir, &config);
	const char *asked = config.linux_.cgroups_path;
	char **mounts autostrv = NULL;
	char *path autofree = NULL;

	if (err || str_is_empty(asked) || strchr(asked, ':')) {
		error_ignore(err, "no bundle's, or killed before it made anything");
		return NULL;
	}
	path = path_normalize(asked);
	if (str_equal(path, "/"))
		return NULL;
	TRY(cgroup_mounts(&mounts));
	for (size_t i = 0; mounts[i]; i += 2) {
		char *group autofree = alloc_printf("%s%s", mounts[i], path);

		remove_empty(group);
	}
	return NULL;
}
