#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/fd.h"

#include "base/banned.h"

static struct error *take_lock(int dir, const char *name, int command, int *ret_fd)
{
	int fd autoclose = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int rc;

	if (fd < 0)
		return error_sys("open lock %s", name);
	do
		rc = fcntl(fd, command, &whole);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 && command == F_OFD_SETLK && (errno == EAGAIN || errno == EACCES)) {
		*ret_fd = -1;
		return NULL;
	}
	if (rc < 0)
		return error_sys("lock %s", name);
	*ret_fd = fd_take(&fd);
	return NULL;
}

struct error *lock_take(int dir, const char *name, int *ret_fd)
{
	return take_lock(dir, name, F_OFD_SETLKW, ret_fd);
}

struct error *lock_try(int dir, const char *name, int *ret_fd)
{
	return take_lock(dir, name, F_OFD_SETLK, ret_fd);
}

struct error *lock_take_dir(int dir, int *ret_fd)
{
	int fd autoclose = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return error_sys("open a directory to lock it");
	do
		rc = flock(fd, LOCK_EX);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return error_sys("lock a directory");
	*ret_fd = fd_take(&fd);
	return NULL;
}
