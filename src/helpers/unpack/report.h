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
	uint64_t n_entries, n_devices, n_owners;
};

/* One entry of an outer archive. */
struct report_entry {
	const char *name;
	enum unpack_entry_type type;
	uint64_t size, offset;
	const char *link; /* "" where it is none */
};
struct error *report_entry(struct report *r, const struct report_entry *entry)
	__attribute__((nonnull, warn_unused_result));

/* A device node of a layer, which is not made. */
struct report_device {
	const char *path;
	mode_t mode; /* with its type */
	dev_t device;
	uint64_t uid, gid;
};
struct error *report_device(struct report *r, const struct report_device *device)
	__attribute__((nonnull, warn_unused_result));

/* Ids over 65535, which are stored as nobody's. */
struct error *report_owner(struct report *r, const char *path, uint64_t uid, uint64_t gid)
	__attribute__((nonnull, warn_unused_result));

/* The last frame. report_error() frees @err. */
struct error *report_done(struct report *r, uint64_t entries, uint64_t bytes)
	__attribute__((nonnull, warn_unused_result));
void report_error(struct report *r, struct error *err) __attribute__((nonnull));
