#include "cli/create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "cli/transfer.h"

#include "base/banned.h"

/*
 * Made before the container, so that a file that is there already is an error while nothing has
 * happened yet.
 */
struct cidfile {
	const char *path; /* NULL: none wanted */
	int fd;
	bool written;
};

static struct error *cidfile_open(struct cidfile *file, const char *path)
{
	*file = (struct cidfile){ .fd = -1 };
	if (str_is_empty(path))
		return NULL;
	file->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file->fd < 0 && errno == EEXIST)
		return error_new(
			ERROR_CONFLICT,
			"container ID file found, make sure the other container isn't running or delete %s",
			path);
	if (file->fd < 0)
		return error_sys("make the container ID file %s", path);
	file->path = path;
	return NULL;
}

static struct error *cidfile_write(struct cidfile *file, const char *id)
{
	if (file->fd < 0)
		return NULL;
	TRY(error_wrap(fd_write_all(file->fd, id, strlen(id)), "container ID file %s", file->path));
	file->written = true;
	return NULL;
}

static void cidfile_close(struct cidfile *file)
{
	if (file->path && !file->written)
		unlink(file->path);
	fd_close(&file->fd);
}

/* Shown on stderr, as docker does: stdout is the container's. */
static struct error *pull(struct engine *e, const struct container_options *o)
{
	return transfer_pull(e, o->request.config.image, o->platform,
			     o->quiet ? TRANSFER_SILENT : 0, stderr);
}

/* Whether the image is not there, or not for the platform that was asked for. */
static struct error *lacks_image(struct engine *e, const struct container_options *o, bool *ret)
{
	struct image *image autoimage = NULL;
	struct error *err = image_find(engine_images(e), o->request.config.image, &image);

	*ret = error_is(err, ERROR_NOT_FOUND);
	if (*ret) {
		error_free(err);
		return NULL;
	}
	TRY(err);
	if (str_is_empty(o->platform))
		return NULL;
	TRY(image_is_for(image, o->platform, ret));
	*ret = !*ret;
	return NULL;
}

static struct error *pull_missing(struct engine *e, const struct container_options *o)
{
	bool never = o->pull && strcmp(o->pull, "never") == 0;
	bool missing;

	TRY(lacks_image(e, o, &missing));
	if (!missing)
		return NULL;
	if (never)
		return error_new(ERROR_NOT_FOUND, "no such image: %s%s%s", o->request.config.image,
				 str_is_empty(o->platform) ? "" : " for ",
				 str_is_empty(o->platform) ? "" : o->platform);
	if (!o->quiet)
		fprintf(stderr, "Unable to find image '%s' locally\n", o->request.config.image);
	return pull(e, o);
}

/* The image is looked for only where it is not there after all: a run is in a hurry. */
static struct error *create(struct engine *e, const struct container_options *o,
			    char ret_id[ENGINE_ID_SIZE], char ***warnings)
{
	struct error *err, *why;

	if (o->pull && strcmp(o->pull, "always") == 0)
		TRY(pull(e, o));
	else if (!str_is_empty(o->platform))
		TRY(pull_missing(e, o));
	err = engine_create(e, &o->request, ret_id, warnings);
	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	why = pull_missing(e, o);
	if (why) {
		error_free(err);
		return why;
	}
	error_free(err);
	return engine_create(e, &o->request, ret_id, warnings);
}

struct error *create_container(struct engine *e, const struct container_options *o,
			       char ret_id[ENGINE_ID_SIZE])
{
	struct cidfile file __attribute__((cleanup(cidfile_close))) = { .fd = -1 };
	char **warnings autostrv = NULL;

	TRY(cidfile_open(&file, o->request.host.container_id_file));
	TRY(create(e, o, ret_id, &warnings));
	for (char **w = warnings; w && *w; w++)
		fprintf(stderr, "WARNING: %s\n", *w);
	return cidfile_write(&file, ret_id);
}
