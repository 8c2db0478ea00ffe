/* What a start and an exec session share: becoming the monitor, and what the child tells before. */
#pragma once

#include "engine/handle.h"
#include "oci/oci.h"

struct monitor_plan {
	bool tty, session;
	int state_dir; /* the container's or the session's */
	int log_dir;   /* -1: no log */
	int client;    /* the first client's socket, -1: none */
	int status;    /* where the monitor reports the start */
	int program;   /* start_open_monitor() */
};

/* Opens bulkhead-monitor, as long as the command can still be told that it is not there. */
struct error *start_open_monitor(int *ret_program) __attribute__((nonnull, warn_unused_result));

/*
 * Executes bulkhead-monitor in place of this process, with what is about to run. Returns only with
 * an error, and then it runs no more.
 */
struct error *start_become_monitor(struct engine *e, const struct container *c,
				   const struct monitor_plan *plan, struct oci_running *r)
	__attribute__((nonnull, warn_unused_result));

/* A connected pair: one end for the first client, greeted already, the other for the monitor. */
struct error *start_make_client(uint64_t flags, int *ret_ours, int *ret_monitors)
	__attribute__((nonnull, warn_unused_result));

/* Connects to the attach socket in @state_dir and says hello. */
struct error *start_connect(int state_dir, uint64_t flags, int *ret_socket)
	__attribute__((nonnull, warn_unused_result));
