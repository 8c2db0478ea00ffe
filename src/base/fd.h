/*
 * File descriptors: closing, whole reads and writes, passing over UNIX sockets. Every descriptor is
 * close-on-exec.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Closes *@fd unless it is negative and sets it to -1; errno is kept. close(2) is never retried:
 * the fd is gone at EINTR.
 */
void fd_close(int *fd) __attribute__((nonnull));
#define autoclose __attribute__((cleanup(fd_close)))

/* Moves ownership out of an autoclose variable. */
int fd_take(int *fd) __attribute__((nonnull));

/* Writes all of @data, through signals and short writes. */
struct error *fd_write_all(int fd, const void *data, size_t length)
	__attribute__((warn_unused_result));

/* The same to a pipe whose reader may be gone: EPIPE, and no signal. */
struct error *fd_write_quietly(int fd, const void *data, size_t length)
	__attribute__((warn_unused_result));

/* Appends everything up to the end of file to @b, within the buffer's maximum. */
struct error *fd_read_all(int fd, struct buf *b) __attribute__((nonnull, warn_unused_result));

/* Reads exactly @length bytes; an early end of file is ERROR_UNAVAILABLE. */
struct error *fd_read_exact(int fd, void *data, size_t length) __attribute__((warn_unused_result));

/* A pipe, both ends close-on-exec. */
struct error *fd_pipe(int *ret_read, int *ret_write) __attribute__((nonnull, warn_unused_result));

/*
 * Sends @n descriptors (at most FD_PASS_MAX) with @length >= 1 bytes of @data as one message over a
 * UNIX socket (unix(7), SCM_RIGHTS); fd_receive() fills @fds with exactly @n of them,
 * close-on-exec, and the same number of bytes. fd_receive() with another number of descriptors or
 * bytes closes what came and fails.
 */
#define FD_PASS_MAX 32
struct error *fd_send(int socket, const void *data, size_t length, const int *fds, size_t n)
	__attribute__((nonnull(2), warn_unused_result));
struct error *fd_receive(int socket, void *data, size_t length, int *fds, size_t n)
	__attribute__((nonnull(2), warn_unused_result));

/*
 * One message of at most @size bytes that may bring one descriptor: *@ret_length is 0 at the end of
 * file, which a peer that has died counts as, and *@ret_fd -1 where none came.
 */
struct error *fd_receive_one(int socket, void *data, size_t size, size_t *ret_length, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/*
 * Closes every descriptor from @first on, or marks it close-on-exec: close_range(2), or one by one
 * where that is not there. fd_set_cloexec_from() allocates nothing, for a child that shares its
 * parent's memory: -1 and errno.
 */
struct error *fd_close_from(int first) __attribute__((warn_unused_result));
struct error *fd_cloexec_from(int first) __attribute__((warn_unused_result));
int fd_set_cloexec_from(int first);

/* Lets @fd survive an execve(2). */
struct error *fd_inherit(int fd) __attribute__((warn_unused_result));

struct error *fd_set_nonblocking(int fd) __attribute__((warn_unused_result));
