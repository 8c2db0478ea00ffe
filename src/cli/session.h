/* A command at one end of a container's or exec session's stdio, its monitor at the other. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct session {
	bool tty, stdin_open, sig_proxy;
	const char *detach_keys; /* NULL: the default */
};

/*
 * Moves bytes until the program's end or the user's detaching. *@ret_status is the exit status for the command: the
 * program's, or 0 after detaching, when *@ret_detached is true.
 */
struct error *session_run(int socket, const struct session *s, int *ret_status, bool *ret_detached)
	__attribute__((nonnull, warn_unused_result));

/* ERROR_BAD_INPUT "the input device is not a TTY" where stdin is to be a terminal and is none, with status 1. */
struct error *session_check_tty(bool attach_stdin, bool tty) __attribute__((warn_unused_result));
