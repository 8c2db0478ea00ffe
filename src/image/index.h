/*
 * What an outer tar archive holds, as bulkhead-unpack lists it: names, where their bytes are, links
 * among them. Ranges are checked against the archive's size; that their bytes are the right ones is
 * for a digest to say.
 */
#pragma once

#include "image/report.h"

struct index_entry;

struct index {
	uint64_t archive_size;
	struct index_entry *entries;
	size_t n_entries, entries_size;
};
void index_done(struct index *index) __attribute__((nonnull));

/* A report_record of the helper that lists; @data is a struct index. */
struct error *index_add(void *data, uint32_t type, const struct buf *payload)
	__attribute__((nonnull, warn_unused_result));

/* After the last index_add(), before the first index_find(). */
void index_sort(struct index *index) __attribute__((nonnull));

/* The range of the file @path, links followed; of two of one name the later. ERROR_NOT_FOUND. */
struct error *index_find(const struct index *index, const char *path, uint64_t *ret_offset,
			 uint64_t *ret_size) __attribute__((nonnull, warn_unused_result));
