/*
 * The options of a mount as the runtime specification lists them (config.md, Mounts; the names of
 * mount(8)): flags, attributes of the whole tree, propagation, and what is the file system's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mount_options {
	unsigned long set, clear;      /* MS_*, of the mount itself; what comes later wins */
	uint64_t tree_set, tree_clear; /* MOUNT_ATTR_*, of all mounts below, too */
	unsigned long propagation[4];  /* MS_SHARED … with MS_REC, in their order */
	size_t n_propagation;
	bool bind, recursive;		       /* "bind", "rbind" */
	bool copy_up;			       /* "tmpcopyup" */
	bool map, map_tree;		       /* "idmap", "ridmap" */
	bool copy_link;			       /* "copy-symlink" */
	bool source_nofollow, target_nofollow; /* "src-nofollow", "dest-nofollow" */
	char *data;			       /* all other options, joined by ","; never NULL */
};
void mount_options_done(struct mount_options *o) __attribute__((nonnull));
#define automountoptions __attribute__((cleanup(mount_options_done)))

/* Reads the strv @list, which may be NULL. ERROR_LIMIT where there is too much of something. */
struct error *mount_options_parse(char *const *list, struct mount_options *ret)
	__attribute__((nonnull(2), warn_unused_result));

/* The MOUNT_ATTR_* (mount_setattr(2)) that stand for MS_* flags of a single mount. */
uint64_t mount_options_attributes(unsigned long flags);
