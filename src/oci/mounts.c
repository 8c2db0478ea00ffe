/*
 * What is mounted in a container beside its root: the kernel's file systems, /dev, the files in
 * /etc, and what the user asked for. All by the child, as the container's root, before
 * pivot_root(2).
 *
 * Targets are opened inside the root by openat2(2) and mounted on through the descriptor, so a
 * symlink of the image leads nowhere (CVE-2019-16884, CVE-2021-30465, CVE-2023-28642). /proc, /sys
 * and /dev must be directories of the image itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"
#include "oci/copy_up.h"
#include "oci/mount_bundle.h"
#include "oci/mount_option.h"
#include "oci/setup.h"

#include "base/banned.h"

/* A file system of the kernel, in the order in which they go up. */
struct kernel_mount {
	const char *type, *destination;
	unsigned long flags;
	const char *data;
	/* The namespace it shows: without one of its own the host's is bound instead. */
	unsigned int owned;
};

static const struct kernel_mount proc_and_sys[] = {
	{ "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, CLONE_NEWPID },
	{ "sysfs", "sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL, CLONE_NEWNET },
};

static const struct kernel_mount in_dev[] = {
	{ "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5",
	  0 },
	{ "mqueue", "dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, CLONE_NEWIPC },
};

/* Opens the directory @name of the root, made when missing; a symlink there is refused. */
static struct error *open_plain_dir(struct setup *s, const char *name, int *ret_fd)
{
	struct error *err;

	if (mkdirat(s->root_dir, name, 0755) < 0 && errno != EEXIST)
		return error_sys("make /%s", name);
	err = path_open_beneath(s->root_dir, name, O_PATH | O_DIRECTORY, 0, ret_fd);
	if (err && (error_errno(err) == ELOOP || error_errno(err) == ENOTDIR)) {
		error_free(err);
		return error_new(ERROR_REFUSED, "/%s of the image is not a directory", name);
	}
	return err;
}

/* mount(2) knows no places in a root that is attached nowhere: of who shares the host's mounts. */
static bool is_root_detached(const struct setup *s)
{
	return !(s->spec->new_namespaces & CLONE_NEWNS);
}

static struct error *make_detached(const char *type, unsigned long flags, const char *data,
				   int *ret_fd)
{
	char *type_copy autofree = alloc_string(type);
	char *data_copy autofree = alloc_string(data ? data : "");
	const struct oci_mount m = { .kind = OCI_MOUNT_OTHER,
				     .type = type_copy,
				     .data = data_copy,
				     .attributes = mount_options_attributes(flags) };

	return mount_make_other(&m, NULL, ret_fd);
}

/*
 * Mounts on the directory @target without naming it: the descriptor's own path cannot be turned
 * elsewhere.
 */
static struct error *mount_on(int target, const char *type, unsigned long flags, const char *data)
{
	char path[PATH_PROC_FD_SIZE];

	path_proc_fd(path, target);
	if (mount(type, path, type, flags, data) < 0)
		return error_sys("mount %s", type);
	return NULL;
}

static bool is_shared_with_host(const struct setup *s, unsigned int namespaces)
{
	return namespaces && !((s->spec->new_namespaces | s->spec->join_namespaces) & namespaces);
}

/*
 * The kernel gives no fresh proc, sysfs or mqueue of a namespace that the container's user
 * namespace does not own, so the host's is shown: with all that is mounted below it, read-only
 * where the fresh one would be.
 */
static struct error *bind_host(int target, const struct kernel_mount *m)
{
	char *source autofree = alloc_printf("/%s", m->destination);
	int fd autoclose = -1;

	TRY(mount_clone(AT_FDCWD, source, true, &fd));
	TRY(mount_attributes(fd,
			     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
				     (m->flags & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0),
			     0, MS_PRIVATE, true));
	return mount_attach(fd, target);
}

/* A mount point lies on another device than the directory above it. */
static bool host_has_mount(const char *path)
{
	char *above autofree = alloc_printf("%s/..", path);
	struct stat here, there;

	return stat(path, &here) == 0 && stat(above, &there) == 0 && here.st_dev != there.st_dev;
}

static struct error *mount_one_kernel(struct setup *s, const struct kernel_mount *m)
{
	unsigned long flags = m->flags;
	int target autoclose = -1;

	if (is_shared_with_host(s, CLONE_NEWIPC) && m->owned == CLONE_NEWIPC &&
	    !host_has_mount("/dev/mqueue"))
		return NULL;
	TRY(open_plain_dir(s, m->destination, &target));
	if (s->user_namespace && is_shared_with_host(s, m->owned))
		return error_wrap(bind_host(target, m), "/%s", m->destination);
	if (s->spec->privileged)
		flags &= ~(unsigned long)MS_RDONLY;
	return error_wrap(mount_on(target, m->type, flags, m->data), "/%s", m->destination);
}

static struct error *attach_dev(struct setup *s)
{
	int target autoclose = -1;

	TRY(open_plain_dir(s, "dev", &target));
	return mount_attach(s->dev, target);
}

static struct error *mount_shm(struct setup *s)
{
	int target autoclose = -1;
	char data[64];

	snprintf(data, sizeof(data), "mode=1777,size=%jd", (intmax_t)s->spec->shm_size_bytes);
	TRY(open_plain_dir(s, "dev/shm", &target));
	return error_wrap(mount_on(target, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, data),
			  "/dev/shm");
}

/* Of the container whose ipc namespace is joined: seen, and taken, from among its own mounts. */
static struct error *clone_owners_shm(struct setup *s, int *ret_fd)
{
	int own autoclose = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	struct error *err;

	if (own < 0)
		return error_sys("open the mount namespace");
	if (setns(s->join_pidfd, CLONE_NEWNS) < 0)
		return error_sys("enter the mounts of the ipc namespace's owner");
	err = mount_clone(AT_FDCWD, "/dev/shm", false, ret_fd);
	if (setns(own, CLONE_NEWNS) < 0 && !err)
		err = error_sys("leave the mounts of the ipc namespace's owner");
	return err;
}

/* /dev/shm goes with the ipc namespace: the owner's, or the host's, is bound. */
static struct error *mount_shm_shared(struct setup *s)
{
	int target autoclose = -1, fd autoclose = -1;

	TRY(open_plain_dir(s, "dev/shm", &target));
	TRY(s->join_namespaces & CLONE_NEWIPC ? clone_owners_shm(s, &fd)
					      : mount_clone(AT_FDCWD, "/dev/shm", false, &fd));
	TRY(mount_attributes(fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0,
			     MS_PRIVATE, false));
	return mount_attach(fd, target);
}

/*
 * /sys/fs/cgroup, read-only, showing the container's own group as the root of each hierarchy
 * (cgroup_namespaces(7)).
 */
struct cgroup_mount {
	const char *destination; /* relative to the root */
	unsigned long flags;
	bool fresh; /* a cgroup namespace shows the group as the root; else the group is bound */
};

static struct error *mount_one_cgroup(const struct setup *s, const struct cgroup_mount *m,
				      const struct cgroup_place *place, int target,
				      const char *type)
{
	const char *controllers = *place->controllers ? place->controllers : NULL;
	int fd autoclose = -1;

	if (!m->fresh) {
		TRY(mount_clone(AT_FDCWD, place->path, false, &fd));
		TRY(mount_attributes(fd, mount_options_attributes(m->flags), 0, MS_PRIVATE, false));
		return mount_attach(fd, target);
	}
	if (!is_root_detached(s))
		return mount_on(target, type, m->flags, controllers);
	TRY(make_detached(type, m->flags, controllers, &fd));
	return mount_attach(fd, target);
}

/* Version 1: a directory each, "cpu" leading to "cpu,cpuacct" where they are one hierarchy. */
static struct error *mount_hierarchy(const struct setup *s, const struct cgroup_mount *m,
				     const struct cgroup_place *place, int inside)
{
	char **names autostrv = strv_split(place->controllers, ',');
	bool named = str_has_prefix(place->controllers, "name=");
	const char *name = place->controllers + (named ? strlen("name=") : 0);
	int dir autoclose = -1;

	if (mkdirat(inside, name, 0755) < 0)
		return error_sys("make /%s/%s", m->destination, name);
	for (size_t i = 0; names[1] && names[i]; i++)
		if (symlinkat(name, inside, names[i]) < 0)
			return error_sys("make /%s/%s", m->destination, names[i]);
	TRY(path_open_beneath(inside, name, O_PATH | O_DIRECTORY, 0, &dir));
	return error_wrap(mount_one_cgroup(s, m, place, dir, "cgroup"), "%s", name);
}

/* The directory of the hierarchies. A detached one is put on @target when it is complete. */
static struct error *open_places(struct setup *s, const struct cgroup_mount *m, int target,
				 int *ret_fd)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	const char *options = "mode=755,size=64k";

	if (is_root_detached(s))
		return make_detached("tmpfs", flags, options, ret_fd);
	TRY(mount_on(target, "tmpfs", flags, options));
	return path_open_in_root(s->root_dir, m->destination, O_PATH | O_DIRECTORY, 0, ret_fd);
}

static struct error *mount_cgroups(struct setup *s, const struct cgroup_mount *m)
{
	int target autoclose = -1, inside autoclose = -1;

	TRY(path_open_in_root(s->root_dir, m->destination, O_PATH | O_DIRECTORY, 0, &target));
	if (s->cgroup.n == 0) {
		log_notice("%s: the container has no control groups to show", m->destination);
		return NULL;
	}
	if (s->cgroup.n == 1 && !*s->cgroup.places[0].controllers)
		return mount_one_cgroup(s, m, &s->cgroup.places[0], target, "cgroup2");
	TRY(open_places(s, m, target, &inside));
	for (size_t i = 0; i < s->cgroup.n; i++)
		if (*s->cgroup.places[i].controllers)
			TRY(mount_hierarchy(s, m, &s->cgroup.places[i], inside));
	if (m->flags & MS_RDONLY)
		TRY(mount_attributes(inside, MOUNT_ATTR_RDONLY, 0, 0, false));
	return is_root_detached(s) ? mount_attach(inside, target) : NULL;
}

struct error *step_mount_kernel(struct setup *s)
{
	for (size_t i = 0; i < sizeof(proc_and_sys) / sizeof(*proc_and_sys); i++)
		TRY(mount_one_kernel(s, &proc_and_sys[i]));
	if (!(s->spec->new_namespaces & CLONE_NEWCGROUP))
		return NULL;
	return mount_cgroups(s,
			     &(struct cgroup_mount){ .destination = "sys/fs/cgroup",
						     .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC |
							      (s->spec->privileged ? 0 : MS_RDONLY),
						     .fresh = true });
}

struct error *step_mount_dev(struct setup *s)
{
	bool own_ipc = s->spec->new_namespaces & CLONE_NEWIPC;

	TRY(attach_dev(s));
	for (size_t i = 0; i < sizeof(in_dev) / sizeof(*in_dev); i++)
		TRY(mount_one_kernel(s, &in_dev[i]));
	return own_ipc ? mount_shm(s) : mount_shm_shared(s);
}

static struct error *make_target(struct setup *s, const char *path, bool is_dir, int *ret_fd)
{
	const char *last = path_last(path);
	char *above autofree = alloc_string_n(path, (size_t)(last - path));
	int parent autoclose = -1, made autoclose = -1;

	if (is_dir)
		return path_make_dirs_in_root(s->root_dir, path, 0755, (uid_t)-1, (gid_t)-1,
					      ret_fd);
	TRY(path_make_dirs_in_root(s->root_dir, above, 0755, (uid_t)-1, (gid_t)-1, &parent));
	made = openat(parent, last, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return path_open_in_root(s->root_dir, path, O_PATH, 0, ret_fd);
}

/* "dest-nofollow": what is there, be it a link; else made like the source is. */
static struct error *make_plain_target(struct setup *s, const char *path, bool is_dir, int *ret_fd)
{
	const char *last = path_last(path);
	char *above autofree = alloc_string_n(path, (size_t)(last - path));
	int parent autoclose = -1;

	TRY(path_make_dirs_in_root(s->root_dir, above, 0755, (uid_t)-1, (gid_t)-1, &parent));
	if ((is_dir ? mkdirat(parent, last, 0755) : mknodat(parent, last, S_IFREG | 0644, 0)) < 0 &&
	    errno != EEXIST)
		return error_sys("make the mount point");
	return path_open_beneath(parent, last, O_PATH | O_NOFOLLOW, 0, ret_fd);
}

static bool is_kernel_view(const struct oci_mount *m)
{
	return m->kind == OCI_MOUNT_OTHER &&
	       (str_equal(m->type, "proc") || str_equal(m->type, "sysfs"));
}

/*
 * A link in place of /proc or /sys would have what is masked later masked elsewhere
 * (CVE-2019-19921).
 */
static struct error *find_plain_target(struct setup *s, const struct oci_mount *m, int *ret_fd)
{
	const char *path = m->destination + 1;
	struct error *err;
	int made autoclose = -1;

	error_ignore(path_make_dirs_in_root(s->root_dir, m->destination, 0755, (uid_t)-1, (gid_t)-1,
					    &made),
		     "what could not be made cannot be opened");
	err = path_open_beneath(s->root_dir, path, O_PATH | O_DIRECTORY, 0, ret_fd);
	if (!err || (error_errno(err) != ELOOP && error_errno(err) != ENOTDIR))
		return err;
	error_free(err);
	return error_new(ERROR_REFUSED, "%s must be mounted on ordinary directory", m->type);
}

/*
 * The place of a mount inside the root: an existing file or directory, or made like the source is;
 * for a bundle also where a link leads to nothing yet, as runc and crun have it.
 */
static struct error *find_target(struct setup *s, const struct oci_mount *m, bool is_dir,
				 int *ret_fd)
{
	char *real autofree = NULL;
	struct error *err;

	if (is_kernel_view(m))
		return find_plain_target(s, m, ret_fd);
	if (m->target_nofollow)
		return make_plain_target(s, m->destination, is_dir, ret_fd);
	err = make_target(s, m->destination, is_dir, ret_fd);
	if (!err || !s->spec->bundle || error_errno(err) != ENOENT)
		return err;
	error_ignore(err, "a link on the way may lead to what is not there");
	TRY(path_resolve_in_root(s->root_dir, m->destination, &real));
	return make_target(s, real, is_dir, ret_fd);
}

/*
 * A link of the image must not lead a mount over /proc or into it (CVE-2019-16884), nor the files
 * of a process, ours with the caller's environment, into a new volume.
 */
static struct error *open_target(struct setup *s, const struct oci_mount *m, bool is_dir,
				 int *ret_fd)
{
	int fd autoclose = -1;
	struct statfs fs;

	TRY(find_target(s, m, is_dir, &fd));
	if (fstatfs(fd, &fs) < 0)
		return error_sys("look at the mount point");
	if (fs.f_type == PROC_SUPER_MAGIC && !mount_may_be_in_proc(m))
		return error_new(ERROR_REFUSED, "the image leads this mount into /proc");
	*ret_fd = fd_take(&fd);
	return NULL;
}

static struct error *mount_tmpfs(struct setup *s, const struct oci_mount *m)
{
	int context autoclose = -1, fd autoclose = -1, target autoclose = -1;
	char **options autostrv = strv_split(m->data ? m->data : "", ',');

	TRY(mount_open_fs("tmpfs", &context));
	TRY(mount_option(context, "source", "tmpfs"));
	for (size_t i = 0; options[i]; i++) {
		char *value = strchr(options[i], '=');

		if (!*options[i])
			continue;
		if (value)
			*value++ = '\0';
		TRY(mount_option(context, options[i], value));
	}
	TRY(mount_make(context, m->attributes, &fd));
	TRY(open_target(s, m, true, &target));
	return mount_attach(fd, target);
}

/* Nobody may ask for a mount that hides /proc or what lies in it. */
static struct error *refuse_kernel_places(const char *destination)
{
	if (strcmp(destination, "/") == 0 || strcmp(destination, "/proc") == 0 ||
	    str_has_prefix(destination, "/proc/"))
		return error_new(ERROR_REFUSED,
				 "mount on %s: that would hide what confines the container",
				 destination);
	return NULL;
}

/* The volume is not attached yet, and the target shows what the image has there. */
static struct error *fill_volume(int source, int target)
{
	int from autoclose = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int to autoclose = openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (from < 0 || to < 0)
		return error_sys("open the volume");
	return error_wrap(copy_up(from, to), "fill the volume");
}

/*
 * The kernel calls it an invalid argument when a file is to hide a directory, or a directory a
 * file.
 */
static struct error *check_kinds(struct setup *s, const struct oci_mount *m, bool is_dir)
{
	int target autoclose = -1;
	struct error *err = path_open_in_root(s->root_dir, m->destination, O_PATH, 0, &target);
	struct stat st;

	if (err) {
		error_ignore(err, "it will be made");
		return NULL;
	}
	if (fstat(target, &st) < 0)
		return error_sys("look at the mount point");
	if (S_ISDIR(st.st_mode) == is_dir || m->target_nofollow)
		return NULL;
	return error_new(
		ERROR_BAD_INPUT,
		is_dir ? "the mount's source is a directory, the container has a file there"
		       : "the mount's source is a file, the container has a directory there");
}

static struct error *mount_bind(struct setup *s, const struct oci_mount *m, int source)
{
	int target autoclose = -1;
	struct stat st;

	if (fstat(source, &st) < 0)
		return error_sys("mount source");
	TRY(check_kinds(s, m, S_ISDIR(st.st_mode)));
	TRY(open_target(s, m, S_ISDIR(st.st_mode), &target));
	if (m->copy_up && S_ISDIR(st.st_mode))
		TRY(fill_volume(source, target));
	return mount_attach(source, target);
}

/* A mount on "/" is the root for all that comes after it. */
static struct error *follow_root(struct setup *s, const struct oci_mount *m, int mount)
{
	int root;

	if (strcmp(m->destination, "/") != 0)
		return NULL;
	root = fcntl(mount, F_DUPFD_CLOEXEC, 3);
	if (root < 0)
		return error_sys("dup");
	fd_close(&s->root_dir);
	s->root_dir = root;
	return NULL;
}

/* A tmpfs without a mode has that of the directory it hides, where there is one. */
static char *inherited_mode(struct setup *s, const struct oci_mount *m)
{
	char **options autostrv = strv_split(m->data ? m->data : "", ',');
	int fd autoclose = -1;
	struct error *err;
	struct stat st;

	if (m->kind != OCI_MOUNT_OTHER || !str_equal(m->type, "tmpfs") ||
	    strv_env_get(options, "mode"))
		return NULL;
	err = path_open_in_root(s->root_dir, m->destination, O_PATH | O_DIRECTORY, 0, &fd);
	if (err || fstat(fd, &st) < 0) {
		error_ignore(err, "it will be made");
		return NULL;
	}
	return alloc_printf("%o", st.st_mode & 07777);
}

static struct error *mount_bundle_bind(struct setup *s, const struct oci_mount *m, int source)
{
	TRY(mount_bind(s, m, source));
	TRY(follow_root(s, m, source));
	return mount_propagate(m, source);
}

/* A bind mount of what the mounts before it have made; @userns as source_open_late() has it. */
static struct error *mount_late(struct setup *s, const struct oci_mount *m, int userns)
{
	struct oci_mount own = *m;
	int source autoclose = -1;
	struct error *err;

	own.data = NULL;
	err = source_open_late(s, &own, userns, &source);
	if (!err)
		err = own.kind == OCI_MOUNT_LINK ? mount_make_link(&own, s->root_dir)
						 : mount_bundle_bind(s, m, source);
	free(own.data);
	fd_close(&own.source);
	return err;
}

/* What a bundle asks for is what its author wants; only the way there is ours to guard. */
static struct error *mount_bundle(struct setup *s, size_t i)
{
	const struct oci_mount *m = &s->spec->mounts[i];
	int target autoclose = -1, fd autoclose = -1;
	char *mode autofree = NULL;

	if (m->kind == OCI_MOUNT_REMOUNT) {
		TRY(path_open_in_root(s->root_dir, m->destination, O_PATH, 0, &target));
		return mount_again(m, target);
	}
	if (m->kind == OCI_MOUNT_LINK)
		return mount_make_link(m, s->root_dir);
	if (m->kind == OCI_MOUNT_BIND)
		return m->late_source ? mount_late(s, m, s->sources[i])
				      : mount_bundle_bind(s, m, s->sources[i]);
	mode = inherited_mode(s, m);
	TRY(open_target(s, m, true, &target));
	if (m->kind == OCI_MOUNT_CGROUP)
		return mount_cgroups(s, &(struct cgroup_mount){
						.destination = m->destination + 1,
						.flags = m->super_flags,
						.fresh = s->spec->new_namespaces & CLONE_NEWCGROUP,
					});
	TRY(mount_make_other(m, mode, &fd));
	if (m->copy_up)
		TRY(fill_volume(fd, target));
	TRY(mount_attach(fd, target));
	TRY(follow_root(s, m, fd));
	return mount_propagate(m, fd);
}

static struct error *mount_one(struct setup *s, size_t i)
{
	if (s->spec->bundle)
		return mount_bundle(s, i);
	TRY(refuse_kernel_places(s->spec->mounts[i].destination));
	return s->spec->mounts[i].kind == OCI_MOUNT_TMPFS
		       ? mount_tmpfs(s, &s->spec->mounts[i])
		       : mount_bind(s, &s->spec->mounts[i], s->sources[i]);
}

struct error *step_mount_requested(struct setup *s)
{
	for (size_t i = 0; i < s->spec->n_mounts; i++)
		TRY(error_wrap(mount_one(s, i), "%s", s->spec->mounts[i].destination));
	return NULL;
}

struct error *step_finish_mounts(struct setup *s)
{
	for (size_t i = 0; i < s->spec->n_mounts; i++) {
		const struct oci_mount *m = &s->spec->mounts[i];
		int fd autoclose = -1;

		if (!mount_made_readonly_later(m))
			continue;
		TRY(path_open_in_root(s->root_dir, m->destination, O_PATH, 0, &fd));
		TRY(error_wrap(mount_attributes(fd, MOUNT_ATTR_RDONLY, 0, 0, false), "%s",
			       m->destination));
	}
	return NULL;
}
