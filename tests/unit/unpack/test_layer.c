#include "unit/tar.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/path.h"
#include "helpers/unpack/layer.h"

/* A target directory on disk, since tmpfs may lack extended attributes, and what was reported. */
struct fixture {
	char path[32];
	int dir, target, report;
};

static int begin(void **state)
{
	struct fixture *f = alloc_zeroed(1, sizeof(*f));

	umask(0);
	f->dir = test_make_dir(f->path);
	assert_int_equal(mkdirat(f->dir, "target", 0755), 0);
	f->target = openat(f->dir, "target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->report = memfd_create("report", MFD_CLOEXEC);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	assert_ok(path_remove_tree(AT_FDCWD, f->path));
	close(f->dir);
	close(f->target);
	close(f->report);
	free(f);
	return 0;
}

static struct error *unpack_with(struct fixture *f, struct tar *t,
				 const struct layer_limits *limits)
{
	struct report report = { .fd = f->report };
	int archive = tar_end(t);
	struct error *err;

	assert_int_equal(ftruncate(f->report, 0), 0);
	assert_int_equal(lseek(f->report, 0, SEEK_SET), 0);
	err = layer_unpack(archive, f->target, limits, &report);
	assert_int_equal(lseek(f->report, 0, SEEK_SET), 0);
	close(archive);
	return err;
}

static struct error *unpack(struct fixture *f, struct tar *t)
{
	return unpack_with(f, t, &layer_limits_default);
}

static struct stat look(struct fixture *f, const char *path)
{
	struct stat st;

	if (fstatat(f->target, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s is missing", path);
	return st;
}

static bool exists(struct fixture *f, const char *path)
{
	return faccessat(f->target, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_content(struct fixture *f, const char *path, const char *content)
{
	char *text autofree = NULL;

	assert_ok(path_read_text(f->target, path, 4096, &text));
	assert_string_equal(text, content);
}

static void assert_link(struct fixture *f, const char *path, const char *target)
{
	char text[256] = "";

	assert_true(readlinkat(f->target, path, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, target);
}

static bool is_whiteout(struct fixture *f, const char *path)
{
	struct stat st = look(f, path);

	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

static bool is_opaque(struct fixture *f, const char *path)
{
	int fd autoclose = openat(f->target, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char value[2] = "";

	assert_true(fd >= 0);
	return fgetxattr(fd, "user.overlay.opaque", value, 1) == 1 && value[0] == 'y';
}

/* Root may give anything away; who runs the tests as somebody else may not. */
static void test_kinds(void **state)
{
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);
	struct archive_entry *e;
	struct stat st;

	tar_dir(&t, "./");
	tar_dir(&t, "./d/");
	tar_file(&t, "./d/file", "hello");
	tar_symlink(&t, "d/link", "../elsewhere");
	tar_hard_link(&t, "d/hard", "d/file");
	tar_put(&t, tar_entry("d/fifo", S_IFIFO | 0620), NULL);
	e = tar_entry("suid", S_IFREG | 06755);
	archive_entry_set_uid(e, 1234);
	archive_entry_set_gid(e, 65535);
	tar_put(&t, e, "x");
	tar_put(&t, tar_entry("secret", S_IFREG), "none may read");
	tar_put(&t, tar_entry("tmp", S_IFDIR | 01777), NULL);
	tar_file(&t, "implied/parents/file", "");
	assert_ok(unpack(f, &t));

	assert_content(f, "d/file", "hello");
	assert_link(f, "d/link", "../elsewhere");
	assert_int_equal(look(f, "d/hard").st_ino, look(f, "d/file").st_ino);
	assert_int_equal(look(f, "d/fifo").st_mode, S_IFIFO | 0620);
	st = look(f, "suid");
	assert_int_equal(st.st_mode, S_IFREG | 06755);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 65535);
	assert_int_equal(look(f, "secret").st_mode, S_IFREG);
	assert_int_equal(look(f, "tmp").st_mode, S_IFDIR | 01777);
	assert_int_equal(look(f, "implied/parents").st_mode, S_IFDIR | 0755);
}

static void test_times(void **state)
{
	static const char *const paths[] = { "d", "d/file", "d/link", "d/fifo", "d/sub" };
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);

	tar_dir(&t, "d");
	tar_file(&t, "d/file", "x");
	tar_symlink(&t, "d/link", "file");
	tar_put(&t, tar_entry("d/fifo", S_IFIFO | 0600), NULL);
	tar_dir(&t, "d/sub");
	tar_file(&t, "d/sub/later", "x");
	assert_ok(unpack(f, &t));
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_int_equal(look(f, paths[i]).st_mtim.tv_sec, 1000000000);
		assert_int_equal(look(f, paths[i]).st_mtim.tv_nsec, 123456789);
	}
}

static void test_whiteouts(void **state)
{
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);

	tar_file(&t, "a/.wh.gone", "");
	tar_file(&t, "a/.wh..wh..opq", "");
	tar_file(&t, ".wh..wh.plnk/1.2", "aufs's own");
	tar_file(&t, ".wh..wh.aufs", "");
	/* hidden, and made anew by the same layer: a directory hides what was below */
	tar_file(&t, ".wh.both", "");
	tar_dir(&t, "both");
	tar_dir(&t, "before");
	tar_file(&t, ".wh.before", "");
	tar_file(&t, ".wh.file", "");
	tar_file(&t, "file", "new");
	tar_file(&t, "kept", "stays");
	tar_file(&t, ".wh.kept", "");
	assert_ok(unpack(f, &t));
	assert_true(is_whiteout(f, "a/gone"));
	assert_true(is_opaque(f, "a"));
	assert_false(exists(f, ".wh..wh.plnk"));
	assert_false(exists(f, ".wh..wh.aufs"));
	assert_true(is_opaque(f, "both"));
	assert_true(is_opaque(f, "before"));
	assert_content(f, "file", "new");
	assert_content(f, "kept", "stays");
}

static void test_bad_whiteouts(void **state)
{
	static const char *const names[] = { ".wh.", "a/.wh..", "a/.wh..." };
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		struct tar t = tar_begin(NULL);

		tar_file(&t, names[i], "");
		assert_fails(unpack(f, &t), ERROR_BAD_INPUT, "a whiteout of no name");
	}
}

/* The last of several entries of one name wins, whatever the kinds. */
static void test_replacing(void **state)
{
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);

	tar_file(&t, "file-file", "old and longer");
	tar_file(&t, "file-file", "new");
	tar_dir(&t, "dir-file");
	tar_file(&t, "dir-file/below/deeper", "gone");
	tar_file(&t, "dir-file", "file now");
	tar_file(&t, "file-dir", "gone");
	tar_dir(&t, "file-dir");
	tar_file(&t, "file-dir/below", "here");
	tar_symlink(&t, "link-file", "victim");
	tar_file(&t, "link-file", "file now");
	tar_symlink(&t, "link-dir", "victim-dir");
	tar_dir(&t, "victim-dir");
	tar_dir(&t, "link-dir");
	tar_file(&t, "link-dir/below", "beside it");
	tar_dir(&t, "dir-dir");
	tar_file(&t, "dir-dir/kept", "kept");
	tar_put(&t, tar_entry("dir-dir", S_IFDIR | 0700), NULL);
	tar_put(&t, tar_entry("fifo-file", S_IFIFO | 0600), NULL);
	tar_file(&t, "fifo-file", "file now");
	assert_ok(unpack(f, &t));
	assert_content(f, "file-file", "new");
	assert_content(f, "dir-file", "file now");
	assert_content(f, "file-dir/below", "here");
	assert_content(f, "link-file", "file now");
	assert_false(exists(f, "victim"));
	assert_content(f, "link-dir/below", "beside it");
	assert_false(exists(f, "victim-dir/below"));
	assert_content(f, "dir-dir/kept", "kept");
	assert_int_equal(look(f, "dir-dir").st_mode, S_IFDIR | 0700);
	assert_content(f, "fifo-file", "file now");
}

static void test_hard_links(void **state)
{
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);

	tar_file(&t, "a", "one");
	tar_hard_link(&t, "b", "a");
	tar_hard_link(&t, "b", "a"); /* twice, and over itself */
	tar_hard_link(&t, "a", "a");
	tar_symlink(&t, "s", "nowhere");
	tar_hard_link(&t, "s2", "s"); /* of a symbolic link itself, not of what it means */
	assert_ok(unpack(f, &t));
	assert_content(f, "b", "one");
	assert_int_equal(look(f, "a").st_nlink, 2);
	assert_link(f, "s2", "nowhere");
}

static void test_bad_hard_links(void **state)
{
	static const struct {
		const char *target, *error;
	} cases[] = {
		{ "missing", "which is not in the layer" },
		{ "no/such/parent", "which is not in the layer" },
		{ "../outside", "has \"..\" in it" },
		{ "d", "is a directory" },
	};
	struct fixture *f = *state;

	test_write_file(f->dir, "outside", "not to be linked");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tar t = tar_begin(NULL);

		tar_dir(&t, "d");
		tar_hard_link(&t, "link", cases[i].target);
		assert_fails(unpack(f, &t), ERROR_BAD_INPUT, cases[i].error);
		assert_false(exists(f, "link"));
	}
}

/* A link in the layer leads to places in the layer only, as it will in a container. */
static void test_links_as_parents(void **state)
{
	struct fixture *f = *state;
	char *absolute autofree = alloc_printf("%s/outside", f->path);
	struct tar t = tar_begin(NULL);

	assert_int_equal(mkdirat(f->dir, "outside", 0777), 0);
	tar_dir(&t, "run");
	tar_dir(&t, "var");
	tar_symlink(&t, "var/run", "/run");
	tar_file(&t, "var/run/pid", "in run");
	tar_symlink(&t, "up", "../../../run");
	tar_file(&t, "up/too", "in run as well");
	assert_ok(unpack(f, &t));
	assert_content(f, "run/pid", "in run");
	assert_content(f, "run/too", "in run as well");

	t = tar_begin(NULL);
	tar_symlink(&t, "abs", absolute);
	tar_file(&t, "abs/file", "out");
	assert_fails(unpack(f, &t), ERROR_SYSTEM, "");
	t = tar_begin(NULL);
	tar_symlink(&t, "rel", "../outside");
	tar_file(&t, "rel/file", "out");
	assert_fails(unpack(f, &t), ERROR_SYSTEM, "");
	assert_int_not_equal(faccessat(f->dir, "outside/file", F_OK, 0), 0);
}

static void test_paths(void **state)
{
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);

	test_write_file(f->dir, "outside", "before");
	tar_file(&t, "../outside", "after");
	assert_fails(unpack(f, &t), ERROR_BAD_INPUT, "has \"..\" in it");
	t = tar_begin(NULL);
	tar_file(&t, "a/../../outside", "after");
	assert_fails(unpack(f, &t), ERROR_BAD_INPUT, "has \"..\" in it");
	t = tar_begin(NULL);
	tar_file(&t, "/etc//./absolute", "inside");
	assert_ok(unpack(f, &t));
	assert_content(f, "etc/absolute", "inside");
	t = tar_begin(NULL);
	tar_file(&t, "not-a-dir", "");
	tar_file(&t, "not-a-dir/below", "");
	assert_fails(unpack(f, &t), ERROR_SYSTEM, "Not a directory");
	t = tar_begin(NULL);
	tar_file(&t, ".", "a file as the root");
	assert_fails(unpack(f, &t), ERROR_BAD_INPUT, "the root of the layer is no directory");
}

/* Names are bytes: neither composed (NFC) nor refused when they are no UTF-8. */
static void test_names_are_bytes(void **state)
{
	static const char *const names[] = { "e\xcc\x81", "\xc3\xa9", "\xff\xfe", "new\nline" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		char *path autofree = alloc_printf("%0120d/%s", 0, names[i]);
		struct tar t = tar_begin(NULL);

		tar_file(&t, path, "x");
		assert_ok(unpack(f, &t));
		assert_content(f, path, "x");
	}
}

static void test_long_names(void **state)
{
	struct fixture *f = *state;
	struct buf path autobuf = BUF_MAX(4096);
	struct tar t = tar_begin(NULL);

	for (size_t i = 0; i < 12; i++)
		assert_ok(buf_printf(&path, "%0250d/", (int)i));
	assert_ok(buf_add_text(&path, "file"));
	tar_file(&t, buf_text(&path), "deep");
	assert_ok(unpack(f, &t));
	assert_content(f, buf_text(&path), "deep");
}

static void test_xattrs(void **state)
{
	static const char cap[20] = "\1\0\0\2\0\4"; /* v2, effective, CAP_NET_BIND_SERVICE */
	static const char cap3[24] = "\1\0\0\3\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7";
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);
	struct archive_entry *e = tar_entry("file", S_IFREG | 0755);
	char names[256], value[64];
	ssize_t n;

	archive_entry_xattr_add_entry(e, "user.kept", "v", 1);
	archive_entry_xattr_add_entry(e, "user.overlay.redirect", "/etc", 4);
	archive_entry_xattr_add_entry(e, "trusted.overlay.opaque", "y", 1);
	archive_entry_xattr_add_entry(e, "security.selinux", "x", 1);
	archive_entry_xattr_add_entry(e, "security.capability", cap, 20);
	tar_put(&t, e, "program");
	e = tar_entry("file3", S_IFREG | 0755);
	archive_entry_xattr_add_entry(e, "security.capability", cap3, 24);
	tar_put(&t, e, "program");
	e = tar_entry("dir", S_IFDIR | 0755);
	archive_entry_xattr_add_entry(e, "user.on-dir", "d", 1);
	tar_put(&t, e, NULL);
	assert_ok(unpack(f, &t));

	assert_int_equal(fchdir(f->target), 0);
	n = listxattr("file", names, sizeof(names));
	assert_true(n > 0);
	assert_non_null(memmem(names, (size_t)n, "user.kept", 10));
	assert_non_null(memmem(names, (size_t)n, "security.capability", 20));
	assert_null(memmem(names, (size_t)n, "overlay", 7));
	assert_int_equal(getxattr("file", "security.selinux", value, sizeof(value)), -1);
	assert_int_equal(getxattr("file", "security.capability", value, sizeof(value)), 20);
	assert_memory_equal(value, cap, 20);
	/* another root's capability is the container's own root's now */
	assert_int_equal(getxattr("file3", "security.capability", value, sizeof(value)), 20);
	assert_memory_equal(value, cap, 20);
	assert_int_equal(getxattr("dir", "user.on-dir", value, sizeof(value)), 1);
	assert_int_equal(chdir("/"), 0);
}

static void test_sparse(void **state)
{
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);
	struct archive_entry *e = tar_entry("sparse", S_IFREG | 0644);
	static const char block[4096] = "data";
	struct stat st;
	char back[8];
	int fd;

	archive_entry_set_size(e, 1 << 30);
	archive_entry_sparse_add_entry(e, 1 << 20, sizeof(block));
	assert_int_equal(archive_write_header(t.archive, e), ARCHIVE_OK);
	/* libarchive wants all the bytes and leaves the holes out itself */
	for (long at = 0; at < 1 << 30; at += 1 << 20) {
		static char piece[1 << 20];

		memset(piece, 0, 8);
		if (at == 1 << 20)
			memcpy(piece, block, sizeof(block));
		assert_int_equal(archive_write_data(t.archive, piece, sizeof(piece)),
				 sizeof(piece));
	}
	archive_entry_free(e);
	assert_ok(unpack(f, &t));
	st = look(f, "sparse");
	assert_int_equal(st.st_size, 1 << 30);
	assert_true(st.st_blocks < 1024);
	fd = openat(f->target, "sparse", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, back, 4, 1 << 20), 4);
	assert_memory_equal(back, "data", 4);
	close(fd);
}

/* Reads the next frame of the report. */
static uint32_t next_frame(struct fixture *f, struct buf *payload)
{
	uint32_t type;

	assert_ok(msg_read(f->report, &type, payload));
	return type;
}

static void test_devices_and_owners(void **state)
{
	struct buf payload autobuf = BUF_MAX(UNPACK_PAYLOAD_MAX);
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);
	struct archive_entry *e = tar_entry("dev/null", S_IFCHR | 0666);
	struct msg_cursor c;
	uint64_t value;
	char *path = NULL;

	archive_entry_set_rdevmajor(e, 1);
	archive_entry_set_rdevminor(e, 3);
	tar_put(&t, e, NULL);
	tar_hard_link(&t, "dev/zero", "dev/null");
	e = tar_entry("big", S_IFREG | 0644);
	archive_entry_set_uid(e, 100000);
	archive_entry_set_gid(e, 7);
	tar_put(&t, e, "x");
	assert_ok(unpack(f, &t));
	assert_false(exists(f, "dev/null"));
	assert_false(exists(f, "dev/zero"));
	assert_int_equal(look(f, "big").st_uid, 65534);
	assert_int_equal(look(f, "big").st_gid, 7);

	assert_int_equal(next_frame(f, &payload), UNPACK_DEVICE);
	c = msg_begin(&payload);
	assert_ok(msg_get_text(&c, 100, &path));
	assert_string_equal(path, "dev/null");
	free(path);
	assert_ok(msg_get_u64(&c, &value));
	assert_int_equal(value, S_IFCHR | 0666);
	assert_ok(msg_get_u64(&c, &value));
	assert_int_equal(value, 1);
	assert_ok(msg_get_u64(&c, &value));
	assert_int_equal(value, 3);
	assert_int_equal(next_frame(f, &payload), UNPACK_DEVICE);
	assert_int_equal(next_frame(f, &payload), UNPACK_OWNER);
	c = msg_begin(&payload);
	assert_ok(msg_get_text(&c, 100, &path));
	assert_string_equal(path, "big");
	free(path);
	assert_ok(msg_get_u64(&c, &value));
	assert_int_equal(value, 100000);
	assert_int_equal(next_frame(f, &payload), UNPACK_DONE);
}

static void test_limits(void **state)
{
	const struct layer_limits tight = {
		.entries = 3,
		.bytes = 10,
		.file_bytes = 20,
		.path_length = 30,
		.path_depth = 3,
		.xattrs = 2,
		.xattr_bytes = 100,
	};
	struct fixture *f = *state;
	struct archive_entry *e;
	struct tar t = tar_begin(NULL);

	for (int i = 0; i < 4; i++)
		tar_dir(&t, "same");
	assert_fails(unpack_with(f, &t, &tight), ERROR_LIMIT, "more than 3 entries");
	t = tar_begin(NULL);
	tar_file(&t, "a", "123456");
	tar_file(&t, "b", "123456");
	assert_fails(unpack_with(f, &t, &tight), ERROR_LIMIT, "more than 10 bytes");
	t = tar_begin(NULL);
	tar_file(&t, "a", "123456789012345678901");
	assert_fails(unpack_with(f, &t, &tight), ERROR_LIMIT, "a file of 21 bytes");
	t = tar_begin(NULL);
	tar_file(&t, "1234567890123456789012345678901", "");
	assert_fails(unpack_with(f, &t, &tight), ERROR_LIMIT, "longer than 30 bytes");
	t = tar_begin(NULL);
	tar_file(&t, "1/2/3/4", "");
	assert_fails(unpack_with(f, &t, &tight), ERROR_LIMIT, "deeper than 3 directories");
	t = tar_begin(NULL);
	e = tar_entry("x", S_IFREG | 0644);
	archive_entry_xattr_add_entry(e, "user.1", "", 0);
	archive_entry_xattr_add_entry(e, "user.2", "", 0);
	archive_entry_xattr_add_entry(e, "user.3", "", 0);
	tar_put(&t, e, "");
	assert_fails(unpack_with(f, &t, &tight), ERROR_LIMIT, "extended attributes");
}

static void test_damaged(void **state)
{
	struct fixture *f = *state;
	struct report report = { .fd = f->report };
	struct tar t = tar_begin(NULL);
	int fd;

	tar_file(&t, "a", "123456");
	tar_file(&t, "b", "123456");
	fd = tar_end(&t);
	assert_int_equal(pwrite(fd, "garbage!", 8, 4 * 512 + 148), 8);
	assert_fails(layer_unpack(fd, f->target, &layer_limits_default, &report), ERROR_BAD_INPUT,
		     "tar");
	close(fd);
	fd = memfd_create("text", MFD_CLOEXEC);
	assert_ok(fd_write_all(fd, "this is no archive at all", 25));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_fails(layer_unpack(fd, f->target, &layer_limits_default, &report), ERROR_BAD_INPUT,
		     "tar");
	close(fd);
}

static void test_empty(void **state)
{
	struct fixture *f = *state;
	struct report report = { .fd = f->report };
	static const char zeros[1024];
	struct tar t = tar_begin(NULL);
	int fd = memfd_create("empty", MFD_CLOEXEC);

	assert_ok(unpack(f, &t));
	assert_ok(layer_unpack(fd, f->target, &layer_limits_default, &report)); /* not one byte */
	assert_ok(fd_write_all(fd, zeros, sizeof(zeros)));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(layer_unpack(fd, f->target, &layer_limits_default, &report));
	close(fd);
}

#define LAYER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAYER_TEST(test_kinds),		 LAYER_TEST(test_times),
		LAYER_TEST(test_whiteouts),	 LAYER_TEST(test_bad_whiteouts),
		LAYER_TEST(test_replacing),	 LAYER_TEST(test_hard_links),
		LAYER_TEST(test_bad_hard_links), LAYER_TEST(test_links_as_parents),
		LAYER_TEST(test_paths),		 LAYER_TEST(test_names_are_bytes),
		LAYER_TEST(test_long_names),	 LAYER_TEST(test_xattrs),
		LAYER_TEST(test_sparse),	 LAYER_TEST(test_devices_and_owners),
		LAYER_TEST(test_limits),	 LAYER_TEST(test_damaged),
		LAYER_TEST(test_empty),
	};

	return TEST_MAIN(tests);
}
