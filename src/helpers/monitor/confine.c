#include "helpers/monitor/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "helpers/monitor/monitor.h"

#include "base/banned.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the seccomp filter of the monitor does not know this architecture"
#endif

/*
 * AddressSanitizer needs calls and files that are refused here; a sanitized monitor has the other
 * walls only.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

#define LOAD(field)                                                                                \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define ALLOW(call) IF_EQUAL(__NR_##call, 0, 1), RETURN(SECCOMP_RET_ALLOW)

/*
 * A refused call fails with EPERM: it gives an attacker no more than killing would, and a C library
 * that tries something new does not take a container's monitor away. x32 calls have a bit in their
 * number that equals none here.
 */
static const struct sock_filter program[] = {
	LOAD(arch),
	IF_EQUAL(ARCHITECTURE, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
	ALLOW(read),
	ALLOW(write),
	ALLOW(sendmsg),
	ALLOW(sendto),
	ALLOW(recvfrom),
	ALLOW(recvmsg), /* the word that the program has started */
#ifdef __NR_epoll_wait
	ALLOW(epoll_wait),
#endif
	ALLOW(epoll_pwait),
	ALLOW(epoll_ctl),
	ALLOW(accept4),
	ALLOW(close),
	ALLOW(clock_gettime),
	ALLOW(pidfd_send_signal), /* the only process it has is the container's */
	ALLOW(waitid),
	ALLOW(wait4),
	ALLOW(madvise),
	ALLOW(pread64),
	ALLOW(pwrite64),
	ALLOW(ftruncate),
	ALLOW(lseek),
#ifdef __NR_fstat
	ALLOW(fstat),
#endif
	ALLOW(newfstatat),
	ALLOW(getdents64),
	/* Landlock bounds these to the log's and the state's directory. */
	ALLOW(openat),
	ALLOW(unlinkat),
#ifdef __NR_renameat
	ALLOW(renameat),
#endif
	ALLOW(renameat2),
	/* An error's text, of which there are few. */
	ALLOW(brk),
	ALLOW(munmap),
	IF_EQUAL(__NR_mmap, 0, 4),
	LOAD(args[2]),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(SECCOMP_RET_ERRNO | EPERM),
	IF_EQUAL(__NR_ioctl, 0, 3),
	LOAD(args[1]),
	IF_EQUAL(TIOCSWINSZ, 0, 1),
	RETURN(SECCOMP_RET_ALLOW),
	LOAD(nr),
	ALLOW(restart_syscall),
	ALLOW(rt_sigreturn),
	ALLOW(exit_group),
	RETURN(SECCOMP_RET_ERRNO | EPERM),
};

static struct error *install_filter(void)
{
	const struct sock_fprog filter = {
		.len = sizeof(program) / sizeof(program[0]),
		.filter = (struct sock_filter *)program,
	};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		return error_sys("confine the monitor by seccomp");
	return NULL;
}

/* Rights that came after the headers of Linux 6.1. */
enum {
	FS_TRUNCATE = 1 << 14,	/* ABI 3 */
	FS_IOCTL_DEV = 1 << 15, /* ABI 5 */
};

static struct error *allow_below(int ruleset, int dir, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = dir };

	if (dir >= 0 &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return error_sys("confine the monitor by Landlock");
	return NULL;
}

static struct error *restrict_files(const struct monitor *m)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr handled = { .handled_access_fs = (1 << 13) - 1 };
	uint64_t rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
	int ruleset autoclose = -1;

	if (abi < 1)
		return NULL; /* ENOSYS, or switched off at boot */
	handled.handled_access_fs |= (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
				     (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
	rights |= abi >= 3 ? FS_TRUNCATE : 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (ruleset < 0)
		return error_sys("confine the monitor by Landlock");
	TRY(allow_below(ruleset, m->state_dir, rights));
	TRY(allow_below(ruleset, m->log_dir, rights));
	TRY(allow_below(ruleset, m->session_parent, LANDLOCK_ACCESS_FS_REMOVE_DIR));
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return error_sys("confine the monitor by Landlock");
	return NULL;
}

static struct error *drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {
		0
	}; /* the ambient set goes with the inheritable one */

	if (syscall(SYS_capset, &head, none) < 0)
		return error_sys("drop the monitor's capabilities");
	return NULL;
}

struct error *confine(const struct monitor *m)
{
	TRY(drop_capabilities());
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_sys("set no_new_privs");
	if (SANITIZED)
		return NULL;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_sys("make the monitor undumpable");
	TRY(restrict_files(m));
	return install_filter();
}
