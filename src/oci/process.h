/* What config.json says of a process beside user and privileges; see process.c. */
#pragma once

#include "config/config.h"

/* Scheduling and I/O priority. */
struct error *process_set_attributes(const struct config_process *c)
	__attribute__((nonnull, warn_unused_result));
struct error *process_set_memory_policy(const struct config_memory_policy *c)
	__attribute__((nonnull, warn_unused_result));
struct error *process_set_personality(const struct config_personality *c)
	__attribute__((nonnull, warn_unused_result));

/* AppArmor profile and SELinux label of the program; ERROR_UNSUPPORTED where there are none. */
struct error *process_set_labels(const struct config_process *c)
	__attribute__((nonnull, warn_unused_result));
