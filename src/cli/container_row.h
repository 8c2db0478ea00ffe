/* A container as a row of `ps`: the fields that its templates know. */
#pragma once

#include <jansson.h>

#include "cli/listing.h"
#include "engine/engine.h"

extern const struct listing_column container_columns[];

/* "Up 3 seconds", "Exited (0) 5 minutes ago"; the caller frees. */
char *container_row_status(const struct container *c) __attribute__((nonnull, returns_nonnull));

/* The state's word in the API: "running". */
const char *container_row_state(enum container_status status) __attribute__((returns_nonnull));

/* A new object; @size is the text of its Size. */
json_t *container_row(const struct container *c, bool truncate, const char *size)
	__attribute__((nonnull, returns_nonnull));

/* {{.Label "key"}} for struct listing; the subject is the struct container. */
json_t *container_row_method(void *subject, const char *name, const char *argument);
