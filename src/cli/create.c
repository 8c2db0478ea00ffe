#include "cli/create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"

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

struct error *create_container(struct engine *e, const struct container_options *o,
			       char ret_id[ENGINE_ID_SIZE])
{
	struct cidfile file __attribute__((cleanup(cidfile_close))) = { .fd = -1 };
	char **warnings autostrv = NULL;

	TRY(cidfile_open(&file, o->request.host.container_id_file));
	TRY(engine_create(e, &o->request, ret_id, &warnings));
	for (char **w = warnings; w && *w; w++)
		fprintf(stderr, "WARNING: %s\n", *w);
	return cidfile_write(&file, ret_id);
}
