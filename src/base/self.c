#include "base/self.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/strv.h"

#include "base/banned.h"

#define ARGUMENTS_MAX (4 << 20)
#define SENDFILE_MAX (64 << 20)

/* Only believed by a program that runs from a view: it has no path of its own any more. */
#define DIRECTORY_VARIABLE "BULKHEAD_PROGRAM_DIRECTORY"

/* The arguments as the kernel has them (proc(5)): strings that each end in NUL. */
static struct error *read_arguments(char ***ret)
{
	struct buf text autobuf = BUF_MAX(ARGUMENTS_MAX);

	TRY(path_read(AT_FDCWD, "/proc/self/cmdline", &text));
	for (size_t at = 0; at < text.length; at += strlen(text.data + at) + 1)
		strv_add(ret, text.data + at);
	return *ret ? NULL : error_new(ERROR_SYSTEM, "/proc/self/cmdline is empty");
}

/* Whether it is on a read-only mount, or a copy that is sealed. */
static struct error *is_protected(int file, bool *ret)
{
	char link[PATH_PROC_FD_SIZE];
	int readable autoclose = -1, seals = 0;
	struct statvfs st;
	struct statfs fs;

	if (fstatvfs(file, &st) < 0 || fstatfs(file, &fs) < 0)
		return error_sys("look at our own program");
	if (fs.f_type == TMPFS_MAGIC) { /* a memfd's, perhaps */
		path_proc_fd(link, file);
		readable = open(link, O_RDONLY | O_CLOEXEC);
		seals = readable < 0 ? 0 : fcntl(readable, F_GET_SEALS);
	}
	*ret = st.f_flag & ST_RDONLY || (seals > 0 && seals & F_SEAL_WRITE);
	if (seals > 0 && prctl(PR_SET_NAME, program_invocation_short_name) < 0)
		return error_sys("set our own name"); /* it is the memfd's */
	return NULL;
}

/* Where the kernel cannot make a mount read-only before it is attached: a copy of the file. */
static struct error *copy_sealed(int file, int *ret_fd)
{
	char link[PATH_PROC_FD_SIZE];
	int copy autoclose = memfd_create("bulkhead", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int from autoclose = -1;
	ssize_t n;

	path_proc_fd(link, file);
	from = open(link, O_RDONLY | O_CLOEXEC);
	if (copy < 0 || from < 0)
		return error_sys("copy our own program");
	do
		n = sendfile(copy, from, NULL, SENDFILE_MAX);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 || fchmod(copy, 0555) < 0 ||
	    fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return error_sys("copy our own program");
	*ret_fd = fd_take(&copy);
	return NULL;
}

static struct error *make_view(int file, int *ret_fd)
{
	int view autoclose = -1;
	struct statvfs st;

	TRY(mount_clone(file, "", false, &view));
	TRY(mount_attributes(view, MOUNT_ATTR_RDONLY, 0, 0, false));
	if (fstatvfs(view, &st) < 0)
		return error_sys("look at the view of our own program");
	if (!(st.f_flag & ST_RDONLY)) /* it would be, once attached: see base/mount_flags.c */
		return copy_sealed(file, ret_fd);
	*ret_fd = fd_take(&view);
	return NULL;
}

struct error *self_protect(void)
{
	int file autoclose = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int view autoclose = -1;
	char *dir autofree = NULL;
	char **argv autostrv = NULL;
	bool done = false;

	if (file < 0)
		return error_sys("look at our own program");
	TRY(is_protected(file, &done));
	if (done)
		return NULL;
	TRY(read_arguments(&argv));
	TRY(self_directory(&dir));
	if (setenv(DIRECTORY_VARIABLE, dir, 1) < 0)
		return error_sys("set " DIRECTORY_VARIABLE);
	TRY(make_view(file, &view));
	execveat(view, "", argv, environ, AT_EMPTY_PATH);
	return error_sys("execute our own program from a read-only view");
}

struct error *self_directory(char **ret)
{
	const char *noted = getenv(DIRECTORY_VARIABLE);
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n < 0)
		return error_sys("read /proc/self/exe");
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	*ret = alloc_string(!*path && noted ? noted : path);
	return NULL;
}
