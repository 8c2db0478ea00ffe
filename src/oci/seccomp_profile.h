/*
 * A seccomp profile, read and checked: what its JSON says with every word turned into a value and
 * its conditions decided. Numbers of system calls are not its business.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/seccomp.h"

enum seccomp_compare {
	SECCOMP_NE,
	SECCOMP_LT,
	SECCOMP_LE,
	SECCOMP_EQ,
	SECCOMP_GE,
	SECCOMP_GT,
	SECCOMP_MASKED_EQ,
};

/* One comparison of a system call's argument, unsigned and 64 bits wide. */
struct seccomp_condition {
	unsigned int index; /* 0-5 */
	enum seccomp_compare compare;
	uint64_t value;
	uint64_t mask; /* MASKED_EQ: (argument & mask) == value */
};

struct seccomp_rule {
	char **names;	 /* a strv */
	bool applies;	 /* its includes and excludes hold; other rules only tell what is known */
	uint32_t action; /* SECCOMP_RET_… with its data; 0 unless it applies */
	struct seccomp_condition *conditions;
	size_t n_conditions;
	bool any; /* one condition is enough: an argument is named twice */
};

struct seccomp_profile {
	uint32_t default_action;
	unsigned int flags;
	bool x32; /* it is listed */
	bool notifies;
	bool i386; /* no architectures are listed, or i386 is among those of this machine */
	struct seccomp_rule *rules;
	size_t n_rules;
};

/* Reads @length bytes of JSON; errors as seccomp_compile(). */
struct error *seccomp_profile_read(const char *json, size_t length,
				   const struct seccomp_options *options,
				   struct seccomp_profile *ret)
	__attribute__((nonnull, warn_unused_result));
void seccomp_profile_done(struct seccomp_profile *profile) __attribute__((nonnull));
#define autoseccompprofile __attribute__((cleanup(seccomp_profile_done)))
