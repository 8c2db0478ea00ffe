/* Records and rotation of the container's log. */
#include "helpers/monitor/logfile.h"

#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/path.h"

#include "base/banned.h"

static struct logfile file; /* large */
static char dir_name[64];
static int dir;

static void must(struct error *err)
{
	if (err)
		fail_msg("%s", error_message(err));
}

static int set_up(void **state)
{
	(void)state;
	snprintf(dir_name, sizeof(dir_name), "/tmp/bulkhead-test-log-XXXXXX");
	if (!mkdtemp(dir_name))
		return -1;
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(dir);
	must(path_remove_tree(AT_FDCWD, dir_name));
	return 0;
}

static char *read_log(const char *name)
{
	char *text;

	must(path_read_text(dir, name, 16 * 1024 * 1024, &text));
	return text;
}

static void set_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	logfile_set_time(&file, &now);
}

/* Adds one record and returns what a JSON parser makes of its text. */
static char *through(const char *text, size_t length, bool whole)
{
	char *line autofree = NULL, *log;
	json_t *record;
	size_t n;

	must(path_remove_tree(dir, "a-json.log"));
	must(logfile_init(&file, dir, "a", 0, 1));
	set_now();
	logfile_add(&file, "stderr", text, length, whole);
	logfile_close(&file);
	line = read_log("a-json.log");
	record = json_loads(line, JSON_ALLOW_NUL, NULL);
	assert_non_null(record);
	assert_string_equal(json_string_value(json_object_get(record, "stream")), "stderr");
	n = json_string_length(json_object_get(record, "log"));
	log = alloc_string_n(json_string_value(json_object_get(record, "log")), n);
	json_decref(record);
	return log;
}

static void test_escapes(void **state)
{
	struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain\n" },
		{ "", "\n" },
		{ "q\"b\\t\tr\r<&>\033[0m\177", "q\"b\\t\tr\r<&>\033[0m\177\n" },
		{ "gr\303\274n \342\202\254 \360\237\220\247",
		  "gr\303\274n \342\202\254 \360\237\220\247\n" },
		{ "\377a\300\257b\355\240\200c\360\237\220", /* not UTF-8: overlong, surrogate, cut off */
		  "\357\277\275a\357\277\275\357\277\275b\357\277\275\357\277\275\357\277\275c"
		  "\357\277\275\357\277\275\357\277\275\n" },
		{ "\342\200\250\342\200\251", "\342\200\250\342\200\251\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got autofree = through(cases[i].in, strlen(cases[i].in), true);

		assert_string_equal(got, cases[i].out);
	}
}

static void test_form(void **state)
{
	char *text autofree = NULL;

	(void)state;
	must(logfile_init(&file, dir, "form", 0, 1));
	logfile_set_time(&file,
			 &(struct timespec){ .tv_sec = 1709210096, .tv_nsec = 7 }); /* a leap day */
	logfile_add(&file, "stdout", "a<b", 3, true);
	logfile_add(&file, "stdout", "partial", 7, false);
	logfile_close(&file);
	text = read_log("form-json.log");
	assert_string_equal(
		text,
		"{\"log\":\"a\\u003cb\\n\",\"stream\":\"stdout\",\"time\":\"2024-02-29T12:34:56.000000007Z\"}\n"
		"{\"log\":\"partial\",\"stream\":\"stdout\",\"time\":\"2024-02-29T12:34:56.000000007Z\"}\n");
}

/* The date is computed by hand: it must be what gmtime_r() says. */
static void test_time(void **state)
{
	(void)state;
	must(logfile_init(&file, dir, "time", 0, 1));
	for (int64_t second = 0; second < 8000000000; second += 86400 * 5 / 2 + 1) {
		const struct timespec now = { .tv_sec = second };
		char expected[40];
		struct tm tm;

		logfile_set_time(&file, &now);
		gmtime_r(&now.tv_sec, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm);
		assert_string_equal(file.stamp, expected);
	}
	logfile_close(&file);
}

static uint64_t size_of(const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

static void test_rotation(void **state)
{
	uint64_t total = 0;
	int expected = 1999;

	(void)state;
	must(logfile_init(&file, dir, "r", 4096, 3));
	for (int i = 0; i < 2000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %d", i);
		set_now();
		logfile_add(&file, "stdout", text, strlen(text), true);
		if (i % 7 == 0)
			logfile_flush(&file);
	}
	logfile_close(&file);
	assert_int_equal(faccessat(dir, "r-json.log.3", F_OK, 0), -1);
	for (int i = 0; i < 3; i++) { /* newest first, nothing between the files is missing */
		char name[32], text[64];
		char *content autofree = NULL;

		snprintf(name, sizeof(name), i ? "r-json.log.%d" : "r-json.log", i);
		assert_in_range(size_of(name), 1, 4096);
		total += size_of(name);
		content = read_log(name);
		snprintf(text, sizeof(text), "\"line %d\\n\"", expected);
		assert_non_null(strstr(content, text));
		for (char *c = content; (c = strchr(c, '\n')); c++)
			expected--;
	}
	assert_true(total > 2 * 3900);
}

static void test_single_file(void **state)
{
	char *text autofree = NULL;

	(void)state;
	must(logfile_init(&file, dir, "one", 1000, 1));
	for (int i = 0; i < 500; i++) {
		set_now();
		logfile_add(&file, "stdout", i == 499 ? "last" : "text", 4, true);
		logfile_flush(&file);
		assert_in_range(size_of("one-json.log"), 1, 1000);
	}
	logfile_close(&file);
	assert_int_equal(faccessat(dir, "one-json.log.1", F_OK, 0), -1);
	text = read_log("one-json.log");
	assert_non_null(strstr(text, "\"last\\n\""));
}

/* A killed monitor may leave half a record; the next start must not write onto the same line. */
static void test_continues_torn(void **state)
{
	char *text autofree = NULL;

	(void)state;
	must(path_replace(dir, "t-json.log", "{\"log\":\"to", 10, 0600, false));
	must(logfile_init(&file, dir, "t", 0, 1));
	set_now();
	logfile_add(&file, "stdout", "next", 4, true);
	logfile_close(&file);
	text = read_log("t-json.log");
	assert_non_null(strstr(text, "{\"log\":\"to\n{\"log\":\"next\\n\""));
}

/* Whoever could put something else in the log's place: it is not written through. */
static void refuse(const char *id)
{
	must(logfile_init(&file, dir, id, 0, 1));
	set_now();
	logfile_add(&file, "stdout", "secret", 6, true);
	logfile_close(&file);
	assert_int_equal(file.lost, 1);
}

static void test_refuses_links(void **state)
{
	char *text autofree = NULL;

	(void)state;
	must(path_replace(dir, "target", "", 0, 0600, false));
	assert_int_equal(symlinkat("target", dir, "l-json.log"), 0);
	refuse("l");
	text = read_log("target");
	assert_string_equal(text, "");
	assert_int_equal(mkfifoat(dir, "f-json.log", 0600), 0);
	refuse("f");
}

/*
 * In a mount namespace of its own: a tmpfs of 64 KiB runs full, records are lost whole, and their
 * number is told.
 */
static void fill_disk(void)
{
	uint64_t size;
	char *text autofree = NULL;
	int full;

	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) < 0 ||
	    mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir_name, "tmpfs", 0, "size=64k") < 0)
		_exit(10);
	full = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(logfile_init(&file, full, "d", 0, 1));
	must(path_replace(full, "ballast", dir_name, 1, 0600, false));
	for (int i = 0; i < 5000; i++) {
		set_now();
		logfile_add(&file, "stdout", "some text that takes place", 26, true);
		logfile_flush(&file);
	}
	size = file.size;
	if (!file.lost || size < 32768)
		_exit(11);
	if (unlinkat(full, "ballast", 0) < 0)
		_exit(12);
	set_now();
	logfile_add(&file, "stdout", "there is place again", 20, true);
	logfile_close(&file);
	must(path_read_text(full, "d-json.log", 70000, &text));
	if (file.lost || !strstr(text + size, "records of this log were lost\\n") ||
	    !strstr(text + size, "there is place again"))
		_exit(13);
	for (char *line = text; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, "{\"log\":\"", 8) != 0)
			_exit(14);
	_exit(0);
}

static void test_full_disk(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		fill_disk();
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_escapes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_form, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_single_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_continues_torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refuses_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
