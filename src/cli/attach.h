/*
 * The client's end of a container's stdio: this process's standard descriptors on one side, a
 * socket that speaks base/attach.h on the other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct attach_options {
	uint64_t hello;	 /* enum attach_flag, to begin with; 0: ATTACH_HELLO was said already */
	bool stdin_open; /* ours goes to the container */
	bool tty; /* the container has one: ours, if it is one, becomes raw, and keys can detach */
	const char *detach_keys; /* NULL: docker's (cli/detach_keys.h) */
	/*
	 * Passes a signal that came to us on to the container (--sig-proxy). NULL: signals do to
	 * this process what they do to any, after its terminal has been put right.
	 */
	struct error *(*forward)(void *data, int signal);
	void *forward_data;
};

/*
 * Moves bytes until the container has ended, then *@ret_exit_code is set, or the detach keys were
 * typed, then *@ret_detached. All its output has been written by then. The terminal is as before on
 * every way out, stopping (SIGTSTP) included. A socket that ends early is ERROR_UNAVAILABLE;
 * standard output that takes no more (EPIPE) is an error, too. The socket stays the caller's.
 */
struct error *cli_attach(int socket, const struct attach_options *o, int *ret_exit_code,
			 bool *ret_detached) __attribute__((nonnull, warn_unused_result));

/*
 * Says that the end has been recorded (ATTACH_WILL_END) and waits until the monitor is gone: then
 * no process, mount or descriptor of the container is left.
 */
struct error *cli_attach_ended(int socket) __attribute__((warn_unused_result));
