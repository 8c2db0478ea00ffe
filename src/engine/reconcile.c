#include "engine/reconcile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/ended.h"
#include "engine/record.h"

#include "base/banned.h"

/* Older than any create that still runs. */
#define RECONCILE_AGE_S 600

static bool is_listed(struct container *const *list, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i]->id, id, ENGINE_ID_SIZE - 1) == 0)
			return true;
	return false;
}

static bool is_id(const char *name)
{
	return strlen(name) == ENGINE_ID_SIZE - 1 &&
	       strspn(name, "0123456789abcdef") == ENGINE_ID_SIZE - 1;
}

/* The ids in directory @dir that are not in @list. */
static struct error *find_strangers(int dir, struct container *const *list, size_t n, char ***ret)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *stream;

	if (fd < 0)
		return error_sys("read directory");
	stream = fdopendir(fd);
	if (!stream) {
		struct error *err = error_sys("read directory");

		close(fd);
		return err;
	}
	while ((entry = readdir(stream)))
		if (is_id(entry->d_name) && !is_listed(list, n, entry->d_name))
			strv_add(ret, entry->d_name);
	closedir(stream);
	return NULL;
}

static struct error *is_recorded(struct engine *e, const char *id, bool *ret)
{
	struct container *c autocontainer = NULL;
	struct error *err = record_load(e, id, RECORD_BRIEF, &c);

	*ret = !err;
	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_free(err);
	return NULL;
}

static struct error *put_aside(struct engine *e, int dir, const char *id)
{
	int orphans autoclose = -1;

	TRY(path_open_dir(e->root_dir, "orphans", 0700, &orphans));
	if (renameat(dir, id, orphans, id) < 0 && errno != ENOENT)
		return error_sys("move %s/containers/%s to orphans", e->root, id);
	log_notice("%s/containers/%s belongs to no container: moved to %s/orphans", e->root, id,
		   e->root);
	return NULL;
}

/*
 * The list was read before the directory, so a stranger may be a container that was made since.
 * create makes the directory first and records it soon after or not at all.
 */
static struct error *check_data(struct engine *e, int dir, const char *id)
{
	struct stat st;
	bool recorded;

	if (fstatat(dir, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NULL : error_sys("%s/containers/%s", e->root, id);
	if (handle_now() / 1000000000 - st.st_mtime < RECONCILE_AGE_S)
		return NULL;
	TRY(is_recorded(e, id, &recorded));
	return recorded ? NULL : put_aside(e, dir, id);
}

struct error *reconcile(struct engine *e, struct container *const *list, size_t n)
{
	char **run autostrv = NULL;
	char **data autostrv = NULL;
	int dir;

	TRY(handle_dir(e, HANDLE_RUN, &dir));
	TRY(find_strangers(dir, list, n, &run));
	for (size_t i = 0; run && run[i]; i++)
		error_ignore(ended_mend(e, run[i], false), "left to the next command");
	TRY(handle_dir(e, HANDLE_CONTAINERS, &dir));
	TRY(find_strangers(dir, list, n, &data));
	for (size_t i = 0; data && data[i]; i++)
		error_ignore(check_data(e, dir, data[i]), "left to the next command");
	return NULL;
}
