/* A node of the host, or a directory of them, as docker takes it (/dev/snd). */
#include "engine/spec_devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/str.h"

#include "base/banned.h"

#define DEPTH_MAX 8

static void add(struct oci_spec *spec, const char *host_path, const char *path, const char *access)
{
	spec->devices = alloc_resize(spec->devices, spec->n_devices + 1, sizeof(*spec->devices));
	spec->devices[spec->n_devices++] = (struct oci_device){
		.host_path = alloc_string(host_path),
		.path = alloc_string(path),
		.access = alloc_string(access),
	};
}

/* What the container has its own of. */
static bool is_own_place(const char *name)
{
	static const char *const names[] = { "pts", "shm", "fd", "mqueue", "console", "ptmx" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return name[0] == '.';
}

static struct error *add_directory(struct oci_spec *spec, const char *host_path, const char *path,
				   const char *access, int depth)
{
	struct error *err = NULL;
	struct dirent *entry;
	DIR *stream = opendir(host_path);

	if (!stream)
		return error_sys("device %s", host_path);
	while (!err && (entry = readdir(stream))) {
		char *host autofree = alloc_printf("%s/%s", host_path, entry->d_name);
		char *inside autofree = alloc_printf("%s/%s", path, entry->d_name);
		struct stat st;

		if (is_own_place(entry->d_name) || lstat(host, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			err = add_directory(spec, host, inside, access, depth + 1);
		else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			add(spec, host, inside, access);
	}
	closedir(stream);
	return err;
}

static struct error *add_device(struct oci_spec *spec, const struct engine_device *d)
{
	const char *path =
		str_is_empty(d->path_in_container) ? d->path_on_host : d->path_in_container;
	const char *access = str_is_empty(d->cgroup_permissions) ? "rwm" : d->cgroup_permissions;
	size_t before = spec->n_devices;
	struct stat st;

	if (stat(d->path_on_host, &st) < 0 || !S_ISDIR(st.st_mode)) {
		add(spec, d->path_on_host, path, access);
		return NULL;
	}
	TRY(add_directory(spec, d->path_on_host, path, access, 0));
	return spec->n_devices > before
		       ? NULL
		       : error_new(ERROR_BAD_INPUT,
				   "error gathering device information while adding custom device"
				   " \"%s\": not a device node",
				   d->path_on_host);
}

struct error *spec_devices(const struct container *c, struct oci_spec *ret)
{
	for (size_t i = 0; i < c->host.n_devices; i++)
		TRY(add_device(ret, &c->host.devices[i]));
	return NULL;
}
