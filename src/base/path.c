#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path_walk.h"
#include "base/rand.h"
#include "base/strv.h"

#include "base/banned.h"

/*
 * Each level of a removal holds a descriptor. Any container can make a tree of any depth, so what
 * lies deeper than this is first moved up.
 */
#define REMOVE_DEPTH_MAX 64

#define LINKS_MAX 40 /* on one way, as the kernel has it (path_resolution(7)) */

void path_proc_fd(char text[PATH_PROC_FD_SIZE], int fd)
{
	snprintf(text, PATH_PROC_FD_SIZE, "/proc/self/fd/%d", fd);
}

struct error *path_of_fd(int fd, char **ret)
{
	char link[PATH_PROC_FD_SIZE];
	char target[PATH_MAX];
	ssize_t n;

	path_proc_fd(link, fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return error_sys("path of a descriptor");
	*ret = alloc_string_n(target, (size_t)n);
	return NULL;
}

static int open_how(int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = (flags & (O_CREAT | __O_TMPFILE)) ? mode : 0,
		.resolve = resolve,
	};
	int fd;

	do /* EAGAIN: a rename elsewhere raced with "..", openat2(2) says to try again */
		fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0 && errno == ENOSYS)
		return path_walk(dir, path, flags | O_CLOEXEC, mode, resolve);
	return fd;
}

struct error *path_open_in_root(int root, const char *path, int flags, mode_t mode, int *ret_fd)
{
	int fd = open_how(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	if (fd < 0)
		return error_sys("%s", path);
	*ret_fd = fd;
	return NULL;
}

struct error *path_open_beneath(int dir, const char *path, int flags, mode_t mode, int *ret_fd)
{
	int fd = open_how(dir, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return error_sys("%s", path);
	*ret_fd = fd;
	return NULL;
}

struct error *path_check_on_proc(int fd, const char *path)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return error_sys("%s", path);
	return fs.f_type == PROC_SUPER_MAGIC
		       ? NULL
		       : error_new(ERROR_REFUSED, "%s is not the kernel's", path);
}

struct error *path_open_on_proc(int dir, const char *path, int flags, int *ret_fd)
{
	int fd autoclose = -1;

	/* What is not the kernel's may be a FIFO, too. */
	TRY(path_open_beneath(dir, path, flags | (flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY), 0,
			      &fd));
	TRY(path_check_on_proc(fd, path));
	*ret_fd = fd_take(&fd);
	return NULL;
}

/*
 * Makes one missing directory; losing a race for it is fine, the following open decides what it is.
 */
static struct error *make_one(int parent, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	if (mkdirat(parent, name, mode) < 0)
		return errno == EEXIST ? NULL : error_sys("make directory %s", name);
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) &&
	    fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("own directory %s", name);
	return NULL;
}

struct error *path_make_dirs_in_root(int root, const char *path, mode_t mode, uid_t uid, gid_t gid,
				     int *ret_fd)
{
	char *whole autofree = path_normalize(path);
	char **parts autostrv = strv_split(whole + 1, '/');
	char *so_far autofree = alloc_string("/");
	int current autoclose = -1;

	TRY(path_open_in_root(root, "/", O_PATH | O_DIRECTORY, 0, &current));
	for (size_t i = 0; parts[i] && *parts[i]; i++) {
		char *next = alloc_printf("%s%s%s", so_far, i ? "/" : "", parts[i]);
		int fd;

		free(so_far);
		so_far = next;
		fd = open_how(root, so_far, O_PATH | O_DIRECTORY, 0,
			      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		if (fd < 0 && errno == ENOENT) {
			TRY(make_one(current, parts[i], mode, uid, gid));
			fd = open_how(root, so_far, O_PATH | O_DIRECTORY, 0,
				      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		}
		if (fd < 0)
			return error_sys("%s", so_far);
		fd_close(&current);
		current = fd;
	}
	*ret_fd = fd_take(&current);
	return NULL;
}

/* A way being resolved: "" or "/a/b" without links, and what is to be looked at yet. */
struct way {
	char *done, *left;
	int links;
};

/* Where the link @name in .done leads, in @target; false where it is no link, or is not there. */
static bool read_link(int root, const struct way *w, const char *name, char target[PATH_MAX])
{
	int parent autoclose = open_how(root, *w->done ? w->done + 1 : ".", O_PATH | O_DIRECTORY, 0,
					RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	ssize_t n = parent < 0 ? -1 : readlinkat(parent, name, target, PATH_MAX - 1);

	if (n >= 0)
		target[n] = '\0';
	return n >= 0;
}

static struct error *resolve_name(int root, struct way *w, const char *name)
{
	char target[PATH_MAX];
	char *next;

	if (strcmp(name, "..") == 0) {
		if (*w->done)
			*strrchr(w->done, '/') = '\0';
		return NULL;
	}
	if (!read_link(root, w, name, target)) {
		next = alloc_printf("%s/%s", w->done, name);
		free(w->done);
		w->done = next;
		return NULL;
	}
	if (++w->links > LINKS_MAX) {
		errno = ELOOP;
		return error_sys("%s/%s", w->done, name);
	}
	if (*target == '/')
		*w->done = '\0';
	next = alloc_printf("%s/%s", target, w->left);
	free(w->left);
	w->left = next;
	return NULL;
}

struct error *path_resolve_in_root(int root, const char *path, char **ret)
{
	struct way w = { .done = alloc_string(""), .left = alloc_string(path) };
	struct error *err = NULL;

	while (*w.left && !err) {
		size_t slashes = strspn(w.left, "/"), n = strcspn(w.left + slashes, "/");
		char *name autofree = alloc_string_n(w.left + slashes, n);

		memmove(w.left, w.left + slashes + n, strlen(w.left + slashes + n) + 1);
		if (n && strcmp(name, ".") != 0)
			err = resolve_name(root, &w, name);
	}
	if (!err)
		*ret = alloc_string(*w.done ? w.done : "/");
	free(w.done);
	free(w.left);
	return err;
}

struct error *path_open_dir(int dir, const char *name, mode_t mode, int *ret_fd)
{
	int fd;

	if (mode)
		TRY(make_one(dir, name, mode, (uid_t)-1, (gid_t)-1));
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys("open directory %s", name);
	*ret_fd = fd;
	return NULL;
}

struct error *path_make_dirs(const char *path, mode_t mode, int *ret_fd)
{
	char *copy autofree = alloc_string(path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (char *slash = copy; fd < 0 && slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		TRY(error_wrap(make_one(AT_FDCWD, copy, mode, (uid_t)-1, (gid_t)-1), "%s", path));
		if (slash)
			*slash = '/';
	}
	if (fd < 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys("open directory %s", path);
	*ret_fd = fd;
	return NULL;
}

struct error *path_read(int dir, const char *name, struct buf *b)
{
	int fd autoclose = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_sys("open %s", name);
	return error_wrap(fd_read_all(fd, b), "%s", name);
}

struct error *path_read_text(int dir, const char *name, size_t max, char **ret_text)
{
	struct buf b autobuf = BUF_MAX(max);

	TRY(path_read(dir, name, &b));
	*ret_text = buf_take(&b);
	return NULL;
}

struct error *path_write_existing(int dir, const char *name, const char *data)
{
	int fd autoclose = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys("open %s", name);
	if (write(fd, data, strlen(data)) < 0) /* such files take a value in one write only */
		return error_sys("write %s to %s", data, name);
	return NULL;
}

static struct error *write_temporary(int dir, const char *name, const void *data, size_t length,
				     mode_t mode, bool durable)
{
	int fd autoclose =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return error_sys("make %s", name);
	TRY(fd_write_all(fd, data, length));
	if (durable && fsync(fd) < 0)
		return error_sys("sync %s", name);
	return NULL;
}

struct error *path_replace(int dir, const char *name, const void *data, size_t length, mode_t mode,
			   bool durable)
{
	struct error *err;
	char temporary[40];
	char suffix[17];

	rand_hex(suffix, 16);
	snprintf(temporary, sizeof(temporary), ".tmp-%s", suffix);
	err = write_temporary(dir, temporary, data, length, mode, durable);
	if (!err && renameat(dir, temporary, dir, name) < 0)
		err = error_sys("rename to %s", name);
	if (err) {
		unlinkat(dir, temporary, 0);
		return error_wrap(err, "write %s", name);
	}
	if (durable && fsync(dir) < 0)
		return error_sys("sync the directory of %s", name);
	return NULL;
}

/* One removal of a tree: where it is, and whether something was moved up as it lay too deep. */
struct removal {
	int top; /* the tree's own directory, -1 until it is open */
	dev_t device;
	bool moved;
};

static struct error *remove_entry(struct removal *r, int dir, const char *name, int depth);

/* Puts the directory @name directly under the tree's top, for the next round. */
static struct error *move_up(struct removal *r, int dir, const char *name)
{
	char temporary[40];
	char suffix[17];

	rand_hex(suffix, 16);
	snprintf(temporary, sizeof(temporary), ".deep-%s", suffix);
	if (renameat(dir, name, r->top, temporary) < 0)
		return error_sys("remove %s", name);
	r->moved = true;
	return NULL;
}

static struct error *remove_children(struct removal *r, int dir, const char *name, int depth)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct error *err = NULL;
	struct dirent *entry;
	struct stat st;
	DIR *stream;

	if (fd < 0)
		return error_sys("open %s", name);
	if (fstat(fd, &st) < 0 || st.st_dev != r->device) {
		close(fd);
		return error_new(ERROR_REFUSED, "remove %s: another file system is mounted there",
				 name);
	}
	stream = fdopendir(fd);
	if (!stream) {
		err = error_sys("read %s", name);
		close(fd);
		return err;
	}
	if (depth == 0)
		r->top = fd;
	while (!err && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = remove_entry(r, fd, entry->d_name, depth + 1);
	closedir(stream);
	return err;
}

/* Removes @name; the tree's own directory stays for another round if something was moved up. */
static struct error *remove_entry(struct removal *r, int dir, const char *name, int depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return NULL;
	if (errno != EISDIR && errno != EPERM)
		return error_sys("remove %s", name);
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return NULL;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return error_sys("remove %s", name);
	if (depth >= REMOVE_DEPTH_MAX)
		return move_up(r, dir, name);
	TRY(remove_children(r, dir, name, depth));
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return NULL;
	return depth == 0 && r->moved ? NULL : error_sys("remove %s", name);
}

struct error *path_remove_tree(int dir, const char *name)
{
	struct removal r;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NULL : error_sys("remove %s", name);
	do {
		r = (struct removal){ .top = -1, .device = st.st_dev };
		TRY(remove_entry(&r, dir, name, 0));
	} while (r.moved);
	return NULL;
}

bool path_is_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

char *path_normalize(const char *path)
{
	char *out = alloc_zeroed(strlen(path) + 2, 1);
	size_t length = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (length && out[--length] != '/')
				;
		} else if (n && !(n == 1 && path[0] == '.')) {
			out[length++] = '/';
			memcpy(out + length, path, n);
			length += n;
		}
		path += n;
		path += strspn(path, "/");
	}
	if (!length)
		out[length++] = '/';
	out[length] = '\0';
	return out;
}

const char *path_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
