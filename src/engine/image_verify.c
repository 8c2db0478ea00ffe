/* engine_image_verify(): the image store's own check, kept from what containers lie on. */
#include <stdlib.h>

#include "base/fd.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/record.h"

#include "base/banned.h"

/* The locks of containers that must not start while their layer is exchanged. */
struct held {
	struct engine *e;
	int *locks;
	size_t n;
};

static void release(void *data)
{
	struct held *h = data;

	while (h->n)
		fd_close(&h->locks[--h->n]);
	free(h->locks);
	h->locks = NULL;
}

static struct error *lies_on(struct engine *e, const struct container *c, const char *layer,
			     bool *ret)
{
	struct image *image autoimage = NULL;
	struct error *err = image_find(engine_images(e), c->image_id, &image);

	*ret = !err && strv_contains(image->layers, layer);
	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_free(err); /* removed by force; but its layers may be others' */
	*ret = true;
	return NULL;
}

/* A container that is being started has its lock taken; one that runs, its run-time directory. */
static struct error *hold_one(struct held *h, const struct container *c, const char *layer,
			      bool *ret_busy)
{
	enum alive alive;
	bool uses;
	int lock;

	TRY(lies_on(h->e, c, layer, &uses));
	if (!uses)
		return NULL;
	TRY(alive_lock(h->e, c->id, false, &lock));
	*ret_busy = lock < 0;
	if (*ret_busy)
		return NULL;
	h->locks = alloc_resize(h->locks, h->n + 1, sizeof(int));
	h->locks[h->n++] = lock;
	TRY(alive_probe(h->e, c->id, &alive, NULL));
	*ret_busy = alive == ALIVE_RUNS;
	return NULL;
}

/* None can be made meanwhile: that needs the transaction that we are in. */
static struct error *hold(void *data, const char *layer, bool *ret_busy)
{
	struct held *h = data;
	struct container **list = NULL;
	struct error *err;
	size_t n = 0;

	*ret_busy = false;
	TRY(record_list(h->e, RECORD_WHOLE, &list, &n));
	err = NULL;
	for (size_t i = 0; i < n; i++) {
		if (!err && !*ret_busy)
			err = hold_one(h, list[i], layer, ret_busy);
		container_free(list[i]);
	}
	free(list);
	return err;
}

struct error *engine_image_verify(struct engine *e, const struct image_verify *what,
				  struct image_verified *ret)
{
	struct image_verify whole = *what;
	struct held held = { .e = e };

	whole.hold = hold;
	whole.release = release;
	whole.hold_data = &held;
	return image_verify(engine_images(e), &whole, ret);
}
