#include "image/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/names.h"
#include "base/str.h"

#include "base/banned.h"

#define PIECE (256 << 10)
#define DEPTH_MAX 300 /* bulkhead-unpack makes less */

struct compare {
	int64_t since_ns;
	compare_told *told;
	void *data;
	struct buf path;
	char *pieces[2];
};

static void tell(const struct compare *c, const char *what)
{
	c->told(c->data, c->path.length ? buf_text(&c->path) : ".", what);
}

/* ---- one file ---- */

/* Where from @at on there are bytes; the end of the file where there are none. */
static off_t next_data(int fd, off_t at, off_t size)
{
	off_t data = lseek(fd, at, SEEK_DATA);

	return data < 0 ? (errno == ENXIO ? size : at) : data;
}

static ssize_t read_at(int fd, char *piece, off_t at)
{
	ssize_t n;

	do
		n = pread(fd, piece, PIECE, at);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Both have @size bytes. What is a hole in both is passed over. */
static struct error *compare_bytes(struct compare *c, int left, int right, off_t size)
{
	for (off_t at = 0; at < size;) {
		off_t a = next_data(left, at, size), b = next_data(right, at, size);
		ssize_t n, m;

		at = a < b ? a : b;
		if (at >= size)
			return NULL;
		n = read_at(left, c->pieces[0], at);
		m = read_at(right, c->pieces[1], at);
		if (n < 0 || m < 0)
			return error_sys("read %s", buf_text(&c->path));
		if (n != m || n == 0 || memcmp(c->pieces[0], c->pieces[1], (size_t)n) != 0) {
			tell(c, "other bytes");
			return NULL;
		}
		at += n;
	}
	return NULL;
}

static bool is_ours(const char *name)
{
	return str_has_prefix(name, "user.") || strcmp(name, "security.capability") == 0;
}

/* Whether every attribute of @left that unpacking sets is the same in @right. */
static bool has_same_xattrs(int left, int right)
{
	char *names autofree = NULL, *values autofree = NULL;
	ssize_t length = flistxattr(left, NULL, 0);

	if (length <= 0)
		return length == 0 || errno == ENOTSUP;
	names = alloc_zeroed(XATTR_LIST_MAX, 1);
	values = alloc_zeroed(2, XATTR_SIZE_MAX);
	length = flistxattr(left, names, XATTR_LIST_MAX);
	for (const char *name = names; name < names + length; name += strlen(name) + 1) {
		ssize_t n, m;

		if (!is_ours(name))
			continue;
		n = fgetxattr(left, name, values, XATTR_SIZE_MAX);
		m = fgetxattr(right, name, values + XATTR_SIZE_MAX, XATTR_SIZE_MAX);
		if (n != m || (n > 0 && memcmp(values, values + XATTR_SIZE_MAX, (size_t)n) != 0))
			return false;
	}
	return length >= 0;
}

static struct error *compare_links(struct compare *c, int left, int right, const char *name)
{
	char a[PATH_MAX], b[PATH_MAX];
	ssize_t n = readlinkat(left, name, a, sizeof(a)), m = readlinkat(right, name, b, sizeof(b));

	if (n < 0 || m < 0)
		return error_sys("read the link %s", buf_text(&c->path));
	if (n != m || memcmp(a, b, (size_t)n) != 0)
		tell(c, "leads elsewhere");
	return NULL;
}

static void compare_stat(struct compare *c, const struct stat *a, const struct stat *b)
{
	int64_t made_ns = (int64_t)b->st_mtim.tv_sec * 1000000000 + b->st_mtim.tv_nsec;

	if ((a->st_mode & 07777) != (b->st_mode & 07777))
		tell(c, "another mode");
	if (a->st_uid != b->st_uid || a->st_gid != b->st_gid)
		tell(c, "another owner");
	if (a->st_rdev != b->st_rdev)
		tell(c, "another device");
	if (!S_ISDIR(a->st_mode) && a->st_nlink != b->st_nlink)
		tell(c, "other hard links");
	if (made_ns < c->since_ns &&
	    (a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec))
		tell(c, "another time");
}

/* ---- trees ---- */

static struct error *compare_below(struct compare *c, int left, int right, int depth);

static struct error *compare_opened(struct compare *c, int left, int right, int depth)
{
	struct stat a, b;

	if (fstat(left, &a) < 0 || fstat(right, &b) < 0)
		return error_sys("look at %s", buf_text(&c->path));
	compare_stat(c, &a, &b);
	if (!has_same_xattrs(left, right) || !has_same_xattrs(right, left))
		tell(c, "other attributes");
	if (S_ISDIR(a.st_mode))
		return compare_below(c, left, right, depth + 1);
	if (a.st_size == b.st_size)
		return compare_bytes(c, left, right, a.st_size);
	tell(c, "another size");
	return NULL;
}

static struct error *open_both(int left, int right, const char *name, int fds[2])
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

	fds[0] = openat(left, name, flags);
	fds[1] = openat(right, name, flags);
	return fds[0] < 0 || fds[1] < 0 ? error_sys("open %s", name) : NULL;
}

static struct error *compare_same_name(struct compare *c, int left, int right, const char *name,
				       int depth)
{
	struct error *err;
	struct stat a, b;
	int fds[2];

	if (fstatat(left, name, &a, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(right, name, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("look at %s", buf_text(&c->path));
	if ((a.st_mode & S_IFMT) != (b.st_mode & S_IFMT)) {
		tell(c, "another kind of file");
		return NULL;
	}
	if (S_ISREG(a.st_mode) || S_ISDIR(a.st_mode)) {
		err = open_both(left, right, name, fds);
		if (!err)
			err = compare_opened(c, fds[0], fds[1], depth);
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		return err;
	}
	compare_stat(c, &a, &b);
	return S_ISLNK(a.st_mode) ? compare_links(c, left, right, name) : NULL;
}

/* @side < 0: only the left one has the name; > 0: only the right one. */
static struct error *compare_name(struct compare *c, const int dirs[2], const char *name, int side,
				  int depth)
{
	size_t before = c->path.length;
	struct error *err = NULL;

	if (before)
		TRY(buf_add_text(&c->path, "/"));
	TRY(buf_add_text(&c->path, name));
	if (side < 0)
		tell(c, "is too much");
	else if (side > 0)
		tell(c, "is missing");
	else
		err = compare_same_name(c, dirs[0], dirs[1], name, depth);
	c->path.length = before;
	c->path.data[before] = '\0';
	return err;
}

static struct error *compare_below(struct compare *c, int left, int right, int depth)
{
	struct names a autonames = { 0 }, b autonames = { 0 };
	const int dirs[2] = { left, right };
	size_t i = 0, k = 0;

	if (depth > DEPTH_MAX)
		return error_new(ERROR_LIMIT, "deeper than %d directories", DEPTH_MAX);
	TRY(names_list(left, SIZE_MAX, &a));
	TRY(names_list(right, SIZE_MAX, &b));
	while (i < a.n || k < b.n) {
		int side = i == a.n ? 1 : k == b.n ? -1 : strcmp(a.list[i], b.list[k]);

		TRY(compare_name(c, dirs, side > 0 ? b.list[k] : a.list[i], side, depth));
		i += side <= 0;
		k += side >= 0;
	}
	return NULL;
}

struct error *compare_trees(int left, int right, int64_t since_ns, compare_told *told, void *data)
{
	struct compare c = {
		.since_ns = since_ns,
		.told = told,
		.data = data,
		.path = BUF_MAX(4 * PATH_MAX),
		.pieces = { alloc_zeroed(PIECE, 1), alloc_zeroed(PIECE, 1) },
	};
	struct error *err = compare_opened(&c, left, right, 0);

	free(c.pieces[0]);
	free(c.pieces[1]);
	buf_done(&c.path);
	return err;
}
