#include "engine/alive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/attach.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "engine/ended.h"
#include "engine/record.h"
#include "oci/oci.h"

#include "base/banned.h"

#define PROBE_AGAIN_MS 250 /* a killed monitor sends no event */

struct error *alive_lock(struct engine *e, const char *id, bool wait, int *ret_fd)
{
	int dir;

	TRY(handle_dir(e, HANDLE_LOCKS, &dir));
	for (;;) {
		int fd autoclose = -1;
		struct stat st;

		TRY(wait ? lock_take(dir, id, &fd) : lock_try(dir, id, &fd));
		if (fd >= 0 && fstat(fd, &st) < 0)
			return error_sys("lock of container %s", id);
		if (fd >= 0 && st.st_nlink == 0)
			continue; /* the container was removed while we waited; so was this file */
		*ret_fd = fd_take(&fd);
		return NULL;
	}
}

void alive_unlock_removed(struct engine *e, const char *id, int *fd)
{
	unlinkat(e->dirs[HANDLE_LOCKS], id, 0);
	fd_close(fd);
}

struct error *alive_make_dir(struct engine *e, const char *id, int *ret_state_dir)
{
	int dir;

	TRY(handle_dir(e, HANDLE_RUN, &dir));
	return path_open_dir(dir, id, 0700, ret_state_dir);
}

struct error *alive_hold(int state_dir)
{
	int rc;

	do
		rc = flock(state_dir, LOCK_EX);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? error_sys("lock the run-time directory") : NULL;
}

static bool has_exit_record(int state_dir)
{
	return faccessat(state_dir, MONITOR_EXIT_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum alive probe(int state_dir)
{
	if (has_exit_record(state_dir))
		return ALIVE_EXITED;
	if (flock(state_dir, LOCK_SH | LOCK_NB) < 0)
		return ALIVE_RUNS;
	flock(state_dir, LOCK_UN);
	/* It may have written the record and gone between the two questions. */
	return has_exit_record(state_dir) ? ALIVE_EXITED : ALIVE_LOST;
}

struct error *alive_probe(struct engine *e, const char *id, enum alive *ret, int *ret_state_dir)
{
	int fd autoclose = -1;
	int dir;

	TRY(handle_dir(e, HANDLE_RUN, &dir));
	fd = openat(dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return error_sys("run-time directory of container %s", id);
	*ret = fd < 0 ? ALIVE_NOTHING : probe(fd);
	if (ret_state_dir)
		*ret_state_dir = fd_take(&fd);
	return NULL;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Only wakes: what is true is probed again. */
static void wait_for_event(int inotify, int64_t left_ms)
{
	struct pollfd watch = { .fd = inotify, .events = POLLIN };
	int timeout = left_ms >= 0 && left_ms < PROBE_AGAIN_MS ? (int)left_ms : PROBE_AGAIN_MS;
	char events[1024];

	if (poll(&watch, 1, timeout) > 0 && read(inotify, events, sizeof(events)) < 0)
		return;
}

struct error *alive_wait(struct engine *e, const char *id, int64_t timeout_ms, enum alive *ret)
{
	int inotify autoclose = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char *path autofree = alive_path(e, id);
	int64_t end = now_ms() + timeout_ms;

	if (inotify < 0)
		return error_sys("wait for container %s", id);
	if (inotify_add_watch(inotify, path, IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR) < 0 &&
	    errno != ENOENT)
		return error_sys("watch %s", path);
	for (;;) {
		int64_t left = timeout_ms < 0 ? -1 : end - now_ms();

		TRY(alive_probe(e, id, ret, NULL));
		if (*ret != ALIVE_RUNS || (timeout_ms >= 0 && left <= 0))
			return NULL;
		wait_for_event(inotify, left);
	}
}

char *alive_path(struct engine *e, const char *id)
{
	return alloc_printf("%s/containers/%s", e->state, id);
}

/* The pid is only for showing: who sends a signal asks the state file at that moment. */
static struct error *load_pid(int state_dir, struct container *c)
{
	struct oci_state state = { 0 };
	struct error *err = oci_state_load(state_dir, &state);

	if (error_is(err, ERROR_NOT_FOUND)) {
		error_free(err);
		return NULL;
	}
	if (err)
		return err;
	if (oci_state_is_alive(&state))
		c->pid = (pid_t)state.pid;
	oci_state_done(&state);
	return NULL;
}

struct error *alive_find(struct engine *e, const char *ref, bool whole, struct container **ret)
{
	enum record_part part = whole ? RECORD_WHOLE : RECORD_BRIEF;
	struct container *c autocontainer = NULL;
	int state_dir autoclose = -1;
	enum alive alive;

	TRY(record_find(e, ref, part, &c));
	TRY(alive_probe(e, c->id, &alive, &state_dir));
	if (!ended_agrees(c, alive)) {
		char id[ENGINE_ID_SIZE];

		memcpy(id, c->id, sizeof(id));
		TRY(ended_mend(e, id, true));
		container_free(c);
		c = NULL;
		TRY(record_load(e, id, part, &c));
	}
	if (c->status == CONTAINER_RUNNING && state_dir >= 0)
		TRY(load_pid(state_dir, c));
	*ret = take(c);
	return NULL;
}
