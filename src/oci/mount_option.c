#include "oci/mount_option.h"

#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/buf.h"
#include "base/str.h"
#include "oci/oci.h"

#include "base/banned.h"

#ifndef MS_NOSYMFOLLOW /* Linux 5.10 */
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

#define ATIMES (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

static const struct {
	const char *name;
	unsigned long set, clear;
} flags[] = {
	{ "acl", MS_POSIXACL, 0 },	  { "async", 0, MS_SYNCHRONOUS },
	{ "atime", 0, MS_NOATIME },	  { "defaults", 0, 0 },
	{ "dev", 0, MS_NODEV },		  { "diratime", 0, MS_NODIRATIME },
	{ "dirsync", MS_DIRSYNC, 0 },	  { "exec", 0, MS_NOEXEC },
	{ "iversion", MS_I_VERSION, 0 },  { "lazytime", MS_LAZYTIME, 0 },
	{ "loud", 0, MS_SILENT },	  { "mand", MS_MANDLOCK, 0 },
	{ "noacl", 0, MS_POSIXACL },	  { "noatime", MS_NOATIME, 0 },
	{ "nodev", MS_NODEV, 0 },	  { "nodiratime", MS_NODIRATIME, 0 },
	{ "noexec", MS_NOEXEC, 0 },	  { "noiversion", 0, MS_I_VERSION },
	{ "nolazytime", 0, MS_LAZYTIME }, { "nomand", 0, MS_MANDLOCK },
	{ "norelatime", 0, MS_RELATIME }, { "nostrictatime", 0, MS_STRICTATIME },
	{ "nosuid", MS_NOSUID, 0 },	  { "nosymfollow", MS_NOSYMFOLLOW, 0 },
	{ "relatime", MS_RELATIME, 0 },	  { "remount", MS_REMOUNT, 0 },
	{ "ro", MS_RDONLY, 0 },		  { "rw", 0, MS_RDONLY },
	{ "silent", MS_SILENT, 0 },	  { "strictatime", MS_STRICTATIME, 0 },
	{ "suid", 0, MS_NOSUID },	  { "symfollow", 0, MS_NOSYMFOLLOW },
	{ "sync", MS_SYNCHRONOUS, 0 },
};

/* "rro" and its like (mount_setattr(2), AT_RECURSIVE). */
static const struct {
	const char *name;
	uint64_t set, clear;
} tree_flags[] = {
	{ "ratime", 0, MOUNT_ATTR_NOATIME },
	{ "rdev", 0, MOUNT_ATTR_NODEV },
	{ "rdiratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "rexec", 0, MOUNT_ATTR_NOEXEC },
	{ "rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "rnodev", MOUNT_ATTR_NODEV, 0 },
	{ "rnodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "rnoexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "rnorelatime", 0, MOUNT_ATTR__ATIME },
	{ "rnostrictatime", 0, MOUNT_ATTR__ATIME },
	{ "rnosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "rrelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "rro", MOUNT_ATTR_RDONLY, 0 },
	{ "rrw", 0, MOUNT_ATTR_RDONLY },
	{ "rstrictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "rsuid", 0, MOUNT_ATTR_NOSUID },
	{ "rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
};

static const struct {
	const char *name;
	unsigned long propagation;
} propagations[] = {
	{ "private", MS_PRIVATE },	 { "rprivate", MS_PRIVATE | MS_REC },
	{ "shared", MS_SHARED },	 { "rshared", MS_SHARED | MS_REC },
	{ "slave", MS_SLAVE },		 { "rslave", MS_SLAVE | MS_REC },
	{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const char *const words[] = { "bind",   "rbind",	       "tmpcopyup",    "idmap",
				     "ridmap", "copy-symlink", "src-nofollow", "dest-nofollow" };

const char *oci_mount_option(size_t i)
{
	if (i < N(flags))
		return flags[i].name;
	i -= N(flags);
	if (i < N(tree_flags))
		return tree_flags[i].name;
	i -= N(tree_flags);
	if (i < N(propagations))
		return propagations[i].name;
	i -= N(propagations);
	return i < N(words) ? words[i] : NULL;
}

void mount_options_done(struct mount_options *o)
{
	free(o->data);
	o->data = NULL;
}

static bool take_flag(struct mount_options *o, const char *name)
{
	for (size_t i = 0; i < N(flags); i++)
		if (strcmp(flags[i].name, name) == 0) {
			/* Of the three ways to keep access times there is one. */
			if (flags[i].set & ATIMES)
				o->set &= ~(unsigned long)ATIMES;
			o->set = (o->set | flags[i].set) & ~flags[i].clear;
			o->clear = (o->clear | flags[i].clear) & ~flags[i].set;
			return true;
		}
	return false;
}

static bool take_tree_flag(struct mount_options *o, const char *name)
{
	for (size_t i = 0; i < N(tree_flags); i++)
		if (strcmp(tree_flags[i].name, name) == 0) {
			uint64_t set = tree_flags[i].set, clear = tree_flags[i].clear;

			o->tree_set = (o->tree_set & ~clear) | set;
			/* The kernel wants the whole field cleared where one of it is set. */
			o->tree_clear = (o->tree_clear & ~set) | clear;
			return true;
		}
	return false;
}

static struct error *take_propagation(struct mount_options *o, const char *name, bool *ret_taken)
{
	*ret_taken = false;
	for (size_t i = 0; i < N(propagations); i++) {
		if (strcmp(propagations[i].name, name) != 0)
			continue;
		if (o->n_propagation == N(o->propagation))
			return error_new(ERROR_LIMIT, "more than %zu propagations",
					 N(o->propagation));
		o->propagation[o->n_propagation++] = propagations[i].propagation;
		*ret_taken = true;
	}
	return NULL;
}

static bool take_word(struct mount_options *o, const char *name)
{
	if (strcmp(name, "bind") == 0 || strcmp(name, "rbind") == 0)
		o->bind = o->recursive = true;
	else if (strcmp(name, "tmpcopyup") == 0)
		o->copy_up = true;
	else if (strcmp(name, "idmap") == 0)
		o->map = true;
	else if (strcmp(name, "ridmap") == 0)
		o->map = o->map_tree = true;
	else if (strcmp(name, "copy-symlink") == 0)
		o->copy_link = true;
	else if (strcmp(name, "src-nofollow") == 0)
		o->source_nofollow = true;
	else if (strcmp(name, "dest-nofollow") == 0)
		o->target_nofollow = true;
	else
		return false;
	if (strcmp(name, "bind") == 0)
		o->recursive = false;
	return true;
}

struct error *mount_options_parse(char *const *list, struct mount_options *ret)
{
	struct mount_options o automountoptions = { .bind = false };
	struct buf data autobuf = BUF_MAX(65536);

	for (size_t i = 0; list && list[i]; i++) {
		bool taken;

		TRY(take_propagation(&o, list[i], &taken));
		if (taken || take_flag(&o, list[i]) || take_tree_flag(&o, list[i]) ||
		    take_word(&o, list[i]) || !*list[i])
			continue;
		TRY(buf_printf(&data, "%s%s", data.length ? "," : "", list[i]));
	}
	o.data = alloc_string(buf_text(&data));
	*ret = o;
	o.data = NULL;
	return NULL;
}

uint64_t mount_options_attributes(unsigned long ms)
{
	return (ms & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0) | (ms & MS_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
	       (ms & MS_NODEV ? MOUNT_ATTR_NODEV : 0) | (ms & MS_NOEXEC ? MOUNT_ATTR_NOEXEC : 0) |
	       (ms & MS_NOATIME ? MOUNT_ATTR_NOATIME : 0) |
	       (ms & MS_STRICTATIME ? MOUNT_ATTR_STRICTATIME : 0) |
	       (ms & MS_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0) |
	       (ms & MS_NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW : 0);
}
