/*
 * openat2(2) where it is not there (Linux 5.6, or a filter above us that does not know it): the
 * path is walked name by name, each opened with O_NOFOLLOW below the directory before it, and links
 * are read and walked in the same way. ".." is the directory that we came from, by the descriptor
 * that we hold: one that is moved away meanwhile leads nowhere else.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/path_walk.h"
#include "base/str.h"

#include "base/banned.h"

#define LINKS_MAX 40  /* as the kernel's MAXSYMLINKS */
#define DEPTH_MAX 256 /* descriptors held at a time */

struct walk {
	int fds[DEPTH_MAX]; /* from the root to where we are; all but the first are ours */
	size_t depth;
	char *rest; /* what is still to be walked: "", or from a '/' on once we are on the way */
	int links;
	uint64_t resolve;
};

static int fail(int number)
{
	errno = number;
	return -1;
}

static int here(const struct walk *w)
{
	return w->fds[w->depth - 1];
}

static void pop_to(struct walk *w, size_t depth)
{
	while (w->depth > depth)
		fd_close(&w->fds[--w->depth]);
}

static int push(struct walk *w, int fd)
{
	if (fd < 0)
		return -1;
	if (w->depth == DEPTH_MAX) {
		close(fd);
		return fail(ELOOP);
	}
	w->fds[w->depth++] = fd;
	return 0;
}

/* Puts the text of a link before the rest of the path. */
static int follow(struct walk *w, const char *target, ssize_t length)
{
	char *rest;

	if (w->resolve & RESOLVE_NO_SYMLINKS || ++w->links > LINKS_MAX)
		return fail(ELOOP);
	if (length == 0 || length >= PATH_MAX)
		return fail(length ? ENAMETOOLONG : ENOENT);
	rest = alloc_printf("%.*s%s", (int)length, target, w->rest);
	free(w->rest);
	w->rest = rest;
	if (*target == '/')
		pop_to(w, 1);
	return strlen(rest) > (size_t)4 * PATH_MAX ? fail(ENAMETOOLONG) : 0;
}

/* A process's root, file, namespace …: proc's other links are relative ones, without a colon. */
static bool is_magic(int dir, const char *target, size_t length)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
	       (*target == '/' || memchr(target, ':', length));
}

static int follow_at(struct walk *w, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(here(w), name, target, sizeof(target));

	if (n > 0 && is_magic(here(w), target, (size_t)n))
		return fail(ELOOP);
	return n < 0 ? -1 : follow(w, target, n);
}

static int go_up(struct walk *w)
{
	if (w->depth > 1) {
		pop_to(w, w->depth - 1);
		return 0;
	}
	return w->resolve & RESOLVE_BENEATH ? fail(EXDEV) : 0;
}

/* One name that is not the last. */
static int step(struct walk *w, const char *name)
{
	int fd;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return go_up(w);
	fd = openat(here(w), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOTDIR) /* a link, perhaps */
		return follow_at(w, name) < 0 ? fail(errno == EINVAL ? ENOTDIR : errno) : 0;
	return push(w, fd);
}

/* Opens what we have come to, by a new description. */
static int open_here(const struct walk *w, int flags)
{
	return openat(here(w), ".", flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW));
}

/* The last name: with the caller's flags; *@ret_link: it was a link, which is before us now. */
static int open_last(struct walk *w, const char *name, int flags, mode_t mode, bool *ret_link)
{
	int fd, number;
	struct stat st;

	*ret_link = false;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return step(w, name) < 0 ? -1 : open_here(w, flags);
	fd = openat(here(w), name, flags | O_NOFOLLOW, mode);
	if (flags & O_NOFOLLOW || (fd < 0 && errno != ELOOP && errno != ENOTDIR))
		return fd;
	if (fd >= 0 && (!(flags & O_PATH) || fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode)))
		return fd;
	number = fd < 0 ? errno : ELOOP;
	fd_close(&fd);
	*ret_link = true;
	return follow_at(w, name) < 0 ? fail(errno == EINVAL ? number : errno) : 0;
}

/* Takes the first name off the rest; NULL at its end. *@ret_slash: another, or "/", follows. */
static char *next_name(struct walk *w, bool *ret_slash)
{
	const char *name = w->rest + strspn(w->rest, "/");
	size_t length = strcspn(name, "/");
	char *taken = length ? alloc_string_n(name, length) : NULL;
	char *rest = alloc_string(name + length);

	*ret_slash = *rest == '/';
	free(w->rest);
	w->rest = rest;
	return taken;
}

static bool is_at_end(const char *rest)
{
	return rest[strspn(rest, "/")] == '\0';
}

static int walk(struct walk *w, int flags, mode_t mode)
{
	for (;;) {
		bool slash, link;
		char *name autofree = next_name(w, &slash);
		int fd;

		if (!name)
			return open_here(w, flags);
		if (!is_at_end(w->rest)) {
			if (step(w, name) < 0)
				return -1;
			continue;
		}
		fd = open_last(w, name, flags | (slash ? O_DIRECTORY : 0), mode, &link);
		if (fd < 0 || !link)
			return fd;
	}
}

int path_walk(int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct walk w = { .fds = { dir }, .depth = 1, .resolve = resolve };
	int fd, number;

	if (!*path)
		return fail(ENOENT);
	if (*path == '/' && resolve & RESOLVE_BENEATH)
		return fail(EXDEV);
	w.rest = alloc_string(path);
	fd = walk(&w, flags, mode);
	number = errno;
	pop_to(&w, 1);
	free(w.rest);
	errno = number;
	return fd;
}
