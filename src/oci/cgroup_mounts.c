/* Where the hierarchies are mounted, what is in their groups: what both versions read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"

#include "base/banned.h"

#define DEPTH_MAX 100
#define LIST_BYTES_MAX (1 << 22)

/*
 * The controllers among the super block options of a version 1 mount: "name=systemd" too, but not
 * "rw", "xattr", "release_agent=…" and whatever else is about the mount.
 */
static char *controllers_of(const char *options)
{
	static const char *const known[] = { "cpuset",	   "cpu",     "cpuacct", "blkio",
					     "memory",	   "devices", "freezer", "net_cls",
					     "net_prio",   "hugetlb", "pids",	 "rdma",
					     "perf_event", "misc",    "debug" };
	char **parts autostrv = strv_split(options, ',');
	char **found autostrv = NULL;

	for (size_t i = 0; parts[i]; i++) {
		bool is_controller = str_has_prefix(parts[i], "name=");

		for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++)
			is_controller = is_controller || strcmp(parts[i], known[k]) == 0;
		if (is_controller)
			strv_add(&found, parts[i]);
	}
	return strv_join(found, ",");
}

static bool read_mount(const struct mountinfo_line *m, struct cgroup_mount_point *ret)
{
	bool unified = strcmp(m->type, "cgroup2") == 0;

	if (!unified && strcmp(m->type, "cgroup") != 0)
		return false;
	*ret = (struct cgroup_mount_point){
		.path = alloc_string(m->path),
		.root = alloc_string(m->root),
		.controllers = unified ? alloc_string("") : controllers_of(m->super),
	};
	return true;
}

static bool is_known(const struct cgroup_mount_point *list, size_t n, const char *controllers)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].controllers, controllers) == 0)
			return true;
	return false;
}

/*
 * Read once in the life of a process: a start asks for it three times, and no host moves its
 * hierarchies while containers use them.
 */
struct error *cgroup_mounts(const struct cgroup_mount_point **ret)
{
	static struct cgroup_mount_point *found;
	struct mountinfo mounts automountinfo = { 0 };
	size_t n = 0;

	*ret = found;
	if (found)
		return NULL;
	TRY(mountinfo_read(&mounts));
	found = alloc_zeroed(mounts.n + 1, sizeof(*found));
	for (size_t i = 0; i < mounts.n; i++) {
		struct cgroup_mount_point one;

		if (!read_mount(&mounts.list[i], &one))
			continue;
		if (!is_known(found, n, one.controllers)) {
			found[n++] = one;
			continue;
		}
		free(one.path);
		free(one.root);
		free(one.controllers);
	}
	*ret = found;
	return NULL;
}

struct error *cgroup_unified_mount(const struct cgroup_mount_point **ret)
{
	const struct cgroup_mount_point *m;

	TRY(cgroup_mounts(&m));
	for (; m->path; m++)
		if (!*m->controllers) {
			*ret = m;
			return NULL;
		}
	return error_new(ERROR_UNSUPPORTED, "no cgroup file system of version 2 is mounted");
}

bool cgroup_has(const char *controllers, const char *one)
{
	char **list autostrv = strv_split(controllers, ',');

	return strv_contains(list, one);
}

struct pid_list {
	pid_t *pids;
	size_t n;
};

static struct error *read_list(const char *path, struct pid_list *list)
{
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *text autofree = NULL;
	char **lines autostrv = NULL;

	if (dir < 0)
		return errno == ENOENT ? NULL : error_sys("open %s", path);
	TRY(path_read_text(dir, "cgroup.procs", LIST_BYTES_MAX, &text));
	lines = strv_split(text, '\n');
	list->pids = alloc_resize(list->pids, list->n + strv_length(lines), sizeof(*list->pids));
	for (size_t i = 0; lines[i]; i++) {
		struct error *err autoerror = NULL;
		uint64_t pid;

		if (!*lines[i])
			continue;
		err = str_parse_u64(lines[i], 1, 1 << 22, &pid); /* 0: not of our pid namespace */
		if (!err)
			list->pids[list->n++] = (pid_t)pid;
	}
	return NULL;
}

static struct error *read_lists(const char *path, struct pid_list *list, int depth)
{
	struct error *err = read_list(path, list);
	DIR *stream = err || depth > DEPTH_MAX ? NULL : opendir(path);
	struct dirent *entry;

	if (err && error_errno(err) == ENODEV) {
		error_ignore(err, "it was removed meanwhile");
		return NULL;
	}
	while (!err && stream && (entry = readdir(stream))) {
		char *below autofree = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = alloc_printf("%s/%s", path, entry->d_name);
		err = read_lists(below, list, depth + 1);
	}
	if (stream)
		closedir(stream);
	return err;
}

struct error *cgroup_processes(const char *path, pid_t **ret, size_t *ret_n)
{
	struct pid_list list = { 0 };
	struct error *err = read_lists(path, &list, 0);

	if (err) {
		free(list.pids);
		return err;
	}
	*ret = list.pids;
	*ret_n = list.n;
	return NULL;
}
