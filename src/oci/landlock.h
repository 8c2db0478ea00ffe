/* The Landlock domain (landlock(7)) of a container by default: requirement P8. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* The kernel's Landlock ABI, 0 where it has none. */
int landlock_abi(void);

/*
 * Puts the calling process under the default domain: no device nodes are made, ioctls reach devices
 * only below /dev, and where the host's pid or network namespace is shared, signals and abstract
 * sockets stay inside. Nothing below ABI 2, which could not leave renames between directories
 * alone. Needs no_new_privs or CAP_SYS_ADMIN.
 */
struct error *landlock_confine(bool host_pid, bool host_net) __attribute__((warn_unused_result));
