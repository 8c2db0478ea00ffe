#include "engine/mounts_spec.h"

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
#include "base/strv.h"

#include "base/banned.h"

#define UID_MIN 1000 /* login.defs(5): ids from here on are ordinary users' */
#define UID_NOBODY 65534

static const struct {
	const char *option;
	uint64_t attribute;
} attributes[] = {
	{ "nosuid", MOUNT_ATTR_NOSUID },	 { "nodev", MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC },	 { "noatime", MOUNT_ATTR_NOATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME }, { "ro", MOUNT_ATTR_RDONLY },
};

static const struct {
	const char *name;
	uint64_t value;
	bool recursive;
} propagations[] = {
	{ "private", MS_PRIVATE, false }, { "rprivate", MS_PRIVATE, true },
	{ "slave", MS_SLAVE, false },	  { "rslave", MS_SLAVE, true },
	{ "shared", MS_SHARED, false },	  { "rshared", MS_SHARED, true },
};

/*
 * Splits the decided options into attributes of the mount and what the file system itself is told. Device nodes of a
 * mount are never real: those of the container are in /dev.
 */
static void set_options(const struct engine_mount *m, struct oci_mount *out)
{
	char **options autostrv = strv_split(m->options ? m->options : "", ',');
	char **data autostrv = NULL;

	out->attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (m->rw ? 0 : MOUNT_ATTR_RDONLY);
	for (size_t i = 0; options[i]; i++) {
		bool known = !*options[i] || strcmp(options[i], "rw") == 0;

		for (size_t k = 0; k < sizeof(attributes) / sizeof(*attributes); k++)
			if (strcmp(options[i], attributes[k].option) == 0) {
				out->attributes |= attributes[k].attribute;
				known = true;
			}
		if (strcmp(options[i], "exec") == 0)
			out->attributes &= ~(uint64_t)MOUNT_ATTR_NOEXEC;
		else if (!known)
			strv_add(&data, options[i]);
	}
	out->data = strv_join(data, ",");
}

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

static struct error *open_source(const struct engine_mount *m, int *ret_fd)
{
	int fd = open(m->source, O_PATH | O_CLOEXEC);
	int made autoclose = -1;

	if (fd < 0 && errno == ENOENT && m->create_source) {
		TRY(path_make_dirs(m->source, 0755, &made));
		fd = open(m->source, O_PATH | O_CLOEXEC);
	}
	if (fd < 0)
		return error_sys("bind source %s", m->source);
	*ret_fd = fd;
	return NULL;
}

static struct error *convert(const struct container *c, const struct engine_mount *m,
			     struct oci_mount *out)
{
	*out = (struct oci_mount){ .source = -1, .destination = alloc_string(m->destination) };
	set_options(m, out);
	if (strcmp(m->type, "tmpfs") == 0) {
		out->kind = OCI_MOUNT_TMPFS;
		return NULL;
	}
	out->kind = OCI_MOUNT_BIND;
	out->recursive = !m->non_recursive;
	out->copy_up = m->copy_up;
	set_propagation(m, out);
	TRY(open_source(m, &out->source));
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

struct error *mounts_spec_add(struct engine *e, const struct container *c, struct oci_spec *spec)
{
	(void)e;
	spec->mounts = alloc_zeroed(c->n_mounts, sizeof(*spec->mounts));
	for (size_t i = 0; i < c->n_mounts; i++) {
		spec->n_mounts++;
		TRY(error_wrap(convert(c, &c->mounts[i], &spec->mounts[i]), "mount %s",
			       c->mounts[i].destination));
	}
	qsort(spec->mounts, spec->n_mounts, sizeof(*spec->mounts), by_depth);
	return NULL;
}
