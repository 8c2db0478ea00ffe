/*
 * What happened, as the API's event messages (EventMessage), one JSON line each in ROOT/events.log.
 * Lines are written by one write(2) on an O_APPEND descriptor, so that any number of commands may
 * write at once. Past EVENTS_SIZE_MAX the file becomes events.log.1 and the one before is dropped.
 */
#pragma once

#include "engine/handle.h"

#define EVENTS_SIZE_MAX (16 * 1024 * 1024)

/* Attributes beside name and image: pairs of key and value, NULL-terminated; or NULL. */
void events_container(struct engine *e, const char *action, const struct container *c,
		      const char *const *attributes) __attribute__((nonnull(1, 2, 3)));

/* "create", "destroy" … of a volume. */
void events_volume(struct engine *e, const char *action, const char *name) __attribute__((nonnull));

/*
 * Where the log ends now, and the exit code in the "die" of container @id after that place, if
 * there is one.
 */
int64_t events_end(struct engine *e) __attribute__((nonnull));
bool events_find_exit(struct engine *e, int64_t from, const char *id, int *ret_code)
	__attribute__((nonnull));
