/* What a program of ours that was taken over tries to gain. */
#pragma once

#include "base/error.h"

/*
 * Tries @what with @argument: read, write, connect, abstract, listen, kill, trace, mount, execute,
 * fork, memory, own. Always an error: "WHAT succeeded: …" or "WHAT refused: …".
 */
struct error *gains_try(const char *what, const char *argument);
