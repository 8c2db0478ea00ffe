/*
 * Volumes: directories of ours, ROOT/volumes/NAME/_data, that hold container ids and outlive
 * containers. Named ones are made at first use and stay; anonymous ones (64 hexadecimal digits)
 * belong to the container they were made for.
 */
#pragma once

#include "engine/handle.h"

/* ERROR_BAD_INPUT unless @name is two or more of [a-zA-Z0-9][a-zA-Z0-9_.-]. */
struct error *volumes_check_name(const char *name) __attribute__((nonnull, warn_unused_result));

/* "ROOT/volumes/NAME/_data"; the caller frees. */
char *volumes_path(struct engine *e, const char *name) __attribute__((nonnull, returns_nonnull));

/*
 * Whether @c has any; and the lock that keeps making and removing apart, taken by who does either.
 */
bool volumes_any(const struct container *c) __attribute__((nonnull));
struct error *volumes_lock(struct engine *e, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* Makes the directories of @c's volumes that are missing, synced. Under volumes_lock(). */
struct error *volumes_make(struct engine *e, const struct container *c)
	__attribute__((nonnull, warn_unused_result));

/* Records @c's volumes and that it uses them; in the caller's transaction. */
struct error *volumes_record(struct engine *e, const struct container *c)
	__attribute__((nonnull, warn_unused_result));

/*
 * Undoes volumes_make() for volumes that no record names, after a create that failed. Under
 * volumes_lock().
 */
void volumes_unmake(struct engine *e, const struct container *c) __attribute__((nonnull));

/* Removes the directories of @c's anonymous volumes that no other container uses. */
struct error *volumes_remove_anonymous(struct engine *e, const struct container *c)
	__attribute__((nonnull, warn_unused_result));

/*
 * Forgets that @c uses volumes, and those whose directories are gone; in the caller's transaction.
 */
struct error *volumes_forget(struct engine *e, const struct container *c)
	__attribute__((nonnull, warn_unused_result));
