/*
 * Containers and volumes in the database. Changes run inside the caller's transaction (db_begin());
 * the run-time truth is not here but in the state directory (alive.h).
 */
#pragma once

#include "engine/handle.h"

extern const char record_schema[];

/* What the record says; what is true now is alive_refresh()'s to find out. */
enum record_status {
	RECORD_CREATED = 0,
	RECORD_STARTED = 1, /* runs, unless its state directory says otherwise */
	RECORD_EXITED = 2,
	RECORD_DEAD = 3, /* half removed */
};

enum record_part {
	RECORD_BRIEF, /* id, name, status, times, exit code */
	RECORD_WHOLE,
};

/* Inserts @c; a name in use is ERROR_CONFLICT (db_is_duplicate()). */
struct error *record_insert(struct engine *e, const struct container *c)
	__attribute__((nonnull, warn_unused_result));

/*
 * By name, id, or unique id prefix. @ret's .status is CONTAINER_RUNNING where the record says
 * started.
 */
struct error *record_find(struct engine *e, const char *ref, enum record_part part,
			  struct container **ret) __attribute__((nonnull, warn_unused_result));

/* By whole id. */
struct error *record_load(struct engine *e, const char *id, enum record_part part,
			  struct container **ret) __attribute__((nonnull, warn_unused_result));

/* All, newest first. */
struct error *record_list(struct engine *e, enum record_part part, struct container ***ret,
			  size_t *ret_n) __attribute__((nonnull, warn_unused_result));

struct error *record_set_started(struct engine *e, const char *id, int64_t started_ns)
	__attribute__((nonnull, warn_unused_result));
struct error *record_set_dead(struct engine *e, const char *id)
	__attribute__((nonnull, warn_unused_result));

/* How a run ended; @error may be NULL. */
struct record_end {
	int exit_code;
	bool oom_killed;
	int64_t finished_ns;
	const char *error;
};
struct error *record_set_ended(struct engine *e, const char *id, const struct record_end *end)
	__attribute__((nonnull, warn_unused_result));
struct error *record_delete(struct engine *e, const char *id)
	__attribute__((nonnull, warn_unused_result));

/*
 * The names of containers made from the image with @image_id; @running those that the record says
 * started. The caller frees.
 */
struct error *record_image_users(struct engine *e, const char *image_id, char ***ret_ids,
				 char ***ret_running) __attribute__((nonnull, warn_unused_result));
