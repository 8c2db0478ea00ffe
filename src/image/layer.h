/*
 * Unpacks layers, several at once. For each there are three processes in a row: a helper that
 * decompresses, one of ours that hashes the plain bytes and passes them on, a helper that makes
 * the files. Neither helper can make a wrong tree under a right diff id: what the second gets is
 * what was hashed, and the layer counts only if that is the diff id that the image's config names.
 * On the way the bytes are kept as they came: they are what save and push give on, by their digest.
 */
#pragma once

#include "image/archive.h"
#include "image/store.h"

struct layer_request {
	struct extent source;
	bool is_stream;	     /* .source.fd is a pipe, read to its end */
	const char *digest;  /* of the bytes as they come; NULL: not known */
	const char *diff_id; /* of the plain bytes; NULL: not known */
	/* Where in the work directory: it holds "diff", "blob" and what the store says. */
	char directory[16];
	bool is_kept; /* as a blob: there shall be no second copy of its bytes */
	/*
	 * For what is fetched: .source.length bytes are to come, the first of which may be in the
	 * file of store_partial_open() already. NULL: the bytes are at .source.
	 */
	const struct layer_remote *remote;
	size_t position; /* the caller's, for .remote and for progress */
	/* results */
	char found_digest[DIGEST_SIZE], found_diff_id[DIGEST_SIZE];
	uint64_t blob_bytes, size_bytes;
};

/*
 * Where bytes come from that have to be fetched. Both are called in a process of the layer's own.
 */
struct layer_remote {
	/* A pipe that the bytes from @offset on come by; @slot is of no other layer meanwhile. */
	struct error *(*open)(void *data, size_t slot, size_t position, uint64_t offset,
			      int *ret_fd);
	/* After the last byte, or when no more came: why. */
	struct error *(*finish)(void *data, size_t slot);
	void *data;
	size_t slots; /* so many layers at once */
};

/* How far a layer is. */
enum layer_state { LAYER_WAITING, LAYER_FETCHING, LAYER_UNPACKING, LAYER_DONE };
typedef void layer_progress(void *data, const struct layer_request *request, enum layer_state state,
			    uint64_t bytes);

/* Called where layer_unpack() runs, with the bytes that have come so far. */
typedef void layer_tell(void *data, enum layer_state state, uint64_t bytes);

#define LAYER_BLOB "blob"

/* Unpacks one layer in this process, below @w. @tell: NULL for none. */
struct error *layer_unpack(struct work *w, struct layer_request *request, size_t slot,
			   layer_tell *tell, void *data)
	__attribute__((nonnull(1, 2), warn_unused_result));

/*
 * Unpacks all of @requests below @w. At the first failure the others are stopped. @progress is
 * called in the caller's process, some times a second for each layer; NULL: not.
 */
struct error *layer_unpack_all(struct work *w, struct layer_request *requests, size_t n,
			       layer_progress *progress, void *progress_data)
	__attribute__((nonnull(1), warn_unused_result));
