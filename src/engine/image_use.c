/*
 * The removal of images that containers may need, by docker's rules
 * (daemon/images/image_delete.go).
 */
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/record.h"

#include "base/banned.h"

/* Whether @ref is the image's id or a prefix of it rather than one of its names. */
static bool is_by_id(const struct image *image, const char *ref)
{
	const char *hex = digest_hex(image->id);

	return str_has_prefix(image->id, ref) || str_has_prefix(hex, ref);
}

/* One name of several can always go. */
static bool only_untags(const struct image *image, const char *ref)
{
	return !is_by_id(image, ref) && strv_length(image->names) > 1;
}

static struct error *refuse(const struct image *image, const char *ref, const char *container,
			    bool running)
{
	if (running)
		return error_new(ERROR_CONFLICT,
				 "conflict: unable to remove image %s (cannot be forced): image is"
				 " being used by running container %.12s",
				 ref, container);
	if (is_by_id(image, ref))
		return error_new(ERROR_CONFLICT,
				 "conflict: unable to delete %s (must be forced): image is being"
				 " used by stopped container %.12s",
				 ref, container);
	return error_new(ERROR_CONFLICT,
			 "conflict: unable to remove repository reference \"%s\" (must force):"
			 " container %.12s is using its referenced image %.12s",
			 ref, container, digest_hex(image->id));
}

struct error *engine_image_remove(struct engine *e, const char *ref, bool force, char ***ret_lines)
{
	struct image *image autoimage = NULL;
	char **users autostrv = NULL;
	char **running autostrv = NULL;

	TRY(image_find(engine_images(e), ref, &image));
	if (!only_untags(image, ref)) {
		TRY(record_image_users(e, image->id, &users, &running));
		for (size_t i = 0; running && running[i]; i++) {
			struct container *c autocontainer = NULL;
			struct error *err = alive_find(e, running[i], false, &c);

			if (!err && c->status == CONTAINER_RUNNING)
				return refuse(image, ref, running[i], true);
			if (err && !error_is(err, ERROR_NOT_FOUND))
				return err;
			if (!err && !force)
				return refuse(image, ref, running[i], false);
			error_free(err);
		}
		if (users && !force)
			return refuse(image, ref, users[0], false);
	}
	return image_remove(engine_images(e), ref, force, ret_lines);
}
