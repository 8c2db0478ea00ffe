/*
 * A small event loop over epoll(7): descriptors, one-shot timers, signals by signalfd(2). After
 * set-up it allocates nothing, so a monitor's steady state cannot fail for memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct loop;

/* Called with the ready epoll events (EPOLLIN …). An error ends loop_run() with it. */
typedef struct error *loop_ready(void *data, uint32_t events);

/* Called when a timer has run out, or a signal came (with its number). */
typedef struct error *loop_fired(void *data, int signal);

/* A loop for at most @max_watches descriptors; all memory is taken here. */
struct error *loop_new(size_t max_watches, struct loop **ret_loop)
	__attribute__((nonnull, warn_unused_result));
void loop_free(struct loop *loop);
DEFINE_AUTO(struct loop *, loop_free);
#define autoloop __attribute__((cleanup(loop_free_p)))

/*
 * Watches @fd, which stays the caller's; one watch a descriptor. loop_change() alters the events,
 * loop_remove() ends it.
 */
struct error *loop_add(struct loop *loop, int fd, uint32_t events, loop_ready *ready, void *data)
	__attribute__((nonnull(1, 4), warn_unused_result));
struct error *loop_change(struct loop *loop, int fd, uint32_t events)
	__attribute__((nonnull, warn_unused_result));
void loop_remove(struct loop *loop, int fd) __attribute__((nonnull));

/* Blocks @signal for this process and calls @fired when it comes. */
struct error *loop_add_signal(struct loop *loop, int signal, loop_fired *fired, void *data)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* Calls @fired once, @delay_ms from now; setting it again replaces the time. One timer per loop. */
struct error *loop_set_timer(struct loop *loop, int64_t delay_ms, loop_fired *fired, void *data)
	__attribute__((nonnull(1, 3), warn_unused_result));
void loop_clear_timer(struct loop *loop) __attribute__((nonnull));

/* Runs until loop_stop() or a callback's error. */
struct error *loop_run(struct loop *loop) __attribute__((nonnull, warn_unused_result));
void loop_stop(struct loop *loop) __attribute__((nonnull));
