#include "engine/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/db.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/events.h"

#include "base/banned.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

struct error *volumes_check_name(const char *name)
{
	char *quoted autofree = str_quote(name);

	if (strlen(name) > 255)
		return error_new(ERROR_BAD_INPUT, "volume name %s: longer than 255 characters",
				 quoted);
	if (name[strspn(name, NAME_CHARACTERS)] || strchr("_.-", name[0]))
		return error_new(
			ERROR_BAD_INPUT,
			"%s includes invalid characters for a volume name: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed;"
			" a host directory is given by its absolute path",
			quoted);
	if (strlen(name) < 2)
		return error_new(ERROR_BAD_INPUT,
				 "volume name %s is too short: at least two characters are needed",
				 quoted);
	return NULL;
}

char *volumes_path(struct engine *e, const char *name)
{
	return alloc_printf("%s/volumes/%s/_data", e->root, name);
}

static bool is_volume(const struct engine_mount *m)
{
	return str_equal(m->type, "volume");
}

bool volumes_any(const struct container *c)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (is_volume(&c->mounts[i]))
			return true;
	return false;
}

struct error *volumes_lock(struct engine *e, int *ret_fd)
{
	return lock_take(e->state_dir, "volumes.lock", ret_fd);
}

/* Synced from the inside out: what create reports as made is there after a power cut. */
static struct error *make_one(int volumes, const char *name)
{
	int dir autoclose = -1;
	int data autoclose = -1;

	if (mkdirat(volumes, name, 0700) < 0 && errno != EEXIST)
		return error_sys("make volume %s", name);
	TRY(path_open_dir(volumes, name, 0, &dir));
	if (mkdirat(dir, "_data", 0755) < 0) {
		if (errno == EEXIST)
			return NULL;
		return error_sys("make volume %s", name);
	}
	TRY(path_open_dir(dir, "_data", 0, &data));
	if (fchmod(data, 0755) < 0 || fsync(data) < 0 || fsync(dir) < 0 || fsync(volumes) < 0)
		return error_sys("make volume %s", name);
	return NULL;
}

struct error *volumes_make(struct engine *e, const struct container *c)
{
	int dir;

	TRY(handle_dir(e, HANDLE_VOLUMES, &dir));
	for (size_t i = 0; i < c->n_mounts; i++)
		if (is_volume(&c->mounts[i]))
			TRY(make_one(dir, c->mounts[i].name));
	return NULL;
}

static struct error *record_one(struct engine *e, const struct container *c,
				const struct engine_mount *m)
{
	struct db_statement *s;

	TRY(db_prepare(e->db, "INSERT OR IGNORE INTO volume VALUES (?, ?, ?)", &s));
	db_bind_text(s, 1, m->name);
	db_bind_int(s, 2, c->created_ns);
	db_bind_int(s, 3, m->anonymous);
	TRY(db_run(s));
	if (db_changed(e->db))
		events_volume(e, "create", m->name);
	TRY(db_prepare(e->db, "INSERT OR IGNORE INTO volume_use VALUES (?, ?)", &s));
	db_bind_text(s, 1, c->id);
	db_bind_text(s, 2, m->name);
	return db_run(s);
}

struct error *volumes_record(struct engine *e, const struct container *c)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (is_volume(&c->mounts[i]))
			TRY(record_one(e, c, &c->mounts[i]));
	return NULL;
}

static struct error *is_recorded(struct engine *e, const char *name, bool *ret)
{
	struct db_statement *s;

	TRY(db_prepare(e->db, "SELECT count(*) FROM volume WHERE name = ?", &s));
	db_bind_text(s, 1, name);
	TRY(db_step(s, ret));
	*ret = db_int(s, 0) > 0;
	db_reset(s);
	return NULL;
}

/* Only if it is empty: a directory that lost its record may hold somebody's data. */
static struct error *unmake_one(struct engine *e, int volumes, const char *name)
{
	int dir autoclose = -1;
	bool recorded;

	TRY(is_recorded(e, name, &recorded));
	if (recorded)
		return NULL;
	TRY(path_open_dir(volumes, name, 0, &dir));
	if (unlinkat(dir, "_data", AT_REMOVEDIR) < 0 || unlinkat(volumes, name, AT_REMOVEDIR) < 0)
		return error_sys("remove volume %s", name);
	return NULL;
}

void volumes_unmake(struct engine *e, const struct container *c)
{
	int dir = e->dirs[HANDLE_VOLUMES];

	for (size_t i = 0; dir >= 0 && i < c->n_mounts; i++)
		if (is_volume(&c->mounts[i]))
			error_ignore(unmake_one(e, dir, c->mounts[i].name),
				     "a volume may be used later");
}

static struct error *is_used_by_others(struct engine *e, const char *volume, const char *id,
				       bool *ret)
{
	struct db_statement *s;

	TRY(db_prepare(e->db, "SELECT count(*) FROM volume_use WHERE volume = ? AND container <> ?",
		       &s));
	db_bind_text(s, 1, volume);
	db_bind_text(s, 2, id);
	TRY(db_step(s, ret));
	*ret = db_int(s, 0) > 0;
	db_reset(s);
	return NULL;
}

static struct error *remove_unused(struct engine *e, const char *name, const char *id)
{
	bool used;
	int dir;

	TRY(is_used_by_others(e, name, id, &used));
	if (used)
		return NULL;
	TRY(handle_dir(e, HANDLE_VOLUMES, &dir));
	TRY(error_wrap(path_remove_tree(dir, name), "remove volume %s", name));
	events_volume(e, "destroy", name);
	return NULL;
}

struct error *volumes_remove_anonymous(struct engine *e, const struct container *c)
{
	int lock autoclose = -1;

	if (!volumes_any(c))
		return NULL;
	TRY(volumes_lock(e, &lock));
	for (size_t i = 0; i < c->n_mounts; i++)
		if (is_volume(&c->mounts[i]) && c->mounts[i].anonymous)
			TRY(remove_unused(e, c->mounts[i].name, c->id));
	return NULL;
}

/* A volume whose directory was removed above, or by hand: there is nothing left to record. */
static struct error *forget_if_gone(struct engine *e, const char *name)
{
	struct db_statement *s;
	int dir;

	TRY(handle_dir(e, HANDLE_VOLUMES, &dir));
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return NULL;
	TRY(db_prepare(e->db, "DELETE FROM volume WHERE name = ?", &s));
	db_bind_text(s, 1, name);
	return db_run(s);
}

struct error *volumes_forget(struct engine *e, const struct container *c)
{
	struct db_statement *s;

	if (!volumes_any(c))
		return NULL;
	TRY(db_prepare(e->db, "DELETE FROM volume_use WHERE container = ?", &s));
	db_bind_text(s, 1, c->id);
	TRY(db_run(s));
	for (size_t i = 0; i < c->n_mounts; i++)
		if (is_volume(&c->mounts[i]) && c->mounts[i].anonymous)
			TRY(forget_if_gone(e, c->mounts[i].name));
	return NULL;
}
