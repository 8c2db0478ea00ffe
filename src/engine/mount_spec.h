/*
 * One mount as a user writes it: "SRC:DST[:OPTIONS]" of -v, an entry of --mount, "PATH[:OPTIONS]"
 * of --tmpfs. Only text is looked at here; paths are asked of the host in mounts.c.
 *
 * Options of -v beside docker's (ro rw z Z nocopy, propagation, consistency): nosuid suid nodev dev
 * noexec exec, nonrecursive, idmap=host|off.
 */
#pragma once

#include "engine/engine.h"

/* Each fills the zeroed @ret; on error it is empty again. */
struct error *mount_parse_bind(const char *text, struct engine_mount *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *mount_parse_request(const struct engine_mount_request *request,
				  struct engine_mount *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *mount_parse_tmpfs(const char *path, const char *options, struct engine_mount *ret)
	__attribute__((nonnull, warn_unused_result));

/* A fresh anonymous volume at @path. */
struct error *mount_anonymous(const char *path, struct engine_mount *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * What a start needs of @m->options and @m->rw: MOUNT_ATTR_* (mount_setattr(2)), and for tmpfs the
 * rest as mount data ("size=64m,mode=1777", freed by the caller, NULL when there is none).
 */
struct error *mount_spec_attributes(const struct engine_mount *m, uint64_t *ret_attributes,
				    char **ret_data) __attribute__((nonnull, warn_unused_result));
