#include "base/self.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/strv.h"

#include "base/banned.h"

#define ARGUMENTS_MAX (4 << 20)

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

struct error *self_protect(void)
{
	int file autoclose = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int view autoclose = -1;
	char *dir autofree = NULL;
	char **argv autostrv = NULL;
	struct statvfs st;

	if (file < 0 || fstatvfs(file, &st) < 0)
		return error_sys("look at our own program");
	if (st.f_flag & ST_RDONLY)
		return NULL;
	TRY(read_arguments(&argv));
	TRY(self_directory(&dir));
	if (setenv(DIRECTORY_VARIABLE, dir, 1) < 0)
		return error_sys("set " DIRECTORY_VARIABLE);
	TRY(mount_clone(file, "", false, &view));
	TRY(mount_attributes(view, MOUNT_ATTR_RDONLY, 0, 0, false));
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
