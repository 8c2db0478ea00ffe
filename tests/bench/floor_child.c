/*
 * The child: from its first instruction in the new namespaces to the execve(2) of /bin/true in the
 * image.
 *
 * mount(2) is used where it beats the new mount API (proc, sysfs, devpts: one call instead of
 * four), the new API where a detached mount is at hand. The last function is the order.
 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

static void mount_fs(const char *type, const char *target, unsigned long flags, const char *options)
{
	if (mount(type, target, type, flags | MS_NOSUID | MS_NOEXEC, options))
		die("mount %s", target);
}

static void bind_file(const char *source, const char *target)
{
	if (mount(source, target, NULL, MS_BIND, NULL))
		die("bind %s", target);
}

/* Waits for the parent: its message says that our ids are mapped. */
static void receive_mounts(struct container *c)
{
	union {
		char space[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	int fds[2];
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.space,
				  .msg_controllen = sizeof control.space };

	if (recvmsg(c->child_socket, &message, MSG_CMSG_CLOEXEC) != 1)
		die("receive mounts");
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	errno = 0;
	if (!header || header->cmsg_len != CMSG_LEN(sizeof fds))
		die("the parent sent no mounts");
	memcpy(fds, CMSG_DATA(header), sizeof fds);
	c->root = fds[0];
	c->dev = fds[1];
}

static void become_root(void)
{
	if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
		die("become root of the user namespace");
}

/* Where we are when the namespace is made is its root: so joining comes first. */
static void join_cgroups(const struct floor *f, const struct container *c)
{
	cgroups_join_v1(&f->cgroups, c);
	if (unshare(CLONE_NEWCGROUP))
		die("unshare the cgroup namespace");
}

static void attach_root(const struct floor *f, const struct container *c)
{
	char mnt[256];

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("make mounts private");
	snprintf(mnt, sizeof mnt, "%s/mnt", f->dir);
	mount_place(c->root, mnt);
	if (chdir(mnt))
		die("chdir %s", mnt);
}

static void mount_kernel_fs(const struct container *c)
{
	mount_fs("proc", "proc", MS_NODEV, NULL);
	mount_fs("sysfs", "sys", MS_NODEV | MS_RDONLY, NULL);
	mount_place(c->dev, "dev");
	mount_fs("devpts", "dev/pts", 0, "newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_fs("tmpfs", "dev/shm", MS_NODEV, "mode=1777,size=65536k");
	mount_fs("mqueue", "dev/mqueue", MS_NODEV, NULL);
}

/* Masks are clones of two mounts, whatever their number; a kernel does not have every one of these
 * paths. */
static void mask_paths(const struct floor *f)
{
	static const char *const masked[] = {
		"proc/acpi",	   "proc/asound",      "proc/interrupts",
		"proc/kcore",	   "proc/keys",	       "proc/latency_stats",
		"proc/timer_list", "proc/timer_stats", "proc/sched_debug",
		"proc/scsi",	   "sys/firmware",     "sys/devices/virtual/powercap",
	};
	struct stat st;

	for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
		if (stat(masked[i], &st))
			continue;
		int mask = S_ISDIR(st.st_mode) ? mount_clone(f->empty, "", AT_EMPTY_PATH)
					       : mount_clone(AT_FDCWD, "/dev/null", 0);
		mount_place(mask, masked[i]);
		close(mask);
	}
}

static void make_readonly(void)
{
	static const char *const paths[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
					     "proc/sysrq-trigger" };
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		if (access(paths[i], F_OK))
			continue;
		int clone = mount_clone(AT_FDCWD, paths[i], AT_RECURSIVE);
		if (mount_setattr(clone, "", AT_EMPTY_PATH | AT_RECURSIVE, &readonly,
				  sizeof readonly))
			die("make %s read-only", paths[i]);
		mount_place(clone, paths[i]);
		close(clone);
	}
}

static void bind_etc(const struct container *c)
{
	static const char *const names[] = { "hosts", "hostname", "resolv.conf" };
	char source[192], target[32];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(source, sizeof source, "%s/%s", c->files, names[i]);
		snprintf(target, sizeof target, "etc/%s", names[i]);
		bind_file(source, target);
	}
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		die("bring lo up");
	close(fd);
}

/* The new root is stacked over the old one and the old one taken from under it: no directory needed
 * for it. */
static void change_root(void)
{
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		die("change root");
}

static void settle(void)
{
	struct rlimit files = { .rlim_cur = 1024, .rlim_max = 1024 };

	if (sethostname("floor", 5) || setsid() < 0 || setrlimit(RLIMIT_NOFILE, &files) ||
	    setgroups(0, NULL) || close_range(3, ~0u, CLOSE_RANGE_CLOEXEC))
		die("settle the process");
	umask(022);
}

void child_run(const struct floor *f, struct container *c)
{
	char *const arguments[] = { (char[]){ "true" }, NULL };
	char *const environment[] = { (char[]){ "PATH=/bin" }, NULL };

	receive_mounts(c);
	become_root();	    /* after the maps: until then we are nobody */
	join_cgroups(f, c); /* early, so that the work is accounted */
	attach_root(f, c);
	mount_kernel_fs(c); /* while the host's are in sight: else the kernel refuses proc, sysfs */
	mask_paths(f);
	make_readonly();
	bind_etc(c);
	raise_loopback();
	change_root();
	settle();
	confine(f); /* last: it takes the rights that all others need */
	execve("/bin/true", arguments, environment);
	die("execute /bin/true");
}
