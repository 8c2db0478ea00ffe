#include "oci/mount_bundle.h"

#include <errno.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

/*
 * What lxcfs and its like show in place of the kernel's, and what CRIU needs; runc has this list.
 */
static const char *const replaceable[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/slabinfo",
	"/proc/net/dev",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
};

bool mount_may_be_in_proc(const struct oci_mount *m)
{
	if (m->kind == OCI_MOUNT_OTHER && str_equal(m->destination, "/proc"))
		return str_equal(m->type, "proc");
	for (size_t i = 0; i < sizeof(replaceable) / sizeof(*replaceable); i++)
		if (m->kind == OCI_MOUNT_BIND && strcmp(m->destination, replaceable[i]) == 0)
			return true;
	return false;
}

/* Flags that belong to the file system and not to the mount of it, as fsconfig(2) names them. */
static const struct {
	unsigned long flag;
	const char *name;
} super_flags[] = {
	{ MS_SYNCHRONOUS, "sync" },
	{ MS_DIRSYNC, "dirsync" },
	{ MS_MANDLOCK, "mand" },
	{ MS_LAZYTIME, "lazytime" },
};

static struct error *set_data(int context, const char *data)
{
	char **options autostrv = strv_split(data, ',');

	for (size_t i = 0; options[i]; i++) {
		char *value = strchr(options[i], '=');

		if (!*options[i])
			continue;
		if (value)
			*value++ = '\0';
		TRY(mount_option(context, options[i], value));
	}
	return NULL;
}

bool mount_made_readonly_later(const struct oci_mount *m)
{
	return m->kind == OCI_MOUNT_OTHER && m->attributes & MOUNT_ATTR_RDONLY &&
	       str_equal(m->type, "tmpfs");
}

struct error *mount_make_other(const struct oci_mount *m, const char *mode, int *ret_fd)
{
	const uint64_t readonly = MOUNT_ATTR_RDONLY;
	int context autoclose = -1, fd autoclose = -1;

	TRY(mount_open_fs(m->type, &context));
	TRY(mount_option(context, "source", m->device ? m->device : m->type));
	for (size_t i = 0; i < sizeof(super_flags) / sizeof(*super_flags); i++)
		if (m->super_flags & super_flags[i].flag)
			TRY(mount_option(context, super_flags[i].name, NULL));
	TRY(set_data(context, m->data));
	if (m->label)
		TRY(mount_option(context, "context", m->label));
	if (mode)
		TRY(mount_option(context, "mode", mode));
	TRY(mount_make(context,
		       mount_made_readonly_later(m) ? m->attributes & ~readonly : m->attributes,
		       &fd));
	if (m->tree_set | m->tree_clear)
		TRY(mount_attributes(fd, m->tree_set, m->tree_clear, 0, true));
	*ret_fd = fd_take(&fd);
	return NULL;
}

struct error *mount_adjust(const struct oci_mount *m, int fd)
{
	/* What the host mounts later below the source is seen; what is mounted inside is not. */
	TRY(mount_attributes(fd, 0, 0, m->n_propagations ? 0 : MS_SLAVE, true));
	if (m->attributes | m->clear)
		TRY(mount_attributes(fd, m->attributes, m->clear, 0, false));
	return m->tree_set | m->tree_clear
		       ? mount_attributes(fd, m->tree_set, m->tree_clear, 0, true)
		       : NULL;
}

struct error *mount_again(const struct oci_mount *m, int target)
{
	const unsigned long flags = m->super_flags | MS_REMOUNT | (m->bind ? MS_BIND : 0);
	char path[PATH_PROC_FD_SIZE];

	path_proc_fd(path, target);
	if (mount(NULL, path, NULL, flags, str_is_empty(m->data) ? NULL : m->data) < 0)
		return error_sys("remount");
	for (size_t i = 0; i < m->n_propagations; i++)
		if (mount(NULL, path, NULL, m->propagations[i], NULL) < 0)
			return error_sys("remount");
	return NULL;
}

struct error *mount_propagate(const struct oci_mount *m, int fd)
{
	for (size_t i = 0; i < m->n_propagations; i++)
		TRY(mount_attributes(fd, 0, 0, m->propagations[i] & ~(unsigned long)MS_REC,
				     m->propagations[i] & MS_REC));
	return NULL;
}

struct error *mount_take_link(struct oci_mount *m)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(m->source, "", target, sizeof(target));

	if (n < 0)
		return error_sys("read the link");
	free(m->data);
	m->data = alloc_string_n(target, (size_t)n);
	m->kind = OCI_MOUNT_LINK;
	fd_close(&m->source);
	return NULL;
}

struct error *mount_make_link(const struct oci_mount *m, int root)
{
	const char *last = path_last(m->destination);
	char *above autofree = alloc_string_n(m->destination, (size_t)(last - m->destination));
	int parent autoclose = -1;
	char there[PATH_MAX];
	ssize_t n;

	TRY(path_make_dirs_in_root(root, above, 0755, (uid_t)-1, (gid_t)-1, &parent));
	if (symlinkat(m->data, parent, last) == 0)
		return NULL;
	if (errno != EEXIST)
		return error_sys("make the link");
	n = readlinkat(parent, last, there, sizeof(there));
	if (n == (ssize_t)strlen(m->data) && memcmp(there, m->data, (size_t)n) == 0)
		return NULL;
	return error_new(ERROR_CONFLICT, "copy-symlink: there is something else");
}
