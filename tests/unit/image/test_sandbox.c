#include "unit/test.h"

#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/idrange.h"
#include "base/path.h"
#include "image/sandbox.h"

/* A helper that has confined itself and waits for the first byte of an archive. */
struct fixture {
	char path[32];
	int dir, archive; /* write end */
	struct sandbox helper;
};

static char *read_proc(pid_t pid, const char *file)
{
	char *path autofree = alloc_printf("/proc/%d/%s", (int)pid, file);
	char *text = NULL;

	assert_ok(path_read_text(AT_FDCWD, path, 65536, &text));
	return text;
}

static void wait_until_confined(pid_t pid)
{
	for (int tries = 0; tries < 500; tries++) {
		char *status autofree = read_proc(pid, "status");

		if (strstr(status, "\nSeccomp:\t2\n"))
			return;
		usleep(10000);
	}
	fail_msg("the helper never confined itself");
}

static void start(struct fixture *f, const char *mode, bool target)
{
	int read_end autoclose = -1, out autoclose = -1, mount autoclose = -1;

	f->helper = (struct sandbox)SANDBOX_NONE;
	assert_ok(fd_pipe(&read_end, &f->archive));
	out = memfd_create("out", MFD_CLOEXEC);
	if (target)
		assert_ok(sandbox_target(f->dir, &mount));
	assert_ok(sandbox_start(&f->helper, mode, read_end, target ? -1 : out, mount));
	wait_until_confined(f->helper.pid);
}

static int begin(void **state)
{
	struct fixture *f = alloc_zeroed(1, sizeof(*f));

	f->dir = test_make_dir(f->path);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	sandbox_stop(&f->helper);
	close(f->archive);
	assert_ok(path_remove_tree(AT_FDCWD, f->path));
	close(f->dir);
	free(f);
	return 0;
}

/* The names in a directory of /proc/PID. */
static size_t count_entries(pid_t pid, const char *name, char *highest)
{
	char *path autofree = alloc_printf("/proc/%d/%s", (int)pid, name);
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		if (highest && entry->d_name[0] > *highest)
			*highest = entry->d_name[0];
	}
	closedir(dir);
	return n;
}

static void assert_line(pid_t pid, const char *file, const char *line)
{
	char *text autofree = read_proc(pid, file);

	if (!strstr(text, line))
		fail_msg("no \"%s\" in %s", line, text);
}

static void assert_own_namespaces(pid_t pid)
{
	static const char *const names[] = { "user", "mnt", "pid", "net", "ipc", "uts", "cgroup" };

	for (size_t i = 0; i < 7; i++) {
		char *theirs autofree = alloc_printf("/proc/%d/ns/%s", (int)pid, names[i]);
		char *ours autofree = alloc_printf("/proc/self/ns/%s", names[i]);
		struct stat a, b;

		assert_int_equal(stat(theirs, &a), 0);
		assert_int_equal(stat(ours, &b), 0);
		assert_int_not_equal(a.st_ino, b.st_ino);
	}
}

static void assert_common_walls(pid_t pid)
{
	char *mounts autofree = read_proc(pid, "mountinfo");
	char *uid autofree = alloc_printf("%u", IDRANGE_HELPERS);
	char *map autofree = read_proc(pid, "uid_map");

	assert_own_namespaces(pid);
	assert_non_null(strstr(map, uid));
	assert_int_equal(count_entries(pid, "root/", NULL), 0);
	/* one mount is all it has: its empty root */
	assert_ptr_equal(strchr(mounts, '\n'), mounts + strlen(mounts) - 1);
	assert_non_null(strstr(mounts, " / / ro,"));
	assert_line(pid, "status", "\nNoNewPrivs:\t1\n");
	assert_line(pid, "status", "\nGroups:\t \n");
	assert_line(pid, "environ", "");
}

static void test_stream_modes(void **state)
{
	static const char *const modes[] = { "decompress", "index" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		char highest = '0';

		start(f, modes[i], false);
		assert_common_walls(f->helper.pid);
		assert_line(f->helper.pid, "status", "\nCapEff:\t0000000000000000\n");
		assert_line(f->helper.pid, "status", "\nCapBnd:\t0000000000000000\n");
		assert_int_equal(count_entries(f->helper.pid, "fd", &highest), 4);
		assert_int_equal(highest, '3');
		sandbox_stop(&f->helper);
		close(f->archive);
	}
	start(f, "index", false);
}

static void test_layer_mode(void **state)
{
	struct fixture *f = *state;
	char highest = '0';

	start(f, "layer", true);
	assert_common_walls(f->helper.pid);
	/* CHOWN DAC_OVERRIDE FOWNER FSETID SETFCAP, in its own user namespace */
	assert_line(f->helper.pid, "status", "\nCapEff:\t000000008000001b\n");
	assert_line(f->helper.pid, "status", "\nCapBnd:\t000000008000001b\n");
	assert_int_equal(count_entries(f->helper.pid, "fd", &highest), 5);
	assert_int_equal(highest, '4');
}

static void test_error_is_told(void **state)
{
	struct fixture *f = *state;

	start(f, "index", false);
	assert_ok(fd_write_all(f->archive, "nonsense", 8));
	fd_close(&f->archive);
	assert_fails(sandbox_finish(&f->helper, NULL, NULL, NULL), ERROR_BAD_INPUT, "tar: ");
	assert_int_equal(f->helper.pid, 0);
}

static void test_unknown_mode(void **state)
{
	struct fixture *f = *state;
	int read_end autoclose = -1;

	f->helper = (struct sandbox)SANDBOX_NONE;
	assert_ok(fd_pipe(&read_end, &f->archive));
	assert_ok(sandbox_start(&f->helper, "anything", read_end, -1, -1));
	assert_fails(sandbox_finish(&f->helper, NULL, NULL, NULL), ERROR_BUG,
		     "no mode \"anything\"");
}

static void test_killed(void **state)
{
	struct fixture *f = *state;

	start(f, "index", false);
	kill(f->helper.pid, SIGKILL);
	assert_fails(sandbox_finish(&f->helper, NULL, NULL, NULL), ERROR_SYSTEM,
		     "killed by signal 9");
}

#define SANDBOX_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SANDBOX_TEST(test_stream_modes),  SANDBOX_TEST(test_layer_mode),
		SANDBOX_TEST(test_error_is_told), SANDBOX_TEST(test_unknown_mode),
		SANDBOX_TEST(test_killed),
	};

	return TEST_MAIN(tests);
}
