/*
 * What a container gets when nothing is asked, as far as the record says it (docs/defaults.md lists
 * all of it). create.c writes these into the record, so that inspect shows what is in force and a
 * later version's other defaults do not change a container that exists.
 */
#pragma once

#include "engine/handle.h"

/* Fills in what @c->host leaves open, from these and from @policy. */
void defaults_apply(const struct policy *policy, struct container *c) __attribute__((nonnull));
