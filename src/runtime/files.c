#include "runtime/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"

#include "base/banned.h"

struct error *files_connect_console(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd autoclose = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_sys("socket");
	if (strlen(path) >= sizeof(address.sun_path))
		return error_new(ERROR_BAD_INPUT, "console socket %s: the path is too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys("console socket %s", path);
	*ret_fd = fd_take(&fd);
	return NULL;
}

struct error *files_send_console(int socket, int master)
{
	static const char name[] = "/dev/ptmx";

	return error_wrap(fd_send(socket, name, sizeof(name) - 1, &master, 1), "console socket");
}

struct error *files_write_pid(const char *path, pid_t pid)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", (int)pid);
	char *slash = strrchr(path, '/');
	char *above autofree =
		slash ? alloc_string_n(path, (size_t)(slash - path) + 1) : alloc_string(".");
	int dir autoclose = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_sys("pid file %s", path);
	return error_wrap(path_replace(dir, slash ? slash + 1 : path, text, (size_t)n, 0644, false),
			  "pid file %s", path);
}
