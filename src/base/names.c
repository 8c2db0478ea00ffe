#include "base/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"

#include "base/banned.h"

void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct names){ 0 };
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add(struct names *names, const char *name)
{
	if (names->n == names->size) {
		names->size = names->size ? 2 * names->size : 32;
		names->list = alloc_resize(names->list, names->size, sizeof(*names->list));
	}
	names->list[names->n++] = alloc_string(name);
}

static struct error *read_all(DIR *stream, size_t max, struct names *names)
{
	struct dirent *entry;

	rewinddir(stream);
	while ((errno = 0, entry = readdir(stream))) {
		if (!path_is_name(entry->d_name))
			continue;
		add(names, entry->d_name);
		if (names->n > max)
			return error_new(ERROR_LIMIT, "more than %zu files", max);
	}
	return errno ? error_sys("list the directory") : NULL;
}

struct error *names_list(int dir, size_t max, struct names *ret)
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct error *err;

	if (!stream) {
		err = error_sys("list the directory");
		fd_close(&copy);
		return err;
	}
	err = read_all(stream, max, ret);
	closedir(stream);
	if (ret->n)
		qsort(ret->list, ret->n, sizeof(*ret->list), compare);
	return err;
}
