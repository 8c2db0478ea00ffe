/*
 * Opening and closing. Kept cheap, since every command does it: two directories, the database, the
 * image store. What else a command needs is opened when it asks; what an interrupted command left
 * is mended where it is met (ended.c, reconcile.c).
 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/db.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/handle.h"
#include "engine/record.h"

#include "base/banned.h"

#define SCHEMA_VERSION 2

static const char *const schemas[] = { record_schema, image_schema, NULL };

static const struct {
	bool in_state;
	const char *name;
} dirs[HANDLE_N_DIRS] = {
	[HANDLE_CONTAINERS] = { false, "containers" },
	[HANDLE_VOLUMES] = { false, "volumes" },
	[HANDLE_RUN] = { true, "containers" },
	[HANDLE_LOCKS] = { true, "locks" },
};

/* Somebody who may write here could put a database or a link of his own before us. */
static struct error *check_owner(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_sys("%s", path);
	if (st.st_uid != geteuid())
		return error_new(ERROR_REFUSED, "%s: belongs to another user (uid %u)", path,
				 st.st_uid);
	if (st.st_mode & 022)
		return error_new(ERROR_REFUSED, "%s: other users may write to it (mode %04o)", path,
				 st.st_mode & 07777);
	return NULL;
}

static struct error *open_top(const char *path, int *ret_fd, char **ret_path)
{
	if (!*path)
		return error_new(ERROR_BAD_INPUT, "an empty path is no directory for the engine");
	TRY(path_make_dirs(path, 0700, ret_fd));
	TRY(check_owner(*ret_fd, path));
	return error_wrap(path_of_fd(*ret_fd, ret_path), "%s", path);
}

static struct error *open_all(struct engine *e, const char *root, const char *state)
{
	TRY(error_wrap(open_top(root, &e->root_dir, &e->root), "root directory"));
	TRY(error_wrap(open_top(state, &e->state_dir, &e->state), "state directory"));
	TRY(db_open(e->root_dir, "bulkhead.db", SCHEMA_VERSION, schemas, &e->db));
	return image_store_open(e->root_dir, e->db, &e->images);
}

struct error *engine_open(const char *root, const char *state, struct engine **ret)
{
	struct engine *e autoengine = alloc_zeroed(1, sizeof(*e));

	e->root_dir = e->state_dir = e->events_fd = -1;
	for (size_t i = 0; i < HANDLE_N_DIRS; i++)
		e->dirs[i] = -1;
	TRY(open_all(e, root, state));
	*ret = take(e);
	return NULL;
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	image_store_close(e->images);
	db_close(e->db);
	for (size_t i = 0; i < HANDLE_N_DIRS; i++)
		fd_close(&e->dirs[i]);
	fd_close(&e->root_dir);
	fd_close(&e->state_dir);
	fd_close(&e->events_fd);
	policy_free(e->policy);
	free(e->root);
	free(e->state);
	free(e);
}

struct image_store *engine_images(struct engine *e)
{
	return e->images;
}

struct error *handle_dir(struct engine *e, enum handle_dir which, int *ret)
{
	int parent = dirs[which].in_state ? e->state_dir : e->root_dir;

	if (e->dirs[which] < 0) {
		/* Nearly always it is there: asking first saves a system call. */
		e->dirs[which] = openat(parent, dirs[which].name,
					O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (e->dirs[which] < 0)
			TRY(error_wrap(path_open_dir(parent, dirs[which].name, 0700,
						     &e->dirs[which]),
				       "%s", dirs[which].in_state ? e->state : e->root));
	}
	*ret = e->dirs[which];
	return NULL;
}

/* What is shown as the policy's path is where somebody would write one. */
static struct error *load_policy(struct engine *e)
{
	if (strcmp(e->root, ENGINE_DEFAULT_ROOT) == 0)
		return policy_load(AT_FDCWD, "/etc/bulkhead/bulkhead.json", &e->policy);
	TRY(error_wrap(policy_load(e->root_dir, "bulkhead.json", &e->policy), "%s", e->root));
	free(e->policy->path);
	e->policy->path = alloc_printf("%s/bulkhead.json", e->root);
	return NULL;
}

struct error *handle_policy(struct engine *e, const struct policy **ret)
{
	if (!e->policy)
		TRY(load_policy(e));
	*ret = e->policy;
	return NULL;
}

int64_t handle_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void handle_time(int64_t ns, char text[HANDLE_TIME_SIZE])
{
	time_t seconds = ns / 1000000000;
	size_t length;
	struct tm tm;

	if (!ns || !gmtime_r(&seconds, &tm)) {
		snprintf(text, HANDLE_TIME_SIZE, "0001-01-01T00:00:00Z"); /* Go's zero time */
		return;
	}
	length = strftime(text, HANDLE_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + length, HANDLE_TIME_SIZE - length, ".%09ldZ", (long)(ns % 1000000000));
}
