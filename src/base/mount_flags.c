/*
 * Attributes of mounts where there is no mount_setattr(2) (Linux 5.12, or a filter above us that
 * does not know it). mount(2) changes only what is attached, one mount at a time: what is asked of
 * a detached one waits until it is, and trees are walked by mountinfo.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mount_flags.h"
#include "base/mountinfo.h"
#include "base/path.h"

#include "base/banned.h"

#define WAITING_MAX 256

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 8192
#endif

struct waiting {
	uint64_t mount; /* its id: a descriptor's number may become another's */
	struct mount_attr attr;
	bool recursive;
};

/* What one process has made another may attach: see mount_flags_share(). */
struct table {
	atomic_flag busy;
	size_t n;
	struct waiting list[WAITING_MAX];
};
static struct table own = { .busy = ATOMIC_FLAG_INIT };
static struct table *table = &own;

static const struct {
	uint64_t attr;
	unsigned long ms, st;
} flags[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY, ST_RDONLY },
	{ MOUNT_ATTR_NOSUID, MS_NOSUID, ST_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV, ST_NODEV },
	{ MOUNT_ATTR_NOEXEC, MS_NOEXEC, ST_NOEXEC },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, ST_NODIRATIME },
	{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, ST_NOSYMFOLLOW },
};

static void lock(void)
{
	while (atomic_flag_test_and_set(&table->busy))
		sched_yield();
}

static void unlock(void)
{
	atomic_flag_clear(&table->busy);
}

struct error *mount_flags_share(void)
{
	void *shared;

	if (table != &own || mount_setattr(-1, "", 0, NULL, 0) == 0 || errno != ENOSYS)
		return NULL;
	shared = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return error_sys("mmap");
	table = shared;
	*table = own;
	return NULL;
}

static struct error *mount_id(int fd, uint64_t *ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0)
		return error_sys("a mount");
	*ret = st.stx_mnt_id;
	return NULL;
}

/* The access times are one value: MS_NOATIME, MS_STRICTATIME, else MS_RELATIME. */
static unsigned long atime_of(const struct mount_attr *attr, unsigned long now)
{
	if (!(attr->attr_clr & MOUNT_ATTR__ATIME))
		return now & ST_NOATIME	   ? MS_NOATIME
		       : now & ST_RELATIME ? MS_RELATIME
					   : MS_STRICTATIME;
	switch (attr->attr_set & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_NOATIME:
		return MS_NOATIME;
	case MOUNT_ATTR_STRICTATIME:
		return MS_STRICTATIME;
	default:
		return MS_RELATIME;
	}
}

/* As ".", which needs no /proc; what is mounted on a file has no other name. */
static struct error *change(int fd, unsigned long what)
{
	char path[PATH_PROC_FD_SIZE] = ".";
	int back autoclose = -1;
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return error_sys("a mount");
	if (S_ISDIR(st.st_mode)) {
		back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (back < 0 || fchdir(fd) < 0)
			return error_sys("enter a mount");
	} else {
		path_proc_fd(path, fd);
	}
	rc = mount(NULL, path, NULL, what, NULL);
	if (back >= 0) {
		int number = errno;

		if (fchdir(back) < 0)
			return error_sys("leave a mount");
		errno = number;
	}
	return rc < 0 ? error_sys("change a mount") : NULL;
}

static struct error *remount(int fd, const struct mount_attr *attr)
{
	struct statvfs now;
	unsigned long wanted;

	if (!attr->attr_set && !attr->attr_clr)
		return NULL;
	if (fstatvfs(fd, &now) < 0)
		return error_sys("attributes of a mount");
	wanted = MS_REMOUNT | MS_BIND | atime_of(attr, now.f_flag);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (attr->attr_set & flags[i].attr ||
		    (now.f_flag & flags[i].st && !(attr->attr_clr & flags[i].attr)))
			wanted |= flags[i].ms;
	return change(fd, wanted);
}

static struct error *propagate(int fd, uint64_t propagation, bool recursive)
{
	return propagation ? change(fd, propagation | (recursive ? MS_REC : 0)) : NULL;
}

/* By a descriptor of the mount that was meant: its path may have become another's. */
static struct error *remount_at(int root, const struct mountinfo_line *line,
				const struct mount_attr *attr)
{
	int fd autoclose = -1;
	uint64_t id = 0;

	TRY(path_open_beneath(root, line->path + 1, O_PATH | O_NOFOLLOW, 0, &fd));
	TRY(mount_id(fd, &id));
	if (id != line->id)
		return error_new(ERROR_CONFLICT, "%s: another mount is there now", line->path);
	return error_wrap(remount(fd, attr), "%s", line->path);
}

/* What is mounted below; mountinfo lists parents before what is on them. */
static struct error *remount_below(uint64_t top, const struct mount_attr *attr)
{
	int root autoclose = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mountinfo mounts automountinfo = { 0 };
	uint64_t *tree autofree = NULL;
	size_t n = 1;

	if (root < 0)
		return error_sys("open /");
	TRY(mountinfo_read(&mounts));
	tree = alloc_zeroed(mounts.n + 1, sizeof(*tree));
	tree[0] = top;
	for (size_t i = 0; i < mounts.n; i++) {
		const struct mountinfo_line *line = &mounts.list[i];
		size_t k = 0;

		if (line->id == top)
			continue;
		while (k < n && tree[k] != line->parent)
			k++;
		if (k == n)
			continue;
		tree[n++] = line->id;
		TRY(remount_at(root, line, attr));
	}
	return NULL;
}

static struct error *apply(int fd, uint64_t id, const struct mount_attr *attr, bool recursive)
{
	TRY(remount(fd, attr));
	if (recursive && (attr->attr_set || attr->attr_clr))
		TRY(remount_below(id, attr));
	return propagate(fd, attr->propagation, recursive);
}

static struct error *wait_with(const struct waiting *one)
{
	bool fits;

	lock();
	fits = table->n < WAITING_MAX;
	if (fits)
		table->list[table->n++] = *one;
	unlock();
	return fits ? NULL : error_new(ERROR_LIMIT, "too many mounts wait for their attributes");
}

struct error *mount_flags_set(int fd, const struct mount_attr *attr, bool recursive)
{
	struct error *err;
	uint64_t id = 0;

	if (attr->attr_set & MOUNT_ATTR_IDMAP)
		return error_new(ERROR_UNSUPPORTED, "this kernel has no mount_setattr(2), which"
						    " mapping ids needs (Linux 5.12)");
	TRY(mount_id(fd, &id));
	err = apply(fd, id, attr, recursive);
	if (!err || error_errno(err) != EINVAL)
		return err;
	error_ignore(err, "it is not attached yet");
	return wait_with(&(struct waiting){ id, *attr, recursive });
}

/* Takes the next one that waits for the mount @id, in the order of asking. */
static bool take_waiting(uint64_t id, struct waiting *ret)
{
	bool found = false;

	lock();
	for (size_t i = 0; i < table->n; i++)
		if (found)
			table->list[i - 1] = table->list[i];
		else if (table->list[i].mount == id) {
			*ret = table->list[i];
			found = true;
		}
	table->n -= found;
	unlock();
	return found;
}

struct error *mount_flags_attached(int fd)
{
	struct waiting one;
	uint64_t id = 0;

	if (!table->n)
		return NULL;
	TRY(mount_id(fd, &id));
	while (take_waiting(id, &one))
		TRY(apply(fd, id, &one.attr, one.recursive));
	return NULL;
}
