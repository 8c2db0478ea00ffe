/*
 * Where an archive goes, -o or stdout: a file appears under its name when it is whole. A terminal
 * is refused, as docker does.
 */
#pragma once

#include "base/error.h"

struct output {
	int fd;
	char *path;	 /* NULL: stdout, or a device: written in place */
	char *temporary; /* what it is written to until it is whole */
};

struct error *output_open(const char *path, struct output *ret)
	__attribute__((nonnull(2), warn_unused_result));

/* Gives the file its name. */
struct error *output_finish(struct output *o) __attribute__((nonnull, warn_unused_result));

/* Without output_finish() before it, nothing is left. */
void output_done(struct output *o) __attribute__((nonnull));
#define autooutput __attribute__((cleanup(output_done)))
