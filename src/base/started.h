/*
 * What a process that is to become a container's program says to its parent before, over a
 * SOCK_SEQPACKET socket: descriptors that only it can make, or the error that ends it. The socket
 * is close-on-exec: its end of file says that the program has been executed, or that the process
 * was killed.
 */
#pragma once

#include "base/error.h"

/* One byte, some with one descriptor. An error's frame is longer. */
enum started_word {
	STARTED_NOTHING = 0,	 /* the end of file */
	STARTED_NAMESPACE = 'n', /* with its new mount namespace */
	STARTED_TERMINAL = 't',	 /* with the master of its terminal */
	STARTED_MOUNTED = 'm',	 /* its root stands; it waits for the hooks that come now */
	STARTED_READY = 'r',	 /* nothing is left but to be told to execute */
	STARTED_LISTENER = 'l',	 /* with the number of a descriptor, for pidfd_getfd(2) */
};

/* @fd -1: the word comes alone. */
struct error *started_tell(int socket, enum started_word word, int fd)
	__attribute__((warn_unused_result));

/*
 * STARTED_LISTENER, by write(2) alone: the teller is under a filter by then, and its @number is not
 * sent but told.
 */
struct error *started_tell_listener(int socket, int number) __attribute__((warn_unused_result));

/*
 * The next word of the child. *@ret_fd is the caller's, -1 where none belongs to it. The error that
 * the child tells is returned as ours. Only the second one takes STARTED_LISTENER: *@ret_number is
 * the child's number then, else -1.
 */
struct error *started_receive(int socket, enum started_word *ret_word, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));
struct error *started_receive_any(int socket, enum started_word *ret_word, int *ret_fd,
				  int *ret_number) __attribute__((nonnull, warn_unused_result));

/*
 * The same told further over a pipe, to a command that waits for it: NULL is success. The pipe may
 * have lost its reader. started_listen() returns what was reported; an early end of file is an
 * error too.
 */
void started_report(int pipe, const struct error *err);
struct error *started_listen(int pipe) __attribute__((warn_unused_result));

/* Waits for the end of file; *@ret_terminal is the terminal that was told before it, or -1. */
struct error *started_wait(int socket, int *ret_terminal)
	__attribute__((nonnull, warn_unused_result));
