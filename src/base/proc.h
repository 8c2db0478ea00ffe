/*
 * Processes: who they are over time (a pid alone is never an identity), and starting programs by
 * descriptor.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The start time of @pid in clock ticks since boot (proc(5), /proc/PID/stat field 22);
 * ERROR_NOT_FOUND if it is gone.
 */
struct error *proc_start_time(pid_t pid, uint64_t *ret_ticks)
	__attribute__((nonnull, warn_unused_result));

/* Whether @pid still is the process that started at @ticks and is not a zombie. */
bool proc_is_alive(pid_t pid, uint64_t ticks);

/* The kernel's boot id, 36 characters and NUL (random(4)). */
#define PROC_BOOT_ID_SIZE 37
struct error *proc_boot_id(char id[PROC_BOOT_ID_SIZE]) __attribute__((nonnull, warn_unused_result));

/*
 * pidfd_open(2), and pidfd_send_signal(2). A process that is gone is ERROR_NOT_FOUND for both.
 * Where the kernel has no such calls a descriptor of /proc/PID takes the place, which
 * proc_signal(), proc_wait_gone() and openat(2) take, but not poll(2): proc_can_poll() tells.
 */
struct error *proc_open(pid_t pid, int *ret_pidfd) __attribute__((nonnull, warn_unused_result));
struct error *proc_signal(int pidfd, int signal) __attribute__((warn_unused_result));

bool proc_can_poll(int pidfd);

/*
 * A descriptor of the pidfd that becomes readable at the end: waits at most @timeout_ms (-1: for
 * ever).
 */
struct error *proc_wait_gone(int pidfd, int timeout_ms, bool *ret_gone)
	__attribute__((nonnull, warn_unused_result));

/*
 * A copy of this process with the CLONE_* @flags, by clone3(2) or what is there: its pidfd in
 * *@ret_pidfd unless that is NULL, born in the version 2 group whose directory is @cgroup (-1: in
 * ours; not together with CLONE_FILES). 0 in the copy; -1 and errno.
 */
pid_t proc_clone(unsigned int flags, int cgroup, int *ret_pidfd);

/* The exit status of a waited child as a shell counts it: 0-255, or 128 + signal. */
int proc_exit_status(int wait_status);

/*
 * One program to start: @path, or @exec_fd where it is not negative. @fds[i] becomes descriptor i
 * of the program; -1 is /dev/null for 0-2 and closed above. The signal mask is emptied and ignored
 * signals are reset.
 */
struct proc_spawn {
	const char *path;
	int exec_fd;
	char *const *argv;
	char *const *env; /* NULL: empty */
	const int *fds;
	size_t n_fds; /* at most PROC_FDS_MAX */
	bool new_session;
	int *ret_pidfd; /* NULL, or where a descriptor of the process goes that the caller closes */
	int cwd;	/* a directory to start in; 0: ours */
};
#define PROC_FDS_MAX 16

/*
 * Starts @spawn without copying our memory (clone(2), CLONE_VM | CLONE_VFORK); the exec's own
 * failure is returned, not an exit status. The caller waits for *@ret_pid.
 */
struct error *proc_start(const struct proc_spawn *spawn, pid_t *ret_pid)
	__attribute__((nonnull, warn_unused_result));

/* execveat(2)s @spawn in place of this process; returns only on failure. */
struct error *proc_replace(const struct proc_spawn *spawn)
	__attribute__((nonnull, warn_unused_result));

/* waitpid(2) through signals. */
struct error *proc_wait(pid_t pid, int *ret_wait_status)
	__attribute__((nonnull, warn_unused_result));

/*
 * Opens one of our own programs by name ("bulkhead-monitor"): beside the running program in a build
 * tree, else in the installation's libexec directory. The result is for proc_spawn.exec_fd.
 */
struct error *proc_open_helper(const char *name, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* A signal's number from "KILL", "SIGKILL", "9", "RTMIN+3"; and its name without "SIG", or NULL. */
struct error *proc_parse_signal(const char *text, int *ret_signal)
	__attribute__((nonnull, warn_unused_result));
const char *proc_signal_name(int signal);
