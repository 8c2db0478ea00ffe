/*
 * The closer: a second process, forked before the monitor confines itself, that does nothing but
 * wait for one byte. Then it becomes `bulkhead --root R --state S _ended ID`.
 *
 * Why a process: a seccomp filter and no_new_privs are inherited by whatever is executed, so a
 * monitor that executed `_ended` itself would need a filter that allows mount(2), unlink(2) and the
 * rest, and as root could not give up privileges for good. The closer holds two descriptors, reads
 * nothing that comes from a container, and costs some three pages: the rest of its memory is the
 * monitor's, shared since the fork. It is also the one who notices at once when the monitor is
 * killed.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct monitor;

/* Forks the closer; m->engine is its afterwards and closed here. */
struct error *closer_start(struct monitor *m) __attribute__((nonnull, warn_unused_result));

/* Has it run `_ended`, or end without, and waits for it. */
void closer_finish(struct monitor *m, bool run) __attribute__((nonnull));
