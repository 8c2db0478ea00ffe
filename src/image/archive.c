#include "image/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "image/index.h"
#include "image/pump.h"
#include "image/sandbox.h"

#include "base/banned.h"

#define SPOOL_MAX (256ULL << 30)

struct archive {
	int fd; /* the tar file or the directory */
	bool is_directory;
	struct index index; /* of the tar file */
};

void extent_done(struct extent *e)
{
	fd_close(&e->fd);
}

void archive_close(struct archive *a)
{
	index_done(&a->index);
	fd_close(&a->fd);
	free(a);
}

bool archive_is_compressed(const void *head, size_t length)
{
	static const struct {
		const char *magic;
		size_t length;
	} magics[] = {
		{ "\x1f\x8b", 2 },
		{ "\x28\xb5\x2f\xfd", 4 },
		{ "\xfd\x37zXZ", 5 },
		{ "BZh", 3 },
	};
	const unsigned char *bytes = head;

	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (length >= magics[i].length &&
		    memcmp(head, magics[i].magic, magics[i].length) == 0)
			return true;
	/* A zstd stream may begin with one of sixteen skippable frames (RFC 8878, 3.1.2). */
	return length >= 4 && (bytes[0] & 0xf0) == 0x50 &&
	       memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0;
}

/* ---- spooling ---- */

static struct error *run_spool(struct pump *pumps, size_t n, struct sandbox *helper)
{
	struct sandbox *const helpers[] = { helper };

	return pump_run(pumps, n, helpers, n == 2 ? 1 : 0);
}

/*
 * Copies @in, decompressed, to @file. A plain stream goes through the helper too: it knows the
 * magic.
 */
static struct error *spool_through(const struct pump *from, int file)
{
	struct sandbox helper autosandbox = SANDBOX_NONE;
	int archive_end autoclose = -1, plain autoclose = -1, plain_end autoclose = -1;
	struct pump pumps[2] = {
		*from,
		{ .in = -1, .left = UINT64_MAX, .max = SPOOL_MAX, .name = "the archive" },
	};
	struct error *err;

	TRY(pump_pipe(&archive_end, &pumps[0].out));
	err = pump_pipe(&plain, &plain_end);
	if (!err)
		err = sandbox_start(&helper, "decompress", archive_end, plain_end, -1);
	fd_close(&archive_end);
	fd_close(&plain_end);
	pumps[1].in = plain;
	pumps[1].out = file;
	if (!err)
		err = run_spool(pumps, 2, &helper);
	pumps[1].out = -1; /* the file stays the caller's */
	pump_done(&pumps[0]);
	pump_done(&pumps[1]);
	TRY(err);
	return sandbox_finish(&helper, NULL, NULL, NULL);
}

static struct error *spool(int in, bool is_file, int dir, int *ret_fd)
{
	const struct pump from = {
		.in = in,
		.out = -1,
		.left = UINT64_MAX,
		.is_file = is_file,
		.is_shared = !is_file,
		.max = SPOOL_MAX,
		.name = "the archive",
	};
	int file autoclose = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int copy autoclose = -1;

	if (file < 0)
		return error_sys("make a temporary file in the image store");
	copy = fcntl(file, F_DUPFD_CLOEXEC, 0); /* the pump closes what it writes to */
	if (copy < 0)
		return error_sys("copy a descriptor");
	TRY(spool_through(&from, fd_take(&copy)));
	*ret_fd = fd_take(&file);
	return NULL;
}

/* ---- the list ---- */

static struct error *list_entries(struct archive *a)
{
	struct sandbox helper autosandbox = SANDBOX_NONE;

	TRY(sandbox_start(&helper, "index", a->fd, -1, -1));
	TRY(sandbox_finish(&helper, index_add, &a->index, NULL));
	index_sort(&a->index);
	return NULL;
}

/* Opens @fd anew: for reading only, and with an offset of its own, which the helper may move. */
static struct error *open_again(int fd, int *ret_fd)
{
	char path[PATH_PROC_FD_SIZE];

	path_proc_fd(path, fd);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? error_sys("open the archive") : NULL;
}

static struct error *open_file(struct archive *a, int fd, int spool_dir, bool is_file)
{
	unsigned char head[ARCHIVE_MAGIC_SIZE];
	ssize_t n = is_file ? pread(fd, head, sizeof(head), 0) : 0;
	int spooled autoclose = -1;
	struct stat st;

	if (n < 0)
		return error_sys("read the archive");
	if (!is_file || archive_is_compressed(head, (size_t)n)) {
		TRY(spool(fd, is_file, spool_dir, &spooled));
		fd = spooled;
	}
	TRY(open_again(fd, &a->fd));
	if (fstat(a->fd, &st) < 0)
		return error_sys("examine the archive");
	a->index.archive_size = (uint64_t)st.st_size;
	return list_entries(a);
}

struct error *archive_open(int fd, int spool_dir, struct archive **ret)
{
	struct archive *a autoarchive = alloc_zeroed(1, sizeof(*a));
	struct stat st;

	a->fd = -1;
	if (fstat(fd, &st) < 0)
		return error_sys("examine the archive");
	a->is_directory = S_ISDIR(st.st_mode);
	if (a->is_directory) {
		a->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (a->fd < 0)
			return error_sys("copy a descriptor");
	} else {
		TRY(open_file(a, fd, spool_dir, S_ISREG(st.st_mode)));
	}
	*ret = take(a);
	return NULL;
}

/* ---- finding ---- */

static struct error *find_in_tar(struct archive *a, const char *path, struct extent *ret)
{
	TRY(index_find(&a->index, path, &ret->offset, &ret->length));
	ret->fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 0);
	return ret->fd < 0 ? error_sys("copy a descriptor") : NULL;
}

static struct error *find_in_directory(struct archive *a, const char *path, struct extent *ret)
{
	int fd autoclose = -1;
	struct error *err =
		path_open_beneath(a->fd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &fd);
	struct stat st;

	if (err && error_errno(err) == ENOENT) {
		error_free(err);
		return error_new(ERROR_NOT_FOUND, "%s: not in the directory", path);
	}
	TRY(err);
	if (fstat(fd, &st) < 0)
		return error_sys("%s", path);
	if (!S_ISREG(st.st_mode))
		return error_new(ERROR_BAD_INPUT, "%s: not a regular file", path);
	*ret = (struct extent){ .fd = fd_take(&fd), .length = (uint64_t)st.st_size };
	return NULL;
}

struct error *archive_find(struct archive *a, const char *path, struct extent *ret)
{
	return a->is_directory ? find_in_directory(a, path, ret) : find_in_tar(a, path, ret);
}

struct error *archive_read(struct archive *a, const char *path, struct buf *b)
{
	struct extent e autoextent = EXTENT_NONE;
	size_t done = 0;

	TRY(archive_find(a, path, &e));
	if (e.length >= b->max)
		return error_new(ERROR_LIMIT, "%s: %ju bytes, more than %zu", path,
				 (uintmax_t)e.length, b->max);
	TRY(buf_reserve(b, e.length + 1)); /* one more, so that there is memory for an empty file */
	while (done < e.length) {
		ssize_t n = pread(e.fd, b->data + done, e.length - done, (off_t)(e.offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("read %s", path);
		if (n == 0)
			return error_new(ERROR_BAD_INPUT, "%s: the archive ends early", path);
		done += (size_t)n;
	}
	b->length = done;
	b->data[done] = '\0';
	return NULL;
}

static char *blob_path(const char *digest)
{
	return alloc_printf("blobs/sha256/%s", digest_hex(digest));
}

struct error *archive_find_blob(struct archive *a, const char *digest, struct extent *ret)
{
	char *path autofree = blob_path(digest);

	return archive_find(a, path, ret);
}

struct error *archive_read_blob(struct archive *a, const char *digest, struct buf *b)
{
	char *path autofree = blob_path(digest);
	char found[DIGEST_SIZE];

	TRY(archive_read(a, path, b));
	TRY(digest_of(b->data, b->length, found));
	if (strcmp(found, digest) != 0)
		return error_new(ERROR_UNTRUSTED, "%s: does not match its digest, it is %s", path,
				 found);
	return NULL;
}
