/*
 * What the monitor gives up before it reads its first byte. It keeps the caller's identity, but: no
 * capability, no way to gain one (no_new_privs), no files but those below the log and state
 * directories (Landlock), no system call but those of its loop (seccomp): above all no exec, no
 * fork, no signals, no sockets, no executable memory.
 */
#pragma once

#include "base/error.h"

struct monitor;

/* Needs m's directories. Landlock is left out where the kernel has none, the rest is not. */
struct error *confine(const struct monitor *m) __attribute__((nonnull, warn_unused_result));
