#include "helpers/unpack/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

#include "base/banned.h"

#define OPAQUE_XATTR "user.overlay.opaque"
#define NAME_LENGTH_MAX 255

struct directory_time {
	char *path;
	struct timespec mtime;
};

struct tree {
	int target;
	char *parent_path; /* the directory of the last entry, which is mostly the next one's too */
	int parent;
	struct directory_time *times;
	size_t n_times, times_size;
};

struct tree *tree_new(int target)
{
	struct tree *t = alloc_zeroed(1, sizeof(*t));

	t->target = target;
	t->parent = -1;
	return t;
}

static void forget_parent(struct tree *t)
{
	fd_close(&t->parent);
	free(t->parent_path);
	t->parent_path = NULL;
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	forget_parent(t);
	for (size_t i = 0; i < t->n_times; i++)
		free(t->times[i].path);
	free(t->times);
	free(t);
}

struct error *tree_clean_path(const char *raw, size_t length_max, size_t depth_max, char **ret)
{
	char *quoted autofree = NULL;
	char *clean autofree = NULL;
	size_t length = 0, depth = 0;

	if (strlen(raw) > length_max) {
		quoted = str_quote(raw);
		return error_new(ERROR_LIMIT, "%s: the path is longer than %zu bytes", quoted,
				 length_max);
	}
	clean = alloc_zeroed(strlen(raw) + 1, 1);
	for (const char *part = raw; *part;) {
		size_t n = strcspn(part, "/");

		if (n > NAME_LENGTH_MAX || (n == 2 && part[0] == '.' && part[1] == '.')) {
			quoted = str_quote(raw);
			return error_new(
				n == 2 ? ERROR_BAD_INPUT : ERROR_LIMIT, "%s: the path %s", quoted,
				n == 2 ? "has \"..\" in it" : "has a name longer than 255 bytes");
		}
		if (n && !(n == 1 && part[0] == '.')) {
			if (length)
				clean[length++] = '/';
			memcpy(clean + length, part, n);
			length += n;
			depth++;
		}
		part += n;
		part += strspn(part, "/");
	}
	if (depth > depth_max) {
		quoted = str_quote(raw);
		return error_new(ERROR_LIMIT, "%s: the path is deeper than %zu directories", quoted,
				 depth_max);
	}
	*ret = take(clean);
	return NULL;
}

/* Where something is to be: a directory and a name in it. */
struct place {
	int parent; /* the tree's */
	const char *name;
};

static struct error *open_parent(struct tree *t, const char *path, size_t length)
{
	char *parent = alloc_string_n(path, length);
	struct error *err;

	forget_parent(t);
	err = path_open_in_root(t->target, parent, O_PATH | O_DIRECTORY, 0, &t->parent);
	if (err && error_errno(err) == ENOENT) {
		error_free(err);
		err = path_make_dirs_in_root(t->target, parent, 0755, 0, 0, &t->parent);
	}
	t->parent_path = parent;
	if (err)
		forget_parent(t);
	return err;
}

/* The place of @path; directories that are missing on the way are made. */
static struct error *find_place(struct tree *t, const char *path, struct place *ret)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (!*path)
		return error_new(ERROR_BAD_INPUT, "the root of the layer is no directory");
	ret->name = slash ? slash + 1 : path;
	ret->parent = t->target;
	if (!slash)
		return NULL;
	if (!t->parent_path || strncmp(t->parent_path, path, length) != 0 || t->parent_path[length])
		TRY(error_wrap(open_parent(t, path, length), "the directory of %s", path));
	ret->parent = t->parent;
	return NULL;
}

/* Removes what is there, a directory with all that is in it. *@ret_whiteout: it was one. */
static struct error *replace(struct tree *t, const struct place *at, bool *ret_whiteout)
{
	struct stat st;

	*ret_whiteout = false;
	if (fstatat(at->parent, at->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NULL : error_sys("%s", at->name);
	*ret_whiteout = S_ISCHR(st.st_mode);
	if (!S_ISDIR(st.st_mode))
		return unlinkat(at->parent, at->name, 0) < 0 ? error_sys("replace %s", at->name)
							     : NULL;
	TRY(path_remove_tree(at->parent, at->name));
	/* A remembered parent may have been below it. The one in use here is above, and open. */
	if (t->parent != at->parent)
		forget_parent(t);
	return NULL;
}

/*
 * What each kind of thing is made by, so that replacing an older one is written once. Returns as
 * system calls do.
 */
struct making {
	mode_t mode;
	const char *target;
	int source_dir; /* hard links */
};
typedef int make_function(int parent, const char *name, const struct making *m);

static int make_file(int parent, const char *name, const struct making *m)
{
	return openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      m->mode & 0777);
}

static int make_directory(int parent, const char *name, const struct making *m)
{
	return mkdirat(parent, name, m->mode & 0777);
}

static int make_symlink(int parent, const char *name, const struct making *m)
{
	return symlinkat(m->target, parent, name);
}

static int make_fifo(int parent, const char *name, const struct making *m)
{
	return mknodat(parent, name, S_IFIFO | (m->mode & 0777), 0);
}

static int make_hard_link(int parent, const char *name, const struct making *m)
{
	return linkat(m->source_dir, m->target, parent, name, 0);
}

/* Makes it, in the place of whatever is there. *@ret_result is what the system call returned. */
static struct error *make(struct tree *t, const struct place *at, make_function *function,
			  const struct making *m, int *ret_result)
{
	bool was_whiteout;
	int result = function(at->parent, at->name, m);

	if (result < 0 && errno == EEXIST) {
		TRY(replace(t, at, &was_whiteout));
		result = function(at->parent, at->name, m);
	}
	if (result < 0)
		return error_sys("make %s", at->name);
	*ret_result = result;
	return NULL;
}

struct error *tree_make_file(struct tree *t, const char *path, const struct tree_meta *meta,
			     int *ret_fd)
{
	const struct making m = { .mode = meta->mode };
	struct place at;

	TRY(find_place(t, path, &at));
	return make(t, &at, make_file, &m, ret_fd);
}

struct error *tree_finish_file(int fd, const char *path, const struct tree_meta *meta)
{
	const struct timespec times[2] = { meta->mtime, meta->mtime };

	/* The owner first: a change of it takes setuid bits and capabilities away. */
	if (fchown(fd, meta->uid, meta->gid) < 0)
		return error_sys("own %s", path);
	if ((meta->mode & 07000) && fchmod(fd, meta->mode) < 0)
		return error_sys("set the mode of %s", path);
	if (futimens(fd, times) < 0)
		return error_sys("set the time of %s", path);
	return NULL;
}

static void remember_time(struct tree *t, const char *path, const struct timespec *mtime)
{
	if (t->n_times == t->times_size) {
		t->times_size = t->times_size ? 2 * t->times_size : 256;
		t->times = alloc_resize(t->times, t->times_size, sizeof(*t->times));
	}
	t->times[t->n_times++] =
		(struct directory_time){ .path = alloc_string(path), .mtime = *mtime };
}

static struct error *set_opaque(int fd, const char *path)
{
	if (fsetxattr(fd, OPAQUE_XATTR, "y", 1, 0) < 0)
		return error_sys("hide what lower layers have in %s", path);
	return NULL;
}

static int open_directory(const struct place *at)
{
	return openat(at->parent, at->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Opens the directory @path, making it where there is none; a whiteout becomes an opaque one. */
static struct error *open_or_make(struct tree *t, const char *path, mode_t mode, int *ret_fd)
{
	const struct making m = { .mode = mode };
	bool was_whiteout = false;
	struct place at;
	int fd autoclose = -1;

	if (!*path)
		return path_open_beneath(t->target, ".", O_RDONLY | O_DIRECTORY, 0, ret_fd);
	TRY(find_place(t, path, &at));
	if (make_directory(at.parent, at.name, &m) < 0) {
		if (errno != EEXIST)
			return error_sys("make %s", path);
		fd = open_directory(&at);
		if (fd < 0)
			TRY(replace(t, &at, &was_whiteout));
		if (fd < 0 && make_directory(at.parent, at.name, &m) < 0)
			return error_sys("make %s", path);
	}
	if (fd < 0)
		fd = open_directory(&at);
	if (fd < 0)
		return error_sys("open %s", path);
	if (was_whiteout)
		TRY(set_opaque(fd, path));
	*ret_fd = fd_take(&fd);
	return NULL;
}

struct error *tree_make_directory(struct tree *t, const char *path, const struct tree_meta *meta,
				  int *ret_fd)
{
	int fd autoclose = -1;

	TRY(open_or_make(t, path, meta->mode, &fd));
	if (fchown(fd, meta->uid, meta->gid) < 0)
		return error_sys("own %s", path);
	if (fchmod(fd, meta->mode) < 0)
		return error_sys("set the mode of %s", path);
	remember_time(t, path, &meta->mtime);
	*ret_fd = fd_take(&fd);
	return NULL;
}

static struct error *set_owner_and_time(const struct place *at, const struct tree_meta *meta)
{
	const struct timespec times[2] = { meta->mtime, meta->mtime };

	if (fchownat(at->parent, at->name, meta->uid, meta->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("own %s", at->name);
	if (utimensat(at->parent, at->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("set the time of %s", at->name);
	return NULL;
}

struct error *tree_make_symlink(struct tree *t, const char *path, const char *target,
				const struct tree_meta *meta)
{
	const struct making m = { .target = target };
	struct place at;
	int result;

	TRY(find_place(t, path, &at));
	TRY(make(t, &at, make_symlink, &m, &result));
	return set_owner_and_time(&at, meta);
}

struct error *tree_make_fifo(struct tree *t, const char *path, const struct tree_meta *meta)
{
	const struct making m = { .mode = meta->mode };
	struct place at;
	int result;

	TRY(find_place(t, path, &at));
	TRY(make(t, &at, make_fifo, &m, &result));
	return set_owner_and_time(&at, meta);
}

static bool is_same_file(int dir_a, const char *a, int dir_b, const char *b)
{
	struct stat x, y;

	return fstatat(dir_a, a, &x, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(dir_b, b, &y, AT_SYMLINK_NOFOLLOW) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* The directory that an existing @path is in; missing is no error but *@ret_fd -1. */
static struct error *find_source(struct tree *t, const char *path, int *ret_fd,
				 const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char *parent autofree =
		slash ? alloc_string_n(path, (size_t)(slash - path)) : alloc_string(".");
	struct error *err = path_open_in_root(t->target, parent, O_PATH | O_DIRECTORY, 0, ret_fd);

	*ret_name = slash ? slash + 1 : path;
	if (err && error_errno(err) == ENOENT) {
		error_free(err);
		*ret_fd = -1;
		return NULL;
	}
	return err;
}

struct error *tree_make_hard_link(struct tree *t, const char *path, const char *target,
				  bool *ret_missing)
{
	int source autoclose = -1, result;
	struct making m = { 0 };
	struct place at;
	struct stat st;

	*ret_missing = true;
	TRY(find_source(t, target, &source, &m.target));
	if (source < 0)
		return NULL;
	if (fstatat(source, m.target, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NULL : error_sys("%s", target);
	if (S_ISDIR(st.st_mode))
		return error_new(ERROR_BAD_INPUT, "hard link %s: %s is a directory", path, target);
	*ret_missing = false;
	m.source_dir = source;
	TRY(find_place(t, path, &at));
	if (is_same_file(source, m.target, at.parent, at.name)) /* or it would replace itself */
		return NULL;
	return error_wrap(make(t, &at, make_hard_link, &m, &result), "link to %s", target);
}

struct error *tree_whiteout(struct tree *t, const char *path)
{
	struct place at;
	int fd autoclose = -1;

	TRY(find_place(t, path, &at));
	if (mknodat(at.parent, at.name, S_IFCHR, makedev(0, 0)) == 0)
		return NULL;
	if (errno != EEXIST)
		return error_sys("hide %s", path);
	/* What this layer has hides the lower layers' by itself, a directory if it is opaque. */
	fd = open_directory(&at);
	return fd >= 0 ? set_opaque(fd, path) : NULL;
}

struct error *tree_make_opaque(struct tree *t, const char *path)
{
	int fd autoclose = -1;

	TRY(open_or_make(t, path, 0755, &fd));
	return set_opaque(fd, path);
}

struct error *tree_clear(struct tree *t, const char *path)
{
	bool was_whiteout;
	struct place at;

	TRY(find_place(t, path, &at));
	return replace(t, &at, &was_whiteout);
}

struct error *tree_finish(struct tree *t)
{
	for (size_t i = 0; i < t->n_times; i++) {
		const struct directory_time *d = &t->times[i];
		const struct timespec times[2] = { d->mtime, d->mtime };
		int fd autoclose = -1;
		struct error *err = path_open_in_root(t->target, *d->path ? d->path : ".",
						      O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd);

		if (err) {
			error_ignore(err, "a later entry replaced the directory");
			continue;
		}
		if (futimens(fd, times) < 0)
			return error_sys("set the time of %s", d->path);
	}
	return NULL;
}
