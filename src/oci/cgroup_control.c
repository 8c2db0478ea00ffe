/* What is done with the groups of a container that is there: freezing, new limits, watching. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/cgroup_bundle.h"
#include "oci/oci.h"

#include "base/banned.h"

#define FREEZE_TRIES 1000
#define FREEZE_WAIT_US 2000

/* -- freezing ---------------------------------------------------------------------------------- */

/* Whether a word of the file @name is followed by @value: "frozen 1". */
static bool file_says(int dir, const char *name, const char *text)
{
	char *content autofree = NULL;
	struct error *err = path_read_text(dir, name, 4096, &content);

	error_ignore(err, "what cannot be read says nothing");
	return !err && strstr(content, text);
}

/* The group that freezes: the freezer's of version 1, else the one of version 2. */
static int open_freezer(const struct oci_state *state, const char **ret_file)
{
	static const char *const files[] = { "freezer.state", "cgroup.freeze" };

	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; state->cgroups && state->cgroups[i]; i++) {
			int dir = open(state->cgroups[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			if (dir >= 0 && faccessat(dir, files[f], F_OK, 0) == 0) {
				*ret_file = files[f];
				return dir;
			}
			fd_close(&dir);
		}
	return -1;
}

bool oci_is_frozen(const struct oci_state *state)
{
	const char *file = NULL;
	int dir autoclose = open_freezer(state, &file);

	if (dir < 0)
		return false;
	/* What was done to a group above is not this container's state. */
	return strcmp(file, "freezer.state") == 0 ? file_says(dir, "freezer.self_freezing", "1")
						  : file_says(dir, file, "1");
}

/* Processes that are made meanwhile keep a group of version 1 from it: asked for again. */
static struct error *freeze_v1(int dir)
{
	for (int i = 0; i < FREEZE_TRIES; i++) {
		if (i % 50 == 49)
			TRY(path_write_existing(dir, "freezer.state", "THAWED"));
		TRY(path_write_existing(dir, "freezer.state", "FROZEN"));
		if (file_says(dir, "freezer.state", "FROZEN"))
			return NULL;
		usleep(FREEZE_WAIT_US);
	}
	error_ignore(path_write_existing(dir, "freezer.state", "THAWED"), "it has failed already");
	return error_new(ERROR_TIMEOUT, "unable to freeze");
}

static struct error *freeze_v2(int dir, bool frozen)
{
	const char *wanted = frozen ? "frozen 1" : "frozen 0";

	TRY(path_write_existing(dir, "cgroup.freeze", frozen ? "1" : "0"));
	for (int i = 0; i < FREEZE_TRIES && !file_says(dir, "cgroup.events", wanted); i++)
		usleep(FREEZE_WAIT_US);
	if (file_says(dir, "cgroup.events", wanted))
		return NULL;
	error_ignore(path_write_existing(dir, "cgroup.freeze", "0"), "it has failed already");
	return error_new(ERROR_TIMEOUT, "unable to %s", frozen ? "freeze" : "thaw");
}

struct error *oci_freeze(const struct oci_state *state, bool frozen)
{
	const char *file = NULL;
	int dir autoclose = open_freezer(state, &file);

	if (dir < 0)
		return error_new(ERROR_UNSUPPORTED, "its groups have no freezer");
	if (strcmp(file, "freezer.state") != 0)
		return freeze_v2(dir, frozen);
	return frozen ? freeze_v1(dir) : path_write_existing(dir, file, "THAWED");
}

/* -- limits ------------------------------------------------------------------------- */

struct error *oci_update(const struct oci_state *state, const struct config_resources *r)
{
	struct cgroup cg = { 0 };
	struct error *err =
		cgroup_open(&cg, state->cgroups, NULL, cgroup_by_name(state->cgroup_manager));

	if (!err) {
		cg.unit = alloc_string(state->systemd_unit);
		err = cgroup_bundle_limit(&cg, r);
	}
	cgroup_close(&cg);
	return err;
}

/* -- out of memory ----------------------------------------------------------------------------- */

static uint64_t kills_of(int control)
{
	char text[4096], *line;
	ssize_t n = pread(control, text, sizeof(text) - 1, 0);
	uint64_t kills = 0;

	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "oom_kill ");
	if (!line)
		return 0;
	line += strlen("oom_kill ");
	line[strcspn(line, "\n")] = '\0';
	error_ignore(str_parse_u64(line, 0, UINT64_MAX, &kills), "the kernel's own words");
	return kills;
}

/* Version 1 tells by an eventfd (admin-guide/cgroup-v1/memory, OOM Control). */
static struct error *watch_v1(int dir, struct oci_oom *o)
{
	char line[32];

	o->poll = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (o->poll < 0)
		return error_sys("eventfd");
	snprintf(line, sizeof(line), "%d %d", o->poll, o->control);
	return path_write_existing(dir, "cgroup.event_control", line);
}

/* In the group @path; *@ret_found: it has the memory controller. */
static struct error *open_oom_in(const char *path, struct oci_oom *o, bool *ret_found)
{
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool v1 = dir >= 0 && faccessat(dir, "memory.oom_control", F_OK, 0) == 0;

	*ret_found = false;
	if (dir < 0)
		return error_sys("open %s", path);
	o->control = openat(dir, v1 ? "memory.oom_control" : "memory.events", O_RDONLY | O_CLOEXEC);
	if (o->control < 0)
		return NULL;
	*ret_found = true;
	o->path = alloc_string(path);
	o->seen = kills_of(o->control);
	o->events = v1 ? POLLIN : POLLPRI;
	if (v1)
		return watch_v1(dir, o);
	o->poll = o->control;
	return NULL;
}

struct error *oci_oom_open(const struct oci_state *state, struct oci_oom *ret)
{
	bool found = false;

	*ret = (struct oci_oom){ .poll = -1, .control = -1 };
	for (size_t i = 0; state->cgroups && state->cgroups[i] && !found; i++)
		TRY(open_oom_in(state->cgroups[i], ret, &found));
	return NULL;
}

bool oci_oom_happened(struct oci_oom *o)
{
	uint64_t count = 0, kills = kills_of(o->control);
	bool more = kills > o->seen;

	o->seen = kills;
	if (o->poll == o->control)
		return more;
	/* The end of the group is told by the same descriptor. */
	return read(o->poll, &count, sizeof(count)) == sizeof(count) && access(o->path, F_OK) == 0;
}

void oci_oom_close(struct oci_oom *o)
{
	if (o->poll == o->control)
		o->poll = -1;
	fd_close(&o->poll);
	fd_close(&o->control);
	free(o->path);
	*o = (struct oci_oom){ .poll = -1, .control = -1 };
}
