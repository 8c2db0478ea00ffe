/*
 * The store's directories, and the rules that keep them whole:
 *
 *   ROOT/layers/CHAINHEX/diff      the files of a layer; beside it "devices" and "owners" where it
 *                                  has device nodes or owners over 65535, one JSON object a line
 *   ROOT/blobs/sha256/HEX          configs, manifests, and layers as they came
 *   ROOT/partial/HEX               layers that are being fetched, and what interrupted fetches left
 *   ROOT/tmp/NAME/                 one command's work, locked while it lives ("lock")
 *
 * A layer or blob counts only when the database names it. A command moves its finished layers into
 * place and records them in one transaction; what a killed one left is a directory of tmp without
 * a lock, which the next store_open removes, and things without a row, which it then looks for.
 */
#pragma once

#include <stdint.h>

#include "base/db.h"
#include "image/image.h"

struct image_store {
	struct db *db;
	int root, layers, blobs, partial, tmp;
};

/* A directory of its own for one command's work. */
struct work {
	struct image_store *store;
	int dir, lock;
	char name[33];
};
#define WORK_NONE                                                                                  \
	{                                                                                          \
		.dir = -1, .lock = -1                                                              \
	}

struct error *work_begin(struct image_store *store, struct work *ret)
	__attribute__((nonnull, warn_unused_result));

/* Removes it with all that is still in it. */
void work_end(struct work *w) __attribute__((nonnull));
#define autowork __attribute__((cleanup(work_end)))

/*
 * Opens (making it) and locks the file of the blob @digest that is being fetched; another command
 * that fetches it is waited for. Where that has finished and recorded it, *@ret_fd is of the blob
 * in its place. Held while *@ret_fd is open.
 */
struct error *store_partial_open(struct image_store *store, const char *digest, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* Removes the file that the caller has locked. */
void store_partial_drop(struct image_store *store, const char *digest) __attribute__((nonnull));

/*
 * Moves layers and blobs that the database does not name into @w, which removes them at its end.
 * Takes the database's write lock, so that it cannot meet a command between its rename and its
 * commit.
 */
struct error *store_sweep(struct image_store *store, struct work *w)
	__attribute__((nonnull, warn_unused_result));
