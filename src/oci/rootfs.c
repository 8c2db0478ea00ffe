/*
 * The root file system: an overlay (kernel: filesystems/overlayfs.rst) of the image's layers, shared by all containers
 * through idmapped mounts, and the container's own upper directory. On disk all of them hold ids 0-65535.
 *
 * The mount is made detached by the parent in the initial user namespace and attached by the child.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
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
#include "base/path.h"
#include "oci/setup.h"

#include "base/banned.h"

/* The detached, idmapped copies that an overlay is made of; closing them waits for the kernel, so it comes late. */
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

/* A descriptor option, or for kernels before 6.13 the same as a path through /proc. */
static struct error *layer_option(int context, const char *key, int fd)
{
	char path[PATH_PROC_FD_SIZE];
	struct error *err = mount_option_fd(context, key, fd);

	if (!err)
		return NULL;
	error_ignore(err, "an older kernel wants a path");
	path_proc_fd(path, fd);
	return mount_option(context, key, path);
}

static struct error *set_upper(int context, int upper)
{
	int diff autoclose = -1, work autoclose = -1;

	TRY(path_open_beneath(upper, "diff", O_PATH | O_DIRECTORY, 0, &diff));
	TRY(path_open_beneath(upper, "work", O_PATH | O_DIRECTORY, 0, &work));
	TRY(layer_option(context, "upperdir", diff));
	return layer_option(context, "workdir", work);
}

/* "lowerdir=/proc/self/fd/9:/proc/self/fd/8,…": all that kernels before 6.5 understand; at most a page. */
static struct error *classic_options(const struct setup *s, const struct parts *p,
				     struct buf *options)
{
	TRY(buf_add_text(options, "userxattr,lowerdir="));
	for (size_t i = p->n; i-- > 0;)
		TRY(buf_printf(options, "/proc/self/fd/%d%s", p->layers[i], i ? ":" : ""));
	TRY(buf_printf(options, ",upperdir=/proc/self/fd/%d/diff,workdir=/proc/self/fd/%d/work",
		       p->upper, p->upper));
	return s->spec->volatile_upper ? buf_add_text(options, ",volatile") : NULL;
}

/*
 * overlayfs makes its work directory with the file system ids of who mounts: root's are unmapped on the idmapped upper,
 * and the mount would silently be read-only. The securebit keeps our capabilities through the change.
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
	const char *options;
	struct error *err;
	int fd;
};

/* In a mount namespace of its own, sharing our memory and descriptors. */
static int mount_classic(void *arg)
{
	struct classic *c = arg;
	unsigned long flags = MS_NODEV | (c->s->spec->root_suid ? 0 : MS_NOSUID);
	const char *target = c->s->spec->state_path;
	int bits;

	c->err = become_container_root(c->s, &bits);
	if (c->err)
		_exit(1);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("overlay", target, "overlay", flags, c->options) < 0)
		c->err = error_sys("overlay of %zu layers", c->s->spec->n_layers);
	else
		c->err = mount_clone(AT_FDCWD, target, false, &c->fd);
	_exit(0);
}

/*
 * FIXME(kernel 6.5): Debian 12's 6.1 has neither "lowerdir+" nor strings over 256 bytes in fsconfig(2). mount(2) takes a
 * page but is never detached: a short-lived process mounts where nobody else sees it and keeps a detached copy.
 */
static struct error *make_classic(const struct setup *s, const struct parts *p, int *ret_fd)
{
	enum { STACK = 256 * 1024 };
	char *stack autofree = alloc_zeroed(STACK, 1);
	struct buf options autobuf = BUF_MAX(4095);
	struct classic c = { .s = s, .fd = -1 };
	pid_t pid;

	TRY(classic_options(s, p, &options));
	c.options = buf_text(&options);
	pid = clone(mount_classic, stack + STACK,
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
		TRY(layer_option(context, "lowerdir+", p->layers[i]));
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

struct error *step_make_root(struct setup *s)
{
	struct parts parts autoparts = { .upper = -1 };

	TRY(open_parts(s, &parts));
	if (kernel_is_at_least(6, 5))
		return make_overlay(s, &parts, &s->root);
	return make_classic(s, &parts, &s->root);
}

/* The child still has the host's root id here, which alone may enter the state directory. */
struct error *step_attach_root(struct setup *s)
{
	/* By path: a mount can only be put on a directory as seen in our own, new, mount namespace. */
	int place autoclose = open(s->spec->state_path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (place < 0)
		return error_sys("open %s", s->spec->state_path);
	TRY(mount_attach(s->root, place));
	s->root_dir = fd_take(&s->root);
	if (fchdir(s->root_dir) < 0)
		return error_sys("enter the root");
	return NULL;
}

struct error *step_pivot(struct setup *s)
{
	/* pivot_root(2), "pivot_root(\".\", \".\")": the old root lies on the new one until it is taken off. */
	if (fchdir(s->root_dir) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return error_sys("pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return error_sys("take off the old root");
	if (chdir("/") < 0)
		return error_sys("enter the new root");
	if (s->spec->readonly_root &&
	    mount_setattr(AT_FDCWD, "/", 0, &(struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY },
			  sizeof(struct mount_attr)) < 0)
		return error_sys("make the root read-only");
	if (s->spec->root_propagation &&
	    mount(NULL, "/", NULL, s->spec->root_propagation, NULL) < 0)
		return error_sys("set the root's propagation");
	return NULL;
}
