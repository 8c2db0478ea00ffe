/* Copies of this process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"

#include "base/banned.h"

/*
 * The version 2 group's own way to take a process in: who was born elsewhere waits till it is in.
 */
static int move_to(int cgroup, pid_t pid)
{
	char number[16];
	int fd autoclose = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	snprintf(number, sizeof(number), "%d", (int)pid);
	return fd < 0 || write(fd, number, strlen(number)) < 0 ? -1 : 0;
}

/* clone(2), which takes the pidfd's place where set_tid's was; not s390's order of arguments. */
static pid_t plain_clone(unsigned int flags, int exit_signal, int *ret_pidfd)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)flags | (unsigned long)exit_signal, NULL,
			      ret_pidfd, NULL, 0UL);
}

static pid_t clone_and_move(unsigned int flags, int exit_signal, int cgroup, int *ret_pidfd)
{
	int ends[2], number;
	char go = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	/* Each has its own copies: not with CLONE_FILES. */
	pid = plain_clone(flags, exit_signal, ret_pidfd);
	if (pid == 0) {
		close(ends[1]);
		if (read(ends[0], &go, 1) != 1)
			_exit(127);
		close(ends[0]);
		return 0;
	}
	number = errno;
	if (pid > 0 && (move_to(cgroup, pid) < 0 || write(ends[1], &go, 1) != 1)) {
		number = errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
		pid = -1;
	}
	close(ends[0]);
	close(ends[1]);
	errno = number;
	return pid;
}

pid_t proc_clone(unsigned int flags, int cgroup, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = flags | (ret_pidfd ? CLONE_PIDFD : 0) |
			 (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
		.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid >= 0 || errno != ENOSYS)
		return pid;
	flags |= ret_pidfd ? CLONE_PIDFD : 0;
	return cgroup < 0 ? plain_clone(flags, (int)args.exit_signal, ret_pidfd)
			  : clone_and_move(flags, (int)args.exit_signal, cgroup, ret_pidfd);
}
