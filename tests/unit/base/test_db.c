/* base/db.c against a real database in a temporary directory. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/db.h"
#include "base/fd.h"
#include "base/path.h"

static const char *const schemas[] = {
	"CREATE TABLE IF NOT EXISTS a (id TEXT PRIMARY KEY, n INTEGER)",
	"CREATE TABLE IF NOT EXISTS b (id TEXT UNIQUE)",
	NULL,
};

struct fixture {
	char path[32];
	int dir;
	struct db *db;
};

static void assert_ok(struct error *err)
{
	if (err)
		fail_msg("%s", error_message(err));
}

static void assert_error(struct error *err, enum error_kind kind)
{
	assert_non_null(err);
	assert_int_equal(error_kind(err), kind);
	error_free(err);
}

static int set_up(void **state)
{
	struct fixture *f = alloc_zeroed(1, sizeof(*f));

	strncpy(f->path, "/tmp/test_db.XXXXXX", sizeof(f->path) - 1);
	assert_non_null(mkdtemp(f->path));
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_ok(db_open(f->dir, "t.db", 1, schemas, &f->db));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	db_close(f->db);
	close(f->dir);
	assert_ok(path_remove_tree(AT_FDCWD, f->path));
	free(f);
	return 0;
}

static void insert(struct db *db, const char *id, int64_t n)
{
	struct db_statement *s;

	assert_ok(db_prepare(db, "INSERT INTO a VALUES (?, ?)", &s));
	db_bind_text(s, 1, id);
	db_bind_int(s, 2, n);
	assert_ok(db_run(s));
}

static int64_t count(struct db *db)
{
	struct db_statement *s;
	bool row;

	assert_ok(db_prepare(db, "SELECT count(*) FROM a", &s));
	assert_ok(db_step(s, &row));
	assert_true(row);
	return db_int(s, 0);
}

static void committed_rows_are_seen_by_another_connection(void **state)
{
	struct fixture *f = *state;
	struct db *other;

	assert_ok(db_begin(f->db, false));
	insert(f->db, "x", 1);
	assert_ok(db_open(f->dir, "t.db", 1, schemas, &other));
	assert_int_equal(count(other), 0);
	assert_ok(db_commit(f->db));
	assert_int_equal(count(other), 1);
	db_close(other);
}

static void rollback_undoes(void **state)
{
	struct fixture *f = *state;

	db_rollback(f->db);
	assert_ok(db_begin(f->db, true));
	insert(f->db, "x", 1);
	db_rollback(f->db);
	assert_int_equal(count(f->db), 0);
	assert_ok(db_begin(f->db, true));
	insert(f->db, "x", 1);
	assert_int_equal(db_changed(f->db), 1);
	assert_ok(db_commit(f->db));
	assert_int_equal(count(f->db), 1);
}

static void rows_come_back_as_bound(void **state)
{
	struct fixture *f = *state;
	struct db_statement *s;
	bool row;

	insert(f->db, "one", INT64_MIN);
	insert(f->db, NULL, INT64_MAX);
	assert_ok(db_prepare(f->db, "SELECT id, n FROM a ORDER BY n", &s));
	assert_ok(db_step(s, &row));
	assert_true(row);
	assert_string_equal(db_text(s, 0), "one");
	assert_true(db_int(s, 1) == INT64_MIN);
	assert_ok(db_step(s, &row));
	assert_true(row);
	assert_string_equal(db_text(s, 0), "");
	assert_true(db_int(s, 1) == INT64_MAX);
	assert_ok(db_step(s, &row));
	assert_false(row);
}

static void a_statement_is_reused_and_unbound(void **state)
{
	struct fixture *f = *state;
	struct db_statement *first, *second;
	bool row;

	assert_ok(db_prepare(f->db, "SELECT ?", &first));
	db_bind_text(first, 1, "left over");
	assert_ok(db_step(first, &row));
	assert_ok(db_prepare(f->db, "SELECT ?", &second));
	assert_ptr_equal(first, second);
	assert_ok(db_step(second, &row));
	assert_string_equal(db_text(second, 0), "");
}

static void duplicates_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct db_statement *s;
	struct error *err;

	insert(f->db, "x", 1);
	assert_ok(db_prepare(f->db, "INSERT INTO a VALUES (?, 2)", &s));
	db_bind_text(s, 1, "x");
	err = db_run(s);
	assert_true(db_is_duplicate(err));
	assert_error(err, ERROR_CONFLICT);
	assert_false(db_is_duplicate(NULL));
	err = db_prepare(f->db, "SELECT nonsense FROM nowhere", &s);
	assert_false(db_is_duplicate(err));
	assert_non_null(strstr(error_message(err), "nowhere"));
	assert_error(err, ERROR_SYSTEM);
}

static void a_run_that_gives_rows_is_a_bug(void **state)
{
	struct fixture *f = *state;
	struct db_statement *s;

	assert_ok(db_prepare(f->db, "SELECT 1", &s));
	assert_error(db_run(s), ERROR_BUG);
}

static void the_files_are_private(void **state)
{
	static const char *const names[] = { "t.db", "t.db-wal", "t.db-shm" };
	struct fixture *f = *state;
	struct stat st;

	insert(f->db, "x", 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(fstatat(f->dir, names[i], &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static void a_newer_database_is_refused(void **state)
{
	struct fixture *f = *state;
	struct db *other;

	assert_ok(db_open(f->dir, "t.db", 7, schemas, &other));
	db_close(other);
	assert_error(db_open(f->dir, "t.db", 1, schemas, &other), ERROR_UNSUPPORTED);
}

static void a_link_is_refused(void **state)
{
	struct fixture *f = *state;
	struct db *other;

	assert_int_equal(symlinkat("t.db", f->dir, "link.db"), 0);
	assert_error(db_open(f->dir, "link.db", 1, schemas, &other), ERROR_SYSTEM);
	assert_int_equal(symlinkat("away.db", f->dir, "dangling.db"), 0);
	assert_error(db_open(f->dir, "dangling.db", 1, schemas, &other), ERROR_SYSTEM);
	assert_int_equal(faccessat(f->dir, "away.db", F_OK, 0), -1);
}

static void a_directory_reached_by_a_link_is_fine(void **state)
{
	struct fixture *f = *state;
	struct db *other;
	int dir;

	assert_int_equal(symlinkat(".", f->dir, "here"), 0);
	dir = openat(f->dir, "here", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_ok(db_open(dir, "t.db", 1, schemas, &other));
	db_close(other);
	close(dir);
}

static void garbage_is_an_error(void **state)
{
	struct fixture *f = *state;
	static const char junk[4096] = "this is not a database";
	struct db *other;

	assert_ok(path_replace(f->dir, "junk.db", junk, sizeof(junk), 0600, false));
	assert_error(db_open(f->dir, "junk.db", 1, schemas, &other), ERROR_SYSTEM);
}

static void write_some(int dir, const char *name, int child)
{
	struct db *db;
	char id[32];

	assert_ok(db_open(dir, name, 1, schemas, &db));
	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "%d-%d", child, i);
		assert_ok(db_begin(db, i % 2));
		insert(db, id, i);
		assert_ok(db_commit(db));
	}
	db_close(db);
}

/* Also the race of making the database: none of them finds it there. */
static void many_processes_lose_nothing(void **state)
{
	struct fixture *f = *state;
	struct db *db;
	int status;

	for (int child = 0; child < 6; child++)
		if (fork() == 0) {
			write_some(f->dir, "race.db", child);
			_exit(0);
		}
	for (int child = 0; child < 6; child++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_ok(db_open(f->dir, "race.db", 1, schemas, &db));
	assert_int_equal(count(db), 300);
	db_close(db);
}

static void a_killed_writer_leaves_the_database_whole(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct db *db;

		assert_ok(db_open(f->dir, "t.db", 1, schemas, &db));
		assert_ok(db_begin(db, false));
		insert(db, "done", 1);
		assert_ok(db_commit(db));
		assert_ok(db_begin(db, false));
		insert(db, "half", 1);
		raise(SIGKILL);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(count(f->db), 1);
}

/* The log must not grow without bound although no connection checkpoints when it closes. */
static void the_log_is_folded_in(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char id[32];

	for (int i = 0; i < 600; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_ok(db_begin(f->db, false));
		insert(f->db, id, i);
		assert_ok(db_commit(f->db));
	}
	assert_int_equal(fstatat(f->dir, "t.db-wal", &st, 0), 0);
	assert_true(st.st_size < 1024 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		DB_TEST(committed_rows_are_seen_by_another_connection),
		DB_TEST(rollback_undoes),
		DB_TEST(rows_come_back_as_bound),
		DB_TEST(a_statement_is_reused_and_unbound),
		DB_TEST(duplicates_are_told_apart),
		DB_TEST(a_run_that_gives_rows_is_a_bug),
		DB_TEST(the_files_are_private),
		DB_TEST(a_newer_database_is_refused),
		DB_TEST(a_link_is_refused),
		DB_TEST(a_directory_reached_by_a_link_is_fine),
		DB_TEST(garbage_is_an_error),
		DB_TEST(many_processes_lose_nothing),
		DB_TEST(a_killed_writer_leaves_the_database_whole),
		DB_TEST(the_log_is_folded_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
