/* The types of this folder as JSON, beside those that engine.h shows. */
#pragma once

#include "engine/engine.h"

extern const struct json_type engine_mount_type;

/* What create decided of a struct container beside its two configurations: argv and mounts. */
extern const struct json_type container_decided_type;

/* Deep copies, by way of the tables. @to is zeroed storage. */
void types_copy(const struct json_type *type, const void *from, void *to) __attribute__((nonnull));

/*
 * @object as compact text without what is empty (false, 0, "", [], {}), as it is stored: the tables
 * give the same struct back. The caller frees.
 */
char *types_store(const struct json_type *type, const void *object)
	__attribute__((nonnull, returns_nonnull));
