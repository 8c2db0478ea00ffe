#include "base/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mount_flags.h"

#include "base/banned.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

struct error *mount_clone(int dir, const char *path, bool recursive, int *ret_fd)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT;
	int fd;

	if (!*path)
		flags |= AT_EMPTY_PATH;
	if (recursive)
		flags |= AT_RECURSIVE;
	fd = open_tree(dir, path, flags);
	if (fd < 0)
		return error_sys("copy the mount %s", path);
	*ret_fd = fd;
	return NULL;
}

static struct error *set_attributes(int fd, struct mount_attr *attr, bool recursive)
{
	if (mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attr,
			  sizeof(*attr)) == 0)
		return NULL;
	return errno == ENOSYS ? mount_flags_set(fd, attr, recursive)
			       : error_sys("set the attributes of a mount");
}

struct error *mount_idmap(int fd, int userns, bool recursive)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };

	return error_wrap(set_attributes(fd, &attr, recursive), "map ids");
}

struct error *mount_attributes(int fd, uint64_t set, uint64_t clear, uint64_t propagation,
			       bool recursive)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };

	/* The field is one value, not bits: it is cleared as a whole, or the kernel refuses. */
	if ((set | clear) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	return set_attributes(fd, &attr, recursive);
}

/*
 * What the kernel wrote into the context's log about the last failure ("e overlay: …"), after @what
 * and errno.
 */
static struct error *failed(int context, const char *what)
{
	struct error *err = error_sys("%s", what);
	char text[512];
	ssize_t n = read(context, text, sizeof(text) - 1);

	if (n <= 0)
		return err;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return error_wrap(err, "%s", n > 2 && text[1] == ' ' ? text + 2 : text);
}

struct error *mount_open_fs(const char *type, int *ret_context)
{
	int fd = fsopen(type, FSOPEN_CLOEXEC);

	if (fd < 0)
		return error_sys("open file system %s", type);
	*ret_context = fd;
	return NULL;
}

struct error *mount_option(int context, const char *key, const char *value)
{
	int rc = value ? fsconfig(context, FSCONFIG_SET_STRING, key, value, 0)
		       : fsconfig(context, FSCONFIG_SET_FLAG, key, NULL, 0);

	return rc < 0 ? failed(context, key) : NULL;
}

struct error *mount_option_fd(int context, const char *key, int fd)
{
	return fsconfig(context, FSCONFIG_SET_FD, key, NULL, fd) < 0 ? failed(context, key) : NULL;
}

struct error *mount_make(int context, uint64_t attributes, int *ret_fd)
{
	int fd;

	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return failed(context, "make the file system");
	fd = fsmount(context, FSMOUNT_CLOEXEC, (unsigned int)attributes);
	if (fd < 0)
		return failed(context, "mount the file system");
	*ret_fd = fd;
	return NULL;
}

struct error *mount_attach(int fd, int target)
{
	if (move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_sys("attach a mount");
	return mount_flags_attached(fd);
}
