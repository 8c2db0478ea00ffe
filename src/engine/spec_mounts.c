#include "engine/spec_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/mount_spec.h"
#include "engine/mounts.h"

#include "base/banned.h"

#define UID_MIN 1000 /* login.defs(5): ids from here on are ordinary users' */
#define UID_NOBODY 65534

static const struct {
	const char *name;
	uint64_t value;
	bool recursive;
} propagations[] = {
	{ "private", MS_PRIVATE, false }, { "rprivate", MS_PRIVATE, true },
	{ "slave", MS_SLAVE, false },	  { "rslave", MS_SLAVE, true },
	{ "shared", MS_SHARED, false },	  { "rshared", MS_SHARED, true },
};

static void set_propagation(const struct engine_mount *m, struct oci_mount *out)
{
	out->propagation = MS_PRIVATE;
	for (size_t i = 0; i < sizeof(propagations) / sizeof(*propagations); i++)
		if (str_equal(m->propagation, propagations[i].name))
			out->propagation = propagations[i].value;
}

/* Whether the program of @c runs as container root, as far as numbers tell. */
static bool runs_as_root(const struct container *c)
{
	const char *user = c->config.user;

	return str_is_empty(user) || strcmp(user, "root") == 0 || strcmp(user, "0") == 0 ||
	       str_has_prefix(user, "0:") || str_has_prefix(user, "root:");
}

/* Requirement F5: what container root writes into an ordinary user's directory is that user's. */
static struct error *choose_idmap(const struct container *c, const struct engine_mount *m,
				  struct oci_mount *out)
{
	struct stat st;

	out->idmap = OCI_IDMAP_CONTAINER;
	if (str_equal(m->idmap, "off"))
		out->idmap = OCI_IDMAP_OFF;
	if (!str_is_empty(m->idmap) || strcmp(m->type, "bind") != 0 || !runs_as_root(c))
		return NULL;
	if (fstat(out->source, &st) < 0)
		return error_sys("bind source %s", m->source);
	if (st.st_uid >= UID_MIN && st.st_uid < UID_NOBODY)
		out->idmap = OCI_IDMAP_OWNER;
	return NULL;
}

static struct error *convert(struct engine *e, const struct container *c,
			     const struct engine_mount *m, struct oci_mount *out)
{
	*out = (struct oci_mount){ .source = -1, .destination = alloc_string(m->destination) };
	TRY(mount_spec_attributes(m, &out->attributes, &out->data));
	if (strcmp(m->type, "tmpfs") == 0) {
		out->kind = OCI_MOUNT_TMPFS;
		return NULL;
	}
	out->kind = OCI_MOUNT_BIND;
	out->recursive = !m->non_recursive;
	out->copy_up = m->copy_up;
	set_propagation(m, out);
	TRY(mounts_open_source(e, m, &out->source));
	return choose_idmap(c, m, out);
}

/* A mount below another must come after it. */
static int by_depth(const void *a, const void *b)
{
	const struct oci_mount *x = a, *y = b;
	size_t dx = 0, dy = 0;

	for (const char *p = x->destination; *p; p++)
		dx += *p == '/';
	for (const char *p = y->destination; *p; p++)
		dy += *p == '/';
	return dx < dy ? -1 : dx > dy;
}

struct error *spec_add_mounts(struct engine *e, const struct container *c, struct oci_spec *spec)
{
	spec->mounts = alloc_zeroed(c->n_mounts, sizeof(*spec->mounts));
	for (size_t i = 0; i < c->n_mounts; i++) {
		spec->n_mounts++;
		TRY(error_wrap(convert(e, c, &c->mounts[i], &spec->mounts[i]), "mount %s",
			       c->mounts[i].destination));
	}
	qsort(spec->mounts, spec->n_mounts, sizeof(*spec->mounts), by_depth);
	return NULL;
}
