/* Processes by descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"

#include "base/banned.h"

#define LOOK_EVERY_MS 10
#define STAT_MAX 512

/*
 * Without pidfds (Linux 5.3, or a filter above us that does not know them) a descriptor of
 * /proc/PID stands for the process: what is below it is gone when that has been waited for, and
 * never becomes another's (proc(5)).
 */
static struct error *open_directory(pid_t pid, int *ret_fd)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return error_new(ERROR_NOT_FOUND, "process %d is gone", (int)pid);
	if (fd < 0)
		return error_sys("open process %d", (int)pid);
	*ret_fd = fd;
	return NULL;
}

struct error *proc_open(pid_t pid, int *ret_pidfd)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0 && errno == ENOSYS)
		return open_directory(pid, ret_pidfd);
	if (fd < 0 && errno == ESRCH)
		return error_new(ERROR_NOT_FOUND, "process %d is gone", (int)pid);
	if (fd < 0)
		return error_sys("open process %d", (int)pid);
	*ret_pidfd = fd;
	return NULL;
}

static bool is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A zombie is gone, as it is for a pidfd. */
static bool is_gone(int directory)
{
	char text[STAT_MAX], *state;
	int fd autoclose = openat(directory, "stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return true;
	text[n] = '\0';
	state = strrchr(text, ')');
	return !state || state[1] != ' ' || state[2] == 'Z' || state[2] == 'X';
}

/* Whose pidfd, or directory, it is; 0: nobody's any more. */
static pid_t pid_of(int fd)
{
	char path[64], *text autofree = NULL;
	const char *line;
	struct error *err;
	uint64_t pid = 0;

	if (is_directory(fd)) {
		err = path_of_fd(fd, &text);
		line = text ? path_last(text) : NULL;
	} else {
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		err = path_read_text(AT_FDCWD, path, 4096, &text);
		line = text ? strstr(text, "\nPid:") : NULL;
		if (line) {
			line += strlen("\nPid:");
			line += strspn(line, "\t ");
			text[line - text + (ptrdiff_t)strcspn(line, "\n")] = '\0';
		}
	}
	if (!err && line)
		err = str_parse_u64(line, 1, INT_MAX, &pid);
	error_ignore(err, "a process that is gone has no number");
	return (pid_t)pid;
}

/* Between the look and the signal another could get the pid: that is what pidfds are for. */
static int signal_by_number(int pidfd, int signal)
{
	pid_t pid = pid_of(pidfd);

	if (pid <= 0 || (is_directory(pidfd) && is_gone(pidfd))) {
		errno = ESRCH;
		return -1;
	}
	return kill(pid, signal);
}

struct error *proc_signal(int pidfd, int signal)
{
	int rc = (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);

	if (rc < 0 && errno == ENOSYS && pidfd >= 0)
		rc = signal_by_number(pidfd, signal);
	if (rc == 0)
		return NULL;
	if (errno == ESRCH)
		return error_new(ERROR_NOT_FOUND, "the process is gone");
	return error_sys("send signal %d", signal);
}

/* A directory cannot be waited for. */
static bool look_until_gone(int directory, int timeout_ms)
{
	for (int waited = 0; !is_gone(directory); waited += LOOK_EVERY_MS) {
		if (timeout_ms >= 0 && waited >= timeout_ms)
			return false;
		poll(NULL, 0, LOOK_EVERY_MS);
	}
	return true;
}

struct error *proc_wait_gone(int pidfd, int timeout_ms, bool *ret_gone)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	if (is_directory(pidfd)) {
		*ret_gone = look_until_gone(pidfd, timeout_ms);
		return NULL;
	}
	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR && timeout_ms < 0);
	if (n < 0 && errno != EINTR)
		return error_sys("wait for a process");
	*ret_gone = n > 0;
	return NULL;
}

bool proc_can_poll(int pidfd)
{
	return !is_directory(pidfd);
}
