/*
 * What a layer's archive has and its directory cannot hold: device nodes, which are not made, and
 * owners over 65535. One JSON object a line, in the files "devices" and "owners" beside the layer.
 */
#pragma once

#include "image/report.h"

#define RECORDS_BYTES_MAX (64 << 20)

struct records {
	struct buf devices, owners;
};
/* clang-format off */
#define RECORDS_NONE { .devices = BUF_MAX(RECORDS_BYTES_MAX), .owners = BUF_MAX(RECORDS_BYTES_MAX) }
/* clang-format on */
void records_done(struct records *r) __attribute__((nonnull));
#define autorecords __attribute__((cleanup(records_done)))

/* A report_record of the helper that unpacks a layer; @data is a struct records. */
struct error *records_add(void *data, uint32_t type, const struct buf *payload)
	__attribute__((nonnull, warn_unused_result));

/* Writes the files that there is something for. */
struct error *records_write(int dir, const struct records *r)
	__attribute__((nonnull, warn_unused_result));
