#include "unit/tar.h"

#include <inttypes.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/tar.h"

/* Writes @e and @content to a memfd as the only entry of an archive. */
static int write_archive(const struct tar_entry *e, const char *content)
{
	struct buf b autobuf = BUF_MAX(1 << 20);
	int fd = memfd_create("tar", MFD_CLOEXEC);
	static const char zeroes[TAR_BLOCK];
	uint64_t bytes;

	assert_ok(tar_add_header(&b, e, &bytes));
	assert_int_equal(b.length % TAR_BLOCK, 0);
	assert_int_equal(bytes, content ? strlen(content) : 0);
	if (content)
		assert_ok(buf_add_text(&b, content));
	assert_ok(buf_add(&b, zeroes, tar_padding(bytes)));
	assert_ok(tar_add_end(&b));
	assert_ok(fd_write_all(fd, b.data, b.length));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* The only entry, as libarchive reads it; the caller frees the archive. */
static struct archive_entry *read_entry(int fd, struct archive **ret)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;

	archive_read_support_format_tar(a);
	assert_int_equal(archive_read_open_fd(a, fd, 10240), ARCHIVE_OK);
	assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_OK);
	*ret = a;
	return e;
}

static void assert_end(struct archive *a, int fd)
{
	struct archive_entry *e;

	assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_EOF);
	archive_read_free(a);
	close(fd);
}

static void assert_same(const struct tar_entry *e, const char *content)
{
	int fd = write_archive(e, content);
	struct archive *a;
	struct archive_entry *r = read_entry(fd, &a);
	char *path autofree = alloc_printf("%s%s", e->path, S_ISDIR(e->mode) ? "/" : "");

	assert_string_equal(archive_entry_pathname(r), path);
	assert_int_equal(archive_entry_perm(r), e->mode & 07777);
	if (!e->is_hard_link)
		assert_int_equal(archive_entry_filetype(r), e->mode & S_IFMT);
	assert_int_equal(archive_entry_uid(r), e->uid);
	assert_int_equal(archive_entry_gid(r), e->gid);
	assert_int_equal(archive_entry_mtime(r), e->mtime.tv_sec);
	assert_int_equal(archive_entry_mtime_nsec(r), e->mtime.tv_nsec);
	assert_int_equal(archive_entry_rdev(r), e->device);
	if (e->link)
		assert_string_equal(e->is_hard_link ? archive_entry_hardlink(r)
						    : archive_entry_symlink(r),
				    e->link);
	assert_end(a, fd);
}

static void test_kinds(void **state)
{
	static const mode_t kinds[] = { S_IFREG | 04755, S_IFDIR | 01777, S_IFIFO | 0620,
					S_IFCHR | 0600, S_IFBLK | 0640 };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		const struct tar_entry e = {
			.path = "some/path",
			.mode = kinds[i],
			.uid = 1000,
			.gid = 2000,
			.mtime = { .tv_sec = 1000000000 },
			.device = i > 2 ? makedev(8, 17) : 0,
		};

		assert_same(&e, NULL);
	}
	assert_same(&(struct tar_entry){ .path = "l", .mode = S_IFLNK | 0777, .link = "../x" },
		    NULL);
	assert_same(
		&(struct tar_entry){
			.path = "h", .mode = S_IFREG, .link = "l", .is_hard_link = true },
		NULL);
	assert_same(&(struct tar_entry){ .path = "f", .mode = S_IFREG | 0644, .size = 5 }, "12345");
}

static void test_long_names(void **state)
{
	char name[600], link[600];

	(void)state;
	memset(link, 'l', 599);
	link[599] = '\0';
	for (size_t length = 95; length < 599; length++) {
		struct tar_entry e = { .path = name, .mode = S_IFREG };

		memset(name, 'n', length);
		name[length] = '\0';
		assert_same(&e, NULL);
		name[length / 2] = '/';
		e.mode = S_IFDIR;
		assert_same(&e, NULL);
		link[length] = '\0';
		e.mode = S_IFLNK;
		e.link = link;
		assert_same(&e, NULL);
		link[length] = 'l';
	}
}

static void test_large_numbers(void **state)
{
	static const struct timespec times[] = {
		{ 0, 0 },  { 0, 1 },	      { 1, 999999999 },
		{ -1, 0 }, { 8589934592, 0 }, { 253402300799, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		assert_same(&(struct tar_entry){ .path = "a",
						 .mode = S_IFREG,
						 .mtime = times[i],
						 .uid = 2097151 + i,
						 .gid = UINT32_MAX - i },
			    NULL);
}

/* Half a second before 1970 and so on, which libarchive reads as other times. */
static void test_parts_of_seconds_before_1970(void **state)
{
	static const struct {
		struct timespec time;
		const char *record;
	} rows[] = {
		{ { -1, 500000000 }, "22 mtime=-0.500000000\n" },
		{ { -2, 500000000 }, "22 mtime=-1.500000000\n" },
		{ { -2, 0 }, "12 mtime=-2\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct tar_entry e = { .path = "a", .mode = S_IFREG, .mtime = rows[i].time };
		struct buf b autobuf = BUF_MAX(1 << 20);
		uint64_t bytes;

		assert_ok(tar_add_header(&b, &e, &bytes));
		assert_string_equal(b.data + TAR_BLOCK, rows[i].record);
	}
}

static void test_xattrs(void **state)
{
	struct tar_xattr list[] = { { (char *)"user.a", (char *)"1\0=\n2", 5 },
				    { (char *)"user.b=c", (char *)"x", 1 },
				    { (char *)"user.empty", (char *)"", 0 } };
	const struct tar_entry e = { .path = "x", .mode = S_IFREG, .xattrs = list, .n_xattrs = 3 };
	int fd = write_archive(&e, NULL);
	struct archive *a;
	struct archive_entry *r = read_entry(fd, &a);
	const char *name;
	const void *value;
	size_t size;

	(void)state;
	/* What has a '=' in its name cannot be written, and is left out. */
	assert_int_equal(archive_entry_xattr_reset(r), 2);
	while (archive_entry_xattr_next(r, &name, &value, &size) == ARCHIVE_OK)
		if (strcmp(name, "user.a") == 0) {
			assert_int_equal(size, 5);
			assert_memory_equal(value, "1\0=\n2", 5);
		}
	assert_end(a, fd);
}

static void test_sparse(void **state)
{
	static const struct tar_extent extents[] = { { 4096, 3 }, { 1ULL << 33, 2 } };
	const struct tar_entry e = {
		.path = "dir/sparse",
		.mode = S_IFREG | 0600,
		.size = (1ULL << 33) + 1000,
		.is_sparse = true,
		.extents = extents,
		.n_extents = 2,
	};
	int fd = write_archive(&e, "abcde");
	struct archive *a;
	struct archive_entry *r = read_entry(fd, &a);
	const void *data;
	size_t length;
	la_int64_t offset;

	(void)state;
	assert_string_equal(archive_entry_pathname(r), "dir/sparse");
	assert_int_equal(archive_entry_size(r), e.size);
	assert_int_equal(archive_read_data_block(a, &data, &length, &offset), ARCHIVE_OK);
	assert_int_equal(offset, 4096);
	assert_memory_equal(data, "abc", 3);
	assert_int_equal(archive_read_data_block(a, &data, &length, &offset), ARCHIVE_OK);
	assert_int_equal(offset, 1ULL << 33);
	assert_memory_equal(data, "de", 2);
	assert_end(a, fd);
}

static void test_refused(void **state)
{
	struct buf b autobuf = BUF_MAX(1 << 20);
	uint64_t bytes;

	(void)state;
	assert_fails(tar_add_header(&b, &(struct tar_entry){ .path = "s", .mode = S_IFSOCK },
				    &bytes),
		     ERROR_BAD_INPUT, "socket");
	assert_fails(tar_add_header(&b, &(struct tar_entry){ .path = "/s", .mode = S_IFREG },
				    &bytes),
		     ERROR_BUG, "no entry");
	assert_fails(tar_add_header(&b, &(struct tar_entry){ .path = "s", .mode = S_IFLNK },
				    &bytes),
		     ERROR_BUG, "no entry");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_large_numbers),
		cmocka_unit_test(test_xattrs),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_parts_of_seconds_before_1970),
	};

	return TEST_MAIN(tests);
}
