/* Files of environment variables or labels: --env-file, --label-file. */
#pragma once

#include "base/error.h"

/*
 * Calls @add for each line of the file @path that is not empty or a comment: "NAME=VALUE" as it
 * stands, or "NAME". As docker reads them: blanks before the name are dropped, nothing is unquoted,
 * a name with blanks is ERROR_BAD_INPUT.
 */
struct error *env_file_read(const char *path, struct error *(*add)(void *data, const char *line),
			    void *data) __attribute__((nonnull(1, 2), warn_unused_result));
