/*
 * The files of a container's groups, of either version: "== NAME" begins the file NAME in each
 * input. Whatever they hold, the statistics are JSON of the form that containerd reads, and the
 * processes are processes.
 */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"

#include "base/banned.h"

#define FILES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/dev/shm/fuzz-stats-XXXXXX";

static void remove_directory(void)
{
	rmdir(path);
}

/* One for all inputs of this process, where files cost the least. */
static int directory(void)
{
	static int fd = -1;

	if (fd < 0) {
		assert(mkdtemp(path));
		assert(atexit(remove_directory) == 0);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert(fd >= 0);
	}
	return fd;
}

static void write_file(int dir, const char *name, const char *text, size_t length)
{
	int fd autoclose = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct error *err;

	if (fd < 0) /* a name of an odd form */
		return;
	err = fd_write_all(fd, text, length);
	assert(!err);
}

/* The names that were written, a strv. */
static char **write_files(int dir, char *text)
{
	char **names = NULL;
	char *at = str_has_prefix(text, "== ") ? text : strstr(text, "\n== ");

	for (size_t n = 0; at && n < FILES_MAX; n++) {
		char *name = at + strspn(at, "\n= "), *body = strchr(name, '\n');

		if (!body)
			break;
		*body++ = '\0';
		at = str_has_prefix(body, "== ") ? body : strstr(body, "\n== ");
		if (!path_is_name(name))
			continue;
		write_file(dir, name, body, at ? (size_t)(at - body) : strlen(body));
		strv_add(&names, name);
	}
	return names;
}

static void check_numbers(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (json_is_object(value))
			check_numbers(value);
		else
			assert(!json_is_string(value));
	}
}

static void check_stats(struct cgroup *cg)
{
	char *text autofree = cgroup_stats(cg);
	/* Numbers may go up to 2^64-1, and a counter may come twice. */
	json_t *stats autojson = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);

	assert(json_object_size(stats) == 8);
	check_numbers(json_object_get(json_object_get(stats, "memory"), "raw"));
	check_numbers(json_object_get(stats, "cpu"));
}

static void check_processes(void)
{
	pid_t *pids = NULL;
	size_t n = 0;
	struct error *err = cgroup_processes(path, &pids, &n);

	for (size_t i = 0; !err && i < n; i++)
		assert(pids[i] > 0);
	error_free(err);
	free(pids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	int dir = directory();
	char **names autostrv = write_files(dir, text);
	struct cgroup v1 = { 0 }, v2 = { 0 };
	struct error *err =
		cgroup_add_place(&v1, path, "cpu,cpuacct,cpuset,memory,pids,blkio,hugetlb");

	if (!err)
		err = cgroup_add_place(&v2, path, "");
	assert(!err);
	check_stats(&v1);
	check_stats(&v2);
	check_processes();
	cgroup_close(&v1);
	cgroup_close(&v2);
	for (size_t i = 0; names && names[i]; i++)
		unlinkat(dir, names[i], 0);
	return 0;
}
