/* The types of this folder as JSON, beside those that engine.h shows. */
#pragma once

#include "engine/engine.h"

extern const struct json_type engine_mount_type;

/* Deep copies, by way of the tables. @to is zeroed storage. */
void types_copy(const struct json_type *type, const void *from, void *to) __attribute__((nonnull));

/*
 * @object as compact text without what is empty (false, 0, "", [], {}), as it is stored: the tables
 * give the same struct back. The caller frees. Text that is not UTF-8 is ERROR_BAD_INPUT and names
 * its field.
 */
struct error *types_store(const struct json_type *type, const void *object, char **ret)
	__attribute__((nonnull, warn_unused_result));
