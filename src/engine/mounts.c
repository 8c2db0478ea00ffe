#include "engine/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/hostpaths.h"
#include "engine/mount_spec.h"
#include "engine/types.h"
#include "engine/volumes.h"

#include "base/banned.h"

static struct engine_mount *find_at(struct container *c, const char *destination)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (str_equal(c->mounts[i].destination, destination))
			return &c->mounts[i];
	return NULL;
}

/* Moves @m into @c's list. */
static struct error *add(struct container *c, struct engine_mount *m)
{
	if (find_at(c, m->destination)) {
		struct error *err =
			error_new(ERROR_BAD_INPUT, "Duplicate mount point: %s", m->destination);

		json_done(&engine_mount_type, m);
		return err;
	}
	c->mounts = alloc_resize(c->mounts, c->n_mounts + 1, sizeof(*c->mounts));
	c->mounts[c->n_mounts++] = *m;
	return NULL;
}

static struct error *collect(struct container *c)
{
	for (size_t i = 0; c->host.binds && c->host.binds[i]; i++) {
		struct engine_mount m = { 0 };

		TRY(mount_parse_bind(c->host.binds[i], &m));
		TRY(add(c, &m));
	}
	for (size_t i = 0; i < c->host.n_mounts; i++) {
		struct engine_mount m = { 0 };

		TRY(mount_parse_request(&c->host.mounts[i], &m));
		TRY(add(c, &m));
	}
	for (size_t i = 0; c->host.tmpfs && c->host.tmpfs[i]; i += 2) {
		struct engine_mount m = { 0 };

		TRY(mount_parse_tmpfs(c->host.tmpfs[i], c->host.tmpfs[i + 1], &m));
		TRY(add(c, &m));
	}
	for (size_t i = 0; c->config.volumes && c->config.volumes[i]; i++) {
		char *destination autofree = path_normalize(c->config.volumes[i]);
		struct engine_mount m = { 0 };

		if (find_at(c, destination))
			continue;
		TRY(mount_anonymous(c->config.volumes[i], &m));
		TRY(add(c, &m));
	}
	return NULL;
}

static void add_flag(struct engine_mount *m, const char *flag, const char *opposite)
{
	char **options autostrv = strv_split(m->options ? m->options : "", ',');
	char *longer;

	if (strv_contains(options, flag) || strv_contains(options, opposite))
		return;
	longer = str_is_empty(m->options) ? alloc_string(flag)
					  : alloc_printf("%s,%s", m->options, flag);
	free(m->options);
	m->options = longer;
}

/* What a mount brings in is data: no setuid, no devices, unless asked for or --privileged. */
static void add_default_flags(const struct container *c, struct engine_mount *m)
{
	if (c->host.privileged)
		return;
	add_flag(m, "nosuid", "suid");
	add_flag(m, "nodev", "dev");
}

/*
 * The path with all links followed; of a path that does not exist yet, its nearest existing
 * ancestor's with the rest, which is what making it would give.
 */
static struct error *resolve(const char *path, char **ret, bool *ret_exists)
{
	char *top autofree = alloc_string(path);
	char *real autofree = NULL;
	int fd autoclose = open(path, O_PATH | O_CLOEXEC);

	*ret_exists = fd >= 0;
	while (fd < 0 && errno == ENOENT && strlen(top) > 1) {
		char *slash = strrchr(top, '/');

		*(slash == top ? slash + 1 : slash) = '\0';
		fd = open(top, O_PATH | O_CLOEXEC);
	}
	if (fd < 0)
		return error_sys("%s", path);
	TRY(path_of_fd(fd, &real));
	if (*ret_exists)
		*ret = take(real);
	else
		*ret = alloc_printf("%s/%s", strcmp(real, "/") == 0 ? "" : real,
				    path + strlen(top) + (top[1] != '\0'));
	return NULL;
}

static struct error *check_bind(struct engine *e, const struct policy *policy,
				const struct engine_mount *m)
{
	char *real autofree = NULL;
	bool exists;

	TRY(error_wrap(resolve(m->source, &real, &exists), "mount source"));
	if (!exists && !m->create_source)
		return error_new(ERROR_BAD_INPUT,
				 "invalid mount config for type \"bind\": bind source path does not"
				 " exist: %s",
				 m->source);
	return error_wrap(hostpaths_check(e, policy, real, m->rw), "mount at %s", m->destination);
}

static struct error *check_propagation(const struct container *c, const struct engine_mount *m)
{
	if (!str_equal(m->propagation, "shared") && !str_equal(m->propagation, "rshared"))
		return NULL;
	if (str_equal(c->host.userns_mode, "host"))
		return NULL;
	return error_new(ERROR_BAD_INPUT,
			 "mount at %s: %s propagation does not work in a user namespace, where the"
			 " kernel makes every mount of the host a slave: use --userns=host",
			 m->destination, m->propagation);
}

static int depth(const char *path)
{
	int n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static int compare_depth(const void *a, const void *b)
{
	const struct engine_mount *left = a, *right = b;
	int difference = depth(left->destination) - depth(right->destination);

	return difference ? difference : strcmp(left->destination, right->destination);
}

struct error *mounts_decide(struct engine *e, const struct policy *policy, struct container *c)
{
	TRY(collect(c));
	for (size_t i = 0; i < c->n_mounts; i++) {
		struct engine_mount *m = &c->mounts[i];

		add_default_flags(c, m);
		if (str_equal(m->type, "bind")) {
			TRY(check_propagation(c, m));
			TRY(check_bind(e, policy, m));
		} else if (str_equal(m->type, "volume")) {
			m->source = volumes_path(e, m->name);
		}
	}
	if (c->n_mounts)
		qsort(c->mounts, c->n_mounts, sizeof(*c->mounts), compare_depth);
	return NULL;
}

static struct error *open_volume(struct engine *e, const struct engine_mount *m, int *ret_fd)
{
	char *below autofree = alloc_printf("%s/_data", m->name);
	int dir;

	TRY(handle_dir(e, HANDLE_VOLUMES, &dir));
	return error_wrap(path_open_beneath(dir, below, O_PATH | O_DIRECTORY, 0, ret_fd),
			  "volume %s", m->name);
}

/* docker makes what -v names and does not exist: a directory of root's. */
static struct error *make_source(struct engine *e, const struct policy *policy,
				 const struct engine_mount *m)
{
	int made autoclose = -1;

	TRY(check_bind(e, policy, m));
	return error_wrap(path_make_dirs(m->source, 0755, &made), "mount source");
}

struct error *mounts_open_source(struct engine *e, const struct engine_mount *m, int *ret_fd)
{
	const struct policy *policy;
	char *real autofree = NULL;
	int fd autoclose = -1;

	if (str_equal(m->type, "volume"))
		return open_volume(e, m, ret_fd);
	TRY(handle_policy(e, &policy));
	fd = open(m->source, O_PATH | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && m->create_source) {
		TRY(make_source(e, policy, m));
		fd = open(m->source, O_PATH | O_CLOEXEC);
	}
	if (fd < 0)
		return error_sys("mount source %s", m->source);
	TRY(path_of_fd(fd, &real));
	TRY(error_wrap(hostpaths_check(e, policy, real, m->rw), "mount at %s", m->destination));
	*ret_fd = fd_take(&fd);
	return NULL;
}
