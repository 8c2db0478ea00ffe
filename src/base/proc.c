#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/self.h"
#include "base/str.h"

#include "base/banned.h"

/*
 * State letter and start time from /proc/PID/stat; the command name may hold blanks and ')', so
 * parse from its end.
 */
static struct error *read_stat(pid_t pid, char *ret_state, uint64_t *ret_ticks)
{
	struct buf text autobuf = BUF_MAX(4096);
	struct error *err;
	char path[40];
	const char *c;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	err = path_read(AT_FDCWD, path, &text);
	if (err && (error_errno(err) == ENOENT || error_errno(err) == ESRCH)) {
		error_free(err);
		return error_new(ERROR_NOT_FOUND, "process %d is gone", (int)pid);
	}
	TRY(err);
	c = strrchr(buf_text(&text), ')');
	if (!c || c[1] != ' ')
		return error_new(ERROR_SYSTEM, "%s has another form", path);
	*ret_state = c[2];
	c++;
	for (int field = 3; field < 22 && c; field++)
		c = strchr(c + 1, ' ');
	if (!c || sscanf(c, " %" SCNu64, ret_ticks) != 1)
		return error_new(ERROR_SYSTEM, "%s has another form", path);
	return NULL;
}

struct error *proc_start_time(pid_t pid, uint64_t *ret_ticks)
{
	char state;

	return read_stat(pid, &state, ret_ticks);
}

bool proc_is_alive(pid_t pid, uint64_t ticks)
{
	uint64_t now = 0;
	char state = 0;
	struct error *err =
		pid > 0 ? read_stat(pid, &state, &now) : error_new(ERROR_NOT_FOUND, "no process");

	if (err) {
		error_ignore(err, "it is not alive");
		return false;
	}
	return now == ticks && state != 'Z' && state != 'X';
}

struct error *proc_boot_id(char id[PROC_BOOT_ID_SIZE])
{
	char *text autofree = NULL;

	TRY(path_read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text));
	if (strlen(text) < PROC_BOOT_ID_SIZE - 1)
		return error_new(ERROR_SYSTEM, "the kernel's boot id has another form");
	memcpy(id, text, PROC_BOOT_ID_SIZE - 1);
	id[PROC_BOOT_ID_SIZE - 1] = '\0';
	return NULL;
}

int proc_exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

/*
 * In the new process: descriptors, signals, exec. Only async-signal-safe calls; the parent's memory
 * is shared.
 */
static int exec_spawn(const struct proc_spawn *s)
{
	static char *const empty[] = { NULL };
	int moved[PROC_FDS_MAX], exec_fd = s->exec_fd, null;
	size_t n = s->n_fds < 3 ? 3 : s->n_fds; /* 0 to 2 are always open */
	sigset_t none;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (s->new_session)
		setsid();
	if (s->cwd > 0 && fchdir(s->cwd) < 0)
		return -1;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -1;
	/* First out of the way of the targets, then into place. */
	for (size_t i = 0; i < n; i++) {
		int fd = i < s->n_fds ? s->fds[i] : -1;

		if (fd < 0 && i < 3)
			fd = null;
		moved[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PROC_FDS_MAX);
		if (fd >= 0 && moved[i] < 0)
			return -1;
	}
	if (exec_fd >= 0) {
		exec_fd = fcntl(exec_fd, F_DUPFD_CLOEXEC, PROC_FDS_MAX);
		if (exec_fd < 0)
			return -1;
	}
	if (fd_set_cloexec_from(0) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (moved[i] >= 0 && dup2(moved[i], (int)i) < 0)
			return -1;
	if (exec_fd >= 0)
		syscall(SYS_execveat, exec_fd, "", s->argv, s->env ? s->env : empty, AT_EMPTY_PATH);
	else
		execve(s->path, s->argv, s->env ? s->env : empty);
	return -1;
}

struct spawn_call {
	const struct proc_spawn *spawn;
	int failure; /* errno of the child, by shared memory */
};

/* Its stack is not the one that a sanitizer knows of. */
__attribute__((no_sanitize_address)) static int spawn_child(void *arg)
{
	struct spawn_call *call = arg;

	exec_spawn(call->spawn);
	call->failure = errno ? errno : EINVAL;
	return 127; /* clone(2) exits with that; _exit() makes ASan doubt our stack */
}

struct error *proc_start(const struct proc_spawn *spawn, pid_t *ret_pid)
{
	enum { STACK = 64 * 1024 };
	struct spawn_call call = { .spawn = spawn };
	char *stack autofree = alloc_zeroed(STACK, 1);
	const char *name = spawn->argv[0];
	sigset_t all, old;
	pid_t pid;

	if (spawn->n_fds > PROC_FDS_MAX)
		return error_new(ERROR_BUG, "start %s: too many descriptors", name);
	sigfillset(&all); /* no handler of ours may run on the shared memory */
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = clone(spawn_child, stack + STACK,
		    CLONE_VM | CLONE_VFORK | SIGCHLD | (spawn->ret_pidfd ? CLONE_PIDFD : 0), &call,
		    spawn->ret_pidfd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return error_sys("start %s", name);
	if (call.failure) {
		waitpid(pid, NULL, 0);
		if (spawn->ret_pidfd)
			fd_close(spawn->ret_pidfd);
		return error_number(call.failure, "start %s", name);
	}
	*ret_pid = pid;
	return NULL;
}

struct error *proc_replace(const struct proc_spawn *spawn)
{
	if (spawn->n_fds > PROC_FDS_MAX)
		return error_new(ERROR_BUG, "become %s: too many descriptors", spawn->argv[0]);
	exec_spawn(spawn);
	return error_sys("become %s", spawn->argv[0]);
}

struct error *proc_wait(pid_t pid, int *ret_wait_status)
{
	pid_t got;

	do
		got = waitpid(pid, ret_wait_status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys("wait for process %d", (int)pid);
	return NULL;
}

struct error *proc_open_helper(const char *name, int *ret_fd)
{
	char *dir autofree = NULL;
	char *beside autofree = NULL, *installed autofree = NULL;
	int fd;

	TRY(self_directory(&dir));
	beside = alloc_printf("%s/%s", dir, name);
	fd = open(beside, O_PATH | O_CLOEXEC);
	if (fd < 0) {
		installed = alloc_printf("%s/%s", BULKHEAD_LIBEXECDIR, name);
		fd = open(installed, O_PATH | O_CLOEXEC);
	}
	if (fd < 0)
		return error_sys("open helper program %s", installed);
	*ret_fd = fd;
	return NULL;
}

struct error *proc_parse_signal(const char *text, int *ret_signal)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	char *quoted autofree = str_quote(text);
	uint64_t number;
	struct error *err = str_parse_u64(text, 1, 64, &number);

	if (!err) {
		*ret_signal = (int)number;
		return NULL;
	}
	error_ignore(err, "a signal may be a name");
	for (int i = 1; i < 32; i++) {
		const char *known = sigabbrev_np(i);

		if (known && strcasecmp(known, name) == 0) {
			*ret_signal = i;
			return NULL;
		}
	}
	for (int i = 34; i <= 64;
	     i++) { /* glibc keeps 32 and 33; names count from what programs can use */
		char low[16], high[16];

		snprintf(low, sizeof(low), i == 34 ? "RTMIN" : "RTMIN+%d", i - 34);
		snprintf(high, sizeof(high), i == 64 ? "RTMAX" : "RTMAX-%d", 64 - i);
		if (strcasecmp(low, name) == 0 || strcasecmp(high, name) == 0) {
			*ret_signal = i;
			return NULL;
		}
	}
	return error_new(ERROR_BAD_INPUT, "invalid signal: %s", quoted);
}

const char *proc_signal_name(int signal)
{
	return signal > 0 && signal < 32 ? sigabbrev_np(signal) : NULL;
}
