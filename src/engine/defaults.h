/*
 * What a container gets when nothing is asked, as far as the record says it (docs/defaults.md lists
 * all of it). create.c writes these into the record, so that inspect shows what is in force and a
 * later version's other defaults do not change a container that exists.
 */
#pragma once

#include "engine/handle.h"

#define DEFAULTS_SHM_BYTES (64LL * 1024 * 1024)

/* Paths of /proc and /sys that are hidden, and that are read-only (requirement P11). */
extern const char *const defaults_masked_paths[];
extern const char *const defaults_readonly_paths[];

/* Fills in what @c->host leaves open, from these and from @policy. */
void defaults_apply(const struct policy *policy, struct container *c) __attribute__((nonnull));
