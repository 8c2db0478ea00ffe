/*
 * The SQLite idiom behind base/db.h. Tuned for commands that live milliseconds: a connection of one
 * thread, no pragma on the way of an open but user_version, statements kept prepared. The
 * write-ahead log is left in place at close: checkpointing there would sync twice for every command
 * (sqlite.org/c3ref/c_dbconfig_defensive.html, NO_CKPT_ON_CLOSE). It is folded in by the commit
 * that makes it CHECKPOINT_PAGES long, which also bounds what the next opener has to read again to
 * rebuild the index.
 */
#include "base/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"

#include "base/banned.h"

#define CHECKPOINT_PAGES 128
#define BUSY_LIMIT_US 30000000

struct db_statement {
	struct db *db;
	const char *sql;
	sqlite3_stmt *prepared;
	int bind_result; /* the first failed bind, told by the next step */
};

struct db {
	sqlite3 *handle;
	char *name;
	bool durable; /* what synchronous= says now */
	int64_t waited_us;
	struct db_statement **statements;
	size_t n_statements;
};

static struct error *sqlite_error(struct db *db, int code, const char *what)
{
	int number = db->handle ? sqlite3_system_errno(db->handle) : 0;

	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
		return error_new(ERROR_CONFLICT, "database %s: %s: %s", db->name, what,
				 sqlite3_errmsg(db->handle));
	if (code == SQLITE_BUSY)
		return error_new(ERROR_TIMEOUT, "database %s: %s: another process holds it",
				 db->name, what);
	if (number && ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_IOERR))
		return error_number(number, "database %s: %s: %s", db->name, what,
				    sqlite3_errstr(code));
	return error_new(ERROR_SYSTEM, "database %s: %s: %s", db->name, what,
			 db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code));
}

bool db_is_duplicate(const struct error *err)
{
	return error_is(err, ERROR_CONFLICT) && strncmp(error_message(err), "database ", 9) == 0;
}

/*
 * SQLite's own handler sleeps whole milliseconds; a commit of ours holds the lock for a tenth of
 * one.
 */
static int wait_for_others(void *data, int tries)
{
	struct db *db = data;
	long us = tries < 10 ? 100 : tries < 50 ? 500 : 5000;
	struct timespec pause = { .tv_nsec = us * 1000 };

	if (tries == 0)
		db->waited_us = 0;
	if (db->waited_us > BUSY_LIMIT_US)
		return 0;
	db->waited_us += us;
	nanosleep(&pause, NULL);
	return 1;
}

/*
 * SQLITE_OPEN_NOFOLLOW refuses a link anywhere in the path, so the directory's real path is asked
 * of the kernel.
 */
static struct error *path_of(int dir, const char *name, char **ret)
{
	char *above autofree = NULL;

	TRY(error_wrap(path_of_fd(dir, &above), "database %s", name));
	*ret = alloc_printf("%s/%s", above, name);
	return NULL;
}

static int open_handle(struct db *db, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
		    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);

	if (rc != SQLITE_OK && (rc & 0xff) == SQLITE_CANTOPEN &&
	    sqlite3_system_errno(db->handle) == ENOENT) {
		sqlite3_close(db->handle);
		db->handle = NULL;
		return SQLITE_NOTFOUND;
	}
	return rc;
}

/*
 * The file is made by us, not by SQLite, for its mode: the -wal and -shm files take it from the
 * database.
 */
static struct error *make_file(int dir, const char *name)
{
	int fd autoclose = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? error_sys("database %s", name) : NULL;
}

static struct error *connect_to(struct db *db, int dir)
{
	char *path autofree = NULL;
	int rc;

	TRY(path_of(dir, db->name, &path));
	rc = open_handle(db, path);
	if (rc == SQLITE_NOTFOUND) {
		TRY(make_file(dir, db->name));
		rc = open_handle(db, path);
	}
	if (rc != SQLITE_OK)
		return sqlite_error(db, rc, "open");
	sqlite3_busy_handler(db->handle, wait_for_others, db);
	sqlite3_wal_autocheckpoint(db->handle, CHECKPOINT_PAGES);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return NULL;
}

static struct error *execute(struct db *db, const char *sql)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? NULL : sqlite_error(db, rc, sql);
}

static struct error *stored_version(struct db *db, int *ret)
{
	struct db_statement *s;
	bool row;

	TRY(db_prepare(db, "PRAGMA user_version", &s));
	TRY(db_step(s, &row));
	*ret = (int)db_int(s, 0);
	db_reset(s);
	return NULL;
}

static struct error *make_tables(struct db *db, int version, const char *const *schemas)
{
	char set_version[48];

	snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", version);
	TRY(db_begin(db, true));
	for (size_t i = 0; schemas[i]; i++)
		TRY(execute(db, schemas[i]));
	TRY(execute(db, set_version));
	return db_commit(db);
}

/*
 * One process at a time sets up: changing to WAL does not wait for others by the busy handler
 * (sqlite.org/wal.html, "Activating and configuring WAL mode").
 */
static struct error *set_up(struct db *db, int dir, int version, const char *const *schemas)
{
	char *lock_name autofree = alloc_printf("%s-setup", db->name);
	int lock autoclose = -1;
	int stored;

	TRY(lock_take(dir, lock_name, &lock));
	TRY(stored_version(db, &stored));
	if (stored >= version)
		return NULL;
	TRY(execute(db, "PRAGMA journal_mode = WAL"));
	return make_tables(db, version, schemas);
}

struct error *db_open(int dir, const char *name, int version, const char *const *schemas,
		      struct db **ret)
{
	struct db *db;
	struct error *err;
	int stored = 0;

	/*
	 * Process-wide settings count only before SQLite's first use; later they are refused, which
	 * changes nothing.
	 */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	db = alloc_zeroed(1, sizeof(*db));
	db->name = alloc_string(name);
	db->durable = true; /* SQLite's default */
	err = connect_to(db, dir);
	if (!err)
		err = stored_version(db, &stored);
	if (!err && stored > version)
		err = error_new(ERROR_UNSUPPORTED,
				"database %s: made by a newer version of this program (%d, not %d)",
				name, stored, version);
	if (!err && stored < version)
		err = set_up(db, dir, version, schemas);
	if (err) {
		db_close(db);
		return err;
	}
	*ret = db;
	return NULL;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->n_statements; i++) {
		sqlite3_finalize(db->statements[i]->prepared);
		free(db->statements[i]);
	}
	free(db->statements);
	sqlite3_close(db->handle);
	free(db->name);
	free(db);
}

void db_reset(struct db_statement *s)
{
	sqlite3_reset(s->prepared);
}

struct error *db_begin(struct db *db, bool durable)
{
	struct db_statement *s;

	/* A transaction that starts from an old snapshot could not write (SQLITE_BUSY_SNAPSHOT). */
	for (size_t i = 0; i < db->n_statements; i++)
		db_reset(db->statements[i]);
	if (durable != db->durable) {
		TRY(execute(db,
			    durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
		db->durable = durable;
	}
	TRY(db_prepare(db, "BEGIN IMMEDIATE", &s));
	return db_run(s);
}

struct error *db_commit(struct db *db)
{
	struct db_statement *s;
	struct error *err = db_prepare(db, "COMMIT", &s);

	if (!err)
		err = db_run(s);
	if (err)
		db_rollback(db);
	return err;
}

void db_rollback(struct db *db)
{
	struct db_statement *s;
	struct error *err;

	if (sqlite3_get_autocommit(db->handle))
		return;
	err = db_prepare(db, "ROLLBACK", &s);
	error_ignore(err ? err : db_run(s), "SQLite rolls back by itself when the connection ends");
}

static struct db_statement *find_prepared(struct db *db, const char *sql)
{
	for (size_t i = 0; i < db->n_statements; i++)
		if (db->statements[i]->sql == sql || strcmp(db->statements[i]->sql, sql) == 0)
			return db->statements[i];
	return NULL;
}

struct error *db_prepare(struct db *db, const char *sql, struct db_statement **ret)
{
	struct db_statement *s = find_prepared(db, sql);
	sqlite3_stmt *prepared = NULL;
	int rc;

	if (!s) {
		rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared,
					NULL);
		if (rc != SQLITE_OK)
			return sqlite_error(db, rc, sql);
		s = alloc_zeroed(1, sizeof(*s));
		*s = (struct db_statement){ .db = db, .sql = sql, .prepared = prepared };
		db->statements = alloc_resize(db->statements, db->n_statements + 1,
					      sizeof(struct db_statement *));
		db->statements[db->n_statements++] = s;
	}
	sqlite3_reset(s->prepared);
	sqlite3_clear_bindings(s->prepared);
	s->bind_result = SQLITE_OK;
	*ret = s;
	return NULL;
}

static void note_bind(struct db_statement *s, int rc)
{
	assert(rc != SQLITE_RANGE);
	if (rc != SQLITE_OK && s->bind_result == SQLITE_OK)
		s->bind_result = rc;
}

void db_bind_text(struct db_statement *s, int index, const char *text)
{
	note_bind(s, text ? sqlite3_bind_text(s->prepared, index, text, -1, SQLITE_TRANSIENT)
			  : sqlite3_bind_null(s->prepared, index));
}

void db_bind_int(struct db_statement *s, int index, int64_t value)
{
	note_bind(s, sqlite3_bind_int64(s->prepared, index, value));
}

struct error *db_step(struct db_statement *s, bool *ret_row)
{
	struct error *err;
	int rc = s->bind_result;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s->prepared);
	if (rc == SQLITE_ROW) {
		*ret_row = true;
		return NULL;
	}
	err = rc == SQLITE_DONE ? NULL : sqlite_error(s->db, rc, s->sql);
	sqlite3_reset(s->prepared);
	if (!err)
		*ret_row = false;
	return err;
}

struct error *db_run(struct db_statement *s)
{
	bool row;

	TRY(db_step(s, &row));
	if (row) {
		sqlite3_reset(s->prepared);
		return error_new(ERROR_BUG, "database %s: %s: gives rows", s->db->name, s->sql);
	}
	return NULL;
}

int db_changed(struct db *db)
{
	return sqlite3_changes(db->handle);
}

const char *db_text(struct db_statement *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s->prepared, column);

	return text ? text : "";
}

int64_t db_int(struct db_statement *s, int column)
{
	return sqlite3_column_int64(s->prepared, column);
}
