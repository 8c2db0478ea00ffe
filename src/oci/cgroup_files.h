/* Preparing groups for what is to be below or in them. */
#pragma once

#include "base/error.h"

/*
 * Version 1: a group of cpuset that is empty is given what its parent has; others are left alone.
 */
struct error *cgroup_fill_cpuset(const char *path) __attribute__((nonnull, warn_unused_result));

/*
 * Version 2: lets the groups below @path have each controller that there is; one that is missing is
 * an error only when used.
 */
void cgroup_hand_down(const char *path) __attribute__((nonnull));
