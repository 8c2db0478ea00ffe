/*
 * What an open engine is to the files of this folder.
 *
 *   ROOT/bulkhead.db           the record of containers, volumes and images
 *   ROOT/events.log            what happened, one JSON line each
 *   ROOT/containers/ID/        upper and work directory, logs, files of /etc
 *   ROOT/volumes/NAME/_data    a volume
 *   ROOT/orphans/              directories that no record names, put aside
 *   STATE/containers/ID/       run-time facts: state.json, exit record, attach socket
 *   STATE/locks/ID             the lock of a container's operations
 */
#pragma once

#include "engine/engine.h"
#include "engine/policy.h"

enum handle_dir {
	HANDLE_CONTAINERS,
	HANDLE_VOLUMES,
	HANDLE_RUN,
	HANDLE_LOCKS,
	HANDLE_N_DIRS,
};

struct engine {
	char *root, *state; /* absolute, without links */
	int root_dir, state_dir;
	int dirs[HANDLE_N_DIRS]; /* opened on first use; ask handle_dir() */
	int events_fd;
	struct db *db;
	struct image_store *images;
	struct policy *policy; /* read on first use; ask handle_policy() */
};

/* The directory, made 0700 when missing; it stays the engine's. */
struct error *handle_dir(struct engine *e, enum handle_dir which, int *ret)
	__attribute__((nonnull, warn_unused_result));

/* This engine's policy file, or the defaults; it stays the engine's. */
struct error *handle_policy(struct engine *e, const struct policy **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Nanoseconds since the epoch, and as RFC 3339 with nanoseconds ("0001-01-01T00:00:00Z" for 0), as
 * docker writes it.
 */
#define HANDLE_TIME_SIZE 40
int64_t handle_now(void);
void handle_time(int64_t ns, char text[HANDLE_TIME_SIZE]) __attribute__((nonnull));
