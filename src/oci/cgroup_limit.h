/*
 * Limits as what is to be written into a group's files: a list made by each version's own
 * conversion of resources, which nothing but the kernel decides on after that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "oci/cgroup.h"

struct cgroup_write {
	const char *controller;
	const char *where; /* below "linux.resources": "memory.limit" */
	char *file, *value;
	char *other_file, *other_value; /* where this kernel has no .file; NULL: an error */
	bool optional;			/* a file that is missing is no error */
};

struct cgroup_writes {
	struct cgroup_write *list;
	size_t n;
};
void cgroup_writes_done(struct cgroup_writes *w) __attribute__((nonnull));
#define autowrites __attribute__((cleanup(cgroup_writes_done)))

/* Adds a row; @file and @value are the list's then. Returns the row, for the rest of it. */
struct cgroup_write *cgroup_writes_add(struct cgroup_writes *w, const char *where, char *file,
				       char *value) __attribute__((nonnull, returns_nonnull));

/*
 * The conversions, as runc has them. What is 0 there is left alone, but for cpu.burst, cpu.idle
 * and memory.swappiness. Errors have the place below "linux.resources" in front.
 */
struct error *cgroup_writes_v1(const struct config_resources *r, struct cgroup_writes *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *cgroup_writes_v2(const struct config_resources *r, struct cgroup_writes *ret)
	__attribute__((nonnull, warn_unused_result));

/* What both versions have in the same files. */
void cgroup_writes_common(const struct config_resources *r, struct cgroup_writes *ret)
	__attribute__((nonnull));

/* cpu.weight, 1 to 10000, of cpu.shares, 2 to 262144; io.weight, 1 to 10000, of 10 to 1000. */
uint64_t cgroup_weight_of_shares(uint64_t shares);
uint64_t cgroup_io_weight_of(uint64_t weight);

/* memory.swap.max of "swap", memory and swap together: 0 is unset, -1 is "max". */
struct error *cgroup_swap_of(int64_t swap, int64_t limit, int64_t *ret, bool *ret_set)
	__attribute__((nonnull, warn_unused_result));

/*
 * Writes all limits of @r into the groups of @cg. @lenient_swap: of the engine's containers, whose
 * swap is not limited where the kernel does not account it.
 */
struct error *cgroup_limit(const struct cgroup *cg, const struct config_resources *r,
			   bool lenient_swap) __attribute__((nonnull, warn_unused_result));

/* The resources of an engine's container in these terms; they point into @own. */
struct config_resources cgroup_resources_of(const struct oci_resources *own)
	__attribute__((nonnull));
