/*
 * One container of this runtime: its run-time directory ROOT/ID with the core's state file, a copy
 * of the config.json it was made from, its lock, and its gate.
 */
#pragma once

#include "config/config.h"
#include "oci/oci.h"
#include "runtime/command.h"

enum status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };
const char *status_name(enum status status);

struct container {
	char *id, *path; /* ROOT/ID */
	int dir, lock;
	struct oci_state state; /* .id NULL: it was never completed */
	struct config config;
	bool has_config;
	bool undone; /* what could not be created has taken back what it made */
};
void container_close(struct container *c) __attribute__((nonnull));
#define CONTAINER_NONE                                                                             \
	{                                                                                          \
		.dir = -1, .lock = -1                                                              \
	}
#define autocontainer __attribute__((cleanup(container_close)))

/* Letters, digits, "_", "+", "-", "."; no more than a file name; not "." or "..". */
struct error *container_check_id(const char *id) __attribute__((nonnull, warn_unused_result));

/*
 * Makes and locks the directory of a new container. ERROR_CONFLICT where there is one of that id; a
 * directory that a killed `create` has left counts as none and is cleaned up.
 */
struct error *container_new(struct runtime *rt, const char *id, struct container *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Opens and locks an existing one, to change it. ERROR_NOT_FOUND "container does not exist".
 * container_look() does not lock: hooks, for which `create` waits, may ask for the state.
 */
struct error *container_open(struct runtime *rt, const char *id, struct container *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *container_look(struct runtime *rt, const char *id, struct container *ret)
	__attribute__((nonnull, warn_unused_result));

/* Keeps its config.json for who comes later (start, exec, update, delete). */
struct error *container_keep_config(const struct container *c)
	__attribute__((nonnull, warn_unused_result));

/*
 * The same for commands that need its processes and hooks and no more: .config is empty where it
 * has a state and no hooks. To read a configuration takes longer than to signal a process.
 */
struct error *container_open_brief(struct runtime *rt, const char *id, struct container *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *container_look_brief(struct runtime *rt, const char *id, struct container *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Executes this program anew from a read-only view (base/self.h), before work that would be done
 * again, when the config.json in @config_dir certainly has no user namespace. Whoever has read it
 * knows better where it may have one.
 */
struct error *container_protect_early(int config_dir, const char *path)
	__attribute__((nonnull, warn_unused_result));
/* The same by the config.json that the container @id keeps. ERROR_NOT_FOUND where there is none. */
struct error *container_protect(struct runtime *rt, const char *id)
	__attribute__((nonnull, warn_unused_result));

/* What it is doing now. A state file of an earlier boot, or a process that is gone, is stopped. */
enum status container_status(const struct container *c) __attribute__((nonnull));

/* Ends what is left of it, runs its poststop hooks, and removes its directory. */
struct error *container_destroy(struct runtime *rt, struct container *c)
	__attribute__((nonnull, warn_unused_result));

/* Runs its poststart or poststop hooks; @warn as oci_run_hooks() has it. */
struct error *container_run_hooks(const struct container *c, bool stopped,
				  void (*warn)(const char *text))
	__attribute__((nonnull(1), warn_unused_result));

/* The bundle as hooks see it. */
struct oci_bundle container_bundle(const struct container *c) __attribute__((nonnull));

/*
 * Does @act with every container whose id the extended regular expression @pattern matches
 * (regex(7)), also after one has failed: what that said is reported, but for the last.
 */
struct error *container_each(struct runtime *rt, const char *pattern,
			     struct error *(*act)(struct runtime *rt, const void *data,
						  const char *id),
			     const void *data)
	__attribute__((nonnull(1, 2, 3), warn_unused_result));

/* The ids of all, sorted; a strv the caller frees. */
struct error *container_list(struct runtime *rt, char ***ret)
	__attribute__((nonnull, warn_unused_result));
