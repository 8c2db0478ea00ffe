#include "runtime/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

#include "base/banned.h"

#define PRESERVED_MAX 4096
#define LISTEN_MAX 1000

/* Inherited ones are never close-on-exec, ours always are. */
struct error *files_check_preserved(int n, int more)
{
	if (n < 0 || n > PRESERVED_MAX)
		return error_new(ERROR_BAD_INPUT, "--preserve-fds: %d is not a number from 0 to %d",
				 n, PRESERVED_MAX);
	for (int fd = 3; fd < 3 + n + more; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return error_new(ERROR_BAD_INPUT,
					 "--preserve-fds: descriptor %d (of %d) was not passed", fd,
					 n + more);
	}
	return NULL;
}

int files_listening(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	uint64_t id = 0, count = 0;
	struct error *err;

	if (!pid || !n)
		return 0;
	err = str_parse_u64(pid, 1, INT_MAX, &id);
	if (!err && id == (uint64_t)getpid())
		err = str_parse_u64(n, 0, LISTEN_MAX, &count);
	error_ignore(err, "what is no number is no word of systemd's");
	return (int)count;
}

struct error *files_connect(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd autoclose = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_sys("socket");
	if (strlen(path) >= sizeof(address.sun_path))
		return error_new(ERROR_BAD_INPUT, "socket %s: the path is too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys("connect to the socket %s", path);
	*ret_fd = fd_take(&fd);
	return NULL;
}

struct error *files_send_console(int socket, int master)
{
	static const char name[] = "/dev/ptmx";

	return error_wrap(fd_send(socket, name, sizeof(name) - 1, &master, 1), "console socket");
}

struct error *files_send_pidfd(const char *path, int pidfd, const char *kind)
{
	int socket autoclose = -1;

	TRY(error_wrap(files_connect(path, &socket), "pidfd socket"));
	return error_wrap(fd_send(socket, kind, strlen(kind), &pidfd, 1), "pidfd socket");
}

struct error *files_replace(int base, const char *path, const char *text, mode_t mode)
{
	const char *name = path_last(path);
	char *above autofree =
		name > path ? alloc_string_n(path, (size_t)(name - path)) : alloc_string(".");
	int dir autoclose = openat(base, above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_sys("%s", path);
	return error_wrap(path_replace(dir, name, text, strlen(text), mode, false), "%s", path);
}

struct error *files_write_pid(const char *path, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return error_wrap(files_replace(AT_FDCWD, path, text, 0644), "pid file");
}
