/* base/lock.c: one holder at a time, freed by death, no way through a symlink. */
#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/lock.h"
#include "unit/test.h"

static int dir;
static char dir_path[32];

static int make_dir(void **state)
{
	(void)state;
	dir = test_make_dir(dir_path);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlinkat(dir, "lock", 0);
	unlinkat(dir, "elsewhere", 0);
	close(dir);
	return rmdir(dir_path);
}

static void a_second_holder_is_refused_until_the_first_is_gone(void **state)
{
	int first autoclose = -1, second autoclose = -1;
	struct stat st;

	(void)state;
	assert_ok(lock_take(dir, "lock", &first));
	assert_true(first >= 0);
	assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(first, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	second = 77;
	assert_ok(lock_try(dir, "lock", &second)); /* even within one process */
	assert_int_equal(second, -1);
	fd_close(&first);
	assert_ok(lock_try(dir, "lock", &second));
	assert_true(second >= 0);
	assert_int_equal(faccessat(dir, "lock", F_OK, 0), 0);
}

static void refused_tries_leak_nothing(void **state)
{
	int held autoclose = -1, fd;
	int before;

	(void)state;
	assert_ok(lock_take(dir, "lock", &held));
	before = test_count_fds();
	for (int i = 0; i < 100; i++)
		assert_ok(lock_try(dir, "lock", &fd));
	assert_int_equal(test_count_fds(), before);
}

/* A child takes the lock, says so through the pipe, and is killed. */
static void a_killed_holder_leaves_nothing(void **state)
{
	int reader autoclose = -1, writer autoclose = -1, fd autoclose = -1;
	char c;
	pid_t pid;

	(void)state;
	assert_ok(fd_pipe(&reader, &writer));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error *err = lock_take(dir, "lock", &fd);

		if (err || write(writer, "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_ok(fd_read_exact(reader, &c, 1));
	assert_ok(lock_try(dir, "lock", &fd));
	assert_int_equal(fd, -1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_ok(lock_take(dir, "lock", &fd));
}

/* Two processes add 1 to a number in a file 500 times each, under the lock. */
static void add_many(int times)
{
	for (int i = 0; i < times; i++) {
		int lock autoclose = -1,
			 fd autoclose = openat(dir, "elsewhere", O_RDWR | O_CLOEXEC);
		int number = 0;

		if (error_is(lock_take(dir, "lock", &lock), ERROR_SYSTEM) ||
		    pread(fd, &number, sizeof(number), 0) < 0)
			_exit(1);
		number++;
		if (pwrite(fd, &number, sizeof(number), 0) != sizeof(number))
			_exit(1);
	}
}

static void waiting_holders_exclude_each_other(void **state)
{
	int fd autoclose = openat(dir, "elsewhere", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int number = 0, status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	add_many(500);
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(pread(fd, &number, sizeof(number), 0), sizeof(number));
	assert_int_equal(number, 1000);
}

static void symlinks_are_not_followed(void **state)
{
	struct error *err autoerror = NULL;
	int fd = -1;

	(void)state;
	assert_int_equal(symlinkat("elsewhere", dir, "lock"), 0);
	err = lock_take(dir, "lock", &fd);
	assert_int_equal(error_errno(err), ELOOP);
	assert_non_null(strstr(error_message(err), "lock"));
	assert_int_equal(fd, -1);
	assert_int_equal(faccessat(dir, "elsewhere", F_OK, 0), -1);
}

static void a_directory_has_one_holder_too(void **state)
{
	int held autoclose = -1, other autoclose = -1;

	(void)state;
	assert_ok(lock_take_dir(dir, &held));
	assert_true(fcntl(held, F_GETFD) & FD_CLOEXEC);
	other = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	fd_close(&held);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_holder_is_refused_until_the_first_is_gone),
		TEST(refused_tries_leak_nothing),
		TEST(a_killed_holder_leaves_nothing),
		TEST(waiting_holders_exclude_each_other),
		TEST(symlinks_are_not_followed),
		TEST(a_directory_has_one_holder_too),
	};

	return TEST_MAIN(tests);
}
