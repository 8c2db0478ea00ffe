/* What callers of a runtime exchange with it: sockets, pid files, descriptors. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/*
 * Whether the @n descriptors of --preserve-fds, and @more, from 3 on are the caller's: what we have
 * opened ourselves must not get into a container (CVE-2024-21626).
 */
struct error *files_check_preserved(int n, int more) __attribute__((warn_unused_result));

/*
 * How many descriptors systemd has passed to this process (sd_listen_fds(3)); 0 where what the
 * environment says is for another.
 */
int files_listening(void);

struct error *files_connect(const char *path, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* Sends the terminal's master, as runc does: one message with the descriptor. */
struct error *files_send_console(int socket, int master) __attribute__((warn_unused_result));

/*
 * The same with a process's descriptor: @kind is "standard" for a container's first, "setns" else.
 */
struct error *files_send_pidfd(const char *path, int pidfd, const char *kind)
	__attribute__((nonnull, warn_unused_result));

/* Writes the file @path, relative to the directory @base (AT_FDCWD), whole or not at all. */
struct error *files_replace(int base, const char *path, const char *text, mode_t mode)
	__attribute__((nonnull, warn_unused_result));

/* Whole or not at all: who waits for the file reads it at once. */
struct error *files_write_pid(const char *path, pid_t pid)
	__attribute__((nonnull, warn_unused_result));
