/*
 * Kill, stop, wait, remove. None holds the container's lock while it waits: the end is recorded by
 * whoever gets there first, and that needs the lock.
 */
#include <signal.h>
#include <stdio.h>

#include "base/db.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/alive.h"
#include "engine/ended.h"
#include "engine/events.h"
#include "engine/record.h"
#include "oci/oci.h"

#include "base/banned.h"

#define DEFAULT_STOP_TIMEOUT_S 10
#define KILL_TIMEOUT_MS                                                                            \
	10000 /* SIGKILL works at once unless the kernel is stuck in a system call */

static struct error *not_running(const struct container *c)
{
	return error_new(ERROR_CONFLICT, "container %s is not running", c->id);
}

/*
 * The state file is read anew for each signal: it alone says which process it is, checked by boot
 * and start time.
 */
static struct error *send_signal(struct engine *e, const struct container *c, int signal)
{
	struct oci_state state = { 0 };
	int state_dir autoclose = -1;
	struct error *err;
	enum alive alive;
	char number[16];

	TRY(alive_probe(e, c->id, &alive, &state_dir));
	if (alive != ALIVE_RUNS)
		return not_running(c);
	err = oci_state_load(state_dir, &state);
	if (!err)
		err = oci_kill(&state, signal);
	oci_state_done(&state);
	if (error_is(err, ERROR_NOT_FOUND)) {
		error_free(err);
		return not_running(c);
	}
	if (err)
		return err;
	snprintf(number, sizeof(number), "%d", signal);
	events_container(e, "kill", c, (const char *[]){ "signal", number, NULL });
	return NULL;
}

struct error *engine_kill(struct engine *e, const char *ref, int signal)
{
	struct container *c autocontainer = NULL;

	TRY(alive_find(e, ref, true, &c));
	if (c->status != CONTAINER_RUNNING)
		return error_wrap(not_running(c), "cannot kill container %s", ref);
	return error_wrap(send_signal(e, c, signal), "cannot kill container %s", ref);
}

static struct error *ignore_if_ended(struct error *err)
{
	if (!error_is(err, ERROR_CONFLICT))
		return err;
	error_free(err);
	return NULL;
}

/* Waits for the end and records it; a container that is removed by its end is a success. */
static struct error *wait_and_record(struct engine *e, const struct container *c,
				     int64_t timeout_ms, bool *ret_ended)
{
	enum alive alive;

	TRY(alive_wait(e, c->id, timeout_ms, &alive));
	*ret_ended = alive != ALIVE_RUNS;
	return *ret_ended ? ended_mend(e, c->id, true) : NULL;
}

static struct error *kill_and_wait(struct engine *e, const struct container *c)
{
	bool ended = false;

	TRY(ignore_if_ended(send_signal(e, c, SIGKILL)));
	TRY(wait_and_record(e, c, KILL_TIMEOUT_MS, &ended));
	if (!ended)
		return error_new(ERROR_TIMEOUT, "container %s does not end although it was killed",
				 c->name);
	return NULL;
}

static struct error *stop_signal(const struct container *c, int asked, int *ret)
{
	*ret = asked ? asked : SIGTERM;
	if (asked || str_is_empty(c->config.stop_signal))
		return NULL;
	return proc_parse_signal(c->config.stop_signal, ret);
}

struct error *engine_stop(struct engine *e, const char *ref, int signal, int timeout_s)
{
	struct container *c autocontainer = NULL;
	int64_t timeout_ms;
	bool ended = false;

	TRY(alive_find(e, ref, true, &c));
	if (c->status != CONTAINER_RUNNING)
		return NULL;
	if (timeout_s == ENGINE_STOP_OWN_TIMEOUT)
		timeout_s = c->config.stop_timeout_s ? (int)*c->config.stop_timeout_s
						     : DEFAULT_STOP_TIMEOUT_S;
	timeout_ms = timeout_s < 0 ? -1 : (int64_t)timeout_s * 1000;
	TRY(stop_signal(c, signal, &signal));
	TRY(error_wrap(ignore_if_ended(send_signal(e, c, signal)), "cannot stop container %s",
		       ref));
	TRY(wait_and_record(e, c, timeout_ms, &ended));
	if (!ended)
		TRY(error_wrap(kill_and_wait(e, c), "cannot stop container %s", ref));
	events_container(e, "stop", c, NULL);
	return NULL;
}

struct error *engine_wait(struct engine *e, const char *ref, int *ret_code)
{
	struct container *c autocontainer = NULL;
	struct container *after autocontainer = NULL;
	int64_t events_from = events_end(e);
	struct error *err;
	bool ended;

	TRY(alive_find(e, ref, false, &c));
	if (c->status != CONTAINER_RUNNING) {
		*ret_code = c->exit_code;
		return NULL;
	}
	TRY(wait_and_record(e, c, -1, &ended));
	err = record_load(e, c->id, RECORD_BRIEF, &after);
	if (!err) {
		*ret_code = after->exit_code;
		return NULL;
	}
	if (!error_is(err, ERROR_NOT_FOUND) || !events_find_exit(e, events_from, c->id, ret_code))
		return error_wrap(err, "wait for container %s", ref);
	error_free(err); /* --rm: the events remember what the record no longer can */
	return NULL;
}

/* First the mark that it goes, so that a removal cut short is seen as one and done again. */
static struct error *mark_dead(struct engine *e, const struct container *c)
{
	struct error *err;

	TRY(db_begin(e->db, false));
	err = record_set_dead(e, c->id);
	if (!err)
		return db_commit(e->db);
	db_rollback(e->db);
	return err;
}

static struct error *remove_stopped(struct engine *e, const char *id, bool volumes)
{
	struct container *c autocontainer = NULL;
	int lock autoclose = -1;
	struct error *err;
	enum alive alive;

	TRY(alive_lock(e, id, true, &lock));
	err = record_load(e, id, RECORD_WHOLE, &c);
	if (error_is(err, ERROR_NOT_FOUND)) { /* --rm did it meanwhile */
		error_free(err);
		alive_unlock_removed(e, id, &lock);
		return NULL;
	}
	if (err)
		return err;
	TRY(alive_probe(e, id, &alive, NULL));
	if (alive != ALIVE_NOTHING)
		return error_new(ERROR_CONFLICT, "it was started again meanwhile");
	TRY(mark_dead(e, c));
	return ended_remove(e, c, volumes, &lock);
}

struct error *engine_remove(struct engine *e, const char *ref, bool force, bool volumes)
{
	struct container *c autocontainer = NULL;

	TRY(alive_find(e, ref, true, &c));
	if (c->status == CONTAINER_RUNNING && !force)
		return error_new(
			ERROR_CONFLICT,
			"cannot remove container \"/%s\": container is running: stop the container before removing"
			" or force remove",
			c->name);
	if (c->status == CONTAINER_RUNNING)
		TRY(error_wrap(kill_and_wait(e, c), "cannot remove container \"/%s\"", c->name));
	return error_wrap(remove_stopped(e, c->id, volumes), "cannot remove container \"/%s\"",
			  c->name);
}
