/*
 * The default profile in the kernel's own hands: a child loads it and makes the calls. What a call
 * needs besides (valid arguments, privileges) is chosen so that the filter's answer shows: each
 * refused call is also made without the filter and then gives something else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caps.h"
#include "oci/seccomp.h"

#define X32 0x40000000
#define DEATH 1000 /* and the signal: the call ended the process */
#define HARMLESS                                                                                   \
	(-1L) /* no descriptor, no address: fails in the kernel with EBADF, EFAULT, EINVAL */

struct call {
	const char *what;
	long nr;
	long args[4];
	int want; /* errno under the default filter, 0 for success */
};

/* errno of the call made in a child under @program (NULL: none), 0 if it succeeds. */
static int try_call(const struct seccomp_program *program, const struct call *c)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    (program && seccomp_install(program)))
			_exit(255);
		if (syscall(c->nr, c->args[0], c->args[1], c->args[2], c->args[3]) >= 0)
			_exit(0);
		_exit(errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return DEATH + WTERMSIG(status);
	assert_int_not_equal(WEXITSTATUS(status), 255);
	return WEXITSTATUS(status);
}

static void load(uint64_t capabilities, struct seccomp_program *ret)
{
	struct seccomp_options o = { .capabilities = capabilities,
				     .kernel_version = seccomp_running_kernel() };
	struct error *err = seccomp_load_cached(-1, NULL, 0, &o, ret);

	if (err)
		fail_msg("%s", error_message(err));
}

static void refused_calls_are_refused(void **state)
{
	static const struct call calls[] = {
		{ "mount", SYS_mount, { 0 }, EPERM },
		{ "umount2", SYS_umount2, { HARMLESS }, EPERM },
		{ "unshare(CLONE_NEWUSER)", SYS_unshare, { CLONE_NEWUSER }, EPERM },
		{ "setns", SYS_setns, { HARMLESS }, EPERM },
		{ "clone(CLONE_NEWUSER)", SYS_clone, { CLONE_NEWUSER | CLONE_FS }, EPERM },
		{ "clone3", SYS_clone3, { 0 }, ENOSYS },
		{ "bpf", SYS_bpf, { 0, 0, HARMLESS }, EPERM },
		{ "perf_event_open", SYS_perf_event_open, { HARMLESS }, EPERM },
		{ "userfaultfd", SYS_userfaultfd, { HARMLESS }, EPERM },
		{ "io_uring_setup", SYS_io_uring_setup, { 0 }, ENOSYS },
		{ "add_key", SYS_add_key, { HARMLESS }, EPERM },
		{ "request_key", SYS_request_key, { HARMLESS }, EPERM },
		{ "keyctl", SYS_keyctl, { HARMLESS }, EPERM },
		{ "open_by_handle_at", SYS_open_by_handle_at, { HARMLESS }, EPERM },
		{ "personality", SYS_personality, { ADDR_NO_RANDOMIZE | PER_BSD }, EPERM },
		{ "settimeofday", SYS_settimeofday, { HARMLESS }, EPERM },
		{ "swapon", SYS_swapon, { HARMLESS }, EPERM },
		{ "pivot_root", SYS_pivot_root, { HARMLESS, HARMLESS }, EPERM },
		{ "fsopen", SYS_fsopen, { HARMLESS }, EPERM },
		{ "ioctl(TIOCSTI)", SYS_ioctl, { HARMLESS, TIOCSTI }, EIO },
		{ "ioctl(1 << 32 | TIOCSTI)", SYS_ioctl, { HARMLESS, 1L << 32 | TIOCSTI }, EIO },
		{ "ioctl(TIOCLINUX)", SYS_ioctl, { HARMLESS, TIOCLINUX }, ENOTTY },
		{ "socket(AF_VSOCK)", SYS_socket, { AF_VSOCK, -1 }, EAFNOSUPPORT },
		{ "socket(1 << 32 | AF_UNIX)",
		  SYS_socket,
		  { 1L << 32 | AF_UNIX, SOCK_STREAM },
		  EAFNOSUPPORT },
	};
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	load(caps_default(), &p);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int with = try_call(&p, &calls[i]), without = try_call(NULL, &calls[i]);

		if (with != calls[i].want)
			fail_msg("%s gives %d under the filter", calls[i].what, with);
		if (without == with)
			fail_msg("%s gives %d without a filter too", calls[i].what, without);
	}
}

static void ordinary_calls_pass(void **state)
{
	static const struct call calls[] = {
		{ "getpid", SYS_getpid, { 0 }, 0 },
		{ "socket(AF_UNIX)", SYS_socket, { AF_UNIX, SOCK_STREAM }, 0 },
		{ "socket(AF_INET6)", SYS_socket, { AF_INET6, SOCK_STREAM }, 0 },
		{ "socket(AF_NETLINK)", SYS_socket, { AF_NETLINK, SOCK_RAW }, 0 },
		{ "personality(query)", SYS_personality, { 0xffffffff }, 0 },
		{ "personality(PER_LINUX)", SYS_personality, { PER_LINUX }, 0 },
		{ "fork by clone", SYS_clone, { SIGCHLD }, 0 },
		{ "ioctl(TCGETS)", SYS_ioctl, { HARMLESS, TCGETS }, EBADF },
		{ "ioctl(FIONREAD)", SYS_ioctl, { HARMLESS, FIONREAD }, EBADF },
		{ "ptrace(TRACEME)", SYS_ptrace, { PTRACE_TRACEME }, 0 },
		{ "fchmodat2", 452, { HARMLESS, 0, 0 }, EFAULT },
		{ "futex_wake", 454, { 0, 0, 0, 99 }, EINVAL },
	};
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	load(caps_default(), &p);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int with = try_call(&p, &calls[i]), without = try_call(NULL, &calls[i]);

		/* what this kernel does not have yet, it does not have with the filter either */
		if (with != (without == ENOSYS ? ENOSYS : calls[i].want))
			fail_msg("%s gives %d, without a filter %d", calls[i].what, with, without);
	}
}

static void capabilities_open_their_calls(void **state)
{
	static const struct {
		unsigned int capability;
		struct call call;
	} cases[] = {
		{ CAP_SYS_ADMIN, { "umount2", SYS_umount2, { HARMLESS }, EFAULT } },
		{ CAP_SYS_ADMIN, { "clone3", SYS_clone3, { 0 }, EINVAL } },
		{ CAP_BPF, { "bpf", SYS_bpf, { 0, 0, HARMLESS }, E2BIG } },
		{ CAP_NET_RAW, { "socket(AF_BLUETOOTH)", SYS_socket, { 31, HARMLESS }, EINVAL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct seccomp_program p autoseccomp = { 0 }, q autoseccomp = { 0 };
		int without = try_call(NULL, &cases[i].call), closed, open;

		load(caps_default(), &p);
		load(caps_default() | UINT64_C(1) << cases[i].capability, &q);
		closed = try_call(&p, &cases[i].call);
		open = try_call(&q, &cases[i].call);
		if (open != without || closed == without)
			fail_msg("%s: %d without a filter, %d with, %d with the capability",
				 cases[i].call.what, without, closed, open);
	}
}

static void new_numbers_do_not_exist(void **state)
{
	const struct call call = { "4000", 4000, { 0 }, ENOSYS };
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	load(caps_default(), &p);
	assert_int_equal(try_call(&p, &call), ENOSYS);
}

#ifdef __x86_64__
static void x32_numbers_do_not_exist(void **state)
{
	const struct call call = { "x32 getpid", X32 | SYS_getpid, { 0 }, ENOSYS };
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	load(UINT64_MAX >> (63 - CAPS_LAST), &p);
	assert_int_equal(try_call(&p, &call), ENOSYS);
}

/* getpid (20) the way of i386; SIGSEGV where the kernel has none (CONFIG_IA32_EMULATION). */
static int call_i386(const struct seccomp_program *program)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		long result = 20;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    (program && seccomp_install(program)))
			_exit(255);
		__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
		_exit(result == getpid() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? DEATH + WTERMSIG(status) : WEXITSTATUS(status);
}

static void i386_calls_end_the_process_unless_asked_for(void **state)
{
	struct seccomp_options o = { .capabilities = caps_default(), .i386 = true };
	struct seccomp_program p autoseccomp = { 0 }, q autoseccomp = { 0 };
	int without = call_i386(NULL);

	(void)state;
	load(caps_default(), &p);
	assert_null(seccomp_load_cached(-1, NULL, 0, &o, &q));
	if (without == DEATH + SIGSEGV) {
		print_message("this kernel has no i386 calls\n");
		return;
	}
	assert_int_equal(without, 0);
	assert_int_equal(call_i386(&p), DEATH + SIGSYS);
	assert_int_equal(call_i386(&q), 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_calls_are_refused),
		cmocka_unit_test(ordinary_calls_pass),
		cmocka_unit_test(capabilities_open_their_calls),
		cmocka_unit_test(new_numbers_do_not_exist),
#ifdef __x86_64__
		cmocka_unit_test(x32_numbers_do_not_exist),
		cmocka_unit_test(i386_calls_end_the_process_unless_asked_for),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
