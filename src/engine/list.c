/* Finding and listing containers as they are now. */
#include <stdlib.h>
#include <string.h>

#include "engine/alive.h"
#include "engine/ended.h"
#include "engine/reconcile.h"
#include "engine/record.h"

#include "base/banned.h"

struct error *engine_find(struct engine *e, const char *ref, struct container **ret)
{
	return alive_find(e, ref, true, ret);
}

/*
 * Makes *@c true; NULL where that removed it. A container that another command is about to start is
 * shown as recorded; one that has ended is waited for, since the record still says that it runs.
 */
static struct error *refresh(struct engine *e, enum record_part part, struct container **c)
{
	char id[ENGINE_ID_SIZE];
	struct error *err;
	enum alive alive;

	TRY(alive_probe(e, (*c)->id, &alive, NULL));
	if (ended_agrees(*c, alive))
		return NULL;
	memcpy(id, (*c)->id, sizeof(id));
	error_ignore(ended_mend(e, id, (*c)->status == CONTAINER_RUNNING),
		     "one container's trouble does not hide the others");
	container_free(*c);
	*c = NULL;
	err = record_load(e, id, part, c);
	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_free(err);
	return NULL;
}

static struct error *refresh_all(struct engine *e, enum record_part part, bool all,
				 struct container **list, size_t *n)
{
	size_t kept = 0;
	struct error *err = NULL;

	for (size_t i = 0; i < *n; i++) {
		struct container *c = list[i];

		list[i] = NULL;
		if (!err)
			err = refresh(e, part, &c);
		if (c && (all || c->status == CONTAINER_RUNNING || c->status == CONTAINER_PAUSED))
			list[kept++] = c;
		else
			container_free(c);
	}
	*n = kept;
	return err;
}

struct error *engine_list(struct engine *e, unsigned int flags, struct container ***ret,
			  size_t *ret_n)
{
	enum record_part part = flags & ENGINE_LIST_BRIEF ? RECORD_BRIEF : RECORD_WHOLE;
	struct container **list = NULL;
	struct error *err;
	size_t n = 0;

	TRY(record_list(e, part, &list, &n));
	err = reconcile(e, list, n);
	if (!err)
		err = refresh_all(e, part, flags & ENGINE_LIST_ALL, list, &n);
	if (err) {
		for (size_t i = 0; i < n; i++)
			container_free(list[i]);
		free(list);
		return err;
	}
	*ret = list;
	*ret_n = n;
	return NULL;
}
