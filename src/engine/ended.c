#include "engine/ended.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attach.h"
#include "base/db.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/events.h"
#include "engine/record.h"
#include "engine/volumes.h"
#include "oci/oci.h"

#include "base/banned.h"

#define EXIT_RECORD_MAX 4096
#define LET_GO_MS 1000
#define EXIT_LOST 255 /* docker's code after a power cut */

/* The exit record, as base/attach.h describes it. */
struct exit_record {
	int64_t exit_code, finished_ns;
	bool oom_killed;
};
static const struct json_field exit_fields[] = {
	JSON_FIELD(exit_record, "ExitCode", exit_code, JSON_INT64, JSON_REQUIRED),
	JSON_FIELD(exit_record, "OOMKilled", oom_killed, JSON_BOOL, 0),
	JSON_FIELD(exit_record, "FinishedAt", finished_ns, JSON_INT64, JSON_REQUIRED),
	{ 0 },
};
static const struct json_type exit_type = { .size = sizeof(struct exit_record),
					    .fields = exit_fields };

bool ended_agrees(const struct container *c, enum alive alive)
{
	return c->status == CONTAINER_RUNNING ? alive == ALIVE_RUNS : alive == ALIVE_NOTHING;
}

static struct error *read_exit(int state_dir, struct record_end *end)
{
	struct exit_record record = { 0 };
	char *text autofree = NULL;

	TRY(path_read_text(state_dir, MONITOR_EXIT_NAME, EXIT_RECORD_MAX, &text));
	TRY(json_decode_text(&exit_type, text, strlen(text), &record));
	*end = (struct record_end){
		.exit_code = (int)(record.exit_code & 0xff),
		.oom_killed = record.oom_killed,
		.finished_ns = record.finished_ns,
	};
	return NULL;
}

/* Why there is no exit record: another boot, or a monitor that was killed. */
static const char *explain_loss(int state_dir)
{
	struct oci_state state = { 0 };
	char boot_id[PROC_BOOT_ID_SIZE];
	struct error *err = state_dir < 0 ? NULL : oci_state_load(state_dir, &state);
	const char *why = "monitor lost";

	if (state_dir < 0) {
		why = "host was restarted";
	} else if (!err) {
		err = proc_boot_id(boot_id);
		if (!err && !str_equal(state.boot_id, boot_id))
			why = "host was restarted";
	}
	error_ignore(err, "the reason is only told");
	oci_state_done(&state);
	return why;
}

/* Processes, cgroups and the id range go before the record says that it ended. */
static struct error *free_run_time(struct engine *e, const char *id, int state_dir)
{
	char *path autofree = alive_path(e, id);
	struct error *err = state_dir < 0 ? NULL : oci_delete(state_dir, path);

	if (error_is(err, ERROR_NOT_FOUND)) {
		error_free(err);
		return NULL;
	}
	return error_wrap(err, "clean up container %s", id);
}

static struct error *remove_run_dir(struct engine *e, const char *id)
{
	int dir;

	TRY(handle_dir(e, HANDLE_RUN, &dir));
	return path_remove_tree(dir, id);
}

static struct error *remove_data(struct engine *e, const struct container *c, bool volumes)
{
	int dir;

	TRY(handle_dir(e, HANDLE_CONTAINERS, &dir));
	TRY(error_wrap(path_remove_tree(dir, c->id), "remove container %s", c->name));
	return volumes ? volumes_remove_anonymous(e, c) : NULL;
}

static struct error *delete_records(struct engine *e, const struct container *c)
{
	TRY(db_begin(e->db, !c->host.auto_remove));
	struct error *err = volumes_forget(e, c);

	if (!err)
		err = record_delete(e, c->id);
	if (!err)
		return db_commit(e->db);
	db_rollback(e->db);
	return err;
}

struct error *ended_remove(struct engine *e, const struct container *c, bool volumes, int *lock)
{
	TRY(remove_data(e, c, volumes));
	TRY(delete_records(e, c));
	TRY(remove_run_dir(e, c->id));
	events_container(e, "destroy", c, NULL);
	alive_unlock_removed(e, c->id, lock);
	return NULL;
}

static void tell_end(struct engine *e, const struct container *c, const struct record_end *end)
{
	char code[16];

	snprintf(code, sizeof(code), "%d", end->exit_code);
	if (end->oom_killed)
		events_container(e, "oom", c, NULL);
	events_container(e, "die", c, (const char *[]){ "exitCode", code, NULL });
}

static struct error *record_end(struct engine *e, const struct container *c,
				const struct record_end *end)
{
	struct error *err;

	TRY(db_begin(e->db, true));
	err = record_set_ended(e, c->id, end);
	if (!err)
		return db_commit(e->db);
	db_rollback(e->db);
	return err;
}

static struct error *finish(struct engine *e, const struct container *c,
			    const struct record_end *end, int state_dir, int *lock)
{
	TRY(free_run_time(e, c->id, state_dir));
	tell_end(e, c, end);
	if (c->host.auto_remove)
		return ended_remove(e, c, true, lock);
	TRY(record_end(e, c, end));
	return remove_run_dir(e, c->id);
}

/*
 * A command killed between its container's start and the record of it: the container is right, the
 * record is mended.
 */
static struct error *adopt(struct engine *e, const struct container *c, int state_dir)
{
	struct oci_state state = { 0 };
	struct error *err;

	TRY(oci_state_load(state_dir, &state));
	err = db_begin(e->db, !c->host.auto_remove);
	if (!err)
		err = record_set_started(e, c->id, state.created_ns);
	oci_state_done(&state);
	if (!err)
		return db_commit(e->db);
	db_rollback(e->db);
	return err;
}

static bool was_started(int state_dir)
{
	struct oci_state state = { 0 };
	struct error *err = oci_state_load(state_dir, &state);

	oci_state_done(&state);
	error_ignore(err, "without a state file nothing was started");
	return !err;
}

static struct error *mend_locked(struct engine *e, const struct container *c, int *lock)
{
	struct record_end end = { .exit_code = EXIT_LOST, .finished_ns = handle_now() };
	int state_dir autoclose = -1;
	enum alive alive;

	TRY(alive_probe(e, c->id, &alive, &state_dir));
	if (ended_agrees(c, alive))
		return NULL;
	if (alive == ALIVE_RUNS)
		return was_started(state_dir) ? adopt(e, c, state_dir) : NULL;
	if (c->status == CONTAINER_DEAD) {
		TRY(free_run_time(e, c->id, state_dir));
		return remove_run_dir(e, c->id);
	}
	if (alive == ALIVE_EXITED) {
		struct error *err = read_exit(state_dir, &end);

		if (err)
			end.error = "its exit record is damaged";
		error_ignore(err, "the end is recorded as lost");
	} else if (c->status == CONTAINER_RUNNING || was_started(state_dir)) {
		end.error = explain_loss(state_dir);
		log_debug("container %s: %s", c->name, end.error);
	} else {
		/* A start that its command did not live to undo. */
		TRY(free_run_time(e, c->id, state_dir));
		return remove_run_dir(e, c->id);
	}
	return finish(e, c, &end, state_dir, lock);
}

/*
 * A run-time directory that no record names, left by a command killed at the very end of a removal.
 */
static struct error *sweep(struct engine *e, const char *id, int *lock)
{
	int state_dir autoclose = -1;
	enum alive alive;

	TRY(alive_probe(e, id, &alive, &state_dir));
	if (alive != ALIVE_RUNS && alive != ALIVE_NOTHING) {
		TRY(free_run_time(e, id, state_dir));
		TRY(remove_run_dir(e, id));
	}
	alive_unlock_removed(e, id, lock);
	return NULL;
}

struct error *ended_mend(struct engine *e, const char *id, bool wait)
{
	struct container *c autocontainer = NULL;
	int lock autoclose = -1;
	struct error *err;

	TRY(alive_lock(e, id, wait, &lock));
	if (lock < 0)
		return NULL;
	err = record_load(e, id, RECORD_WHOLE, &c);
	if (error_is(err, ERROR_NOT_FOUND)) {
		error_free(err);
		return sweep(e, id, &lock);
	}
	if (err)
		return err;
	return mend_locked(e, c, &lock);
}

struct error *ended_start_failed(struct engine *e, const struct container *c,
				 const struct error *why, int *lock)
{
	struct record_end end = {
		.exit_code = error_status(why) ? error_status(why) : 128,
		.finished_ns = handle_now(),
		.error = error_message(why),
	};
	int state_dir autoclose = -1;
	enum alive alive;

	TRY(alive_probe(e, c->id, &alive, &state_dir));
	return finish(e, c, &end, state_dir, lock);
}

/*
 * Who says that it ended may say so before the kernel has let go of the monitor's lock: when a
 * process dies, its descriptors are closed one after the other.
 */
struct error *engine_ended(struct engine *e, const char *id)
{
	int state_dir autoclose = -1;
	enum alive alive;

	if (strlen(id) != ENGINE_ID_SIZE - 1 ||
	    strspn(id, "0123456789abcdef") != ENGINE_ID_SIZE - 1)
		return error_new(ERROR_BAD_INPUT, "%s: not the id of a container", id);
	TRY(alive_probe(e, id, &alive, &state_dir));
	if (alive == ALIVE_RUNS)
		alive_wait_released(state_dir, LET_GO_MS);
	return ended_mend(e, id, true);
}
