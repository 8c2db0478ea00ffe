/* Archives for tests, written by libarchive or, where it would be too decent, by hand. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "unit/test.h"

struct tar {
	struct archive *archive;
	int fd; /* memfd */
};

/* A pax archive through the filter @filter ("gzip", "zstd", "xz", "bzip2"; NULL: none). */
static inline struct tar tar_begin(const char *filter)
{
	struct tar t = { .archive = archive_write_new(), .fd = memfd_create("tar", MFD_CLOEXEC) };

	assert_true(t.fd >= 0);
	assert_int_equal(archive_write_set_format_pax(t.archive), ARCHIVE_OK);
	if (filter)
		assert_int_equal(archive_write_add_filter_by_name(t.archive, filter), ARCHIVE_OK);
	assert_int_equal(archive_write_open_fd(t.archive, t.fd), ARCHIVE_OK);
	return t;
}

static inline struct archive_entry *tar_entry(const char *path, mode_t mode)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_copy_pathname(e, path);
	archive_entry_set_mode(e, mode);
	archive_entry_set_size(e, 0);
	archive_entry_set_mtime(e, 1000000000, 123456789);
	return e;
}

/* Writes @e with @content (NULL: none) and frees it. */
static inline void tar_put(struct tar *t, struct archive_entry *e, const char *content)
{
	size_t length = content ? strlen(content) : 0;

	if (archive_entry_filetype(e) == AE_IFREG && length)
		archive_entry_set_size(e, (la_int64_t)length);
	/* It warns of names that are no text. */
	assert_true(archive_write_header(t->archive, e) >= ARCHIVE_WARN);
	if (length)
		assert_int_equal(archive_write_data(t->archive, content, length), length);
	archive_entry_free(e);
}

static inline void tar_file(struct tar *t, const char *path, const char *content)
{
	tar_put(t, tar_entry(path, S_IFREG | 0644), content);
}

static inline void tar_dir(struct tar *t, const char *path)
{
	tar_put(t, tar_entry(path, S_IFDIR | 0755), NULL);
}

static inline void tar_symlink(struct tar *t, const char *path, const char *target)
{
	struct archive_entry *e = tar_entry(path, S_IFLNK | 0777);

	archive_entry_copy_symlink(e, target);
	tar_put(t, e, NULL);
}

static inline void tar_hard_link(struct tar *t, const char *path, const char *target)
{
	struct archive_entry *e = tar_entry(path, S_IFREG | 0644);

	archive_entry_copy_hardlink(e, target);
	tar_put(t, e, NULL);
}

/* The finished archive, at its start; the caller closes it. */
static inline int tar_end(struct tar *t)
{
	assert_int_equal(archive_write_close(t->archive), ARCHIVE_OK);
	archive_write_free(t->archive);
	assert_int_equal(lseek(t->fd, 0, SEEK_SET), 0);
	return t->fd;
}
