/* engine/logs.c: rotation, tails, bounds, damage, following. */
#include <sys/wait.h>

#include "base/buf.h"
#include "engine/handle.h"
#include "unit/engine/engine_fixture.h"

struct logs {
	struct fixture *f;
	char id[ENGINE_ID_SIZE];
	int dir;
};

static void open_logs(struct fixture *f, struct logs *l)
{
	char *path autofree = NULL;

	l->f = f;
	assert_ok(fixture_create(f, "web", "{}", l->id));
	path = alloc_printf("root/containers/%s", l->id);
	l->dir = openat(f->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(l->dir >= 0);
}

/* Appends lines "first".."last" to the file of @index, every third to stderr, a second apart. */
static void write_lines(struct logs *l, int index, int first, int last)
{
	char *name autofree = index ? alloc_printf("%s-json.log.%d", l->id, index)
				    : alloc_printf("%s-json.log", l->id);
	int fd = openat(l->dir, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	for (int i = first; i <= last; i++)
		dprintf(fd,
			"{\"log\":\"%d\\n\",\"stream\":\"%s\",\"time\":\"2024-01-01T00:%02d:%02dZ\"}\n",
			i, i % 3 ? "stdout" : "stderr", i / 60, i % 60);
	close(fd);
}

static struct error *collect(void *data, int stream, int64_t time_ns, const char *text,
			     size_t length)
{
	struct buf *b = data;

	assert_true(stream == 1 || stream == 2);
	assert_true(time_ns > 0);
	return buf_add(b, text, length);
}

static void expect(struct logs *l, const struct log_request *request, const char *text)
{
	struct buf b autobuf = BUF_MAX(1 << 20);

	assert_ok(engine_logs(l->f->e, "web", request, collect, &b));
	assert_string_equal(buf_text(&b), text);
}

static const struct log_request everything = { .stdout_too = true, .stderr_too = true, .tail = -1 };

static void files_are_read_from_the_oldest(void **state)
{
	struct log_request q = everything;
	struct logs l;

	open_logs(*state, &l);
	expect(&l, &q, "");
	write_lines(&l, 2, 1, 2);
	write_lines(&l, 1, 3, 5);
	write_lines(&l, 0, 6, 7);
	expect(&l, &q, "1\n2\n3\n4\n5\n6\n7\n");
	q.tail = 1;
	expect(&l, &q, "7\n");
	q.tail = 3;
	expect(&l, &q, "5\n6\n7\n");
	q.tail = 7;
	expect(&l, &q, "1\n2\n3\n4\n5\n6\n7\n");
	q.tail = 100;
	expect(&l, &q, "1\n2\n3\n4\n5\n6\n7\n");
	q.tail = 0;
	expect(&l, &q, "");
	q.tail = -1;
	q.stdout_too = false;
	expect(&l, &q, "3\n6\n");
	close(l.dir);
}

static void times_bound_it(void **state)
{
	const int64_t start = INT64_C(1704067200) * 1000000000; /* 2024-01-01T00:00:00Z */
	struct log_request q = everything;
	struct logs l;

	open_logs(*state, &l);
	write_lines(&l, 0, 1, 9);
	q.since_ns = start + INT64_C(7000000000);
	expect(&l, &q, "7\n8\n9\n");
	q.since_ns = 0;
	q.until_ns = start + INT64_C(2000000000);
	expect(&l, &q, "1\n2\n");
	close(l.dir);
}

static void damaged_lines_are_passed_over(void **state)
{
	struct log_request q = everything;
	char *name autofree = NULL;
	char *junk autofree = alloc_zeroed((3 << 20) + 1, 1);
	struct logs l;
	int fd;

	open_logs(*state, &l);
	write_lines(&l, 0, 1, 1);
	name = alloc_printf("%s-json.log", l.id);
	fd = openat(l.dir, name, O_WRONLY | O_APPEND | O_CLOEXEC);
	dprintf(fd, "\n{\"log\":\"torn\n\n");
	memset(junk, 'x', 3 << 20);
	dprintf(fd, "%s\n", junk); /* longer than any line is */
	close(fd);
	write_lines(&l, 0, 2, 2);
	expect(&l, &q, "1\n2\n");
	close(l.dir);
}

/* A long log, so that blocks and lines do not end together. */
static void a_long_tail_is_found(void **state)
{
	struct log_request q = everything;
	struct buf b autobuf = BUF_MAX(1 << 20);
	struct logs l;
	int lines = 0;

	open_logs(*state, &l);
	write_lines(&l, 1, 1, 3000);
	write_lines(&l, 0, 3001, 3500);
	q.tail = 2500;
	assert_ok(engine_logs(l.f->e, "web", &q, collect, &b));
	assert_int_equal(strncmp(buf_text(&b), "1001\n", 5), 0);
	for (const char *c = buf_text(&b); *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 2500);
	close(l.dir);
}

/* A writer that rotates under the reader's eyes, then ends. */
static void write_and_rotate(struct logs *l, int ready)
{
	char *name autofree = alloc_printf("%s-json.log", l->id);
	char *old autofree = alloc_printf("%s-json.log.1", l->id);
	char *older autofree = alloc_printf("%s-json.log.2", l->id);
	char *run autofree = alloc_printf("state/containers/%s", l->id);
	int dir = openat(l->f->dir, run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	error_free(alive_hold(dir));
	close(ready);
	for (int i = 1; i <= 40; i++) {
		write_lines(l, 0, i, i);
		if (i % 10 == 0) {
			renameat(l->dir, old, l->dir, older);
			renameat(l->dir, name, l->dir, old);
		}
		usleep(5000);
	}
	write_lines(l, 0, 41, 41);
	error_free(path_replace(dir, "exit", "{}", 2, 0600, false));
	_exit(0);
}

static void following_survives_rotation_and_ends_with_the_container(void **state)
{
	struct log_request q = everything;
	struct buf b autobuf = BUF_MAX(1 << 20), want autobuf = BUF_MAX(1 << 20);
	int ready[2], status, dir;
	struct logs l;
	char byte;
	pid_t pid;

	open_logs(*state, &l);
	assert_ok(alive_make_dir(l.f->e, l.id, &dir));
	test_write_file(dir, "state.json",
			"{\"id\":\"x\",\"pid\":4194304,\"startTicks\":1,\"bootId\":\"\"}");
	close(dir);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0)
		write_and_rotate(&l, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	q.follow = true;
	assert_ok(engine_logs(l.f->e, "web", &q, collect, &b));
	for (int i = 1; i <= 41; i++)
		assert_ok(buf_printf(&want, "%d\n", i));
	assert_string_equal(buf_text(&b), buf_text(&want));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(l.dir);
}

static void no_log_can_be_read_without_a_driver(void **state)
{
	struct fixture *f = *state;
	struct buf b autobuf = BUF_MAX(16);
	char id[ENGINE_ID_SIZE];

	assert_ok(fixture_create(f, "mute", "{\"LogConfig\":{\"Type\":\"none\"}}", id));
	assert_fails(engine_logs(f->e, "mute", &everything, collect, &b), ERROR_UNSUPPORTED,
		     "does not support reading");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(files_are_read_from_the_oldest),
		FIXTURE_TEST(times_bound_it),
		FIXTURE_TEST(damaged_lines_are_passed_over),
		FIXTURE_TEST(a_long_tail_is_found),
		FIXTURE_TEST(following_survives_rotation_and_ends_with_the_container),
		FIXTURE_TEST(no_log_can_be_read_without_a_driver),
	};

	return TEST_MAIN(tests);
}
