/* base/path.c: nothing leaves its root, nothing is half-written, nothing foreign is removed. */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/path.h"
#include "unit/test.h"

/*
 * Each test has a directory with "root" in it, and "outside" beside that, which nothing may touch.
 */
static int top, root;
static char top_path[32];

static int set_up(void **state)
{
	(void)state;
	top = test_make_dir(top_path);
	assert_int_equal(mkdirat(top, "root", 0755), 0);
	assert_int_equal(mkdirat(top, "outside", 0755), 0);
	root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	test_write_file(top, "outside/secret", "secret");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(root);
	assert_ok(path_remove_tree(top, "root"));
	assert_int_equal(unlinkat(top, "outside/secret", 0), 0);
	assert_int_equal(unlinkat(top, "outside", AT_REMOVEDIR), 0);
	close(top);
	return rmdir(top_path);
}

static struct error *open_for_reading(const char *path, int *ret_fd)
{
	return path_open_in_root(root, path, O_RDONLY, 0, ret_fd);
}

static void assert_errno(struct error *err, int number)
{
	assert_non_null(err);
	if (error_errno(err) != number)
		fail_msg("not %s: %s", strerror(number), error_message(err));
	error_free(err);
}

static void the_root_is_a_root(void **state)
{
	static const char *const paths[] = {
		"/file",       "file",	   "../file",  "/../../file",
		"dir/../file", "absolute", "relative", "dir/up/up/file"
	};

	(void)state;
	test_write_file(root, "file", "inside");
	assert_int_equal(mkdirat(root, "dir", 0755), 0);
	assert_int_equal(symlinkat("/file", root, "absolute"), 0);
	assert_int_equal(symlinkat("../../../../file", root, "relative"), 0);
	assert_int_equal(symlinkat("..", root, "dir/up"), 0);
	assert_int_equal(symlinkat("../..", root, "up"), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct buf b autobuf = BUF_MAX(64);
		int fd autoclose = -1;

		assert_ok(open_for_reading(paths[i], &fd));
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_ok(fd_read_all(fd, &b));
		assert_string_equal(buf_text(&b), "inside");
	}
}

static void the_outside_cannot_be_named(void **state)
{
	char absolute[64];
	int fd = -1;

	(void)state;
	snprintf(absolute, sizeof(absolute), "%s/outside/secret", top_path);
	assert_int_equal(symlinkat(absolute, root, "a"), 0);
	assert_int_equal(symlinkat("../outside/secret", root, "b"), 0);
	assert_int_equal(symlinkat("loop", root, "loop"), 0);
	assert_errno(open_for_reading("a", &fd), ENOENT);
	assert_errno(open_for_reading("b", &fd), ENOENT);
	assert_errno(open_for_reading("../outside/secret", &fd), ENOENT);
	assert_errno(open_for_reading(absolute, &fd), ENOENT);
	assert_errno(open_for_reading("loop", &fd), ELOOP);
	assert_int_equal(fd, -1);
}

/* /proc/self/root and /proc/self/fd/N are doors out of any root: the way of CVE-2024-21626. */
static void magic_links_are_refused(void **state)
{
	int slash autoclose = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;

	(void)state;
	assert_errno(path_open_in_root(slash, "/proc/self/root/etc", O_RDONLY, 0, &fd), ELOOP);
	assert_errno(path_open_in_root(slash, "/proc/self/cwd", O_RDONLY, 0, &fd), ELOOP);
}

static void beneath_follows_and_leaves_nothing(void **state)
{
	int fd autoclose = -1;

	(void)state;
	test_write_file(root, "file", "inside");
	assert_int_equal(symlinkat("file", root, "link"), 0);
	assert_ok(path_open_beneath(root, "file", O_RDONLY, 0, &fd));
	fd_close(&fd);
	assert_errno(path_open_beneath(root, "link", O_RDONLY, 0, &fd), ELOOP);
	assert_errno(path_open_beneath(root, "../outside/secret", O_RDONLY, 0, &fd), EXDEV);
	assert_errno(path_open_beneath(root, "/file", O_RDONLY, 0, &fd), EXDEV);
	assert_ok(path_open_beneath(root, "new", O_WRONLY | O_CREAT | O_EXCL, 0640, &fd));
}

static void created_files_have_their_mode(void **state)
{
	int fd autoclose = -1;
	struct stat st;
	mode_t mask = umask(0);

	(void)state;
	assert_ok(path_open_in_root(root, "new", O_WRONLY | O_CREAT, 0641, &fd));
	umask(mask);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0641);
}

static void directories_are_made_inside_the_root(void **state)
{
	int fd autoclose = -1, again autoclose = -1;
	struct stat st, other;

	(void)state;
	assert_ok(path_make_dirs_in_root(root, "/a//b/./x/../c/", 0750, 1000, 1001, &fd));
	assert_int_equal(fstatat(root, "a/b/c", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_gid, 1001);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(fstatat(root, "a", &st, 0), 0);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(faccessat(root, "a/b/x", F_OK, 0), -1);
	assert_ok(path_make_dirs_in_root(root, "a/b/c", 0700, 0, 0, &again)); /* is there: kept */
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(fstat(again, &other), 0);
	assert_int_equal(st.st_ino, other.st_ino);
	assert_int_equal(other.st_mode & 07777, 0750);
	assert_int_equal(other.st_uid, 1000);
}

static void the_root_itself_is_made_of_no_parts(void **state)
{
	struct stat st, other;
	int fd autoclose = -1;

	(void)state;
	assert_ok(path_make_dirs_in_root(root, "/..//.", 0750, (uid_t)-1, (gid_t)-1, &fd));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(fstat(root, &other), 0);
	assert_int_equal(st.st_ino, other.st_ino);
}

static void links_lead_to_places_inside_only(void **state)
{
	char absolute[64];
	int fd autoclose = -1;

	(void)state;
	snprintf(absolute, sizeof(absolute), "%s/outside", top_path);
	assert_int_equal(mkdirat(root, "real", 0755), 0);
	assert_int_equal(symlinkat("/real", root, "link"), 0);
	assert_int_equal(symlinkat("../..", root, "real/up"), 0);
	assert_int_equal(symlinkat(absolute, root, "out"), 0);
	assert_ok(path_make_dirs_in_root(root, "link/sub", 0755, (uid_t)-1, (gid_t)-1, &fd));
	assert_int_equal(faccessat(root, "real/sub", F_OK, 0), 0);
	fd_close(&fd);
	assert_ok(path_make_dirs_in_root(root, "link/up/new", 0755, (uid_t)-1, (gid_t)-1, &fd));
	assert_int_equal(faccessat(root, "new", F_OK, 0), 0);
	fd_close(&fd);
	assert_errno(path_make_dirs_in_root(root, "out/x", 0755, (uid_t)-1, (gid_t)-1, &fd),
		     ENOENT);
	assert_int_equal(faccessat(top, "outside/x", F_OK, 0), -1);
	assert_int_equal(fd, -1);
}

static void files_in_the_way_are_errors(void **state)
{
	int fd = -1;

	(void)state;
	test_write_file(root, "file", "");
	assert_errno(path_make_dirs_in_root(root, "file/x", 0755, (uid_t)-1, (gid_t)-1, &fd),
		     ENOTDIR);
	assert_errno(path_open_dir(root, "file", 0700, &fd), ENOTDIR);
	assert_int_equal(symlinkat(".", root, "link"), 0);
	assert_errno(path_open_dir(root, "link", 0700, &fd), ENOTDIR);
	assert_errno(path_open_dir(root, "missing", 0, &fd), ENOENT);
	assert_int_equal(fd, -1);
}

static void our_own_directories_are_made_whole(void **state)
{
	char path[64];
	int fd autoclose = -1;
	struct stat st;

	(void)state;
	assert_ok(path_open_dir(root, "d", 0700, &fd));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	fd_close(&fd);
	snprintf(path, sizeof(path), "%s/root/x//y/z/", top_path);
	assert_ok(path_make_dirs(path, 0711, &fd));
	assert_int_equal(fstatat(root, "x/y/z", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	fd_close(&fd);
	assert_ok(path_make_dirs(path, 0700, &fd));
	fd_close(&fd);
	test_write_file(root, "file", "");
	snprintf(path, sizeof(path), "%s/root/file/y", top_path);
	assert_fails(path_make_dirs(path, 0711, &fd), ERROR_SYSTEM, "Not a directory");
}

static void reading_is_bounded_and_named(void **state)
{
	char *text autofree = NULL;

	(void)state;
	test_write_file(root, "file", "12345");
	assert_ok(path_read_text(root, "file", 5, &text));
	assert_string_equal(text, "12345");
	assert_fails(path_read_text(root, "file", 4, &text), ERROR_LIMIT,
		     "file: more than 4 bytes");
	assert_fails(path_read_text(root, "none", 4, &text), ERROR_SYSTEM,
		     "open none: No such file");
	assert_fails(path_read_text(top, "root", 4, &text), ERROR_SYSTEM, "Is a directory");
}

static void existing_files_only_are_written(void **state)
{
	(void)state;
	test_write_file(root, "file", "old");
	assert_ok(path_write_existing(root, "file", "new"));
	assert_fails(path_write_existing(root, "none", "x"), ERROR_SYSTEM, "open none");
	assert_int_equal(faccessat(root, "none", F_OK, 0), -1);
}

static int count_entries(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = -2;
	DIR *stream = fdopendir(copy);

	assert_non_null(stream);
	while (readdir(stream))
		n++;
	closedir(stream);
	return n;
}

static void replacing_is_whole(void **state)
{
	char *text autofree = NULL;
	struct stat st;
	mode_t mask = umask(0);

	(void)state;
	test_write_file(root, "file", "old old old");
	assert_ok(path_replace(root, "file", "new", 3, 0604, false));
	assert_ok(path_replace(root, "other", "", 0, 0600, true));
	umask(mask);
	assert_ok(path_read_text(root, "file", 100, &text));
	assert_string_equal(text, "new");
	assert_int_equal(fstatat(root, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	assert_int_equal(count_entries(root), 2);
}

static void replacing_a_link_replaces_the_link(void **state)
{
	char *text autofree = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(symlinkat("../outside/secret", root, "link"), 0);
	assert_ok(path_replace(root, "link", "mine", 4, 0600, false));
	assert_int_equal(fstatat(root, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_ok(path_read_text(top, "outside/secret", 100, &text));
	assert_string_equal(text, "secret");
}

static void a_failed_replacement_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(root, "dir", 0755), 0);
	assert_fails(path_replace(root, "dir", "x", 1, 0600, true), ERROR_SYSTEM,
		     "write dir: rename to dir");
	assert_int_equal(count_entries(root), 1);
}

/* A reader at any moment sees the old or the new text, never a part. */
static void replacing_races_with_readers(void **state)
{
	static const char a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", b[] = "b";
	int status;
	pid_t pid;

	(void)state;
	assert_ok(path_replace(root, "file", a, strlen(a), 0600, false));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 2000; i++)
			if (path_replace(root, "file", i % 2 ? a : b, i % 2 ? strlen(a) : 1, 0600,
					 false))
				_exit(1);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		char *text autofree = NULL;

		assert_ok(path_read_text(root, "file", 100, &text));
		assert_true(strcmp(text, a) == 0 || strcmp(text, b) == 0);
	}
	assert_int_equal(status, 0);
}

static void trees_are_removed_and_links_are_not_followed(void **state)
{
	int fd = -1;

	(void)state;
	assert_ok(path_make_dirs_in_root(root, "t/a/b/c", 0755, (uid_t)-1, (gid_t)-1, &fd));
	fd_close(&fd);
	test_write_file(root, "t/a/file", "x");
	test_write_file(root, "t/a/b/c/file", "x");
	assert_int_equal(fchmodat(root, "t/a/b", 0, 0), 0);
	assert_int_equal(symlinkat("../../outside", root, "t/out"), 0);
	assert_int_equal(mkfifoat(root, "t/fifo", 0600), 0);
	assert_ok(path_remove_tree(root, "t"));
	assert_int_equal(count_entries(root), 0);
	assert_int_equal(faccessat(top, "outside/secret", F_OK, 0), 0);
	assert_int_equal(symlinkat("../outside", root, "link"), 0);
	assert_ok(path_remove_tree(root, "link"));
	assert_int_equal(faccessat(top, "outside/secret", F_OK, 0), 0);
	test_write_file(root, "file", "x");
	assert_ok(path_remove_tree(root, "file"));
	assert_ok(path_remove_tree(root, "missing"));
}

/* Deeper than descriptors reach: any container can make such a tree, and it must still go. */
static void very_deep_trees_are_removed(void **state)
{
	enum { DEPTH = 3000 };
	struct rlimit limit, few;
	int current = dup(root);
	struct error *err;

	(void)state;
	for (int i = 0; i < DEPTH; i++) {
		int next;

		assert_int_equal(mkdirat(current, "d", 0755), 0);
		next = openat(current, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		test_write_file(next, "file", "");
		close(current);
		current = next;
	}
	close(current);
	getrlimit(RLIMIT_NOFILE, &limit);
	few = limit;
	few.rlim_cur = 256;
	setrlimit(RLIMIT_NOFILE, &few);
	err = path_remove_tree(root, "d");
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_ok(err);
	assert_int_equal(count_entries(root), 0);
}

/* In a child with a mount namespace of its own: what is mounted inside the tree is not emptied. */
static int remove_with_mount(bool file)
{
	struct error *err;
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 4;
	/* Descriptors from before are on the other namespace's mounts. */
	if (chdir(top_path) < 0)
		return 1;
	fd = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount(file ? "outside/secret" : "outside", file ? "root/t/file" : "root/t/dir", NULL,
		  MS_BIND, NULL) < 0)
		return 2;
	err = path_remove_tree(fd, "t");
	if (!err || faccessat(top, "outside/secret", F_OK, 0) < 0)
		return 3;
	return 0;
}

static void mounts_are_not_crossed(void **state)
{
	(void)state;
	for (int file = 0; file < 2; file++) {
		int fd = -1, status;
		pid_t pid;

		assert_ok(path_make_dirs_in_root(root, "t/dir", 0755, (uid_t)-1, (gid_t)-1, &fd));
		fd_close(&fd);
		test_write_file(root, "t/file", "");
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(remove_with_mount(file));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		assert_ok(path_remove_tree(root, "t"));
	}
}

static void removing_leaks_no_descriptor(void **state)
{
	int before = test_count_fds(), fd = -1;

	(void)state;
	assert_ok(path_make_dirs_in_root(root, "t/a/b/c", 0755, (uid_t)-1, (gid_t)-1, &fd));
	fd_close(&fd);
	assert_ok(path_remove_tree(root, "t"));
	assert_int_equal(test_count_fds(), before);
}

static void names_are_plain(void **state)
{
	(void)state;
	assert_true(path_is_name("a"));
	assert_true(path_is_name("..."));
	assert_true(path_is_name(".hidden"));
	assert_false(path_is_name(""));
	assert_false(path_is_name("."));
	assert_false(path_is_name(".."));
	assert_false(path_is_name("a/b"));
	assert_false(path_is_name("/"));
}

static void paths_are_normalized(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "/" },
		{ "/", "/" },
		{ "///", "/" },
		{ ".", "/" },
		{ "..", "/" },
		{ "../../..", "/" },
		{ "a", "/a" },
		{ "/a/", "/a" },
		{ "/a//b", "/a/b" },
		{ "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" },
		{ "/a/b/../../..", "/" },
		{ "/a/b/../../../c", "/c" },
		{ "/...", "/..." },
		{ "/..a/b..", "/..a/b.." },
		{ "/a/.../..", "/a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		char *path autofree = path_normalize(pairs[i][0]);

		assert_string_equal(path, pairs[i][1]);
	}
	assert_string_equal(path_last("/a/b"), "b");
	assert_string_equal(path_last("b"), "b");
	assert_string_equal(path_last("/a/"), "");
}

static void descriptors_have_paths(void **state)
{
	char path[PATH_PROC_FD_SIZE];

	(void)state;
	path_proc_fd(path, root);
	assert_int_equal(access(path, F_OK), 0);
	path_proc_fd(path, INT32_MAX);
	assert_string_equal(path, "/proc/self/fd/2147483647");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void only_the_kernels_proc_is_proc(void **state)
{
	int dir autoclose = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd autoclose = -1;

	(void)state;
	assert_ok(path_open_on_proc(dir, "proc/version", O_RDONLY, &fd));
	fd_close(&fd);
	assert_fails(path_open_on_proc(dir, "etc/passwd", O_RDONLY, &fd), ERROR_REFUSED,
		     "is not the kernel's");
	assert_int_equal(fd, -1);
}

static void links_to_nothing_are_resolved(void **state)
{
	static const struct {
		const char *path, *real;
	} rows[] = { { "/", "/" },
		     { "a//./b", "/a/b" },
		     { "/../../a", "/a" },
		     { "/there/x", "/there/x" },
		     { "/absolute", "/no/such" },
		     { "/absolute/../y", "/no/y" },
		     { "/there/up", "/no/where" },
		     { "/there/up/more", "/no/where/more" },
		     { "/chain", "/no/where" },
		     { "/out", "/etc/passwd" } };
	char *real;

	(void)state;
	assert_int_equal(mkdirat(root, "there", 0755), 0);
	assert_int_equal(symlinkat("/no/such", root, "absolute"), 0);
	assert_int_equal(symlinkat("../no/where", root, "there/up"), 0);
	assert_int_equal(symlinkat("there/./up", root, "chain"), 0);
	assert_int_equal(symlinkat("../../../../etc/passwd", root, "out"), 0);
	assert_int_equal(symlinkat("loop", root, "loop"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_ok(path_resolve_in_root(root, rows[i].path, &real));
		assert_string_equal(real, rows[i].real);
		free(real);
	}
	assert_errno(path_resolve_in_root(root, "/loop", &real), ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_root_is_a_root),
		TEST(the_outside_cannot_be_named),
		TEST(magic_links_are_refused),
		TEST(beneath_follows_and_leaves_nothing),
		TEST(created_files_have_their_mode),
		TEST(directories_are_made_inside_the_root),
		TEST(the_root_itself_is_made_of_no_parts),
		TEST(links_lead_to_places_inside_only),
		TEST(links_to_nothing_are_resolved),
		TEST(files_in_the_way_are_errors),
		TEST(our_own_directories_are_made_whole),
		TEST(reading_is_bounded_and_named),
		TEST(existing_files_only_are_written),
		TEST(replacing_is_whole),
		TEST(replacing_a_link_replaces_the_link),
		TEST(a_failed_replacement_leaves_nothing),
		TEST(replacing_races_with_readers),
		TEST(trees_are_removed_and_links_are_not_followed),
		TEST(very_deep_trees_are_removed),
		TEST(mounts_are_not_crossed),
		TEST(removing_leaks_no_descriptor),
		TEST(names_are_plain),
		TEST(paths_are_normalized),
		TEST(descriptors_have_paths),
		TEST(only_the_kernels_proc_is_proc),
	};

	return TEST_MAIN(tests);
}
