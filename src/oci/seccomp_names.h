/* The numbers of system calls by name, and the ways old i386 programs have around them. */
#pragma once

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/seccomp_profile.h"

/* The architecture of this machine as seccomp sees it (linux/audit.h). */
extern const uint32_t seccomp_native_arch;

/* Loads libseccomp; ERROR_UNSUPPORTED where it is missing. Once is enough. */
struct error *seccomp_names_load(void) __attribute__((warn_unused_result));

/* The number of @name on @arch (AUDIT_ARCH_…), or -1. */
int seccomp_number(uint32_t arch, const char *name) __attribute__((nonnull));

/* Whether any architecture has @name: a profile may name calls of others. */
bool seccomp_is_call(const char *name) __attribute__((nonnull));

/*
 * i386 has a second way to some calls: socketcall(2) and ipc(2) take the real call as their first
 * argument and the others from memory, out of a filter's sight.
 */
struct seccomp_multiplexed {
	const char *name;
	int direct;		       /* its own number on i386, or -1 */
	const char *through;	       /* "socketcall" or "ipc" */
	struct seccomp_condition call; /* on its first argument */
};

/* The other way to @name, NULL if it has none. */
const struct seccomp_multiplexed *seccomp_find_multiplexed(const char *name)
	__attribute__((nonnull));
