/*
 * This program's own file. A container without a user namespace shares root with the host; if one
 * of our processes in it could be opened through /proc/PID/exe, the container could overwrite the
 * engine itself (CVE-2019-5736).
 */
#pragma once

#include "base/error.h"

/*
 * Makes sure that this process runs from a read-only view of its file, a detached mount that nobody
 * can remount, or from a sealed copy in memory where the kernel has no mount_setattr(2): where it
 * does not yet, the whole command is executed again with the same arguments and environment, so
 * call it before anything has been done or read. Returns at once where it does.
 */
struct error *self_protect(void) __attribute__((warn_unused_result));

/* The directory that this program was started from; the caller frees. */
struct error *self_directory(char **ret) __attribute__((nonnull, warn_unused_result));
