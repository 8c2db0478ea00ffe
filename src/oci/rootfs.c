/*
 * The root file system: an overlay (kernel: filesystems/overlayfs.rst) of the image's layers,
 * shared by all containers through idmapped mounts, and the container's own upper directory. On
 * disk all of them hold ids 0-65535.
 *
 * The mount is made detached by the parent in the initial user namespace and attached by the child.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mount.h"
#include "base/mountinfo.h"
#include "base/overlay.h"
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

static struct error *make_overlay(struct setup *s, const struct parts *p)
{
	const struct overlay o = {
		.layers = p->layers,
		.n_layers = p->n,
		.upper = p->upper,
		.volatile_upper = s->spec->volatile_upper,
		.ids = s->user_namespace ? s->ids : 0,
		.attributes = MOUNT_ATTR_NODEV | (s->spec->root_suid ? 0 : MOUNT_ATTR_NOSUID),
		.place = s->spec->state_path,
	};

	return overlay_make(&o, &s->root);
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
	return make_overlay(s, &parts);
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
