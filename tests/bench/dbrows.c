/*
 * dbrows DATABASE        prints the id of each running container of a SQLite database: the bare
 * minimum of `ps -q` dbrows -f N DATABASE   makes the database with N rows
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

static void check(sqlite3 *db, int result, const char *what)
{
	if (result == SQLITE_OK || result == SQLITE_DONE)
		return;
	errno = 0;
	die("%s: %s", what, sqlite3_errmsg(db));
}

static void fill(sqlite3 *db, unsigned int rows)
{
	char insert[512];

	check(db,
	      sqlite3_exec(db,
			   "PRAGMA journal_mode = WAL;"
			   "CREATE TABLE container (id TEXT PRIMARY KEY, name TEXT UNIQUE, state "
			   "TEXT NOT NULL,"
			   " config TEXT NOT NULL);",
			   NULL, NULL, NULL),
	      "make table");
	for (unsigned int i = 1; i <= rows; i++) {
		snprintf(insert, sizeof insert,
			 "INSERT INTO container VALUES (lower(hex(randomblob(32))), 'bench-%u', "
			 "'running',"
			 " '{\"image\":\"bench\",\"args\":[\"sleep\",\"1000\"],\"network\":"
			 "\"none\"}')",
			 i);
		check(db, sqlite3_exec(db, insert, NULL, NULL, NULL), "insert");
	}
}

static void print_ids(sqlite3 *db)
{
	sqlite3_stmt *query = NULL;
	int result;

	check(db,
	      sqlite3_prepare_v2(
		      db, "SELECT id FROM container WHERE state = 'running' ORDER BY rowid DESC",
		      -1, &query, NULL),
	      "prepare");
	while ((result = sqlite3_step(query)) == SQLITE_ROW)
		printf("%.12s\n", (const char *)sqlite3_column_text(query, 0));
	check(db, result, "read rows");
	sqlite3_finalize(query);
}

int main(int argc, char **argv)
{
	unsigned int rows = 0;
	sqlite3 *db = NULL;

	for (int option; (option = getopt(argc, argv, "f:")) != -1;) {
		if (option != 'f')
			return 2;
		rows = parse_count("-f", optarg, 100000);
	}
	errno = 0;
	if (optind + 1 != argc)
		die("usage: dbrows [-f N] DATABASE");
	check(db, sqlite3_open(argv[optind], &db), "open");
	check(db, sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), "configure");
	if (rows)
		fill(db, rows);
	else
		print_ids(db);
	return sqlite3_close(db) != SQLITE_OK;
}
