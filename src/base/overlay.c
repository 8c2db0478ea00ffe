#include "base/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mount.h"
#include "base/path.h"

#include "base/banned.h"

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
static struct error *take_ids(const struct overlay *o, int *ret_bits)
{
	*ret_bits = prctl(PR_GET_SECUREBITS);
	if (*ret_bits < 0 || prctl(PR_SET_SECUREBITS, *ret_bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return error_sys("keep capabilities");
	if (o->ids) {
		setfsgid(o->ids);
		setfsuid(o->ids);
	}
	return NULL;
}

static struct error *give_ids_back(int bits)
{
	setfsuid(0);
	setfsgid(0);
	return prctl(PR_SET_SECUREBITS, bits) < 0 ? error_sys("restore securebits") : NULL;
}

struct classic {
	const struct overlay *o;
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
	for (size_t i = c->o->n_layers; i-- > 0;)
		TRY(buf_printf(options, "%zu%s", i, i ? ":" : ""));
	if (c->o->upper < 0)
		return NULL;
	TRY(buf_add_text(options, ",upperdir=upper/diff,workdir=upper/work"));
	return c->o->volatile_upper ? buf_add_text(options, ",volatile") : NULL;
}

static struct error *mount_classic(struct classic *c)
{
	unsigned long flags = (unsigned long)c->o->attributes; /* the same numbers */
	struct buf options autobuf = BUF_MAX(4095);
	int bits;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_sys("make the mounts private");
	if (mount("tmpfs", c->o->place, "tmpfs", 0, "mode=755") < 0 || chdir(c->o->place) < 0)
		return error_sys("mount a place for the layers");
	for (size_t i = 0; i < c->o->n_layers; i++) {
		char name[24];

		snprintf(name, sizeof(name), "%zu", i);
		TRY(attach_as(c->o->layers[i], name));
	}
	if (c->o->upper >= 0)
		TRY(attach_as(c->o->upper, "upper"));
	if (mkdir("root", 0755) < 0)
		return error_sys("make a place for the root");
	TRY(classic_options(c, &options));
	TRY(take_ids(c->o, &bits));
	if (mount("overlay", "root", "overlay", flags, buf_text(&options)) < 0)
		return error_sys("overlay of %zu layers", c->o->n_layers);
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
static struct error *make_classic(const struct overlay *o, int *ret_fd)
{
	enum { STACK = 256 * 1024 };
	char *stack autofree = alloc_zeroed(STACK, 1);
	struct classic c = { .o = o, .fd = -1 };
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

static struct error *configure(const struct overlay *o, int context)
{
	TRY(mount_option(context, "source", "overlay"));
	TRY(mount_option(context, "userxattr", NULL));
	for (size_t i = o->n_layers; i-- > 0;) /* the uppermost layer comes first */
		TRY(mount_option_fd(context, "lowerdir+", o->layers[i]));
	if (o->upper < 0)
		return NULL;
	TRY(set_upper(context, o->upper));
	return o->volatile_upper ? mount_option(context, "volatile", NULL) : NULL;
}

static bool kernel_is_at_least(unsigned int major, unsigned int minor)
{
	unsigned int have_major = 0, have_minor = 0;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &have_major, &have_minor) != 2)
		return false;
	return have_major > major || (have_major == major && have_minor >= minor);
}

static struct error *make_of_detached(const struct overlay *o, int *ret_fd)
{
	int context autoclose = -1;
	struct error *err;
	int bits;

	TRY(mount_open_fs("overlay", &context));
	TRY(configure(o, context));
	TRY(take_ids(o, &bits));
	err = mount_make(context, o->attributes, ret_fd);
	if (err) {
		error_ignore(give_ids_back(bits), "the first error counts");
		return err;
	}
	return give_ids_back(bits);
}

struct error *overlay_make(const struct overlay *o, int *ret_fd)
{
	return kernel_is_at_least(6, 15) ? make_of_detached(o, ret_fd) : make_classic(o, ret_fd);
}
