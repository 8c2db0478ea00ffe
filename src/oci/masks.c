/*
 * Masked and read-only paths of /proc and /sys (requirement P11): a masked file shows the
 * container's own /dev/null, a masked directory one empty read-only tmpfs; a read-only path is
 * bound on itself.
 *
 * No image or mount can turn a mask elsewhere (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881):
 * targets are opened without following any link, those below /proc and /sys must lie on proc or
 * sysfs, and /dev/null comes from the /dev that the parent made, by descriptor, checked to be the
 * device 1:3.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mount.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/setup.h"

#include "base/banned.h"

/* fs/configfs/mount.c and fs/fuse/control.c of the kernel; linux/magic.h has the others. */
#define CONFIGFS_MAGIC 0x62656570
#define FUSECTL_SUPER_MAGIC 0x65735543

/* The kernel's own, and the tmpfs that its hierarchies of groups are mounted in. */
static bool is_kernel_fs(unsigned long type)
{
	static const unsigned long types[] = {
		BINFMTFS_MAGIC, BPF_FS_MAGIC,	  CGROUP2_SUPER_MAGIC, CGROUP_SUPER_MAGIC,
		CONFIGFS_MAGIC, DEBUGFS_MAGIC,	  EFIVARFS_MAGIC,      FUSECTL_SUPER_MAGIC,
		PSTOREFS_MAGIC, SECURITYFS_MAGIC, SELINUX_MAGIC,       SMACK_MAGIC,
		TMPFS_MAGIC,	TRACEFS_MAGIC,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i] == type)
			return true;
	return false;
}

/*
 * Opens @path of the root without following links; *@ret_fd stays -1 when this kernel does not have
 * it.
 */
static struct error *open_kernel_path(struct setup *s, const char *path, int *ret_fd)
{
	bool is_proc = str_has_prefix(path, "/proc/"), is_sys = str_has_prefix(path, "/sys/");
	/* What a bundle hides in its own files is found as its programs would find it. */
	struct error *err = is_proc || is_sys || !s->spec->bundle
				    ? path_open_beneath(s->root_dir, path + strspn(path, "/"),
							O_PATH, 0, ret_fd)
				    : path_open_in_root(s->root_dir, path, O_PATH, 0, ret_fd);
	struct statfs fs;

	if (err && (error_errno(err) == ENOENT || error_errno(err) == ENOTDIR ||
		    error_errno(err) == EACCES)) {
		error_ignore(err, "there is nothing to mask");
		return NULL;
	}
	TRY(err);
	if (fstatfs(*ret_fd, &fs) < 0)
		return error_sys("%s", path);
	/* A link of the image must not hide a file of a process that is yet to be written to. */
	if (!is_proc && !is_sys)
		return fs.f_type == PROC_SUPER_MAGIC
			       ? error_new(ERROR_REFUSED, "the image leads this path into /proc")
			       : NULL;
	/*
	 * Under a bind of the host's /proc or /sys other kernel file systems lie below; none of
	 * them is a disk's.
	 */
	if (fs.f_type != (is_proc ? PROC_SUPER_MAGIC : SYSFS_MAGIC) &&
	    !is_kernel_fs((unsigned long)fs.f_type) && !s->spec->join_namespaces)
		return error_new(ERROR_REFUSED, "%s is not where the kernel has it", path);
	return NULL;
}

static struct error *open_null(struct setup *s, int *ret_fd)
{
	/* A bundle's /dev is its own affair: the host's is still in sight. */
	int null autoclose = s->spec->bundle
				     ? open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC)
				     : openat(s->dev, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (null < 0 || fstat(null, &st) < 0)
		return error_sys("open /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_new(ERROR_REFUSED, "/dev/null is not the null device");
	*ret_fd = fd_take(&null);
	return NULL;
}

static struct error *make_empty(int *ret_fd)
{
	int context autoclose = -1;

	TRY(mount_open_fs("tmpfs", &context));
	TRY(mount_option(context, "source", "tmpfs"));
	TRY(mount_option(context, "size", "4k"));
	TRY(mount_option(context, "mode", "755"));
	return mount_make(context,
			  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				  MOUNT_ATTR_NOEXEC,
			  ret_fd);
}

/* Binds the mounted @source on @target: mount(2) by /proc is cheaper here than a detached copy. */
static struct error *bind(int source, int target)
{
	char from[PATH_PROC_FD_SIZE], to[PATH_PROC_FD_SIZE];

	path_proc_fd(from, source);
	path_proc_fd(to, target);
	return mount(from, to, NULL, MS_BIND, NULL) < 0 ? error_sys("bind") : NULL;
}

struct masks {
	int null;
	int empty; /* a tmpfs, attached at the first masked directory and bound at the others */
};

static struct error *mask_one(struct setup *s, struct masks *m, const char *path)
{
	int target autoclose = -1;
	struct stat st;

	TRY(open_kernel_path(s, path, &target));
	if (target < 0)
		return NULL;
	if (fstat(target, &st) < 0)
		return error_sys("%s", path);
	if (!S_ISDIR(st.st_mode))
		return bind(m->null, target);
	if (m->empty >= 0)
		return bind(m->empty, target);
	TRY(make_empty(&m->empty));
	return mount_attach(m->empty, target);
}

/* Read-only and otherwise as it was; the kernel has locked the flags of what came from the host. */
static struct error *make_readonly(struct setup *s, const char *path)
{
	int target autoclose = -1, copy autoclose = -1;

	TRY(open_kernel_path(s, path, &target));
	if (target < 0)
		return NULL;
	TRY(mount_clone(target, "", true, &copy));
	TRY(mount_attributes(copy, MOUNT_ATTR_RDONLY, 0, 0, true));
	return mount_attach(copy, target);
}

struct error *step_mask(struct setup *s)
{
	struct masks m = { .null = -1, .empty = -1 };
	struct error *err = NULL;

	if (s->spec->masked_paths)
		err = open_null(s, &m.null);
	for (size_t i = 0; s->spec->readonly_paths && s->spec->readonly_paths[i] && !err; i++)
		err = error_wrap(make_readonly(s, s->spec->readonly_paths[i]), "%s",
				 s->spec->readonly_paths[i]);
	for (size_t i = 0; s->spec->masked_paths && s->spec->masked_paths[i] && !err; i++)
		err = error_wrap(mask_one(s, &m, s->spec->masked_paths[i]), "%s",
				 s->spec->masked_paths[i]);
	fd_close(&m.null);
	fd_close(&m.empty);
	return err;
}
