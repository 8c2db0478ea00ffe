#include "helpers/pack/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/names.h"
#include "base/path.h"
#include "base/str.h"
#include "base/tar.h"
#include "helpers/pack/xattrs.h"

#include "base/banned.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define OPAQUE_XATTR "user.overlay.opaque"
#define HEADER_MAX (96 << 20)

const struct tree_limits tree_limits_default = {
	.entries = 2000000,
	.path_length = PATH_MAX - 1,
	.path_depth = 256,
	.xattr_bytes = 65536,
	.extents = 1000000,
};

/* The first name of a file that has several. */
struct linked {
	dev_t device;
	ino_t inode;
	char *path; /* NULL: the slot is free */
};

struct walk {
	const struct tree_limits *limits;
	bool upper;
	struct output *out;
	struct buf path; /* of what is being packed */
	struct linked *links;
	size_t n_links, links_size; /* a power of two, or 0 */
	uint64_t entries;
	bool told; /* the error says already where it was */
};

static void walk_done(struct walk *w)
{
	for (size_t i = 0; i < w->links_size; i++)
		free(w->links[i].path);
	free(w->links);
	buf_done(&w->path);
}
#define autowalk __attribute__((cleanup(walk_done)))

/* ---- files of several names ---- */

static struct linked *find_slot(struct linked *links, size_t size, dev_t device, ino_t inode)
{
	size_t i = (size_t)(inode * 0x9e3779b97f4a7c15ULL) & (size - 1);

	while (links[i].path && (links[i].inode != inode || links[i].device != device))
		i = (i + 1) & (size - 1);
	return &links[i];
}

static void grow_links(struct walk *w)
{
	size_t size = w->links_size ? 2 * w->links_size : 256;
	struct linked *links = alloc_zeroed(size, sizeof(*links));

	for (size_t i = 0; i < w->links_size; i++)
		if (w->links[i].path)
			*find_slot(links, size, w->links[i].device, w->links[i].inode) =
				w->links[i];
	free(w->links);
	w->links = links;
	w->links_size = size;
}

/* The name that the file was packed under before, or NULL: from now on it is known by this one. */
static const char *earlier_name(struct walk *w, const struct stat *st)
{
	struct linked *slot;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return NULL;
	if (2 * w->n_links >= w->links_size)
		grow_links(w);
	slot = find_slot(w->links, w->links_size, st->st_dev, st->st_ino);
	if (slot->path)
		return slot->path;
	*slot = (struct linked){
		.device = st->st_dev,
		.inode = st->st_ino,
		.path = alloc_string(buf_text(&w->path)),
	};
	w->n_links++;
	return NULL;
}

static bool is_opaque(int fd)
{
	char value[4];

	return fgetxattr(fd, OPAQUE_XATTR, value, sizeof(value)) == 1 && value[0] == 'y';
}

/* ---- entries ---- */

static struct tar_entry entry_of(const struct walk *w, const struct stat *st)
{
	return (struct tar_entry){
		.path = buf_text(&w->path),
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime = st->st_mtim,
		.size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		.device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ? st->st_rdev : 0,
	};
}

static struct error *write_header(struct walk *w, const struct tar_entry *e, uint64_t *ret_bytes)
{
	struct buf header autobuf = BUF_MAX(HEADER_MAX);

	if (++w->entries > w->limits->entries)
		return error_new(ERROR_LIMIT, "more than %ju files", (uintmax_t)w->limits->entries);
	TRY(tar_add_header(&header, e, ret_bytes));
	return output_add(w->out, header.data, header.length);
}

/* An entry that nothing follows. */
static struct error *write_entry(struct walk *w, const struct tar_entry *e)
{
	uint64_t bytes;

	return write_header(w, e, &bytes);
}

/* An empty file that stands for what is hidden: @name in the directory of the present path. */
static struct error *write_whiteout(struct walk *w, const char *dir, const char *prefix,
				    const char *name, const struct stat *st)
{
	char *path autofree = alloc_printf("%s%s%s%s", dir, *dir ? "/" : "", prefix, name);
	const struct tar_entry e = { .path = path, .mode = S_IFREG, .mtime = st->st_mtim };

	return write_entry(w, &e);
}

/* ---- regular files ---- */

struct extents {
	struct tar_extent *list;
	size_t n, size;
	uint64_t bytes;
};

/* Where the file has bytes. */
static struct error *find_extents(const struct walk *w, int fd, uint64_t size, struct extents *x)
{
	off_t at = 0;

	while ((uint64_t)at < size) {
		off_t data = lseek(fd, at, SEEK_DATA), end;

		if (data < 0 && errno == ENXIO) /* a hole to the end */
			return NULL;
		end = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (end < 0)
			return error_sys("look for holes");
		if ((uint64_t)end > size)
			end = (off_t)size;
		if (end <= data) /* it grew meanwhile */
			return NULL;
		if (x->n == w->limits->extents)
			return error_new(ERROR_LIMIT, "more than %zu holes", x->n);
		if (x->n == x->size) {
			x->size = x->size ? 2 * x->size : 16;
			x->list = alloc_resize(x->list, x->size, sizeof(*x->list));
		}
		x->list[x->n++] = (struct tar_extent){ .offset = (uint64_t)data,
						       .length = (uint64_t)(end - data) };
		x->bytes += (uint64_t)(end - data);
		at = end;
	}
	return NULL;
}

/* @length bytes from @offset on; what is not there any more is zeroes. */
static struct error *write_bytes(struct walk *w, int fd, uint64_t offset, uint64_t length)
{
	while (length) {
		size_t size;
		char *room;
		ssize_t n;

		TRY(output_room(w->out, &room, &size));
		if (size > length)
			size = (size_t)length;
		do
			n = pread(fd, room, size, (off_t)offset);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return error_sys("read");
		if (n == 0)
			return output_zeroes(w->out, length);
		output_take(w->out, (size_t)n);
		offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return NULL;
}

static struct error *write_file(struct walk *w, int fd, struct tar_entry *e, struct extents *x)
{
	uint64_t bytes;

	TRY(find_extents(w, fd, e->size, x));
	e->is_sparse = x->bytes < e->size;
	e->extents = x->list;
	e->n_extents = x->n;
	TRY(write_header(w, e, &bytes));
	if (!e->is_sparse)
		TRY(write_bytes(w, fd, 0, bytes));
	for (size_t i = 0; e->is_sparse && i < x->n; i++)
		TRY(write_bytes(w, fd, x->list[i].offset, x->list[i].length));
	return output_zeroes(w->out, tar_padding(bytes));
}

static struct error *pack_file(struct walk *w, int fd, const struct stat *st)
{
	struct xattrs xattrs autoxattrs = { 0 };
	struct tar_entry e = entry_of(w, st);
	struct extents extents = { 0 };
	struct error *err;

	TRY(xattrs_read(fd, w->limits->xattr_bytes, &xattrs));
	e.xattrs = xattrs.list;
	e.n_xattrs = xattrs.n;
	err = write_file(w, fd, &e, &extents);
	free(extents.list);
	return err;
}

/* ---- directories ---- */

static struct error *pack_name(struct walk *w, int dir, const char *name, size_t depth);

static struct error *pack_below(struct walk *w, int dir, size_t depth)
{
	struct names names autonames = { 0 };

	if (depth > w->limits->path_depth)
		return error_new(ERROR_LIMIT, "deeper than %zu directories", w->limits->path_depth);
	TRY(names_list(dir, w->limits->entries, &names));
	for (size_t i = 0; i < names.n; i++)
		TRY(pack_name(w, dir, names.list[i], depth));
	return NULL;
}

static struct error *pack_directory(struct walk *w, int fd, const struct stat *st, size_t depth)
{
	struct xattrs xattrs autoxattrs = { 0 };
	struct tar_entry e = entry_of(w, st);

	TRY(xattrs_read(fd, w->limits->xattr_bytes, &xattrs));
	e.xattrs = xattrs.list;
	e.n_xattrs = xattrs.n;
	TRY(write_entry(w, &e));
	if (w->upper && is_opaque(fd))
		TRY(write_whiteout(w, buf_text(&w->path), "", WHITEOUT_OPAQUE, st));
	return pack_below(w, fd, depth + 1);
}

/* ---- anything ---- */

/*
 * Opens what a look has said to be a file or directory, for reading, and looks again. *@ret_fd -1:
 * it is not that any more. O_NONBLOCK: in its place there may be a FIFO now.
 */
static struct error *open_same(int dir, const char *name, struct stat *st, int *ret_fd)
{
	mode_t type = st->st_mode & S_IFMT;
	int fd autoclose = -1;
	struct error *err = path_open_beneath(dir, name,
					      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
						      (type == S_IFDIR ? O_DIRECTORY : 0),
					      0, &fd);

	*ret_fd = -1;
	if (err && (error_errno(err) == ENOENT || error_errno(err) == ENOTDIR ||
		    error_errno(err) == ELOOP || error_errno(err) == ENXIO)) {
		error_free(err);
		return NULL;
	}
	TRY(err);
	if (fstat(fd, st) < 0)
		return error_sys("look at it");
	if ((st->st_mode & S_IFMT) == type)
		*ret_fd = fd_take(&fd);
	return NULL;
}

static struct error *pack_symlink(struct walk *w, int dir, const char *name, const struct stat *st)
{
	struct tar_entry e = entry_of(w, st);
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0 && (errno == EINVAL || errno == ENOENT)) /* it is no link any more */
		return NULL;
	if (n < 0)
		return error_sys("read the link");
	target[n] = '\0';
	e.link = target;
	return write_entry(w, &e);
}

static struct error *pack_hard_link(struct walk *w, const char *target, const struct stat *st)
{
	struct tar_entry e = entry_of(w, st);

	e.link = target;
	e.is_hard_link = true;
	e.size = 0;
	return write_entry(w, &e);
}

static struct error *pack_special(struct walk *w, int dir, const char *name, const struct stat *st)
{
	const struct tar_entry e = entry_of(w, st);

	if (S_ISLNK(st->st_mode))
		return pack_symlink(w, dir, name, st);
	if (S_ISFIFO(st->st_mode) || S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		return write_entry(w, &e);
	return NULL; /* a socket */
}

static bool is_whiteout(const struct walk *w, const struct stat *st)
{
	return w->upper && S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static struct error *pack_thing(struct walk *w, int dir, const char *name, struct stat *st,
				size_t depth)
{
	const char *earlier = NULL;
	int fd autoclose = -1;

	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) {
		TRY(open_same(dir, name, st, &fd));
		if (fd < 0)
			return NULL;
	}
	if (!S_ISSOCK(st->st_mode))
		earlier = earlier_name(w, st);
	if (earlier)
		return pack_hard_link(w, earlier, st);
	if (S_ISREG(st->st_mode))
		return pack_file(w, fd, st);
	if (S_ISDIR(st->st_mode))
		return pack_directory(w, fd, st, depth);
	return pack_special(w, dir, name, st);
}

/* The present path is @name's; @parent_length of it are its directory's. */
static struct error *pack_here(struct walk *w, int dir, const char *name, size_t parent_length,
			       size_t depth)
{
	struct stat st;

	if (w->upper && str_has_prefix(name, WHITEOUT_PREFIX))
		return NULL; /* a file of that name cannot be in a layer: it would hide another */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NULL : error_sys("look at it");
	if (is_whiteout(w, &st)) {
		char *parent autofree = alloc_string_n(buf_text(&w->path), parent_length);

		return write_whiteout(w, parent, WHITEOUT_PREFIX, name, &st);
	}
	return pack_thing(w, dir, name, &st, depth);
}

static struct error *pack_name(struct walk *w, int dir, const char *name, size_t depth)
{
	size_t parent_length = w->path.length;
	struct error *err = NULL;

	if (parent_length)
		TRY(buf_add_text(&w->path, "/"));
	TRY(buf_add_text(&w->path, name));
	if (w->path.length > w->limits->path_length)
		err = error_new(ERROR_LIMIT, "its path is longer than %zu bytes",
				w->limits->path_length);
	if (!err)
		err = pack_here(w, dir, name, parent_length, depth);
	if (err && !w->told) {
		err = error_wrap(err, "%s", buf_text(&w->path));
		w->told = true;
	}
	w->path.length = parent_length;
	if (w->path.data)
		w->path.data[parent_length] = '\0';
	return err;
}

/* ---- the whole ---- */

static struct error *pack_root(struct walk *w, int tree)
{
	struct xattrs xattrs autoxattrs = { 0 };
	int dir autoclose = -1;
	struct tar_entry e;
	struct stat st;

	TRY(path_open_beneath(tree, ".", O_RDONLY | O_DIRECTORY, 0, &dir)); /* it may be O_PATH */
	if (fstat(dir, &st) < 0)
		return error_sys("look at the root");
	TRY(xattrs_read(dir, w->limits->xattr_bytes, &xattrs));
	if (xattrs.n || (st.st_mode & 07777) != 0755 || st.st_uid || st.st_gid) {
		e = entry_of(w, &st);
		e.path = ".";
		e.xattrs = xattrs.list;
		e.n_xattrs = xattrs.n;
		TRY(write_entry(w, &e));
	}
	return pack_below(w, dir, 1);
}

struct error *tree_pack(int dir, bool upper, const struct tree_limits *limits, struct output *out,
			uint64_t *ret_entries)
{
	struct walk w autowalk = {
		.limits = limits,
		.upper = upper,
		.out = out,
		.path = BUF_MAX(2 * PATH_MAX),
	};
	struct buf end autobuf = BUF_MAX(2 * TAR_BLOCK);

	TRY(pack_root(&w, dir));
	TRY(tar_add_end(&end));
	TRY(output_add(out, end.data, end.length));
	TRY(output_flush(out));
	*ret_entries = w.entries;
	return NULL;
}
