/*
 * The parent's file systems: the container's directories, its root as a detached overlay, its /dev.
 *
 * Kernel facts used: overlayfs takes its directories by descriptor (Linux 6.13), so that they may
 * be idmapped clones which are mounted nowhere; a tmpfs made in the initial user namespace takes
 * real device nodes (one mount instead of a bind mount for each node); "volatile" spares the sync
 * of the whole file system at the overlay's end.
 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench.h"

static const char *const etc_files[] = { "hosts", "hostname", "resolv.conf" };

int mount_clone(int dirfd, const char *path, unsigned int flags)
{
	int fd = open_tree(dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);

	if (fd < 0)
		die("clone mount %s", path);
	return fd;
}

void mount_place(int mount, const char *target)
{
	if (move_mount(mount, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH))
		die("attach a mount at %s", target);
}

static void make_etc_files(const struct floor *f, const struct container *c)
{
	static const char text[] = "127.0.0.1 localhost\n";
	int dir = -1;

	if (mkdir(c->files, 0755) || (dir = open(c->files, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		die("make %s", c->files);
	for (size_t i = 0; i < sizeof etc_files / sizeof *etc_files; i++) {
		int fd = openat(dir, etc_files[i], O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0 || fchown(fd, f->first_id, f->first_id) ||
		    write(fd, text, sizeof text - 1) < 0)
			die("write %s", etc_files[i]);
		close(fd);
	}
	close(dir);
}

void root_make_directories(const struct floor *f, struct container *c)
{
	int dir = -1;

	if (mkdir(c->dir, 0755) || (dir = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		die("make %s", c->dir);
	/* Owned by container id 0 as it stands on disk: the mount shifts it. */
	if (mkdirat(dir, "u", 0755) || mkdirat(dir, "w", 0755))
		die("make upper directory in %s", c->dir);
	close(dir);
	make_etc_files(f, c);
}

/* A clone of @path, mounted nowhere, on which the ids of @user_ns stand for those on disk. */
static int clone_idmapped(int dirfd, const char *path, int user_ns)
{
	int fd = mount_clone(dirfd, path, *path ? 0 : AT_EMPTY_PATH);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_ns };

	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr))
		die("idmap layer");
	return fd;
}

static void set_directory(int fs, const char *key, int dirfd, const char *name)
{
	int fd = name ? openat(dirfd, name, O_PATH | O_DIRECTORY | O_CLOEXEC) : dirfd;

	if (fd < 0 || fsconfig(fs, FSCONFIG_SET_FD, key, NULL, fd))
		die("overlay %s", key);
	if (name)
		close(fd);
}

/*
 * The overlay stays detached: the child attaches it in its own mount namespace. It is made with the
 * file system ids of the container's root, since on the idmapped upper directory nobody else can
 * create: the kernel would otherwise fall back to a read-only overlay without a word.
 */
void root_make_overlay(const struct floor *f, struct container *c)
{
	int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		die("fsopen overlay");
	for (size_t i = 0; i < FLOOR_LAYERS; i++) {
		c->idmapped[i] = clone_idmapped(f->layers[i], "", c->user_ns);
		set_directory(fs, "lowerdir+", c->idmapped[i], NULL);
	}
	int upper = c->idmapped[FLOOR_LAYERS] = clone_idmapped(AT_FDCWD, c->dir, c->user_ns);
	set_directory(fs, "upperdir", upper, "u");
	set_directory(fs, "workdir", upper, "w");
	if (fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0))
		die("overlay options");
	setfsgid(f->first_id);
	setfsuid(f->first_id);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		die("make overlay");
	setfsuid(0);
	setfsgid(0);
	c->root = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (c->root < 0)
		die("fsmount overlay");
	close(fs);
}

/* A detached tmpfs of at most @size; owner 0 is root of the host. */
static int make_tmpfs(uint32_t owner, const char *size, unsigned int attributes)
{
	char id[16];
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	snprintf(id, sizeof id, "%u", owner);
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", "755", 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "uid", id, 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "gid", id, 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		die("make tmpfs");
	int mount = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	if (mount < 0)
		die("fsmount tmpfs");
	close(fs);
	return mount;
}

int root_make_empty(void)
{
	return make_tmpfs(0, "4k",
			  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				  MOUNT_ATTR_NOEXEC);
}

void root_make_dev(const struct floor *f, struct container *c)
{
	static const struct {
		const char *name;
		unsigned int major, minor;
	} nodes[] = { { "null", 1, 3 },	  { "zero", 1, 5 },    { "full", 1, 7 },
		      { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 } };
	static const char *const links[][2] = { { "/proc/self/fd", "fd" },
						{ "/proc/self/fd/0", "stdin" },
						{ "/proc/self/fd/1", "stdout" },
						{ "/proc/self/fd/2", "stderr" },
						{ "pts/ptmx", "ptmx" } };

	c->dev = make_tmpfs(f->first_id, "65536k", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		if (mknodat(c->dev, nodes[i].name, S_IFCHR | 0666,
			    makedev(nodes[i].major, nodes[i].minor)))
			die("make /dev/%s", nodes[i].name);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i][0], c->dev, links[i][1]))
			die("link /dev/%s", links[i][1]);
	if (mkdirat(c->dev, "pts", 0755) || mkdirat(c->dev, "shm", 01777) ||
	    mkdirat(c->dev, "mqueue", 0755))
		die("make directories of /dev");
}

/* Exactly what one run of `true` leaves: anything more makes the last rmdir fail, and that is an
 * error. */
void root_remove_directories(const struct container *c)
{
	static const struct {
		const char *name;
		int flags;
	} leavings[] = { { "w/work/incompat/volatile/dirty", 0 },
			 { "w/work/incompat/volatile", AT_REMOVEDIR },
			 { "w/work/incompat", AT_REMOVEDIR },
			 { "w/work", AT_REMOVEDIR },
			 { "w", AT_REMOVEDIR },
			 { "u", AT_REMOVEDIR } };
	int dir = open(c->files, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof etc_files / sizeof *etc_files; i++)
		if (unlinkat(dir, etc_files[i], 0))
			die("remove %s/%s", c->files, etc_files[i]);
	close(dir);
	dir = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof leavings / sizeof *leavings; i++)
		if (unlinkat(dir, leavings[i].name, leavings[i].flags))
			die("remove %s/%s", c->dir, leavings[i].name);
	close(dir);
	if (rmdir(c->files) || rmdir(c->dir))
		die("remove %s", c->dir);
}
