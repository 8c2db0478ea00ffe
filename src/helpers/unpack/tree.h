/*
 * The files of one layer, made below one directory. Every path is a clean relative one
 * (tree_clean_path()); its parent is resolved with openat2(2) as in a chroot of the target, so a
 * link in the layer leads nowhere else, and its last part is never followed. An existing thing of
 * another kind is replaced, as docker and overlayfs's users expect: the last wins.
 *
 * Whiteouts become overlayfs's own (Documentation/filesystems/overlayfs.rst): a character device
 * 0/0, which needs no privilege, and user.overlay.opaque.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"

struct tree;

/* The owner, mode and time of a thing to be made. */
struct tree_meta {
	mode_t mode; /* permission bits and setuid, setgid, sticky */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
};

/* @target stays the caller's. */
struct tree *tree_new(int target) __attribute__((returns_nonnull));
void tree_free(struct tree *t);
DEFINE_AUTO(struct tree *, tree_free);
#define autotree __attribute__((cleanup(tree_free_p)))

/*
 * @raw as it stands in an archive, without leading '/', "." and double slashes; "" is the target
 * itself. ".." is refused, so is what is longer than @length_max or deeper than @depth_max. The
 * caller frees.
 */
struct error *tree_clean_path(const char *raw, size_t length_max, size_t depth_max, char **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Makes an empty file and gives its descriptor; tree_finish_file() sets what writing would change.
 */
struct error *tree_make_file(struct tree *t, const char *path, const struct tree_meta *meta,
			     int *ret_fd) __attribute__((nonnull, warn_unused_result));
struct error *tree_finish_file(int fd, const char *path, const struct tree_meta *meta)
	__attribute__((nonnull, warn_unused_result));

/* Makes or changes a directory and gives its descriptor; its time is set by tree_finish(). */
struct error *tree_make_directory(struct tree *t, const char *path, const struct tree_meta *meta,
				  int *ret_fd) __attribute__((nonnull, warn_unused_result));

struct error *tree_make_symlink(struct tree *t, const char *path, const char *target,
				const struct tree_meta *meta)
	__attribute__((nonnull, warn_unused_result));
struct error *tree_make_fifo(struct tree *t, const char *path, const struct tree_meta *meta)
	__attribute__((nonnull, warn_unused_result));

/* *@ret_missing: @target is not in the layer. */
struct error *tree_make_hard_link(struct tree *t, const char *path, const char *target,
				  bool *ret_missing) __attribute__((nonnull, warn_unused_result));

/* Hides what lower layers have at @path; what this layer itself has there stays. */
struct error *tree_whiteout(struct tree *t, const char *path)
	__attribute__((nonnull, warn_unused_result));

/* Hides all that lower layers have in the directory @path. */
struct error *tree_make_opaque(struct tree *t, const char *path)
	__attribute__((nonnull, warn_unused_result));

/* Removes what is at @path, if anything. */
struct error *tree_clear(struct tree *t, const char *path)
	__attribute__((nonnull, warn_unused_result));

/* Sets the times of all directories. */
struct error *tree_finish(struct tree *t) __attribute__((nonnull, warn_unused_result));
