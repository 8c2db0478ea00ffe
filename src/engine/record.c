/*
 * Two tables for a container: what changes with each run is a small row of its own, so that a start
 * or an end writes one page; what was decided at create is JSON, whole, in a row that fits one leaf
 * of a rowid table.
 */
#include "engine/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/db.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/types.h"

#include "base/banned.h"

const char record_schema[] =
	"CREATE TABLE IF NOT EXISTS container_plan ("
	" number INTEGER PRIMARY KEY, image_id TEXT NOT NULL, config TEXT NOT NULL,"
	" host TEXT NOT NULL, decided TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS container ("
	" id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, number INTEGER NOT NULL, status INTEGER NOT NULL,"
	" created_ns INTEGER NOT NULL, started_ns INTEGER NOT NULL, finished_ns INTEGER NOT NULL,"
	" exit_code INTEGER NOT NULL, oom_killed INTEGER NOT NULL, error TEXT, restart_count INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS volume ("
	" name TEXT PRIMARY KEY, created_ns INTEGER NOT NULL, anonymous INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS volume_use ("
	" container TEXT NOT NULL, volume TEXT NOT NULL, PRIMARY KEY (container, volume)) WITHOUT ROWID;";

#define BRIEF_COLUMNS                                                                                            \
	"c.id, c.name, c.status, c.created_ns, c.started_ns, c.finished_ns, c.exit_code, c.oom_killed, c.error," \
	" c.restart_count"
#define WHOLE_COLUMNS BRIEF_COLUMNS ", p.image_id, p.config, p.host, p.decided"
#define FROM_BRIEF " FROM container c"
#define FROM_WHOLE " FROM container c JOIN container_plan p ON p.number = c.number"

static struct error *insert_plan(struct engine *e, const struct container *c)
{
	char *config autofree = types_store(&container_config_type, &c->config);
	char *host autofree = types_store(&host_config_type, &c->host);
	char *decided autofree = types_store(&container_decided_type, c);
	struct db_statement *s;

	TRY(db_prepare(e->db, "INSERT INTO container_plan VALUES (NULL, ?, ?, ?, ?)", &s));
	db_bind_text(s, 1, c->image_id);
	db_bind_text(s, 2, config);
	db_bind_text(s, 3, host);
	db_bind_text(s, 4, decided);
	return db_run(s);
}

struct error *record_insert(struct engine *e, const struct container *c)
{
	struct db_statement *s;

	TRY(insert_plan(e, c));
	TRY(db_prepare(
		e->db,
		"INSERT INTO container VALUES (?, ?, last_insert_rowid(), 0, ?, 0, 0, 0, 0, NULL, 0)",
		&s));
	db_bind_text(s, 1, c->id);
	db_bind_text(s, 2, c->name);
	db_bind_int(s, 3, c->created_ns);
	return db_run(s);
}

static enum container_status status_of(int64_t stored)
{
	switch (stored) {
	case RECORD_STARTED:
		return CONTAINER_RUNNING;
	case RECORD_EXITED:
		return CONTAINER_EXITED;
	case RECORD_DEAD:
		return CONTAINER_DEAD;
	default:
		return CONTAINER_CREATED;
	}
}

static struct error *decode_plan(struct db_statement *s, struct container *c)
{
	const char *config = db_text(s, 11);
	const char *host = db_text(s, 12);
	const char *decided = db_text(s, 13);

	c->image_id = alloc_string(db_text(s, 10));
	TRY(json_decode_text(&container_config_type, config, strlen(config), &c->config));
	TRY(json_decode_text(&host_config_type, host, strlen(host), &c->host));
	return json_decode_text(&container_decided_type, decided, strlen(decided), c);
}

static struct error *from_row(struct db_statement *s, enum record_part part, struct container **ret)
{
	struct container *c autocontainer = alloc_zeroed(1, sizeof(*c));
	const char *id = db_text(s, 0);

	if (strlen(id) != sizeof(c->id) - 1)
		return error_new(ERROR_BUG, "database: %s is not the id of a container", id);
	memcpy(c->id, id, sizeof(c->id));
	c->name = alloc_string(db_text(s, 1));
	c->status = status_of(db_int(s, 2));
	c->created_ns = db_int(s, 3);
	c->started_ns = db_int(s, 4);
	c->finished_ns = db_int(s, 5);
	c->exit_code = (int)db_int(s, 6);
	c->oom_killed = db_int(s, 7) != 0;
	c->error = alloc_string(db_text(s, 8));
	c->restart_count = db_int(s, 9);
	if (part == RECORD_WHOLE)
		TRY(error_wrap(decode_plan(s, c), "database: the record of container %s", c->name));
	*ret = take(c);
	return NULL;
}

static struct error *no_such(const char *ref)
{
	return error_new(ERROR_NOT_FOUND, "no such container: %s", ref);
}

struct error *record_load(struct engine *e, const char *id, enum record_part part,
			  struct container **ret)
{
	struct db_statement *s;
	struct error *err;
	bool row;

	if (part == RECORD_WHOLE)
		TRY(db_prepare(e->db, "SELECT " WHOLE_COLUMNS FROM_WHOLE " WHERE c.id = ?", &s));
	else
		TRY(db_prepare(e->db, "SELECT " BRIEF_COLUMNS FROM_BRIEF " WHERE c.id = ?", &s));
	db_bind_text(s, 1, id);
	TRY(db_step(s, &row));
	if (!row)
		return no_such(id);
	err = from_row(s, part, ret);
	db_reset(s);
	return err;
}

static bool is_hex(const char *text)
{
	return text[strspn(text, "0123456789abcdef")] == '\0';
}

/* At most two matches are read: more than one is ambiguous. */
static struct error *find_prefix(struct engine *e, const char *ref, char **ret_id)
{
	char *end autofree =
		alloc_printf("%sg", ref); /* above every id with that prefix, as 'g' is above 'f' */
	char *first autofree = NULL;
	struct db_statement *s;
	bool row;

	if (!*ref || !is_hex(ref))
		return no_such(ref);
	TRY(db_prepare(e->db, "SELECT id FROM container WHERE id >= ? AND id < ? LIMIT 2", &s));
	db_bind_text(s, 1, ref);
	db_bind_text(s, 2, end);
	TRY(db_step(s, &row));
	if (!row)
		return no_such(ref);
	first = alloc_string(db_text(s, 0));
	TRY(db_step(s, &row));
	db_reset(s);
	if (row)
		return error_new(ERROR_BAD_INPUT, "%s: the id prefix of more than one container",
				 ref);
	*ret_id = take(first);
	return NULL;
}

/* docker's order: whole id, name (with or without the API's '/'), prefix. */
static struct error *resolve(struct engine *e, const char *ref, char **ret_id)
{
	const char *name = *ref == '/' ? ref + 1 : ref;
	struct db_statement *s;
	bool row;

	TRY(db_prepare(e->db, "SELECT id FROM container WHERE id = ?", &s));
	db_bind_text(s, 1, ref);
	TRY(db_step(s, &row));
	if (!row) {
		TRY(db_prepare(e->db, "SELECT id FROM container WHERE name = ?", &s));
		db_bind_text(s, 1, name);
		TRY(db_step(s, &row));
	}
	if (!row)
		return find_prefix(e, ref, ret_id);
	*ret_id = alloc_string(db_text(s, 0));
	db_reset(s);
	return NULL;
}

struct error *record_find(struct engine *e, const char *ref, enum record_part part,
			  struct container **ret)
{
	char *id autofree = NULL;

	if (strlen(ref) == ENGINE_ID_SIZE - 1 && is_hex(ref)) {
		struct error *err = record_load(e, ref, part, ret);

		if (!error_is(err, ERROR_NOT_FOUND)) /* else it may be a name of that length */
			return err;
		error_free(err);
	}
	TRY(resolve(e, ref, &id));
	return record_load(e, id, part, ret);
}

static void free_list(struct container **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		container_free(list[i]);
	free(list);
}

struct error *record_list(struct engine *e, enum record_part part, struct container ***ret,
			  size_t *ret_n)
{
	struct container **list = NULL;
	struct db_statement *s;
	struct error *err;
	size_t n = 0;
	bool row;

	if (part == RECORD_WHOLE)
		TRY(db_prepare(e->db,
			       "SELECT " WHOLE_COLUMNS FROM_WHOLE
			       " ORDER BY c.created_ns DESC, c.number DESC",
			       &s));
	else
		TRY(db_prepare(e->db,
			       "SELECT " BRIEF_COLUMNS FROM_BRIEF
			       " ORDER BY c.created_ns DESC, c.number DESC",
			       &s));
	while (!(err = db_step(s, &row)) && row) {
		list = alloc_resize(list, n + 1, sizeof(*list));
		err = from_row(s, part, &list[n]);
		if (err)
			break;
		n++;
	}
	db_reset(s);
	if (err) {
		free_list(list, n);
		return err;
	}
	*ret = list;
	*ret_n = n;
	return NULL;
}

static struct error *run_with_id(struct engine *e, const char *sql, const char *id)
{
	struct db_statement *s;

	TRY(db_prepare(e->db, sql, &s));
	db_bind_text(s, 1, id);
	return db_run(s);
}

struct error *record_set_started(struct engine *e, const char *id, int64_t started_ns)
{
	struct db_statement *s;

	TRY(db_prepare(
		e->db,
		"UPDATE container SET status = 1, started_ns = ?2, exit_code = 0, oom_killed = 0, error = NULL"
		" WHERE id = ?1",
		&s));
	db_bind_text(s, 1, id);
	db_bind_int(s, 2, started_ns);
	return db_run(s);
}

struct error *record_set_ended(struct engine *e, const char *id, const struct record_end *end)
{
	struct db_statement *s;

	TRY(db_prepare(
		e->db,
		"UPDATE container SET status = 2, finished_ns = ?2, exit_code = ?3, oom_killed = ?4, error = ?5"
		" WHERE id = ?1",
		&s));
	db_bind_text(s, 1, id);
	db_bind_int(s, 2, end->finished_ns);
	db_bind_int(s, 3, end->exit_code);
	db_bind_int(s, 4, end->oom_killed);
	db_bind_text(s, 5, end->error);
	return db_run(s);
}

struct error *record_set_dead(struct engine *e, const char *id)
{
	return run_with_id(e, "UPDATE container SET status = 3 WHERE id = ?", id);
}

struct error *record_delete(struct engine *e, const char *id)
{
	TRY(run_with_id(
		e,
		"DELETE FROM container_plan WHERE number = (SELECT number FROM container WHERE id = ?)",
		id));
	return run_with_id(e, "DELETE FROM container WHERE id = ?", id);
}

struct error *record_image_users(struct engine *e, const char *image_id, char ***ret_ids,
				 char ***ret_running)
{
	struct db_statement *s;
	bool row;

	TRY(db_prepare(e->db, "SELECT c.id, c.status" FROM_WHOLE " WHERE p.image_id = ?", &s));
	db_bind_text(s, 1, image_id);
	for (;;) {
		TRY(db_step(s, &row));
		if (!row)
			return NULL;
		strv_add(db_int(s, 1) == RECORD_STARTED ? ret_running : ret_ids, db_text(s, 0));
	}
}
