/*
 * sd_notify(3) of a container: where NOTIFY_SOCKET is in our environment, the container gets a
 * socket of its own, and that it is ready is told to the host's. Nothing else is passed on: MAINPID
 * and the like are not a container's to say.
 */
#pragma once

#include "runtime/container.h"

struct notify {
	int socket; /* the container's; -1: not wanted, or it has said that it is ready */
	int host;
	int barrier; /* closed by the host when it has read what we told */
};
#define NOTIFY_NONE                                                                                \
	{                                                                                          \
		.socket = -1, .host = -1, .barrier = -1                                            \
	}
void notify_close(struct notify *n) __attribute__((nonnull));
#define autonotify __attribute__((cleanup(notify_close)))

/*
 * Of create and run: makes the socket's directory in that of @c, whose configuration gets the mount
 * of it and the variable.
 */
struct error *notify_prepare(struct container *c) __attribute__((nonnull, warn_unused_result));

/* Of start and run, before the program is there: the socket itself, and the way to the host's. */
struct error *notify_open(const struct container *c, struct notify *ret)
	__attribute__((nonnull, warn_unused_result));

/* Reads one message; when it says ready, tells the host, with @main as the process to watch. */
struct error *notify_pass(struct notify *n, pid_t main)
	__attribute__((nonnull, warn_unused_result));

/*
 * Until the container's process @pid, of descriptor @pidfd, is ready, and the host knows, or it is
 * gone. At once where nobody wants to know.
 */
struct error *notify_wait(struct notify *n, pid_t pid, int pidfd)
	__attribute__((nonnull, warn_unused_result));
