/*
 * The device nodes of a bundle's container (config-linux.md, Devices and Default Devices), made by
 * the child in whatever the bundle has mounted on /dev. In a user namespace nobody may make nodes:
 * there the host's own are shown, by mounts that the parent has copied. What the host has not got
 * by that name the parent makes in a file system that nobody sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mount.h"
#include "base/path.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/setup.h"

#include "base/banned.h"

struct node {
	const char *path;
	mode_t mode; /* with its type */
	dev_t device;
	uid_t uid;
	gid_t gid;
};

static const struct {
	const char *path;
	unsigned int major, minor;
} standard[] = { { "/dev/null", 1, 3 },	  { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
		 { "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 } };
#define N_STANDARD (sizeof(standard) / sizeof(*standard))

static const struct {
	const char *name, *target;
} links[] = { { "fd", "/proc/self/fd" },
	      { "stdin", "/proc/self/fd/0" },
	      { "stdout", "/proc/self/fd/1" },
	      { "stderr", "/proc/self/fd/2" } };

/*
 * Where the bundle binds somebody's /dev, that is as it should be; and so is that of a root that is
 * not a mount of the container's own, be it the host's.
 */
static bool has_own_dev(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (strcmp(spec->mounts[i].destination, "/dev") == 0)
			return spec->mounts[i].kind != OCI_MOUNT_BIND;
	return spec->new_namespaces & CLONE_NEWNS;
}

static struct node configured(const struct config_device *d)
{
	mode_t type = (mode_t)config_word(&config_device_types, d->type);

	return (struct node){
		.path = d->path,
		.mode = type | (d->file_mode ? *d->file_mode & 07777 : 0666),
		.device = d->major && d->minor
				  ? makedev((unsigned int)*d->major, (unsigned int)*d->minor)
				  : 0,
		.uid = d->uid ? *d->uid : 0,
		.gid = d->gid ? *d->gid : 0,
	};
}

/* All nodes: the standard ones first, so that the bundle's own replace them. */
static struct node node_at(const struct oci_spec *spec, size_t i)
{
	if (i >= N_STANDARD)
		return configured(&spec->bundle->config->linux_.devices[i - N_STANDARD]);
	return (struct node){
		.path = standard[i].path,
		.mode = S_IFCHR | 0666,
		.device = makedev(standard[i].major, standard[i].minor),
	};
}

static size_t count_nodes(const struct oci_spec *spec)
{
	return N_STANDARD + spec->bundle->config->linux_.n_devices;
}

/* Whether the host has a node of that number, by the same name. */
static bool host_has(const struct node *node)
{
	struct stat st;

	return stat(node->path, &st) == 0 && (st.st_mode & S_IFMT) == (node->mode & S_IFMT) &&
	       node->device && st.st_rdev == node->device;
}

/* The host's number for an id of the container, (uint32_t)-1 where it has none. */
static uint32_t outside(const struct id_map *maps, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= maps[i].inside && id - maps[i].inside < maps[i].length)
			return maps[i].outside + (id - maps[i].inside);
	return (uint32_t)-1;
}

static struct error *make_hidden(int *ret_fs)
{
	int context autoclose = -1;

	TRY(mount_open_fs("tmpfs", &context));
	TRY(mount_option(context, "source", "tmpfs"));
	TRY(mount_option(context, "size", "64k"));
	return mount_make(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, ret_fs);
}

/* A node of our own in the file system *@fs, made with the first. */
static struct error *open_own_node(const struct setup *s, const struct node *node, int *fs,
				   int *ret_fd)
{
	char *name autofree = alloc_printf("%zu", s->n_nodes);
	struct error *err;

	if (*fs < 0)
		TRY(make_hidden(fs));
	if (mknodat(*fs, name, node->mode, node->device) < 0)
		return error_sys("mknod");
	if (fchmodat(*fs, name, node->mode & 07777, 0) < 0 || /* the umask */
	    fchownat(*fs, name, outside(s->spec->uids, s->spec->n_uids, node->uid),
		     outside(s->spec->gids, s->spec->n_gids, node->gid), AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("own it");
	err = mount_clone(*fs, name, false, ret_fd);
	if (!err || error_errno(err) != EINVAL)
		return err;
	error_free(err); /* FIXME(kernel 6.15): before, nothing is cloned of a detached mount */
	return error_new(ERROR_UNSUPPORTED, "the host has none by that name, and this kernel lets "
					    "none be made for a user namespace");
}

size_t nodes_wanted(const struct setup *s)
{
	return s->spec->bundle && s->user_namespace && has_own_dev(s->spec) ? count_nodes(s->spec)
									    : 0;
}

/* Anybody may make a FIFO. */
bool node_is_shown(const struct setup *s, size_t i)
{
	return !S_ISFIFO(node_at(s->spec, i).mode);
}

struct error *step_open_nodes(struct setup *s)
{
	return s->rootless ? NULL : nodes_open(s);
}

struct error *nodes_open(struct setup *s)
{
	size_t n = nodes_wanted(s);
	int fs autoclose = -1;

	if (!n)
		return NULL;
	s->nodes = alloc_zeroed(n, sizeof(int));
	for (; s->n_nodes < n; s->n_nodes++) {
		struct node node = node_at(s->spec, s->n_nodes);

		s->nodes[s->n_nodes] = -1;
		if (node_is_shown(s, s->n_nodes))
			TRY(error_wrap(host_has(&node) ? mount_clone(AT_FDCWD, node.path, false,
								     &s->nodes[s->n_nodes])
						       : open_own_node(s, &node, &fs,
								       &s->nodes[s->n_nodes]),
				       "device %s", node.path));
	}
	return NULL;
}

/* The directory of @path, and its name there; slashes at its end count for nothing. */
static struct error *open_parent(struct setup *s, const char *path, int *ret_fd, char **ret_name)
{
	char *whole autofree = path_normalize(path);
	const char *last = path_last(whole);
	char *above autofree = alloc_string_n(whole, (size_t)(last - whole));

	if (!*last)
		return error_new(ERROR_BAD_INPUT, "not a path of a file");
	TRY(path_make_dirs_in_root(s->root_dir, above, 0755, (uid_t)-1, (gid_t)-1, ret_fd));
	*ret_name = alloc_string(last);
	return NULL;
}

static struct error *make_node(struct setup *s, const struct node *node)
{
	char *name autofree = NULL;
	int parent autoclose = -1;

	TRY(open_parent(s, node->path, &parent, &name));
	if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
		return error_sys("replace it");
	if (mknodat(parent, name, node->mode, node->device) < 0)
		return error_sys("mknod");
	if (fchmodat(parent, name, node->mode & 07777, 0) < 0 || /* the umask */
	    fchownat(parent, name, node->uid, node->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys("own it");
	return NULL;
}

static struct error *show_node(struct setup *s, const struct node *node, int mount)
{
	int parent autoclose = -1, place autoclose = -1;
	char *name autofree = NULL;

	TRY(open_parent(s, node->path, &parent, &name));
	place = openat(parent, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	fd_close(&place);
	TRY(path_open_beneath(parent, name, O_PATH, 0, &place));
	return mount_attach(mount, place);
}

static struct error *make_links(struct setup *s)
{
	int dev autoclose = -1;

	TRY(path_make_dirs_in_root(s->root_dir, "/dev", 0755, (uid_t)-1, (gid_t)-1, &dev));
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
			return error_sys("make /dev/%s", links[i].name);
	if (unlinkat(dev, "ptmx", 0) < 0 && errno != ENOENT)
		return error_sys("replace /dev/ptmx");
	return symlinkat("pts/ptmx", dev, "ptmx") < 0 ? error_sys("make /dev/ptmx") : NULL;
}

static struct error *make_console_place(struct setup *s)
{
	int dev autoclose = -1, place autoclose = -1;

	if (!s->spec->process.terminal)
		return NULL;
	TRY(path_make_dirs_in_root(s->root_dir, "/dev", 0755, (uid_t)-1, (gid_t)-1, &dev));
	place = openat(dev, "console", O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0620);
	return place < 0 && errno != EEXIST ? error_sys("make /dev/console") : NULL;
}

struct error *step_make_nodes(struct setup *s)
{
	if (!has_own_dev(s->spec))
		return NULL;
	for (size_t i = 0; i < count_nodes(s->spec); i++) {
		struct node node = node_at(s->spec, i);

		struct error *err = s->nodes && node_is_shown(s, i)
					    ? show_node(s, &node, s->nodes[i])
					    : make_node(s, &node);

		TRY(error_wrap(err, "device %s", node.path));
	}
	TRY(make_links(s));
	return make_console_place(s);
}
