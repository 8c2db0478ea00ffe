/* The mounts of this process's namespace, as /proc/self/mountinfo lists them (proc(5)). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mountinfo_line {
	uint64_t id, parent;
	char *root, *path;  /* of the file system, and where it is mounted; without escapes */
	char *type, *super; /* and the options of its super block */
};

/* Parents before what is mounted on them; .text owns what the lines point at. */
struct mountinfo {
	char *text;
	struct mountinfo_line *list;
	size_t n;
};
void mountinfo_done(struct mountinfo *m);
#define automountinfo __attribute__((cleanup(mountinfo_done)))

/*
 * Fills the zeroed @ret. A line that has another form is left out. mountinfo_parse() does it with
 * such a text, which is @ret's then.
 */
struct error *mountinfo_read(struct mountinfo *ret) __attribute__((nonnull, warn_unused_result));
void mountinfo_parse(char *text, struct mountinfo *ret) __attribute__((nonnull));
