/*
 * The container's cgroups, v1 (also hybrid) and v2.
 *
 * v1: a process moved by another one waits for an RCU grace period in each hierarchy, 8 to 12 ms in
 * all on an idle machine. A process that writes "0" to `tasks` moves itself, and needs neither
 * grace period nor privilege when the descriptor was opened by the parent. v2: the child is born
 * inside (CLONE_INTO_CGROUP).
 *
 * Hierarchies are found in /proc/self/mountinfo by their super block's options, never by the name
 * of the mount point.
 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define PARENT "bulkhead-bench-floor"

/* Each row is one write; a controller with no limit is joined for its accounting, or for being able
 * to freeze. */
static const struct limit {
	const char *controller;
	const char *file, *value; /* v1 */
	const char *file_v2, *value_v2;
} limits[] = {
	{ "memory", "memory.limit_in_bytes", "536870912", "memory.max", "536870912" },
	{ "cpu", "cpu.cfs_quota_us", "200000", "cpu.max", "200000 100000" },
	{ "cpu", "cpu.shares", "1024", "cpu.weight", "100" },
	{ "pids", "pids.max", "512", "pids.max", "512" },
	{ "devices", "devices.deny", "a", NULL, NULL },
	{ "cpuacct", NULL, NULL, NULL, NULL },
	{ "freezer", NULL, NULL, NULL, NULL },
	{ "blkio", NULL, NULL, NULL, NULL },
};
#define LIMITS (sizeof limits / sizeof *limits)

/* After "deny a", one rule a write. The same as docker's defaults. */
static const char *const devices[] = { "c *:* m",   "b *:* m",	  "c 1:3 rwm", "c 1:5 rwm",
				       "c 1:7 rwm", "c 1:8 rwm",  "c 1:9 rwm", "c 5:0 rwm",
				       "c 5:2 rwm", "c 136:* rwm" };

/* Whether @word is one of the comma-separated words of @list. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += length)
		if ((at == list || at[-1] == ',') && (at[length] == '\0' || at[length] == ','))
			return true;
	return false;
}

/* The mount point of the file system of @type whose options have @controller (any for NULL);
 * proc(5) has the format. */
static bool find_mount(const char *type, const char *controller, char path[static 200])
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], found_type[64], options[1024];
	bool found = false;

	if (!file)
		die("open mountinfo");
	while (!found && fgets(line, sizeof line, file)) {
		char *tail = strstr(line, " - ");
		found = tail && sscanf(line, "%*s %*s %*s %*s %199s", path) == 1 &&
			sscanf(tail, " - %63s %*s %1023s", found_type, options) == 2 &&
			strcmp(found_type, type) == 0 &&
			(!controller || has_word(options, controller));
	}
	fclose(file);
	return found;
}

/* Makes our directory under @mount once, whichever controllers share it, and returns the tree's
 * index. */
static int open_tree_of(struct cgroups *g, const char *mount)
{
	char path[256];

	snprintf(path, sizeof path, "%s/" PARENT, mount);
	for (size_t i = 0; i < g->count; i++)
		if (strcmp(g->parents[i], path) == 0)
			return (int)i;
	if (g->count == CGROUP_TREES)
		die("more than %d cgroup hierarchies", CGROUP_TREES);
	if (mkdir(path, 0755) && errno != EEXIST)
		die("mkdir %s", path);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	memcpy(g->parents[g->count], path, sizeof path);
	g->trees[g->count] = fd;
	return (int)g->count++;
}

static void open_unified(struct cgroups *g)
{
	static const char wanted[] = "+memory +cpu +pids";
	char mount[200], path[256];

	errno = 0;
	if (!find_mount("cgroup2", NULL, mount))
		die("no cgroup file system is mounted");
	g->unified = true;
	snprintf(path, sizeof path, "%s/cgroup.subtree_control", mount);
	write_at(AT_FDCWD, path, wanted);
	int tree = open_tree_of(g, mount);
	write_at(g->trees[tree], "cgroup.subtree_control", wanted);
	for (size_t i = 0; i < LIMITS; i++)
		g->controllers[i] = limits[i].file_v2 ? tree : -1;
}

void cgroups_open(struct cgroups *g)
{
	char mount[200];

	_Static_assert(LIMITS <= sizeof g->controllers / sizeof *g->controllers, "one index a row");
	if (!find_mount("cgroup", "memory", mount)) {
		open_unified(g);
		return;
	}
	for (size_t i = 0; i < LIMITS; i++)
		g->controllers[i] = find_mount("cgroup", limits[i].controller, mount)
					    ? open_tree_of(g, mount)
					    : -1;
}

void cgroups_close(struct cgroups *g)
{
	for (size_t i = 0; i < g->count; i++) {
		close(g->trees[i]);
		if (rmdir(g->parents[i]))
			die("rmdir %s", g->parents[i]);
	}
}

static void allow_devices(int tree, const char *id)
{
	char path[128];

	snprintf(path, sizeof path, "%s/devices.allow", id);
	int fd = openat(tree, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		if (write(fd, devices[i], strlen(devices[i])) < 0)
			die("allow device %s", devices[i]);
	close(fd);
}

static void set_limits(const struct cgroups *g, const char *id)
{
	char path[128];

	for (size_t i = 0; i < LIMITS; i++) {
		const char *file = g->unified ? limits[i].file_v2 : limits[i].file;
		if (g->controllers[i] < 0 || !file)
			continue;
		snprintf(path, sizeof path, "%s/%s", id, file);
		write_at(g->trees[g->controllers[i]], path,
			 g->unified ? limits[i].value_v2 : limits[i].value);
		if (strcmp(file, "devices.deny") == 0)
			allow_devices(g->trees[g->controllers[i]], id);
	}
}

void cgroups_make(const struct cgroups *g, struct container *c)
{
	char path[64];

	for (size_t i = 0; i < g->count; i++)
		if (mkdirat(g->trees[i], c->id, 0755))
			die("mkdir cgroup %s/%s", g->parents[i], c->id);
	set_limits(g, c->id);
	if (g->unified) {
		c->cgroup = openat(g->trees[0], c->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (c->cgroup < 0)
			die("open cgroup %s", c->id);
		devices_limit_v2(c->cgroup);
		return;
	}
	snprintf(path, sizeof path, "%s/tasks", c->id);
	for (size_t i = 0; i < g->count; i++) {
		c->tasks[i] = openat(g->trees[i], path, O_WRONLY | O_CLOEXEC);
		if (c->tasks[i] < 0)
			die("open %s/%s", g->parents[i], path);
	}
}

void cgroups_join_v1(const struct cgroups *g, const struct container *c)
{
	for (size_t i = 0; !g->unified && i < g->count; i++)
		if (write(c->tasks[i], "0", 1) != 1)
			die("join %s/%s", g->parents[i], c->id);
}

void cgroups_release(const struct cgroups *g, struct container *c)
{
	if (g->unified)
		close(c->cgroup);
	for (size_t i = 0; !g->unified && i < g->count; i++)
		close(c->tasks[i]);
}

void cgroups_remove(const struct cgroups *g, const struct container *c)
{
	for (size_t i = 0; i < g->count; i++)
		if (unlinkat(g->trees[i], c->id, AT_REMOVEDIR))
			die("rmdir cgroup %s/%s", g->parents[i], c->id);
}
