/*
 * The making of a container: everything is decided and checked first, then the directories are
 * made, then one transaction records it. What a killed command leaves is a directory without a row
 * (reconcile.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/db.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/defaults.h"
#include "engine/events.h"
#include "engine/merge.h"
#include "engine/mounts.h"
#include "engine/names.h"
#include "engine/record.h"
#include "engine/types.h"
#include "engine/validate.h"
#include "engine/volumes.h"

#include "base/banned.h"

#define NAME_ATTEMPTS 20

static bool lends_ipc(const struct container *owner)
{
	const char *mode = owner->host.ipc_mode ? owner->host.ipc_mode : "";

	return strcmp(mode, "shareable") == 0 || strcmp(mode, "host") == 0 ||
	       str_has_prefix(mode, "container:");
}

/*
 * "container:NAME" must name one that exists, and for ipc, as under docker, one that was made to be
 * joined; the record keeps its id, since a name can change.
 */
static struct error *pin_shared(struct engine *e, char **mode, bool ipc)
{
	struct container *owner autocontainer = NULL;

	if (!*mode || !str_has_prefix(*mode, "container:"))
		return NULL;
	TRY(record_find(e, *mode + strlen("container:"), ipc ? RECORD_WHOLE : RECORD_BRIEF,
			&owner));
	if (ipc && !lends_ipc(owner))
		return error_new(ERROR_CONFLICT,
				 "cannot join the ipc namespace of container %s: it is private;"
				 " create that container with --ipc=shareable",
				 owner->name);
	free(*mode);
	*mode = alloc_printf("container:%s", owner->id);
	return NULL;
}

static struct error *use_image(struct engine *e, struct container *c)
{
	struct image *image autoimage = NULL;

	if (str_is_empty(c->config.image))
		return error_new(ERROR_BAD_INPUT, "no image specified");
	TRY(image_find(engine_images(e), c->config.image, &image));
	c->image_id = alloc_string(image->id);
	TRY(merge_image(&image->config, &c->config));
	c->argv = merge_argv(&c->config);
	return NULL;
}

static struct error *decide(struct engine *e, struct container *c, char ***warnings)
{
	const struct policy *policy;

	TRY(handle_policy(e, &policy));
	TRY(use_image(e, c));
	TRY(validate_container(policy, &c->config, &c->host, warnings));
	TRY(pin_shared(e, &c->host.pid_mode, false));
	TRY(pin_shared(e, &c->host.ipc_mode, true));
	TRY(pin_shared(e, &c->host.uts_mode, false));
	defaults_apply(policy, c);
	return mounts_decide(e, policy, c);
}

static struct error *make_dir(struct engine *e, const struct container *c)
{
	int dir;

	TRY(handle_dir(e, HANDLE_CONTAINERS, &dir));
	return mkdirat(dir, c->id, 0700) < 0 ? error_sys("make directory of container %s", c->id)
					     : NULL;
}

/* One transaction; a name in use is db_is_duplicate(). */
static struct error *insert(struct engine *e, const struct container *c)
{
	struct error *err;

	TRY(db_begin(e->db, !c->host.auto_remove));
	err = record_insert(e, c);
	if (!err)
		err = volumes_record(e, c);
	if (!err)
		return db_commit(e->db);
	db_rollback(e->db);
	return err;
}

static struct error *name_in_use(struct engine *e, const char *name)
{
	struct container *other autocontainer = NULL;
	struct error *err = record_find(e, name, RECORD_BRIEF, &other);

	error_ignore(err, "the name's owner is gone meanwhile");
	return error_new(ERROR_CONFLICT,
			 "conflict: the container name \"/%s\" is already in use by container"
			 " \"%s\": remove or rename that container to be able to reuse that name",
			 name, err ? "?" : other->id);
}

static struct error *record(struct engine *e, struct container *c, const char *name)
{
	struct error *err = NULL;

	for (unsigned int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		free(c->name);
		c->name = name ? alloc_string(name) : names_generate(attempt);
		err = insert(e, c);
		if (!db_is_duplicate(err))
			return err;
		error_free(err);
		if (name)
			return name_in_use(e, name);
	}
	return error_new(ERROR_CONFLICT, "no free name found: give one with --name");
}

static void unmake(struct engine *e, const struct container *c)
{
	unlinkat(e->dirs[HANDLE_CONTAINERS], c->id, AT_REMOVEDIR);
	volumes_unmake(e, c);
}

/* The volumes' lock is held until they are recorded, so that nobody removes them in between. */
static struct error *make(struct engine *e, struct container *c, const char *name)
{
	int lock autoclose = -1;
	struct error *err;

	if (volumes_any(c))
		TRY(volumes_lock(e, &lock));
	err = make_dir(e, c);
	if (!err)
		err = volumes_make(e, c);
	if (!err)
		err = record(e, c, name);
	if (err)
		unmake(e, c);
	return err;
}

struct error *engine_create(struct engine *e, const struct create_request *request,
			    char ret_id[ENGINE_ID_SIZE], char ***ret_warnings)
{
	struct container *c autocontainer = alloc_zeroed(1, sizeof(*c));
	const char *name = request->name;
	char **warnings autostrv = NULL;

	if (name && *name == '/')
		name++;
	if (name)
		TRY(names_check(name));
	rand_hex(c->id, ENGINE_ID_SIZE - 1);
	c->created_ns = handle_now();
	types_copy(&container_config_type, &request->config, &c->config);
	types_copy(&host_config_type, &request->host, &c->host);
	TRY(decide(e, c, &warnings));
	TRY(make(e, c, name));
	events_container(e, "create", c, NULL);
	memcpy(ret_id, c->id, ENGINE_ID_SIZE);
	*ret_warnings = take(warnings);
	return NULL;
}
