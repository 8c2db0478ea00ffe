/*
 * /dev: a small tmpfs made by the parent in the initial user namespace, because only there are its
 * device nodes real (user_namespaces(7)), handed to the child as a detached mount. The container's
 * root owns the directory and may put files there, but no node: that takes CAP_MKNOD over the host.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mount.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/setup.h"

#include "base/banned.h"

static const struct {
	const char *name;
	unsigned int major, minor;
} nodes[] = { { "null", 1, 3 },	  { "zero", 1, 5 },    { "full", 1, 7 },
	      { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 } };

static const struct {
	const char *name, *target;
} links[] = { { "fd", "/proc/self/fd" },
	      { "stdin", "/proc/self/fd/0" },
	      { "stdout", "/proc/self/fd/1" },
	      { "stderr", "/proc/self/fd/2" },
	      { "ptmx", "pts/ptmx" } };

static const struct {
	const char *name;
	mode_t mode;
} directories[] = { { "pts", 0755 }, { "shm", 01777 }, { "mqueue", 0755 } };

/* A node whose owner is the id @uid of the container. */
static struct error *make_node(struct setup *s, int dev, const char *name, mode_t mode,
			       dev_t device, uid_t uid, gid_t gid)
{
	if (mknodat(dev, name, mode, device) < 0)
		return error_sys("make /dev/%s", name);
	if (fchmodat(dev, name, mode & 07777, 0) < 0 || /* the umask */
	    fchownat(dev, name, s->ids + uid, s->ids + gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("own /dev/%s", name);
	return NULL;
}

static struct error *make_standard(struct setup *s, int dev)
{
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		TRY(make_node(s, dev, nodes[i].name, S_IFCHR | 0666,
			      makedev(nodes[i].major, nodes[i].minor), 0, 0));
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0 ||
		    fchownat(dev, links[i].name, s->ids, s->ids, AT_SYMLINK_NOFOLLOW) < 0)
			return error_sys("make /dev/%s", links[i].name);
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		if (mkdirat(dev, directories[i].name, directories[i].mode) < 0 ||
		    fchmodat(dev, directories[i].name, directories[i].mode, 0) < 0 ||
		    fchownat(dev, directories[i].name, s->ids, s->ids, 0) < 0)
			return error_sys("make /dev/%s", directories[i].name);
	return NULL;
}

/*
 * Makes the directories above the last part of @path in @dev; *@ret_parent is where the last part
 * belongs.
 */
static struct error *make_parents(struct setup *s, int dev, const char *path, int *ret_parent)
{
	const char *last = path_last(path);
	char *above autofree = alloc_string_n(path, (size_t)(last - path));

	return path_make_dirs_in_root(dev, above, 0755, s->ids, s->ids, ret_parent);
}

/* A node of the host, shown as @path ("/dev/x" or anywhere below /dev). */
static struct error *make_host_node(struct setup *s, int dev, const char *host_path,
				    const char *path)
{
	int parent autoclose = -1;
	struct stat st;

	if (stat(host_path, &st) < 0)
		return error_sys("device %s", host_path);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return error_new(ERROR_BAD_INPUT, "device %s: not a device node", host_path);
	if (!str_has_prefix(path, "/dev/"))
		return error_new(ERROR_BAD_INPUT, "device %s: %s is not below /dev", host_path,
				 path);
	TRY(make_parents(s, dev, path + strlen("/dev"), &parent));
	if (unlinkat(parent, path_last(path), 0) < 0 && errno != ENOENT)
		return error_sys("replace %s", path);
	/*
	 * Under a user namespace the host's owner has no meaning: container root owns it, access
	 * stays with the mode.
	 */
	if (s->user_namespace)
		st.st_uid = st.st_gid = 0;
	return make_node(s, parent, path_last(path), st.st_mode, st.st_rdev, st.st_uid, st.st_gid);
}

/* --privileged: every node of the host's /dev but those that belong to a mount of ours. */
static struct error *make_all(struct setup *s, int dev, const char *host_dir, int depth)
{
	struct error *err = NULL;
	struct dirent *entry;
	DIR *stream = opendir(host_dir);

	if (!stream)
		return error_sys("read %s", host_dir);
	while (!err && (entry = readdir(stream))) {
		char *path autofree = alloc_printf("%s/%s", host_dir, entry->d_name);
		struct stat st;

		if (entry->d_name[0] == '.' || lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < 8 && strcmp(path, "/dev/pts") != 0 &&
		    strcmp(path, "/dev/shm") != 0 && strcmp(path, "/dev/mqueue") != 0 &&
		    strcmp(path, "/dev/hugepages") != 0)
			err = make_all(s, dev, path, depth + 1);
		else if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) &&
			 strcmp(path, "/dev/console") != 0 && strcmp(path, "/dev/ptmx") != 0)
			err = make_host_node(s, dev, path, path);
	}
	closedir(stream);
	return err;
}

struct error *step_make_dev(struct setup *s)
{
	int context autoclose = -1, mount autoclose = -1;
	char owner[16];

	snprintf(owner, sizeof(owner), "%u", s->ids);
	TRY(mount_open_fs("tmpfs", &context));
	TRY(mount_option(context, "source", "tmpfs"));
	TRY(mount_option(context, "mode", "755"));
	TRY(mount_option(context, "size", "65536k"));
	TRY(mount_option(context, "uid", owner));
	TRY(mount_option(context, "gid", owner));
	TRY(mount_make(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_STRICTATIME,
		       &mount));
	TRY(make_standard(s, mount));
	if (s->spec->privileged)
		TRY(make_all(s, mount, "/dev", 0));
	for (size_t i = 0; i < s->spec->n_devices; i++)
		TRY(make_host_node(s, mount, s->spec->devices[i].host_path,
				   s->spec->devices[i].path));
	if (s->spec->process.terminal && mknodat(mount, "console", S_IFREG | 0600, 0) < 0)
		return error_sys("make /dev/console");
	s->dev = fd_take(&mount);
	return NULL;
}
