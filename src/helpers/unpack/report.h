/*
 * What the helper tells its caller: frames of base/unpack.h. An unpacking run has one struct
 * report, which counts the records so that an archive cannot make the caller hold more than the
 * bound.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/unpack.h"

struct report {
	int fd;
	uint64_t n_records;
};

struct error *report_entry(struct report *r, const char *name, enum unpack_entry_type type,
			   uint64_t size, uint64_t offset, const char *link)
	__attribute__((nonnull, warn_unused_result));
struct error *report_device(struct report *r, const char *path, mode_t mode, dev_t device,
			    uint64_t uid, uint64_t gid)
	__attribute__((nonnull, warn_unused_result));
struct error *report_owner(struct report *r, const char *path, uint64_t uid, uint64_t gid)
	__attribute__((nonnull, warn_unused_result));

/* The last frame. report_error() frees @err. */
struct error *report_done(struct report *r, uint64_t entries, uint64_t bytes)
	__attribute__((nonnull, warn_unused_result));
void report_error(struct report *r, struct error *err) __attribute__((nonnull));
