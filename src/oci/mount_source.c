/*
 * The sources of bind mounts: copied by the parent, with their ids mapped, for the child to attach.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/str.h"
#include "base/userns.h"
#include "oci/mount_bundle.h"
#include "oci/setup.h"

#include "base/banned.h"

/*
 * The map of a bind mount (requirement F5). The owner's map swaps container root and the user who
 * owns the source, so that what container root writes is that user's; the user's own number shows
 * nobody inside.
 */
static struct error *make_map(struct setup *s, const struct stat *st, enum oci_idmap idmap,
			      int *ret_userns)
{
	uint32_t uid = st->st_uid, gid = st->st_gid;
	struct id_map uids[4], gids[4];
	size_t n_uids = 0, n_gids = 0;

	if (idmap == OCI_IDMAP_CONTAINER || uid == 0) {
		*ret_userns = fcntl(s->userns, F_DUPFD_CLOEXEC, 3);
		return *ret_userns < 0 ? error_sys("dup") : NULL;
	}
	/*
	 * "inside" of a mount's map is the id on disk; "outside" is the host id that it is shown
	 * as.
	 */
	uids[n_uids++] = (struct id_map){ uid, s->ids, 1 };
	if (uid > 1)
		uids[n_uids++] = (struct id_map){ 1, s->ids + 1, (uid < 65536 ? uid : 65536) - 1 };
	if (uid < 65535)
		uids[n_uids++] = (struct id_map){ uid + 1, s->ids + uid + 1, 65535 - uid };
	gids[n_gids++] = (struct id_map){ gid, s->ids, 1 };
	if (gid > 1)
		gids[n_gids++] = (struct id_map){ 1, s->ids + 1, (gid < 65536 ? gid : 65536) - 1 };
	if (gid < 65535)
		gids[n_gids++] = (struct id_map){ gid + 1, s->ids + gid + 1, 65535 - gid };
	if (gid == 0) { /* only the user differs */
		gids[0] = (struct id_map){ 0, s->ids, 65536 };
		n_gids = 1;
	}
	return userns_make(uids, n_uids, gids, n_gids, ret_userns);
}

/* Of "idmap" in a bundle: asked for by name, so what cannot be done is an error. */
static struct error *own_map(struct setup *s, const struct oci_mount *m, int *ret_userns)
{
	if (m->n_uids)
		return userns_make(m->uids, m->n_uids, m->gids, m->n_gids, ret_userns);
	if (s->userns < 0)
		return error_new(ERROR_BAD_INPUT, "idmap: neither maps nor a user namespace");
	*ret_userns = fcntl(s->userns, F_DUPFD_CLOEXEC, 3);
	return *ret_userns < 0 ? error_sys("dup") : NULL;
}

static struct error *map_own(struct setup *s, const struct oci_mount *m, int fd)
{
	int userns autoclose = -1;

	TRY(own_map(s, m, &userns));
	return mount_idmap(fd, userns, m->map_tree);
}

/* Maps @fd, or says why it is shown with the host's ids: as nobody's, for there is no other way. */
static struct error *map_source(struct setup *s, const struct oci_mount *m, int fd)
{
	int userns autoclose = -1;
	struct error *err;
	struct stat st;

	if (m->idmap == OCI_IDMAP_OWN)
		return map_own(s, m, fd);
	if (!s->user_namespace || m->idmap == OCI_IDMAP_OFF)
		return NULL;
	if (fstat(fd, &st) < 0)
		return error_sys("mount source of %s", m->destination);
	TRY(make_map(s, &st, m->idmap, &userns));
	err = mount_idmap(fd, userns, m->recursive);
	/* One submount that cannot spoils all: map the top, leave the rest as it is. */
	if (err && m->recursive) {
		error_ignore(err, "a submount may not be mappable");
		err = mount_idmap(fd, userns, false);
		if (!err)
			log_notice("%s: mounts below the source are shown with unmapped ids",
				   m->destination);
	}
	if (err) {
		log_notice(
			"%s: its file system cannot be idmapped, files are shown as nobody's (%s)",
			m->destination, error_message(err));
		error_free(err);
	}
	return NULL;
}

/*
 * A mount is copied in the namespace that it belongs to: what was opened before that was another
 * one is found again by its name.
 */
static struct error *clone_source(const struct setup *s, const struct oci_mount *m, int *ret_fd)
{
	char *path autofree = NULL;

	if (!s->rootless || m->late_source)
		return mount_clone(m->source, "", m->recursive, ret_fd);
	TRY(path_of_fd(m->source, &path));
	return mount_clone(AT_FDCWD, path, m->recursive, ret_fd);
}

static struct error *adjust_source(struct setup *s, const struct oci_mount *m, int fd)
{
	return s->spec->bundle
		       ? error_wrap(mount_adjust(m, fd), "%s", m->destination)
		       : mount_attributes(fd, m->attributes, 0, m->propagation, m->recursive);
}

static struct error *make_source(struct setup *s, const struct oci_mount *m, int *ret_fd)
{
	int fd autoclose = -1;

	TRY(clone_source(s, m, &fd));
	TRY(map_source(s, m, fd));
	TRY(adjust_source(s, m, fd));
	*ret_fd = fd_take(&fd);
	return NULL;
}

struct error *step_open_sources(struct setup *s)
{
	return s->rootless ? NULL : sources_open(s);
}

bool source_is_sent(const struct setup *s, size_t i)
{
	const struct oci_mount *m = &s->spec->mounts[i];

	return m->kind == OCI_MOUNT_BIND && (!m->late_source || m->idmap == OCI_IDMAP_OWN);
}

struct error *sources_open(struct setup *s)
{
	for (size_t i = 0; i < s->spec->n_mounts; i++) {
		const struct oci_mount *m = &s->spec->mounts[i];

		if (!source_is_sent(s, i))
			continue;
		TRY(m->late_source ? own_map(s, m, &s->sources[i])
				   : make_source(s, m, &s->sources[i]));
	}
	return NULL;
}

/*
 * By its path on the host, on which the root lies where it was made from. What the container's
 * root may not pass through is reached from the root itself. No magic link of /proc is followed:
 * they lead to what only this process has open.
 */
static struct error *open_late(const struct setup *s, const struct oci_mount *m, int *ret_fd)
{
	int flags = O_PATH | (m->copy_link || m->source_nofollow ? O_NOFOLLOW : 0);
	int top autoclose = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *root autofree = NULL;
	struct error *err;

	if (top < 0)
		return error_sys("open /");
	err = path_open_in_root(top, m->late_source, flags, 0, ret_fd);
	if (!err || error_errno(err) != EACCES)
		return err;
	TRY(path_of_fd(s->root_dir, &root));
	if (!str_has_prefix(m->late_source, root) || m->late_source[strlen(root)] != '/')
		return err;
	error_free(err);
	return path_open_in_root(s->root_dir, m->late_source + strlen(root), flags, 0, ret_fd);
}

struct error *source_open_late(struct setup *s, struct oci_mount *m, int userns, int *ret_fd)
{
	int fd autoclose = -1;
	struct stat st;

	TRY(open_late(s, m, &m->source));
	if (fstat(m->source, &st) < 0)
		return error_sys("%s", m->late_source);
	if (m->copy_link && S_ISLNK(st.st_mode))
		return mount_take_link(m);
	TRY(error_wrap(clone_source(s, m, &fd), "%s", m->late_source));
	if (m->idmap == OCI_IDMAP_OWN)
		TRY(error_wrap(mount_idmap(fd, userns, m->map_tree), "%s", m->late_source));
	TRY(adjust_source(s, m, fd));
	*ret_fd = fd_take(&fd);
	return NULL;
}
