/* A container in the forms that `state` and `list` print. */
#pragma once

#include "base/json.h"
#include "runtime/container.h"

/* The state of the runtime specification, and what runc adds: rootfs, created, owner. */
json_t *status_json(const struct container *c) __attribute__((nonnull, returns_nonnull));

/* "2024-05-01T10:00:00.123456789Z"; the caller frees. */
char *status_created(const struct container *c) __attribute__((nonnull, returns_nonnull));

/* The name of who made it, or "". */
char *status_owner(const struct container *c) __attribute__((nonnull, returns_nonnull));
