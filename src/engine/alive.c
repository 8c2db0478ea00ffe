#include "engine/alive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/attach.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/msg.h"
#include "base/path.h"
#include "engine/ended.h"
#include "engine/record.h"
#include "engine/start.h"
#include "oci/oci.h"

#include "base/banned.h"

#define LOOK_AGAIN_MS 10 /* where the monitor is gone but not yet quite, or takes no client */
#define DRAIN_MS 200	 /* at most, for the last output to reach the log */

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

bool alive_is_held(int state_dir)
{
	if (flock(state_dir, LOCK_SH | LOCK_NB) < 0)
		return true;
	flock(state_dir, LOCK_UN);
	return false;
}

static enum alive probe(int state_dir)
{
	if (has_exit_record(state_dir))
		return ALIVE_EXITED;
	if (alive_is_held(state_dir))
		return ALIVE_RUNS;
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

static void pause_ms(int64_t ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

/* Whoever removed the directory has recorded the end: nobody need see the monitor go. */
static bool is_removed(int state_dir)
{
	struct stat st;

	return fstat(state_dir, &st) == 0 && st.st_nlink == 0;
}

bool alive_wait_released(int state_dir, int64_t timeout_ms)
{
	int64_t end = clock_ms() + timeout_ms;

	while (alive_is_held(state_dir) && !is_removed(state_dir)) {
		if (clock_ms() >= end)
			return false;
		pause_ms(1);
	}
	return true;
}

/*
 * Whether a client of the monitor was told the end, within @left_ms (-1: for ever). Not by
 * inotify(7): letting go of a watch waits for a grace period of the kernel, some ten milliseconds.
 */
static bool is_told(int socket, int64_t left_ms)
{
	struct pollfd watch = { .fd = socket, .events = POLLIN };
	int timeout = left_ms < 0 || left_ms > INT_MAX ? -1 : (int)left_ms;
	struct msg_head head;

	return poll(&watch, 1, timeout) > 0 &&
	       recv(socket, &head, sizeof(head), MSG_WAITALL) == (ssize_t)sizeof(head) &&
	       head.type == ATTACH_EXIT;
}

/*
 * One look and one wait. What is asked of the monitor is nothing but its last word, which comes
 * when all output is in the log.
 */
static struct error *wait_once(struct engine *e, const char *id, int64_t left_ms, enum alive *ret)
{
	int state_dir autoclose = -1;
	int socket autoclose = -1;
	struct error *err;

	TRY(alive_probe(e, id, ret, &state_dir));
	if (*ret == ALIVE_EXITED) /* it is about to say so: too late to be told */
		alive_wait_released(state_dir, DRAIN_MS);
	if (*ret != ALIVE_RUNS)
		return NULL;
	err = start_connect(state_dir, 0, &socket);
	if (!err && is_told(socket, left_ms))
		return alive_probe(e, id, ret, NULL);
	error_ignore(err, "the monitor listens not yet, or not any more");
	pause_ms(left_ms < 0 || left_ms > LOOK_AGAIN_MS ? LOOK_AGAIN_MS : left_ms);
	return alive_probe(e, id, ret, NULL);
}

struct error *alive_wait(struct engine *e, const char *id, int64_t timeout_ms, enum alive *ret)
{
	int64_t end = clock_ms() + timeout_ms;

	for (;;) {
		int64_t left = timeout_ms < 0 ? -1 : end - clock_ms();

		TRY(wait_once(e, id, timeout_ms < 0 || left > 0 ? left : 0, ret));
		if (*ret != ALIVE_RUNS || (timeout_ms >= 0 && left <= 0))
			return NULL;
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
