/* What --help prints, and the same tables in other forms: all on stdout. */
#pragma once

#include <stdio.h>

#include "cli/command.h"

extern const struct option cli_options[]; /* the global ones */

void usage_of_program(void);
void usage_of_group(const char *group) __attribute__((nonnull));

/* "Usage:  PATH [OPTIONS] ARGUMENTS" and the summary. */
void usage_line(FILE *out, const char *path, const struct command *c) __attribute__((nonnull));

void usage_of_command(const char *path, const struct command *c) __attribute__((nonnull));

/*
 * The options of @c that are shown, sorted by name, ending with NULL; the caller frees the array.
 */
const struct option **usage_options(const struct command *c)
	__attribute__((nonnull, returns_nonnull));

/* Calls @each for every command that is shown, under its plain name. */
void usage_for_each_command(void (*each)(const struct command *c, void *data), void *data)
	__attribute__((nonnull(1)));
