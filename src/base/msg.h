/*
 * Framed, typed, bounded messages over a stream socket or pipe, for two processes of ours of which
 * one may be less trusted. A frame is {u32 length of the payload, u32 type, payload}; a length over
 * the reader's bound is ERROR_BAD_INPUT before any byte of it is read. Payloads are read by cursor:
 * a getter knows its target's size, strings carry their length, trailing bytes are refused by
 * msg_end().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct msg_head {
	uint32_t length;
	uint32_t type;
};

/* Writes one frame, whole. */
struct error *msg_write(int fd, uint32_t type, const void *payload, size_t length)
	__attribute__((nonnull(3), warn_unused_result));

/*
 * Reads one frame into @payload (emptied first; its maximum is the bound). The end of file between
 * frames is ERROR_UNAVAILABLE.
 */
struct error *msg_read(int fd, uint32_t *ret_type, struct buf *payload)
	__attribute__((nonnull, warn_unused_result));

/* The parts of a payload, for both sides in the same order. */
struct error *msg_put_u64(struct buf *payload, uint64_t value)
	__attribute__((nonnull, warn_unused_result));
struct error *msg_put_text(struct buf *payload, const char *text)
	__attribute__((nonnull, warn_unused_result));

struct msg_cursor {
	const char *next;
	size_t left;
};
struct msg_cursor msg_begin(const struct buf *payload) __attribute__((nonnull));
struct error *msg_get_u64(struct msg_cursor *c, uint64_t *ret)
	__attribute__((nonnull, warn_unused_result));

/* A string of at most @max bytes without NUL inside; the caller frees. */
struct error *msg_get_text(struct msg_cursor *c, size_t max, char **ret)
	__attribute__((nonnull, warn_unused_result));
struct error *msg_end(const struct msg_cursor *c) __attribute__((nonnull, warn_unused_result));
