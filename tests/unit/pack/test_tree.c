#include "unit/test.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/path.h"
#include "helpers/pack/tree.h"
#include "helpers/unpack/layer.h"

/* What is packed, and where it is unpacked to. */
struct fixture {
	char from_path[32], to_path[32];
	int from, to;
};

static int begin(void **state)
{
	struct fixture *f = alloc_zeroed(1, sizeof(*f));

	umask(0);
	f->from = test_make_dir(f->from_path);
	f->to = test_make_dir(f->to_path);
	assert_int_equal(fchmod(f->from, 0755), 0);
	assert_int_equal(fchmod(f->to, 0755), 0);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	close(f->from);
	close(f->to);
	assert_ok(path_remove_tree(AT_FDCWD, f->from_path));
	assert_ok(path_remove_tree(AT_FDCWD, f->to_path));
	free(f);
	return 0;
}

static void write_file(int dir, const char *name, const char *content)
{
	int fd autoclose = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_ok(fd_write_all(fd, content, strlen(content)));
}

static struct error *pack(int dir, bool upper, const struct tree_limits *limits, int *ret_fd)
{
	struct output out autooutput;
	uint64_t entries;
	struct error *err;

	*ret_fd = memfd_create("tar", MFD_CLOEXEC);
	output_begin(&out, *ret_fd);
	err = tree_pack(dir, upper, limits, &out, &entries);
	assert_int_equal(lseek(*ret_fd, 0, SEEK_SET), 0);
	return err;
}

static void unpack(int archive, int to)
{
	struct report report = { .fd = memfd_create("report", MFD_CLOEXEC) };

	assert_ok(layer_unpack(archive, to, &layer_limits_default, &report));
	close(report.fd);
}

static void pack_and_unpack(struct fixture *f, bool upper)
{
	int archive autoclose = -1;

	assert_ok(pack(f->from, upper, &tree_limits_default, &archive));
	unpack(archive, f->to);
}

static void assert_same_stat(struct fixture *f, const char *name)
{
	struct stat a, b;

	assert_int_equal(fstatat(f->from, name, &a, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(f->to, name, &b, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(a.st_mode, b.st_mode);
	assert_int_equal(a.st_uid, b.st_uid);
	assert_int_equal(a.st_gid, b.st_gid);
	if (!S_ISDIR(a.st_mode)) {
		assert_int_equal(a.st_size, b.st_size);
		assert_int_equal(a.st_nlink, b.st_nlink);
	}
	assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
	assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
	if (S_ISREG(a.st_mode))
		assert_true(b.st_blocks <= a.st_blocks + 16);
}

static void make_socket(int dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd autoclose = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void test_everything(void **state)
{
	static const char *const names[] = { "dir",	 "dir/file",   "dir/hard",
					     "dir/link", "fifo",       "sparse",
					     "empty",	 "unreadable", "dir/\xff\n" };
	const struct timespec old[2] = { { 1000000000, 1 }, { -5, 0 } };
	struct fixture *f = *state;
	int fd autoclose = -1;
	char value[8];

	assert_int_equal(mkdirat(f->from, "dir", 01777), 0);
	write_file(f->from, "dir/file", "content");
	assert_int_equal(fchownat(f->from, "dir/file", 1234, 4321, 0), 0);
	assert_int_equal(fchmodat(f->from, "dir/file", 06755, 0), 0);
	assert_int_equal(linkat(f->from, "dir/file", f->from, "dir/hard", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", f->from, "dir/link"), 0);
	write_file(f->from, "dir/\xff\n", "x");
	write_file(f->from, "empty", "");
	write_file(f->from, "unreadable", "x");
	assert_int_equal(fchmodat(f->from, "unreadable", 0, 0), 0);
	assert_int_equal(mkfifoat(f->from, "fifo", 0620), 0);
	make_socket(f->from);
	fd = openat(f->from, "sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 100 << 20), 0);
	assert_int_equal(pwrite(fd, "middle", 6, 50 << 20), 6);
	assert_int_equal(fsetxattr(fd, "user.a", "b", 1, 0), 0);
	assert_int_equal(fsetxattr(fd, "user.overlay.a", "b", 1, 0), 0);
	assert_int_equal(utimensat(f->from, "dir/file", old, 0), 0);
	assert_int_equal(utimensat(f->from, "dir", old, 0), 0);
	pack_and_unpack(f, false);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_same_stat(f, names[i]);
	assert_int_equal(faccessat(f->to, "socket", F_OK, 0), -1);
	fd_close(&fd);
	fd = openat(f->to, "sparse", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.a", value, sizeof(value)), 1);
	assert_int_equal(fgetxattr(fd, "user.overlay.a", value, sizeof(value)), -1);
	assert_int_equal(pread(fd, value, 6, 50 << 20), 6);
	assert_memory_equal(value, "middle", 6);
}

static void test_capabilities(void **state)
{
	/* cap_net_raw+ep: as version 2, as version 3 of root 0, and of root 1000 */
	uint32_t v2[5] = { 0x02000001, 1 << 13 }, v3[6] = { 0x03000001, 1 << 13 };
	struct fixture *f = *state;
	char value[32];

	for (size_t i = 0; i < 3; i++) {
		char name[8];
		int fd autoclose = -1;

		snprintf(name, sizeof(name), "f%zu", i);
		write_file(f->from, name, "x");
		fd = openat(f->from, name, O_RDONLY | O_CLOEXEC);
		v3[5] = i == 2 ? 1000 : 0;
		assert_int_equal(fsetxattr(fd, "security.capability", i ? (void *)v3 : (void *)v2,
					   i ? 24 : 20, 0),
				 0);
	}
	pack_and_unpack(f, false);
	for (size_t i = 0; i < 3; i++) {
		char name[8];
		int fd autoclose = -1;

		snprintf(name, sizeof(name), "f%zu", i);
		fd = openat(f->to, name, O_RDONLY | O_CLOEXEC);
		assert_int_equal(fgetxattr(fd, "security.capability", value, sizeof(value)),
				 i == 2 ? -1 : 20);
	}
}

static bool is_whiteout(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == 0;
}

static void test_upper(void **state)
{
	struct fixture *f = *state;
	int fd autoclose = -1, other autoclose = -1;
	char value[8];

	assert_int_equal(mkdirat(f->from, "dir", 0755), 0);
	assert_int_equal(mkdirat(f->from, "plain", 0755), 0);
	assert_int_equal(mknodat(f->from, "dir/gone", S_IFCHR, makedev(0, 0)), 0);
	assert_int_equal(mknodat(f->from, "top", S_IFCHR, makedev(0, 0)), 0);
	write_file(f->from, "dir/.wh.faked", "would hide another");
	write_file(f->from, "dir/new", "new");
	fd = openat(f->from, "dir", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "user.overlay.opaque", "y", 1, 0), 0);
	pack_and_unpack(f, true);
	assert_true(is_whiteout(f->to, "dir/gone"));
	assert_true(is_whiteout(f->to, "top"));
	assert_int_equal(faccessat(f->to, "dir/.wh.faked", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_false(is_whiteout(f->to, "dir/faked"));
	assert_int_equal(faccessat(f->to, "dir/new", F_OK, 0), 0);
	fd_close(&fd);
	fd = openat(f->to, "dir", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)), 1);
	other = openat(f->to, "plain", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(other, "user.overlay.opaque", value, sizeof(value)), -1);
}

static void test_same_bytes(void **state)
{
	struct fixture *f = *state;
	struct buf first autobuf = BUF_MAX(1 << 20), second autobuf = BUF_MAX(1 << 20);

	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i * 7919 % 1000);
		write_file(f->from, name, name);
	}
	for (int i = 0; i < 2; i++) {
		int archive autoclose = -1;

		assert_ok(pack(f->from, false, &tree_limits_default, &archive));
		assert_ok(fd_read_all(archive, i ? &second : &first));
	}
	assert_int_equal(first.length, second.length);
	assert_memory_equal(first.data, second.data, first.length);
}

/* Of a layer of nothing docker has no layer either: it knows it by these bytes. */
static void test_nothing(void **state)
{
	struct fixture *f = *state;
	int archive autoclose = -1;
	struct buf b autobuf = BUF_MAX(8192);

	assert_ok(pack(f->from, true, &tree_limits_default, &archive));
	assert_ok(fd_read_all(archive, &b));
	assert_int_equal(b.length, 1024);
}

static void test_root(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(fchmod(f->from, 01777), 0);
	assert_int_equal(fchown(f->from, 7, 8), 0);
	pack_and_unpack(f, true);
	assert_int_equal(fstat(f->to, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01777);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_gid, 8);
}

static void assert_limit(struct fixture *f, const struct tree_limits *limits, const char *text)
{
	int archive autoclose = -1;

	assert_fails(pack(f->from, false, limits, &archive), ERROR_LIMIT, text);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct tree_limits limits = tree_limits_default;
	int fd autoclose = -1;

	assert_int_equal(mkdirat(f->from, "a", 0755), 0);
	assert_int_equal(mkdirat(f->from, "a/b", 0755), 0);
	write_file(f->from, "a/b/file", "x");
	limits.entries = 2;
	assert_limit(f, &limits, "more than 2 files");
	limits = tree_limits_default;
	limits.path_depth = 2;
	assert_limit(f, &limits, "a/b: deeper than 2 directories");
	limits = tree_limits_default;
	limits.path_length = 5;
	assert_limit(f, &limits, "longer than 5 bytes");
	limits = tree_limits_default;
	limits.xattr_bytes = 10;
	fd = openat(f->from, "a/b/file", O_RDWR | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "user.long", "123456", 6, 0), 0);
	assert_limit(f, &limits, "a/b/file: more than 10 bytes of extended attributes");
	limits = tree_limits_default;
	limits.extents = 1;
	assert_int_equal(pwrite(fd, "x", 1, 1 << 20), 1);
	assert_int_equal(pwrite(fd, "x", 1, 2 << 20), 1);
	assert_limit(f, &limits, "more than 1 holes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_everything, begin, end),
		cmocka_unit_test_setup_teardown(test_capabilities, begin, end),
		cmocka_unit_test_setup_teardown(test_upper, begin, end),
		cmocka_unit_test_setup_teardown(test_same_bytes, begin, end),
		cmocka_unit_test_setup_teardown(test_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_root, begin, end),
		cmocka_unit_test_setup_teardown(test_limits, begin, end),
	};

	return TEST_MAIN(tests);
}
