/*
 * User namespaces (user_namespaces(7)): maps, and namespaces that exist only to give an idmapped
 * mount its map.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* @length ids from @inside as seen in the namespace, are @outside and up in the caller's. */
struct id_map {
	uint32_t inside, outside, length;
};

/*
 * Writes both maps of @pid's new user namespace: at most 340 lines each (the kernel's own limit).
 * For an ordinary user who asks for more than its own id newuidmap(1) and newgidmap(1) do.
 */
struct error *userns_write_maps(pid_t pid, const struct id_map *uids, size_t n_uids,
				const struct id_map *gids, size_t n_gids)
	__attribute__((nonnull, warn_unused_result));

/*
 * Makes a user namespace with these maps that no process is in, for mount_idmap(). It lives while
 * the descriptor, or a mount that uses it, does.
 */
struct error *userns_make(const struct id_map *uids, size_t n_uids, const struct id_map *gids,
			  size_t n_gids, int *ret_fd) __attribute__((nonnull, warn_unused_result));

/* Whether we are in the host's own: false for who is root only of another. */
bool userns_is_initial(void);
/* Whether the text of a uid_map is that of the host's own: every id as it is, in one line. */
bool userns_map_is_initial(const char *text) __attribute__((nonnull));

/* The user namespace that @pid is in. */
struct error *userns_open(pid_t pid, int *ret_fd) __attribute__((nonnull, warn_unused_result));
