/*
 * The root file system: an overlay (kernel: filesystems/overlayfs.rst) of the image's layers,
 * shared by all containers through idmapped mounts, and the container's own upper directory. On
 * disk all of them hold ids 0-65535.
 *
 * The mount is made detached by the parent in the initial user namespace and attached by the child.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mount.h"
#include "base/mountinfo.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/setup.h"

#include "base/banned.h"

/*
 * The detached, idmapped copies that an overlay is made of; closing them waits for the kernel, so
 * it comes late.
 */
struct parts {
	int *layers;
	size_t n;
	int upper;
};

static void parts_done(struct parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		fd_close(&p->layers[i]);
	free(p->layers);
	fd_close(&p->upper);
}
#define autoparts __attribute__((cleanup(parts_done)))

static struct error *clone_mapped(struct setup *s, int dir, int *ret_fd)
{
	int fd autoclose = -1;

	TRY(mount_clone(dir, "", false, &fd));
	if (s->user_namespace)
		TRY(mount_idmap(fd, s->userns, false));
	*ret_fd = fd_take(&fd);
	return NULL;
}

static struct error *open_parts(struct setup *s, struct parts *p)
{
	p->layers = alloc_zeroed(s->spec->n_layers, sizeof(int));
	for (; p->n < s->spec->n_layers; p->n++) {
		p->layers[p->n] = -1;
		TRY(error_wrap(clone_mapped(s, s->spec->layers[p->n], &p->layers[p->n]),
			       "layer %zu", p->n));
	}
	return error_wrap(clone_mapped(s, s->spec->container_dir, &p->upper), "upper directory");
}

static struct error *set_upper(int context, int upper)
{
	int diff autoclose = -1, work autoclose = -1;

	TRY(path_open_beneath(upper, "diff", O_PATH | O_DIRECTORY, 0, &diff));
	TRY(path_open_beneath(upper, "work", O_PATH | O_DIRECTORY, 0, &work));
	TRY(mount_option_fd(context, "upperdir", diff));
	return mount_option_fd(context, "workdir", work);
}

/*
 * overlayfs makes its work directory with the file system ids of who mounts: root's are unmapped on
 * the idmapped upper, and the mount would silently be read-only. The securebit keeps our
 * capabilities through the change.
 */
static struct error *become_container_root(const struct setup *s, int *ret_bits)
{
	*ret_bits = prctl(PR_GET_SECUREBITS);
	if (*ret_bits < 0 || prctl(PR_SET_SECUREBITS, *ret_bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return error_sys("keep capabilities");
	if (s->user_namespace) {
		setfsgid(s->ids);
		setfsuid(s->ids);
	}
	return NULL;
}

static struct error *become_host_root(int bits)
{
	setfsuid(0);
	setfsgid(0);
	return prctl(PR_SET_SECUREBITS, bits) < 0 ? error_sys("restore securebits") : NULL;
}

struct classic {
	const struct setup *s;
	const struct parts *parts;
	struct error *err;
	int fd;
};

/* Attaches the detached mount @fd on a new directory @name of the current one. */
static struct error *attach_as(int fd, const char *name)
{
	int place autoclose = -1;

	TRY(path_open_dir(AT_FDCWD, name, 0755, &place));
	return mount_attach(fd, place);
}

/*
 * "lowerdir=2:1:0,…": names in the current directory, the uppermost layer first; mount(2) takes a
 * page.
 */
static struct error *classic_options(const struct classic *c, struct buf *options)
{
	TRY(buf_add_text(options, "userxattr,lowerdir="));
	for (size_t i = c->parts->n; i-- > 0;)
		TRY(buf_printf(options, "%zu%s", i, i ? ":" : ""));
	TRY(buf_add_text(options, ",upperdir=upper/diff,workdir=upper/work"));
	return c->s->spec->volatile_upper ? buf_add_text(options, ",volatile") : NULL;
}

static struct error *mount_classic(struct classic *c)
{
	unsigned long flags = MS_NODEV | (c->s->spec->root_suid ? 0 : MS_NOSUID);
	struct buf options autobuf = BUF_MAX(4095);
	int bits;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_sys("make the mounts private");
	if (mount("tmpfs", c->s->spec->state_path, "tmpfs", 0, "mode=755") < 0 ||
	    chdir(c->s->spec->state_path) < 0)
		return error_sys("mount a place for the layers");
	for (size_t i = 0; i < c->parts->n; i++) {
		char name[24];

		snprintf(name, sizeof(name), "%zu", i);
		TRY(attach_as(c->parts->layers[i], name));
	}
	TRY(attach_as(c->parts->upper, "upper"));
	if (mkdir("root", 0755) < 0)
		return error_sys("make a place for the root");
	TRY(classic_options(c, &options));
	TRY(become_container_root(c->s, &bits));
	if (mount("overlay", "root", "overlay", flags, buf_text(&options)) < 0)
		return error_sys("overlay of %zu layers", c->parts->n);
	return mount_clone(AT_FDCWD, "root", false, &c->fd);
}

/* In a mount namespace of its own, sharing our memory and descriptors; its ids die with it. */
static int classic_main(void *arg)
{
	struct classic *c = arg;

	c->err = mount_classic(c);
	_exit(0);
}

/*
 * FIXME(kernel 6.15): older kernels, Debian 12's 6.1 among them, make overlays only of layers that
 * are attached in the caller's mount namespace (clone_private_mount()). So a short-lived process
 * attaches and mounts where nobody else sees it, and keeps a detached copy.
 */
static struct error *make_classic(const struct setup *s, const struct parts *p, int *ret_fd)
{
	enum { STACK = 256 * 1024 };
	char *stack autofree = alloc_zeroed(STACK, 1);
	struct classic c = { .s = s, .parts = p, .fd = -1 };
	pid_t pid = clone(classic_main, stack + STACK,
			  CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWNS | SIGCHLD, &c);

	if (pid < 0)
		return error_sys("clone");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (!c.err)
		*ret_fd = c.fd;
	return c.err;
}

static struct error *configure(const struct setup *s, const struct parts *p, int context)
{
	TRY(mount_option(context, "source", "overlay"));
	TRY(mount_option(context, "userxattr", NULL));
	for (size_t i = p->n; i-- > 0;) /* the uppermost layer comes first */
		TRY(mount_option_fd(context, "lowerdir+", p->layers[i]));
	TRY(set_upper(context, p->upper));
	return s->spec->volatile_upper ? mount_option(context, "volatile", NULL) : NULL;
}

static bool kernel_is_at_least(unsigned int major, unsigned int minor)
{
	unsigned int have_major = 0, have_minor = 0;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &have_major, &have_minor) != 2)
		return false;
	return have_major > major || (have_major == major && have_minor >= minor);
}

static struct error *make_overlay(const struct setup *s, const struct parts *p, int *ret_fd)
{
	uint64_t attributes = MOUNT_ATTR_NODEV | (s->spec->root_suid ? 0 : MOUNT_ATTR_NOSUID);
	int context autoclose = -1;
	struct error *err;
	int bits;

	TRY(mount_open_fs("overlay", &context));
	TRY(configure(s, p, context));
	TRY(become_container_root(s, &bits));
	err = mount_make(context, attributes, ret_fd);
	if (err) {
		error_ignore(become_host_root(bits), "the first error counts");
		return err;
	}
	return become_host_root(bits);
}

/* A bundle has its root made already: a copy of that mount, in which what the host does shows. */
struct error *rootfs_clone(struct setup *s)
{
	char *path autofree = NULL;

	if (s->rootless) { /* seen from our own namespace, which is nobody's slave */
		TRY(path_of_fd(s->spec->container_dir, &path));
		return error_wrap(mount_clone(AT_FDCWD, path, true, &s->root), "root.path");
	}
	TRY(mount_clone(s->spec->container_dir, "", true, &s->root));
	return mount_attributes(s->root, 0, 0, MS_SLAVE, true);
}

struct error *step_make_root(struct setup *s)
{
	struct parts parts autoparts = { .upper = -1 };

	if (s->rootless)
		return NULL;
	if (s->spec->bundle)
		return error_wrap(rootfs_clone(s), "root.path");
	TRY(open_parts(s, &parts));
	if (kernel_is_at_least(6, 15))
		return make_overlay(s, &parts, &s->root);
	return make_classic(s, &parts, &s->root);
}

/*
 * Where the root is put until it is pivoted into: by path, because a mount can only be put on a
 * directory as seen in our own, new, mount namespace. A bundle's goes over the directory that it
 * was made from: hooks enter the mount namespace and mount below that path. The state directory is
 * there for those that a new user namespace has no way to, and for a whole host's, "/".
 */
static struct error *open_place(const struct setup *s, int *ret_fd)
{
	char *own autofree = NULL;
	int fd = -1;

	if (s->spec->bundle)
		TRY(path_of_fd(s->spec->container_dir, &own));
	if (own && strcmp(own, "/") != 0)
		fd = open(own, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = open(s->spec->state_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys("open %s", s->spec->state_path);
	*ret_fd = fd;
	return NULL;
}

/* The child still has the host's root id here, which alone may enter the state directory. */
struct error *step_attach_root(struct setup *s)
{
	int place autoclose = -1;

	if (!(s->spec->new_namespaces & CLONE_NEWNS)) { /* a bundle without mounts of its own */
		s->root_dir = fd_take(&s->root);
		return NULL;
	}
	TRY(open_place(s, &place));
	TRY(mount_attach(s->root, place));
	s->root_dir = fd_take(&s->root);
	if (fchdir(s->root_dir) < 0)
		return error_sys("enter the root");
	return NULL;
}

/* Whether it is a procfs or sysfs outside of @root. */
static bool is_full_view(const struct mountinfo_line *m, const char *root)
{
	if (!str_equal(m->type, "proc") && !str_equal(m->type, "sysfs"))
		return false;
	return !str_has_prefix(m->path, root) || !strchr("/", m->path[strlen(root)]);
}

/*
 * What pivot_root(2) leaves behind and a moved root does not: the host's own procfs and sysfs.
 * While one is in this mount namespace, who makes a user namespace may mount another, with nothing
 * masked (mount_namespaces(7)). One that is locked is hidden.
 */
static struct error *take_off_views(const struct setup *s)
{
	struct mountinfo mounts automountinfo = { 0 };
	char *root autofree = NULL;

	TRY(path_of_fd(s->root_dir, &root));
	TRY(mountinfo_read(&mounts));
	for (size_t i = mounts.n; i-- > 0;) {
		const struct mountinfo_line *m = &mounts.list[i];

		if (is_full_view(m, root) && umount2(m->path, MNT_DETACH) < 0 &&
		    mount("none", m->path, "tmpfs", MS_RDONLY, "size=4k") < 0)
			return error_sys("take off %s", m->path);
	}
	return NULL;
}

/* Where pivot_root(2) cannot be: from an initramfs. A root that is moved over hides the old one. */
static struct error *move_root(struct setup *s)
{
	TRY(take_off_views(s));
	if (fchdir(s->root_dir) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return error_sys("move the root");
	return chroot(".") < 0 ? error_sys("chroot") : NULL;
}

static struct error *change_root(struct setup *s)
{
	if (fchdir(s->root_dir) < 0 || chroot(".") < 0)
		return error_sys("chroot");
	return NULL;
}

static struct error *pivot(struct setup *s)
{
	/*
	 * pivot_root(2), "pivot_root(\".\", \".\")": the old root lies on the new one until it is
	 * taken off.
	 */
	if (fchdir(s->root_dir) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return error_sys("pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return error_sys("take off the old root");
	return NULL;
}

struct error *step_pivot(struct setup *s)
{
	if (!(s->spec->new_namespaces & CLONE_NEWNS))
		TRY(change_root(s));
	else if (s->spec->bundle && s->spec->bundle->no_pivot)
		TRY(move_root(s));
	else
		TRY(pivot(s));
	if (chdir("/") < 0)
		return error_sys("enter the new root");
	if (s->spec->readonly_root)
		TRY(error_wrap(mount_attributes(s->root_dir, MOUNT_ATTR_RDONLY, 0, 0, false),
			       "make the root read-only"));
	if (s->spec->root_propagation && s->spec->new_namespaces & CLONE_NEWNS &&
	    mount(NULL, "/", NULL, s->spec->root_propagation, NULL) < 0)
		return error_sys("set the root's propagation");
	return NULL;
}
