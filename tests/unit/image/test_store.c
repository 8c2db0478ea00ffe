#include "unit/image/store_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "image/store.h"

/* A store that finds leftovers when it is opened is as if they had never been. */
static void reopen(struct fixture *f)
{
	fixture_close(f);
	fixture_open(f);
}

static void test_leftovers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdirat(f->root, "tmp/0123", 0700), 0);
	assert_int_equal(mkdirat(f->root, "tmp/0123/layer-0-0", 0700), 0);
	assert_int_equal(mkdirat(f->root, "tmp/0123/layer-0-0/diff", 0000), 0);
	/* moved into place, and killed before the commit */
	assert_int_equal(mkdirat(f->root, "layers/aaaa", 0700), 0);
	test_write_file(f->root, "blobs/sha256/bbbb", "{}");
	reopen(f);
	fixture_assert_empty(f);
}

static void test_named_things_stay(void **state)
{
	struct fixture *f = *state;
	char *text autofree = NULL;

	assert_ok(load(f, docker_archive("app:1", "f", "stays")));
	assert_int_equal(mkdirat(f->root, "tmp/0123", 0700), 0);
	assert_int_equal(mkdirat(f->root, "layers/aaaa", 0700), 0);
	reopen(f);
	text = layer_text(f, "app:1", 0, "f");
	assert_string_equal(text, "stays");
	assert_int_equal(fixture_count(f, "layers"), 1);
	assert_int_equal(fixture_count(f, "blobs/sha256"), 2); /* config and layer */
	assert_int_equal(fixture_count(f, "tmp"), 0);
}

static void test_work_that_lives(void **state)
{
	struct fixture *f = *state;
	struct work w autowork = WORK_NONE;
	struct image_store *second = NULL;

	assert_ok(work_begin(f->store, &w));
	assert_ok(image_store_open(f->root, f->db, &second)); /* as another command does */
	assert_int_equal(fixture_count(f, "tmp"), 1);
	image_store_close(second);
	work_end(&w);
	assert_int_equal(fixture_count(f, "tmp"), 0);
}

/* Loads from a pipe that never ends, in a process of its own. */
static pid_t load_for_ever(struct fixture *f, int *ret_write)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct fixture own = { .root = f->root };
		struct image_import import = { .reference = "never:1" };
		char id[DIGEST_SIZE];

		close(ends[1]);
		fixture_open(&own);
		error_free(image_import(own.store, ends[0], &import, id));
		_exit(0);
	}
	close(ends[0]);
	*ret_write = ends[1];
	return pid;
}

static void test_killed(void **state)
{
	struct fixture *f = *state;
	struct tar t = tar_begin(NULL);
	struct buf bytes autobuf = BUF_MAX(1 << 20);
	int archive, write_end;
	pid_t pid;

	tar_file(&t, "first", "x");
	archive = tar_end(&t);
	assert_ok(fd_read_all(archive, &bytes));
	close(archive);
	pid = load_for_ever(f, &write_end);
	assert_ok(fd_write_all(write_end, bytes.data, 2048)); /* one file, and no end */
	for (int tries = 0; tries < 500; tries++) {
		if (fixture_count(f, "tmp") == 1)
			break;
		usleep(10000);
	}
	usleep(100000); /* into the unpacking */
	assert_int_equal(fixture_count(f, "tmp"), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int tries = 0; tries < 100 && fixture_count(f, "tmp"); tries++) {
		reopen(f); /* its helpers end with it, but not in the same moment */
		usleep(10000);
	}
	fixture_assert_empty(f);
	close(write_end);
	assert_ok(load(f, docker_archive("app:1", "f", "works still")));
}

static void test_same_image_at_once(void **state)
{
	struct fixture *f = *state;
	char *text autofree = NULL;
	pid_t pids[4];
	int status;

	for (size_t i = 0; i < 4; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct fixture own = { .root = f->root };

			fixture_open(&own);
			_exit(load(&own, docker_archive("app:1", "f", "shared")) ? 1 : 0);
		}
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	text = layer_text(f, "app:1", 0, "f");
	assert_string_equal(text, "shared");
	assert_int_equal(fixture_count(f, "layers"), 1);
	assert_int_equal(fixture_count(f, "tmp"), 0);
}

/* Loading and removing the same image over and over: always either all of it or nothing. */
static void test_load_against_remove(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct fixture own = { .root = f->root };

		fixture_open(&own);
		for (int i = 0; i < 20; i++) {
			char **lines = NULL;

			error_free(image_remove(own.store, "app:1", true, &lines));
			strv_free(lines);
		}
		_exit(0);
	}
	for (int i = 0; i < 10; i++) {
		struct image *image autoimage = NULL;
		struct error *err;

		assert_ok(load(f, docker_archive("app:1", "f", "x")));
		err = image_find(f->store, "app:1", &image);
		if (err) {
			assert_int_equal(error_kind(err), ERROR_NOT_FOUND);
			error_free(err);
		}
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_ok(load(f, docker_archive("app:1", "f", "x")));
	free(layer_text(f, "app:1", 0, "f"));
	assert_int_equal(fixture_count(f, "layers"), 1);
	assert_int_equal(fixture_count(f, "tmp"), 0);
}

static void test_layers_that_are_too_many(void **state)
{
	struct fixture *f = *state;
	struct image *image autoimage = NULL;
	int none[1];
	size_t n = 0;

	assert_ok(load(f, docker_archive("app:1", "f", "x")));
	assert_ok(image_find(f->store, "app:1", &image));
	assert_fails(image_open_layers(f->store, image, none, 0, &n), ERROR_LIMIT, "1 layers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_leftovers),
		STORE_TEST(test_named_things_stay),
		STORE_TEST(test_work_that_lives),
		STORE_TEST(test_killed),
		STORE_TEST(test_same_image_at_once),
		STORE_TEST(test_load_against_remove),
		STORE_TEST(test_layers_that_are_too_many),
	};

	return TEST_MAIN(tests);
}
