/*
 * Unpacks layers, several at once. For each there are three processes in a row: a helper that
 * decompresses, one of ours that hashes the plain bytes and passes them on, a helper that makes
 * the files. Neither helper can make a wrong tree under a right diff id: what the second gets is
 * what was hashed, and the layer counts only if that is the diff id that the image's config names.
 */
#pragma once

#include "image/archive.h"
#include "image/store.h"

struct layer_request {
	struct extent source;
	bool is_stream;	     /* .source.fd is a pipe, read to its end */
	const char *digest;  /* of the bytes as they come; NULL: not known */
	const char *diff_id; /* of the plain bytes; NULL: not known */
	char directory
		[16]; /* where in the work directory: it holds "diff" and what the store says */
	/* results */
	char found_diff_id[DIGEST_SIZE];
	uint64_t size_bytes;
};

/* Unpacks all of @requests below @w. At the first failure the others are stopped. */
struct error *layer_unpack_all(struct work *w, struct layer_request *requests, size_t n)
	__attribute__((nonnull, warn_unused_result));
