/* What config.json says of a process beside user and privileges; see process.c. */
#pragma once

#include "config/config.h"

/* Scheduling and I/O priority; @cpus: linux.resources.cpu.cpus, for the error; or NULL. */
struct error *process_set_attributes(const struct config_process *c, const char *cpus)
	__attribute__((nonnull(1), warn_unused_result));
struct error *process_set_memory_policy(const struct config_memory_policy *c)
	__attribute__((nonnull, warn_unused_result));
struct error *process_set_personality(const struct config_personality *c)
	__attribute__((nonnull, warn_unused_result));

/*
 * AppArmor profile and SELinux label of the program. Whether the host has what they need can only
 * be seen before the container's mounts are: ERROR_UNSUPPORTED where it has not, but for the
 * profile "unconfined". *@ret_apparmor is for oci_process.apparmor.
 */
struct oci_process;
struct error *process_check_labels(const struct config_process *c, bool *ret_apparmor)
	__attribute__((nonnull, warn_unused_result));
struct error *process_set_labels(const struct oci_process *p)
	__attribute__((nonnull, warn_unused_result));
