/*
 * What every unit test includes: cmocka with the headers it wants before it, and assertions on
 * struct error. A test program is one source file's; its main() is one TEST_MAIN().
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"

#define TEST_MAIN(tests) cmocka_run_group_tests(tests, NULL, NULL)

/* Fails the test with the error's text unless @err is NULL. */
#define assert_ok(call)                                                                            \
	do {                                                                                       \
		struct error *assert_error_ = (call);                                              \
		if (assert_error_)                                                                 \
			fail_msg("%s", error_message(assert_error_));                              \
	} while (0)

/*
 * Fails the test unless the call fails with @kind and a message that holds @text; frees the error.
 */
#define assert_fails(call, kind_, text)                                                            \
	do {                                                                                       \
		struct error *assert_error_ = (call);                                              \
		assert_non_null(assert_error_);                                                    \
		if (error_kind(assert_error_) != (kind_) ||                                        \
		    !strstr(error_message(assert_error_), (text)))                                 \
			fail_msg("kind %d: %s", (int)error_kind(assert_error_),                    \
				 error_message(assert_error_));                                    \
		error_free(assert_error_);                                                         \
	} while (0)

/* How many descriptors this process has open. */
static inline int test_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -3; /* ".", "..", and the directory itself */

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A new empty directory under /tmp, its name in @path; the caller removes it. */
static inline int test_make_dir(char path[32])
{
	int fd;

	snprintf(path, 32, "/tmp/bulkhead-test-XXXXXX");
	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* A file @name in @dir that holds @text. */
static inline void test_write_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}
