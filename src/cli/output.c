#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/rand.h"
#include "base/str.h"

#include "base/banned.h"

static struct error *open_stdout(struct output *o)
{
	if (isatty(STDOUT_FILENO))
		return error_new(ERROR_BAD_INPUT,
				 "cowardly refusing to save to a terminal. Use the -o flag or "
				 "redirect");
	o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return o->fd < 0 ? error_sys("write to standard output") : NULL;
}

/* A pipe or device that is there already has no name to wait for. */
static struct error *open_in_place(struct output *o, const char *path)
{
	o->fd = open(path, O_WRONLY | O_CLOEXEC);
	return o->fd < 0 ? error_sys("open %s", path) : NULL;
}

static struct error *open_beside(struct output *o, const char *path)
{
	char random[17];

	rand_hex(random, sizeof(random) - 1);
	o->temporary = alloc_printf("%s.%s.tmp", path, random);
	o->fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (o->fd < 0) {
		free(take(o->temporary));
		return error_sys("make %s", path);
	}
	o->path = alloc_string(path);
	return NULL;
}

struct error *output_open(const char *path, struct output *ret)
{
	struct stat st;

	*ret = (struct output){ .fd = -1 };
	if (str_is_empty(path))
		return open_stdout(ret);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return open_in_place(ret, path);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return error_new(ERROR_BAD_INPUT, "%s: is a directory", path);
	return open_beside(ret, path);
}

struct error *output_finish(struct output *o)
{
	if (!o->temporary)
		return NULL;
	if (rename(o->temporary, o->path) < 0)
		return error_sys("name %s", o->path);
	free(take(o->temporary));
	return NULL;
}

void output_done(struct output *o)
{
	fd_close(&o->fd);
	if (o->temporary && unlink(o->temporary) < 0 && errno != ENOENT)
		fprintf(stderr, "%s stays: %s\n", o->temporary, strerror(errno));
	free(o->temporary);
	free(o->path);
}
