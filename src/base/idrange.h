/*
 * Ranges of 65,536 user and group ids, leased host-wide: no two containers of any --root share host
 * ids but those that share a user namespace. A lease is a file in /run/bulkhead/ids whose name is
 * the range and whose lines name its owners, run-time directories; a lease whose owners'
 * directories are gone counts as given back, so make the directory before the lease and remove it
 * after.
 *
 * The pool, 0x70000000 to 0x7fffffff, lies above systemd-nspawn's (0x80000-0x6fffffff); ranges that
 * /etc/subuid or /etc/subgid give to anybody (subuid(5)) are left out. The first range belongs to
 * our helper programs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define IDRANGE_LENGTH 65536U
#define IDRANGE_HELPERS 0x70000000U

/*
 * Whether a line of @lines, those of subuid(5) or NULL, gives some of the range @first to anybody.
 */
bool idrange_is_given_away(char *const *lines, uint32_t first);

/* Leases a range for @owner (an absolute path); *@ret_first is its first host id. */
struct error *idrange_lease(const char *owner, uint32_t *ret_first)
	__attribute__((nonnull, warn_unused_result));

/*
 * Makes @owner one more owner of a range that is leased, for who joins the first one's user
 * namespace: the range is kept until the last of them gives it back.
 */
struct error *idrange_share(uint32_t first, const char *owner)
	__attribute__((nonnull, warn_unused_result));

/* Gives back whatever ranges @owner has, where it is not known which. Looks at every lease. */
struct error *idrange_release_all(const char *owner) __attribute__((nonnull, warn_unused_result));

/* Gives the range back if @owner has it. */
struct error *idrange_release(uint32_t first, const char *owner)
	__attribute__((nonnull, warn_unused_result));
