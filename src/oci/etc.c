/*
 * The files in /etc that belong to the container: written by the parent into the run-time
 * directory, owned by the container's root, and bound by the child where the image has its own.
 */
#include "oci/etc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mount.h"
#include "base/path.h"

#include "base/banned.h"

static const char *const names[SETUP_ETC_FILES] = { "hosts", "resolv.conf", "hostname" };

static const char *text_of(const struct oci_spec *spec, int i)
{
	const char *const texts[SETUP_ETC_FILES] = { spec->hosts, spec->resolv_conf,
						     spec->hostname };

	return spec->bundle ? NULL : texts[i];
}

bool etc_is_wanted(const struct oci_spec *spec, int i)
{
	return text_of(spec, i) != NULL;
}

static struct error *make_file(struct setup *s, int i)
{
	const char *text = text_of(s->spec, i);
	int fd autoclose = -1;

	if (unlinkat(s->spec->state_dir, names[i], 0) < 0 &&
	    errno != ENOENT) /* of a start before this one */
		return error_sys("replace %s", names[i]);
	fd = openat(s->spec->state_dir, names[i],
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_sys("make %s", names[i]);
	TRY(fd_write_all(fd, text, strlen(text)));
	if (strcmp(names[i], "hostname") == 0)
		TRY(fd_write_all(fd, "\n", 1));
	if (fchmod(fd, 0644) < 0 || fchown(fd, s->ids, s->ids) < 0)
		return error_sys("own %s", names[i]);
	TRY(mount_clone(fd, "", false, &s->etc[i]));
	return mount_attributes(s->etc[i], MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
				0, MS_PRIVATE, false);
}

struct error *step_make_etc(struct setup *s)
{
	for (int i = 0; i < SETUP_ETC_FILES; i++)
		if (etc_is_wanted(s->spec, i))
			TRY(make_file(s, i));
	return NULL;
}

/*
 * Opens the file @name in the image's /etc to mount on; a link there, wherever it points, is
 * replaced by a file.
 */
static struct error *open_place(int etc, const char *name, int *ret_fd)
{
	int fd = openat(etc, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*ret_fd = fd;
		return NULL;
	}
	fd_close(&fd);
	TRY(path_remove_tree(etc, name));
	fd = openat(etc, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_sys("make /etc/%s", name);
	*ret_fd = fd;
	return NULL;
}

struct error *step_attach_etc(struct setup *s)
{
	int etc autoclose = -1;

	TRY(path_make_dirs_in_root(s->root_dir, "/etc", 0755, (uid_t)-1, (gid_t)-1, &etc));
	for (int i = 0; i < SETUP_ETC_FILES; i++) {
		int place autoclose = -1;

		if (s->etc[i] < 0)
			continue;
		TRY(open_place(etc, names[i], &place));
		TRY(error_wrap(mount_attach(s->etc[i], place), "/etc/%s", names[i]));
	}
	return NULL;
}
