/*
 * Who a program runs as: "user[:group]" resolved in the container's own /etc/passwd and /etc/group,
 * files that the image wrote and that are read as hostile: opened inside the root, bounded,
 * malformed lines passed over.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary, without duplicates */
	size_t n_groups;
	char *home; /* "/" where passwd has none */
};
void user_done(struct user *u);

/*
 * Resolves @text ("", "root", "1000", "app:staff", "1000:100") and the additional @groups in the
 * root directory @root. With no user found by a name: ERROR_BAD_INPUT as docker words it. Numbers
 * need no entry; ids over 65535 cannot be had.
 */
struct error *user_resolve(int root, const char *text, char *const *groups, struct user *ret)
	__attribute__((nonnull(4), warn_unused_result));

/* The parsing alone, for tests: @passwd and @group are file contents, NULL where missing. */
struct error *user_resolve_text(const char *passwd, const char *group, const char *text,
				char *const *groups, struct user *ret)
	__attribute__((nonnull(5), warn_unused_result));
