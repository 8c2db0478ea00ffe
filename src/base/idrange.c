#include "base/idrange.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

#define LEASES "/run/bulkhead/ids"
#define LEASE_MAX (1 << 20)
#define POOL_RANGES 4096U /* 0x70000000 to 0x7fffffff; the first is IDRANGE_HELPERS */

/*
 * Whether a line "name:first:count" of subuid(5) overlaps the range at @first; malformed lines give
 * nothing away.
 */
static bool line_overlaps(const char *line, uint32_t first)
{
	char **parts autostrv = strv_split(line, ':');
	struct error *err autoerror = NULL;
	uint64_t start, count;

	if (strv_length(parts) != 3)
		return false;
	err = str_parse_u64(parts[1], 0, UINT32_MAX, &start);
	if (!err)
		err = str_parse_u64(parts[2], 0, UINT32_MAX, &count);
	return !err && start < (uint64_t)first + IDRANGE_LENGTH && first < start + count;
}

bool idrange_is_given_away(char *const *lines, uint32_t first)
{
	for (size_t i = 0; lines && lines[i]; i++)
		if (line_overlaps(lines[i], first))
			return true;
	return false;
}

/* The lines of a file that may be missing. */
static char **read_lines(const char *path)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(AT_FDCWD, path, 1 << 20, &text);

	if (err) {
		error_ignore(err, "no subordinate ids are given away");
		return NULL;
	}
	return strv_split(text, '\n');
}

static struct error *write_lease(int dir, const char *name, const char *owner, bool *ret_taken)
{
	int fd autoclose = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	*ret_taken = false;
	if (fd < 0)
		return errno == EEXIST ? NULL : error_sys("lease ids in %s", LEASES);
	TRY(fd_write_all(fd, owner, strlen(owner)));
	*ret_taken = true;
	return NULL;
}

/* The owners of the lease @name, NULL where there is none; the caller holds the lock. */
static char **read_owners(int dir, const char *name)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(dir, name, LEASE_MAX, &text);

	if (err) {
		error_ignore(err, "the lease is gone");
		return NULL;
	}
	return strv_split(text, '\n');
}

static bool has_living_owner(char *const *owners)
{
	for (; *owners; owners++)
		if (!**owners || access(*owners, F_OK) == 0 || errno != ENOENT)
			return true; /* an empty one is being written */
	return false;
}

/*
 * Removes the lease @name if its owners' directories are gone; the lock keeps two that look at once
 * apart.
 */
static struct error *drop_if_stale(int dir, const char *name)
{
	char **owners autostrv = NULL;
	int lock autoclose = -1;

	TRY(lock_take(dir, ".lock", &lock));
	owners = read_owners(dir, name);
	if (owners && !has_living_owner(owners) && unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return error_sys("drop lease %s of %s", name, owners[0]);
	return NULL;
}

static void range_name(char name[16], uint32_t first)
{
	snprintf(name, 16, "%08x", first);
}

struct error *idrange_lease(const char *owner, uint32_t *ret_first)
{
	char **uids autostrv = read_lines("/etc/subuid"),
		    **gids autostrv = read_lines("/etc/subgid");
	uint32_t start = 0;
	int dir autoclose = -1;

	TRY(path_make_dirs(LEASES, 0700, &dir));
	if (getrandom(&start, sizeof(start), 0) < 0)
		return error_sys("choose a range of ids");
	for (uint32_t i = 0; i < 2 * POOL_RANGES; i++) { /* the second round drops what is stale */
		uint32_t index = (start + i) % POOL_RANGES;
		uint32_t first = IDRANGE_HELPERS + index * IDRANGE_LENGTH;
		char name[16];
		bool taken;

		if (index == 0 || idrange_is_given_away(uids, first) ||
		    idrange_is_given_away(gids, first))
			continue;
		range_name(name, first);
		if (i >= POOL_RANGES)
			TRY(drop_if_stale(dir, name));
		TRY(write_lease(dir, name, owner, &taken));
		if (taken) {
			*ret_first = first;
			return NULL;
		}
	}
	return error_new(ERROR_LIMIT, "all %u ranges of ids are leased", POOL_RANGES - 1);
}

struct error *idrange_share(uint32_t first, const char *owner)
{
	char *line autofree = alloc_printf("\n%s", owner);
	int dir autoclose = -1, lock autoclose = -1, fd autoclose = -1;
	char name[16];

	TRY(path_open_dir(AT_FDCWD, LEASES, 0, &dir));
	TRY(lock_take(dir, ".lock", &lock));
	range_name(name, first);
	fd = openat(dir, name, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return error_sys("share the ids %s", name);
	return fd_write_all(fd, line, strlen(line));
}

/* Under another name first: a lease that is half written would give the range away. */
static struct error *write_owners(int dir, const char *name, char *const *owners)
{
	char *text autofree = strv_join(owners, "\n");
	int fd autoclose = openat(dir, ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys("write lease %s", name);
	TRY(fd_write_all(fd, text, strlen(text)));
	return renameat(dir, ".new", dir, name) < 0 ? error_sys("write lease %s", name) : NULL;
}

/* The caller holds the lock. */
static struct error *remove_owner(int dir, const char *name, const char *owner)
{
	char **owners autostrv = read_owners(dir, name), **others autostrv = NULL;

	if (!owners || !strv_contains(owners, owner)) /* it was given back before */
		return NULL;
	for (char **o = owners; *o; o++)
		if (strcmp(*o, owner) != 0)
			strv_add(&others, *o);
	if (others)
		return write_owners(dir, name, others);
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return error_sys("give back the ids of %s", owner);
	return NULL;
}

struct error *idrange_release(uint32_t first, const char *owner)
{
	int dir autoclose = -1, lock autoclose = -1;
	char name[16];

	TRY(path_open_dir(AT_FDCWD, LEASES, 0, &dir));
	TRY(lock_take(dir, ".lock", &lock));
	range_name(name, first);
	return remove_owner(dir, name, owner);
}

struct error *idrange_release_all(const char *owner)
{
	int dir autoclose = -1, lock autoclose = -1;
	struct error *err = NULL;
	struct dirent *entry;
	DIR *stream;

	TRY(path_make_dirs(LEASES, 0700, &dir));
	TRY(lock_take(dir, ".lock", &lock));
	stream = opendir(LEASES);
	if (!stream)
		return error_sys("read %s", LEASES);
	while (!err && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			err = remove_owner(dir, entry->d_name, owner);
	closedir(stream);
	return err;
}
