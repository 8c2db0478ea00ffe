/* A command at one end of a container's or exec session's stdio, its monitor at the other. */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"

struct session {
	bool tty, stdin_open;
	const char *detach_keys; /* NULL: the default */
	/* whose first process gets the signals that come to us (--sig-proxy); NULL: none does */
	struct engine *engine;
	const char *id;
};

/*
 * Moves bytes until the program's end or the user's detaching. *@ret_status is the exit status for
 * the command: the program's, or 0 after detaching, when *@ret_detached is true.
 */
struct error *session_run(int socket, const struct session *s, int *ret_status, bool *ret_detached)
	__attribute__((nonnull, warn_unused_result));

/*
 * Records the end of the container @id, of which this command is the first client, and waits until
 * nothing of it is left.
 */
struct error *session_end(struct engine *e, const char *id, int socket)
	__attribute__((nonnull, warn_unused_result));

/* The size of this process's terminal, so that a program starts with it. */
struct terminal_size session_terminal_size(void);

/*
 * ERROR_BAD_INPUT "the input device is not a TTY", with status 1, where stdin is to be a terminal
 * and is none.
 */
struct error *session_check_tty(bool attach_stdin, bool tty) __attribute__((warn_unused_result));
