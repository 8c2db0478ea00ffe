/* `run` and `exec` while their program runs: its terminal, the caller's signals, its end. */
#pragma once

#include <stdbool.h>

#include "config/config.h"
#include "oci/oci.h"

/* Has a terminal begin with the size of the caller's own, where there is one. */
void foreground_size(struct config_process *p) __attribute__((nonnull));

/* Prints what the terminal of one that has ended still holds. */
void foreground_rest(struct oci_running *running) __attribute__((nonnull));

/*
 * Waits for the end of @running and returns its exit status as a shell counts it. With a terminal
 * (@running->stdout_fd) bytes go both ways and sizes are followed, the caller's own terminal being
 * raw meanwhile and restored on every way out. Signals that can be passed on are. That it is ready
 * is passed to @notify, which may be NULL.
 */
struct notify;
struct error *foreground_wait(struct oci_running *running, bool terminal, struct notify *notify,
			      int *ret_status) __attribute__((nonnull(1, 4), warn_unused_result));
