/*
 * SQLite as this engine uses it: one database in WAL mode (sqlite.org/wal.html), statements kept
 * prepared, every change a transaction. A busy database is waited for; its errors name the
 * statement.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct db;
struct db_statement;

/*
 * Opens DIR/@name. Where its user_version is lower than @version it runs every text of @schemas
 * (NULL-terminated; all statements "CREATE … IF NOT EXISTS") in one transaction and sets it; a
 * higher one is ERROR_UNSUPPORTED: a newer Bulkhead made it.
 */
struct error *db_open(int dir, const char *name, int version, const char *const *schemas,
		      struct db **ret) __attribute__((nonnull, warn_unused_result));
void db_close(struct db *db);

/*
 * A transaction (BEGIN IMMEDIATE). @durable commits with synchronous=FULL, else NORMAL: whole after
 * a crash, but maybe lost with the power. db_rollback() of no transaction is harmless. Nothing
 * nests.
 */
struct error *db_begin(struct db *db, bool durable) __attribute__((nonnull, warn_unused_result));
struct error *db_commit(struct db *db) __attribute__((nonnull, warn_unused_result));
void db_rollback(struct db *db) __attribute__((nonnull));

/*
 * A statement for @sql, prepared once per database and text (@sql must be a constant: its address
 * may be the key), reset and unbound. It belongs to @db; ask again for each use.
 */
struct error *db_prepare(struct db *db, const char *sql, struct db_statement **ret)
	__attribute__((nonnull, warn_unused_result));

/* Parameters count from 1; texts are copied; NULL is SQL's NULL. */
void db_bind_text(struct db_statement *s, int index, const char *text) __attribute__((nonnull(1)));
void db_bind_int(struct db_statement *s, int index, int64_t value) __attribute__((nonnull));

/* The next row; *@ret_row false at the end, where the statement is reset. */
struct error *db_step(struct db_statement *s, bool *ret_row)
	__attribute__((nonnull, warn_unused_result));

/*
 * Ends a statement before its last row. One left open keeps its snapshot of the database, which is
 * in the way of folding in the log; db_begin() ends those that were forgotten.
 */
void db_reset(struct db_statement *s) __attribute__((nonnull));

/* Runs a statement that gives no rows; db_changed() tells how many rows it changed. */
struct error *db_run(struct db_statement *s) __attribute__((nonnull, warn_unused_result));
int db_changed(struct db *db) __attribute__((nonnull));

/* Columns count from 0; the text is valid until the next step ("" for NULL). */
const char *db_text(struct db_statement *s, int column) __attribute__((nonnull, returns_nonnull));
int64_t db_int(struct db_statement *s, int column) __attribute__((nonnull));

/* Whether @err came from a UNIQUE or PRIMARY KEY constraint. */
bool db_is_duplicate(const struct error *err);
