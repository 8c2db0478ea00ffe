#include "helpers/unpack/layer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "helpers/unpack/input.h"
#include "helpers/unpack/tree.h"

#include "base/banned.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define WHITEOUT_META ".wh..wh." /* aufs's own files; nobody means them */
#define ID_MAX 65535
#define ID_NOBODY 65534

const struct layer_limits layer_limits_default = {
	.entries = 2000000,
	.bytes = 64ULL << 30,
	.file_bytes = 1ULL << 40,
	.path_length = PATH_MAX - 1,
	.path_depth = 256,
	.xattrs = 128,
	.xattr_bytes = 65536,
};

struct layer {
	struct input *in;
	struct tree *tree;
	const struct layer_limits *limits;
	struct report *report;
	uint64_t n_entries, bytes;
	struct report_device *devices; /* not made, but hard links may name them; paths owned */
	size_t n_devices;
};

static struct error *write_at(int fd, const char *data, size_t length, int64_t offset)
{
	while (length) {
		ssize_t n = pwrite(fd, data, length, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("write");
		data += n;
		offset += n;
		length -= (size_t)n;
	}
	return NULL;
}

/* The bytes of one file; what the archive leaves out stays a hole. */
static struct error *copy_bytes(struct layer *l, int fd, int64_t size)
{
	int64_t end = 0;

	for (;;) {
		const void *data;
		size_t length;
		int64_t offset;

		TRY(input_data(l->in, &data, &length, &offset));
		if (!data)
			break;
		if (!length)
			continue;
		l->bytes += length;
		if (l->bytes > l->limits->bytes)
			return error_new(ERROR_LIMIT, "the layer has more than %ju bytes",
					 (uintmax_t)l->limits->bytes);
		TRY(write_at(fd, data, length, offset));
		end = offset + (int64_t)length;
	}
	if (end < size && ftruncate(fd, size) < 0)
		return error_sys("extend");
	return NULL;
}

/*
 * A file capability is stored for the owner of the user namespace that we are root of, which the
 * idmapped mount makes id 0 on disk, and every container's own root when it reads it
 * (capabilities(7), version 3). So an archive's own root id, which only meant something where it
 * was made, is cut off: version 3 is version 2 and that id.
 */
static struct error *set_capability(int fd, const char *path, const void *value, size_t size)
{
	struct vfs_cap {
		uint32_t magic, words[4], root_id;
	} cap;

	if (size != 20 && size != 24)
		return error_new(ERROR_BAD_INPUT, "%s: its capabilities have a size of %zu bytes",
				 path, size);
	memcpy(&cap, value, size);
	if (size == 24)
		cap.magic = (cap.magic & 0x00ffffffU) | 0x02000000U;
	if (fsetxattr(fd, "security.capability", &cap, 20, 0) < 0)
		return error_sys("set the capabilities of %s", path);
	return NULL;
}

static bool is_kept(const char *name)
{
	return str_has_prefix(name, "user.") && !str_has_prefix(name, "user.overlay.");
}

/* Before the first is set: what is on disk by then would be the file system's limit, not ours. */
static struct error *count_xattrs(struct layer *l, struct archive_entry *entry, const char *path)
{
	const char *name;
	const void *value;
	size_t size, n = 0, total = 0;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		total += (name ? strlen(name) : 0) + size;
		if (++n > l->limits->xattrs || total > l->limits->xattr_bytes)
			return error_new(
				ERROR_LIMIT,
				"%s: more than %zu extended attributes or %zu bytes of them", path,
				l->limits->xattrs, l->limits->xattr_bytes);
	}
	return NULL;
}

static struct error *set_xattrs(struct layer *l, int fd, struct archive_entry *entry,
				const char *path)
{
	const char *name;
	const void *value;
	size_t size;

	TRY(count_xattrs(l, entry, path));
	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (!name) /* libarchive could not decode it */
			continue;
		if (strcmp(name, "security.capability") == 0)
			TRY(set_capability(fd, path, value, size));
		else if (is_kept(name) && fsetxattr(fd, name, value, size, 0) < 0)
			return error_sys("set an extended attribute of %s", path);
	}
	return NULL;
}

static struct error *check_owner(struct archive_entry *entry, const char *path)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return error_new(ERROR_BAD_INPUT, "%s: owner %jd:%jd", path, (intmax_t)uid,
				 (intmax_t)gid);
	return NULL;
}

static struct error *read_meta(struct layer *l, struct archive_entry *entry, const char *path,
			       struct tree_meta *ret)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	TRY(check_owner(entry, path));
	if (uid > ID_MAX || gid > ID_MAX)
		TRY(report_owner(l->report, path, (uint64_t)uid, (uint64_t)gid));
	*ret = (struct tree_meta){
		.mode = archive_entry_perm(entry) & 07777,
		.uid = uid > ID_MAX ? ID_NOBODY : (uid_t)uid,
		.gid = gid > ID_MAX ? ID_NOBODY : (gid_t)gid,
		.mtime = { .tv_sec = archive_entry_mtime(entry),
			   .tv_nsec = archive_entry_mtime_nsec(entry) },
	};
	return NULL;
}

static struct error *add_file(struct layer *l, struct archive_entry *entry, const char *path,
			      const struct tree_meta *meta)
{
	int64_t size = archive_entry_size(entry);
	int fd autoclose = -1;

	if (size < 0 || (uint64_t)size > l->limits->file_bytes)
		return error_new(ERROR_LIMIT, "%s: a file of %jd bytes", path, (intmax_t)size);
	TRY(tree_make_file(l->tree, path, meta, &fd));
	TRY(error_wrap(copy_bytes(l, fd, size), "%s", path));
	TRY(tree_finish_file(fd, path, meta));
	return set_xattrs(l, fd, entry, path);
}

static struct error *add_directory(struct layer *l, struct archive_entry *entry, const char *path,
				   const struct tree_meta *meta)
{
	int fd autoclose = -1;

	TRY(tree_make_directory(l->tree, path, meta, &fd));
	return set_xattrs(l, fd, entry, path);
}

/* Records a device node; what another entry made there goes, since the last one wins. */
static struct error *skip_device(struct layer *l, const struct report_device *device)
{
	TRY(tree_clear(l->tree, device->path));
	TRY(report_device(l->report, device)); /* which bounds their number */
	l->devices = alloc_resize(l->devices, l->n_devices + 1, sizeof(*l->devices));
	l->devices[l->n_devices] = *device;
	l->devices[l->n_devices++].path = alloc_string(device->path);
	return NULL;
}

static struct error *add_device(struct layer *l, struct archive_entry *entry, const char *path)
{
	const struct report_device device = {
		.path = path,
		.mode = archive_entry_mode(entry),
		.device = archive_entry_rdev(entry),
		.uid = (uint64_t)archive_entry_uid(entry),
		.gid = (uint64_t)archive_entry_gid(entry),
	};

	TRY(check_owner(entry, path));
	return skip_device(l, &device);
}

static const struct report_device *find_device(const struct layer *l, const char *path)
{
	for (size_t i = l->n_devices; i--;)
		if (strcmp(l->devices[i].path, path) == 0)
			return &l->devices[i];
	return NULL;
}

static struct error *add_hard_link(struct layer *l, struct archive_entry *entry, const char *path)
{
	const struct report_device *device;
	char *target autofree = NULL;
	bool missing;

	TRY(error_wrap(tree_clean_path(archive_entry_hardlink(entry), l->limits->path_length,
				       l->limits->path_depth, &target),
		       "%s: hard link to", path));
	TRY(tree_make_hard_link(l->tree, path, target, &missing));
	if (!missing)
		return NULL;
	device = find_device(l, target);
	if (device) {
		struct report_device link = *device;

		link.path = path;
		return skip_device(l, &link);
	}
	return error_new(ERROR_BAD_INPUT, "%s: hard link to %s, which is not in the layer", path,
			 target);
}

static struct error *add_symlink(struct layer *l, struct archive_entry *entry, const char *path,
				 const struct tree_meta *meta)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || !*target || strlen(target) >= PATH_MAX)
		return error_new(ERROR_BAD_INPUT, "%s: a symbolic link of %zu bytes", path,
				 target ? strlen(target) : 0);
	return tree_make_symlink(l->tree, path, target, meta);
}

static struct error *add_thing(struct layer *l, struct archive_entry *entry, const char *path)
{
	struct tree_meta meta;

	if (archive_entry_hardlink(entry))
		return add_hard_link(l, entry, path);
	switch (archive_entry_filetype(entry)) {
	case AE_IFCHR:
	case AE_IFBLK:
		return add_device(l, entry, path);
	case AE_IFSOCK:
		return NULL;
	default:
		break;
	}
	TRY(read_meta(l, entry, path, &meta));
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return add_file(l, entry, path, &meta);
	case AE_IFDIR:
		return add_directory(l, entry, path, &meta);
	case AE_IFLNK:
		return add_symlink(l, entry, path, &meta);
	case AE_IFIFO:
		return tree_make_fifo(l->tree, path, &meta);
	default:
		return error_new(ERROR_BAD_INPUT, "%s: an entry of unknown type", path);
	}
}

/*
 * ".wh.NAME" hides NAME of the lower layers, ".wh..wh..opq" all that they have in its directory
 * (layer.md).
 */
static struct error *hide(struct layer *l, const char *path, const char *name)
{
	const char *hidden = name + strlen(WHITEOUT_PREFIX);
	char *where autofree = alloc_string_n(path, (size_t)(name - path));
	char *target autofree = NULL;

	if (strcmp(name, WHITEOUT_OPAQUE) == 0) {
		if (*where)
			where[strlen(where) - 1] = '\0';
		return tree_make_opaque(l->tree, where);
	}
	if (str_has_prefix(name, WHITEOUT_META))
		return NULL;
	if (!path_is_name(hidden))
		return error_new(ERROR_BAD_INPUT, "%s: a whiteout of no name", path);
	target = alloc_printf("%s%s", where, hidden);
	return tree_whiteout(l->tree, target);
}

static struct error *add_entry(struct layer *l, struct archive_entry *entry)
{
	const char *raw = archive_entry_pathname(entry), *name;
	char *path autofree = NULL;

	if (++l->n_entries > l->limits->entries)
		return error_new(ERROR_LIMIT, "the layer has more than %ju entries",
				 (uintmax_t)l->limits->entries);
	if (!raw)
		return error_new(ERROR_BAD_INPUT, "an entry without a name");
	TRY(tree_clean_path(raw, l->limits->path_length, l->limits->path_depth, &path));
	if (str_has_prefix(path, WHITEOUT_META) && strchr(path, '/'))
		return NULL; /* aufs's own directories */
	name = path_last(path);
	if (str_has_prefix(name, WHITEOUT_PREFIX))
		return hide(l, path, name);
	if (!*path && archive_entry_filetype(entry) != AE_IFDIR)
		return error_new(ERROR_BAD_INPUT, "the root of the layer is no directory");
	return add_thing(l, entry, path);
}

static struct error *add_all(struct layer *l)
{
	for (;;) {
		struct archive_entry *entry;

		TRY(input_next(l->in, &entry));
		if (!entry)
			break;
		TRY(add_entry(l, entry));
	}
	TRY(input_drain(l->in));
	TRY(tree_finish(l->tree));
	return report_done(l->report, l->n_entries, l->bytes);
}

struct error *layer_unpack(int archive, int target, const struct layer_limits *limits,
			   struct report *report)
{
	struct input *in autoinput = NULL;
	struct tree *tree autotree = tree_new(target);
	struct layer l = { .tree = tree, .limits = limits, .report = report };
	struct error *err;

	TRY(input_open(archive, &in));
	l.in = in;
	err = add_all(&l);
	for (size_t i = 0; i < l.n_devices; i++)
		free((char *)l.devices[i].path);
	free(l.devices);
	return err;
}
