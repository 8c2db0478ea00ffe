/*
 * dbstart DATABASE: the bare start of a program that opens a SQLite database and makes four
 * commits: a container is created, started, has ended, is removed. Together with the floor it is
 * the bench's base: what nobody who keeps a record can go below.
 *
 * The cheapest honest way: write-ahead log, synchronous=NORMAL (the record of a container that is
 * removed at its end need not outlive a power cut), and no checkpoint when the last connection
 * closes.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stddef.h>

#include "bench.h"

static void execute(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why)) {
		errno = 0;
		die("%s: %s", sql, why);
	}
}

int main(int argc, char **argv)
{
	static const char *const statements[] = {
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = NORMAL",
		"CREATE TABLE IF NOT EXISTS container (id TEXT PRIMARY KEY, name TEXT UNIQUE,"
		" state TEXT NOT NULL, config TEXT NOT NULL)",
		"BEGIN IMMEDIATE; INSERT INTO container VALUES ('c0ffee', 'bench', 'created',"
		" '{\"image\":\"bench\",\"args\":[\"true\"],\"network\":\"none\"}'); COMMIT",
		"BEGIN IMMEDIATE; UPDATE container SET state = 'running'; COMMIT",
		"BEGIN IMMEDIATE; UPDATE container SET state = 'exited 0'; COMMIT",
		"BEGIN IMMEDIATE; DELETE FROM container; COMMIT",
	};
	sqlite3 *db = NULL;

	errno = 0;
	if (argc != 2)
		die("usage: dbstart DATABASE");
	if (sqlite3_open(argv[1], &db) ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL))
		die("open %s: %s", argv[1], sqlite3_errmsg(db));
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
		execute(db, statements[i]);
	return sqlite3_close(db) != SQLITE_OK;
}
