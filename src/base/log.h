/*
 * What a program says on stderr beside its one error: notices, and the trace of --debug. Libraries
 * call log_debug() freely and log_notice() where a user must know that something was done another
 * way than asked by default.
 */
#pragma once

#include <stdbool.h>

/*
 * Sets the word before each line ("bulkhead") and whether log_debug() prints. @program must stay
 * valid.
 */
void log_setup(const char *program, bool debug);
bool log_is_debug(void);

/*
 * Has the lines of log_debug() written by @write instead, without "program: debug"; NULL: stderr
 * again.
 */
void log_divert(void (*write)(const char *text));

/* One line "program: text" on stderr; control characters are replaced. */
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As log_notice(), with microseconds since the program's start, only under --debug. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
