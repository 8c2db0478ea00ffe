/*
 * What the runtime says to who called it: lines with level and time as runc's and crun's, which
 * containerd, dockerd, podman and conmon read, to the file of --log or to stderr.
 */
#pragma once

#include "base/error.h"

/* @path NULL: stderr. @format "text" or "json"; @level "error", "warn", "info", "debug". */
struct error *report_open(const char *path, const char *format, const char *level)
	__attribute__((nonnull(2, 3), warn_unused_result));

/* One line. Where there is a file, an error is told on stderr, too. */
void report_error(const struct error *err) __attribute__((nonnull));
/* Of what stderr has got from the container itself: to the file alone, where there is one. */
void report_known_error(const struct error *err) __attribute__((nonnull));
void report_warning(const char *text) __attribute__((nonnull));

/* For log_divert(). */
void report_debug(const char *text) __attribute__((nonnull));
