/*
 * A bulkhead-fetch that a registry has taken over. It confines itself as the real one does, less
 * the walls that the file "attack" beside it names, does what that says, and tells how it went:
 *
 *     WALLS-LEFT-OUT WHAT ARGUMENT
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/msg.h"
#include "gains.h"
#include "helpers/fetch/walls.h"

static struct error *read_line(char line[512])
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 8);
	char *slash;
	int fd;

	if (n < 0)
		return error_sys("find the program");
	path[n] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash + 1, "attack", sizeof("attack"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, line, 511);
	if (n < 0)
		return error_sys("read %s", path);
	line[n] = '\0';
	return NULL;
}

static struct error *run(void)
{
	char line[512] = "", what[16] = "", argument[256] = "";
	unsigned int without = 0;

	TRY(read_line(line));
	if (sscanf(line, "%u %15s %255s", &without, what, argument) != 3)
		return error_new(ERROR_BUG, "no attack in the file");
	TRY(walls_raise(without));
	return gains_try(what, argument);
}

int main(void)
{
	char frame[ERROR_FRAME_MAX];
	struct error *err = run();
	size_t length = error_encode(err, frame, sizeof(frame));

	error_ignore(msg_write(FETCH_FD_CONTROL, FETCH_ERROR, frame, length), "nobody listens");
	_exit(1);
}
