/* What callers of a runtime exchange with it by path: console sockets and pid files. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

struct error *files_connect_console(const char *path, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* Sends the terminal's master, as runc does: one message with the descriptor. */
struct error *files_send_console(int socket, int master) __attribute__((warn_unused_result));

/* Whole or not at all: who waits for the file reads it at once. */
struct error *files_write_pid(const char *path, pid_t pid)
	__attribute__((nonnull, warn_unused_result));
