#include "oci/copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

#include "base/banned.h"

#define DEPTH_MAX 256
#define XATTR_MAX 65536

static struct error *copy_tree(int from, int to, int depth);

static struct error *copy_data(int in, int out)
{
	for (;;) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0);
		char buffer[65536];

		if (n == 0)
			return NULL;
		if (n > 0)
			continue;
		if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
			return error_sys("copy");
		n = read(in, buffer, sizeof(buffer));
		if (n < 0)
			return error_sys("read");
		if (n == 0)
			return NULL;
		TRY(fd_write_all(out, buffer, (size_t)n));
	}
}

/* Those that the file system takes; a volume on another kind of disk may have fewer. */
static void copy_xattrs(int in, int out)
{
	char *names autofree = alloc_zeroed(XATTR_MAX, 1),
		    *value autofree = alloc_zeroed(XATTR_MAX, 1);
	ssize_t n = flistxattr(in, names, XATTR_MAX);

	for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t length = fgetxattr(in, name, value, XATTR_MAX);

		if (length >= 0 && fsetxattr(out, name, value, (size_t)length, 0) < 0)
			continue;
	}
}

/* Owner before mode: a change of owner clears setuid. */
static struct error *copy_metadata(int in, int out, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(out, st->st_uid, st->st_gid) < 0)
		return error_sys("own");
	if (fchmod(out, st->st_mode & 07777) < 0)
		return error_sys("set mode");
	copy_xattrs(in, out);
	return futimens(out, times) < 0 ? error_sys("set times") : NULL;
}

static struct error *copy_file(int from, int to, const char *name, const struct stat *st)
{
	int in autoclose = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int out autoclose =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (in < 0 || out < 0)
		return error_sys("open");
	TRY(copy_data(in, out));
	return copy_metadata(in, out, st);
}

static struct error *copy_directory(int from, int to, const char *name, const struct stat *st,
				    int depth)
{
	int in autoclose = -1, out autoclose = -1;

	if (mkdirat(to, name, 0700) < 0)
		return error_sys("make");
	in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0 || out < 0)
		return error_sys("open");
	TRY(copy_tree(in, out, depth + 1));
	return copy_metadata(in, out, st);
}

static struct error *copy_link(int from, int to, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return error_sys("read link");
	target[n] = '\0';
	if (symlinkat(target, to, name) < 0 ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("make link");
	return NULL;
}

static struct error *copy_entry(int from, int to, const char *name, int depth)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("look at");
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from, to, name, &st);
	case S_IFDIR:
		return copy_directory(from, to, name, &st, depth);
	case S_IFLNK:
		return copy_link(from, to, name, &st);
	case S_IFIFO:
		return mkfifoat(to, name, st.st_mode & 0777) < 0 ? error_sys("make fifo") : NULL;
	default: /* device nodes are never real here, sockets have nobody behind them */
		return NULL;
	}
}

/*
 * Calls copy_entry() for each entry of @from; a directory opened anew is read, so that the caller's
 * stays usable.
 */
static struct error *copy_tree(int from, int to, int depth)
{
	int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error *err = NULL;
	struct dirent *entry;
	DIR *stream;

	if (own < 0)
		return error_sys("open");
	stream = fdopendir(own);
	if (!stream) {
		fd_close(&own);
		return error_sys("read");
	}
	if (depth > DEPTH_MAX)
		err = error_new(ERROR_LIMIT, "the tree is deeper than %d", DEPTH_MAX);
	while (!err && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = error_wrap(copy_entry(from, to, entry->d_name, depth), "%s",
					 entry->d_name);
	closedir(stream);
	return err;
}

static struct error *is_empty(int dir, bool *ret)
{
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *stream;

	if (own < 0)
		return error_sys("open");
	stream = fdopendir(own);
	if (!stream) {
		fd_close(&own);
		return error_sys("read");
	}
	*ret = true;
	while (*ret && (entry = readdir(stream)))
		*ret = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(stream);
	return NULL;
}

struct error *copy_up(int from, int to)
{
	struct stat st;
	bool empty;

	TRY(is_empty(to, &empty));
	if (!empty)
		return NULL;
	if (fstat(from, &st) < 0)
		return error_sys("look at the image's directory");
	TRY(copy_tree(from, to, 0));
	return copy_metadata(from, to, &st);
}
