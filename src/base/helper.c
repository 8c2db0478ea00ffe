#include "base/helper.h"

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/idrange.h"
#include "base/msg.h"

#include "base/banned.h"

const struct id_map helper_map = {
	.inside = 0,
	.outside = IDRANGE_HELPERS,
	.length = IDRANGE_LENGTH,
};

static struct error *become_helper(const struct proc_spawn *spawn)
{
	if (setresgid(0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresuid(0, 0, 0) < 0)
		return error_sys("become root of the helper's user namespace");
	return proc_replace(spawn);
}

/* In the new process: waits until its ids are mapped, then executes the helper. Never returns. */
static void run_child(const struct proc_spawn *spawn, int go, int error_fd, uint32_t error_type)
{
	struct error *err;
	char frame[ERROR_FRAME_MAX], byte;
	size_t length;

	if (fd_read_exact(go, &byte, 1)) /* the parent gave up; its error is the one to be told */
		_exit(127);
	err = become_helper(spawn);
	length = error_encode(err, frame, sizeof(frame));
	error_ignore(msg_write(spawn->fds[error_fd], error_type, frame, length),
		     "the parent is gone");
	_exit(127);
}

static struct error *let_go(pid_t pid, int go)
{
	TRY(userns_write_maps(pid, &helper_map, 1, &helper_map, 1));
	return fd_write_all(go, "", 1);
}

struct error *helper_start(const struct proc_spawn *spawn, unsigned long namespaces, int error_fd,
			   uint32_t error_type, pid_t *ret_pid)
{
	int go_read autoclose = -1, go_write autoclose = -1;
	pid_t pid;

	*ret_pid = 0;
	TRY(fd_pipe(&go_read, &go_write));
	pid = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		return error_sys("make namespaces");
	if (pid == 0) {
		fd_close(&go_write);
		run_child(spawn, go_read, error_fd, error_type);
	}
	*ret_pid = pid;
	return let_go(pid, go_write);
}
