/*
 * Freezing a group with all that is in it: "freezer.state" of version 1, "cgroup.freeze" of version
 * 2 (kernel: admin-guide/cgroup-v1/freezer-subsystem, admin-guide/cgroup-v2).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/cgroup.h"

#include "base/banned.h"

enum { TRIES = 1000 }; /* of a millisecond and more: processes freeze at their next safe point */

/* The group of @paths that has a freezer, and which one; -1: none. */
static int open_freezer(char *const *paths, bool *ret_v2)
{
	for (size_t i = 0; paths && paths[i]; i++) {
		int dir = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir < 0)
			continue;
		*ret_v2 = faccessat(dir, "cgroup.freeze", F_OK, 0) == 0;
		if (*ret_v2 || faccessat(dir, "freezer.state", F_OK, 0) == 0)
			return dir;
		fd_close(&dir);
	}
	return -1;
}

static bool is_state(int dir, bool v2, bool frozen)
{
	char *text autofree = NULL;
	struct error *err =
		path_read_text(dir, v2 ? "cgroup.events" : "freezer.state", 4096, &text);

	if (err) {
		error_ignore(err, "a group that is gone is not frozen");
		return !frozen;
	}
	if (v2)
		return strstr(text, frozen ? "frozen 1" : "frozen 0") != NULL;
	return str_has_prefix(text, frozen ? "FROZEN" : "THAWED");
}

struct error *cgroup_freeze(char *const *paths, bool frozen)
{
	bool v2 = false;
	int dir autoclose = open_freezer(paths, &v2);
	const char *word = frozen ? "FROZEN" : "THAWED";

	if (dir < 0)
		return error_new(ERROR_UNSUPPORTED, "the container has no group with a freezer");
	for (int i = 0; i < TRIES; i++) {
		/* Version 1 may have to be told again: a fork meanwhile has escaped it. */
		if (i == 0 || !v2)
			TRY(v2 ? path_write_existing(dir, "cgroup.freeze", frozen ? "1" : "0")
			       : path_write_existing(dir, "freezer.state", word));
		if (is_state(dir, v2, frozen))
			return NULL;
		usleep(1000);
	}
	return error_new(ERROR_TIMEOUT, "the container does not become %s", word);
}

bool cgroup_is_frozen(char *const *paths)
{
	bool v2 = false;
	int dir autoclose = open_freezer(paths, &v2);

	return dir >= 0 && is_state(dir, v2, true);
}
