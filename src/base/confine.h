/*
 * How our helper programs give up what they do not need, always in the same order: limits →
 * descriptors → an empty root → bounding set → groups, gid, uid → capabilities → no_new_privs →
 * Landlock → seccomp. The order is the kernel's: a mount needs capabilities, dropping ids needs
 * others, and the seccomp filter would refuse most of the rest.
 *
 * For a process of one thread that is alone in fresh user and mount namespaces; it cannot execute
 * anything afterwards.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "base/error.h"

/* What Landlock allows below one directory (landlock(7)): LANDLOCK_ACCESS_FS_* of ABI 2. */
struct confine_path {
	int fd;
	uint64_t access;
};

/* A file of the otherwise empty root, for a library that reads it: "/etc/hosts". */
struct confine_file {
	const char *path; /* two parts at most */
	const void *data;
	size_t length;
};

/* A system call of which one argument is only allowed these values; with others it fails. */
struct confine_argument {
	int syscall;
	unsigned int index; /* from 0 */
	const uint32_t *values;
	size_t n_values;
	int error; /* what it fails with: EAFNOSUPPORT */
};

/* The walls, for the tests that prove each of them by taking one away. */
enum confine_wall {
	CONFINE_LIMITS = 1,
	CONFINE_FDS = 2,
	CONFINE_ROOT = 4,
	CONFINE_IDS = 8,
	CONFINE_CAPABILITIES = 16, /* bounding set too */
	CONFINE_NO_NEW_PRIVS = 32,
	CONFINE_LANDLOCK = 64,
	CONFINE_SECCOMP = 128,
};

/*
 * System calls that any helper needs: for memory, for what it holds already, and for ending; and
 * AddressSanitizer's.
 */
#ifdef __SANITIZE_ADDRESS__
#define CONFINE_SYSCALLS_SANITIZER                                                                 \
	SYS_sigaltstack, SYS_rt_sigaction, SYS_sched_yield, SYS_readlink, SYS_prctl,
#else
#define CONFINE_SYSCALLS_SANITIZER
#endif
#define CONFINE_SYSCALLS_COMMON                                                                    \
	CONFINE_SYSCALLS_SANITIZER SYS_read, SYS_write, SYS_writev, SYS_close, SYS_lseek,          \
		SYS_mmap, SYS_mprotect, SYS_munmap, SYS_mremap, SYS_brk, SYS_madvise, SYS_futex,   \
		SYS_getrandom, SYS_clock_gettime, SYS_restart_syscall, SYS_rt_sigreturn,           \
		SYS_rt_sigprocmask, SYS_gettid, SYS_getpid, SYS_tgkill, SYS_exit, SYS_exit_group

struct confine {
	int n_fds;	       /* descriptors from 0 up to this are kept, all others closed */
	uid_t uid, gid;	       /* in this process's user namespace */
	uint64_t capabilities; /* 1 << CAP_*: what is left; needs uid 0 */
	const struct confine_file *files; /* all there is in the root; read-only */
	size_t n_files;
	const struct confine_path *paths;
	size_t n_paths;
	const int *syscalls; /* allowed numbers; anything else kills the process */
	size_t n_syscalls;
	const int *failing; /* fail with ENOENT: what a library tries and can do without */
	size_t n_failing;
	const struct confine_argument *arguments; /* not in .syscalls as well */
	size_t n_arguments;
	bool connects; /* over TCP: Landlock leaves that open (it listens nowhere all the same) */
	uint64_t memory_bytes; /* RLIMIT_AS; not under AddressSanitizer, whose shadow is huge */
	uint64_t cpu_seconds;  /* RLIMIT_CPU */
	uint64_t file_bytes;   /* RLIMIT_FSIZE */
	uint64_t open_files;   /* RLIMIT_NOFILE */
	bool die_with_parent;  /* SIGKILL when the process that started us ends */
	unsigned int without;  /* enum confine_wall: left standing open; 0 but in tests */
};

/*
 * Puts all of it in force. Landlock is left out on kernels that have none (ENOSYS, EOPNOTSUPP): it
 * is the one wall that Debian's kernels may lack. With mmap or mprotect in the list, executable
 * memory is still refused.
 */
struct error *confine_process(const struct confine *c) __attribute__((nonnull, warn_unused_result));

/* The Landlock version of this kernel, 0 where it has none. */
int confine_landlock_abi(void);
