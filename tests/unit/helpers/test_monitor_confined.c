/*
 * What a monitor can still do: its status, its descriptors, and system calls made in its place by
 * ptrace(2), each against the closer, which runs the same program without the walls and must
 * succeed. And what a hundred of them cost.
 */
#include "helpers/rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "base/proc.h"

#include "base/banned.h"

static const struct rig_options idle = { .script = "exec sleep 60", .client = ATTACH_WANT_STDOUT };

/* Waits until the seccomp filter is there, the last step of its start. */
static void wait_confined(const struct rig *r, char **ret_status)
{
	char *path autofree = alloc_printf("/proc/%d/status", (int)r->monitor);

	for (int i = 0;; i++) {
		struct error *err = path_read_text(AT_FDCWD, path, 8192, ret_status);

		if (err)
			fail_msg("%s", error_message(err));
		if (strstr(*ret_status, "Seccomp:\t2"))
			return;
		assert_true(i < 5000);
		free(*ret_status);
		usleep(1000);
	}
}

static void test_status(void **state)
{
	char *status autofree = NULL;
	struct rig r;

	(void)state;
	rig_start(&r, &idle);
	wait_confined(&r, &status);
	assert_non_null(strstr(status, "Name:\tbulkhead-monito\n"));
	assert_non_null(strstr(status, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(status, "CapPrm:\t0000000000000000\n"));
	assert_non_null(strstr(status, "CapEff:\t0000000000000000\n"));
	assert_non_null(strstr(status, "CapInh:\t0000000000000000\n"));
	assert_non_null(strstr(status, "CapAmb:\t0000000000000000\n"));
	assert_int_equal(getsid(r.monitor), r.monitor);
	rig_done(&r);
}

/* The target of descriptor @fd of @pid in @text; false when it has none. */
static bool describe(pid_t pid, int fd, char text[128])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	n = readlink(path, text, 127);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/*
 * Nothing of the caller's is held: a fifo opened here, close-on-exec or not, and the standard
 * descriptors.
 */
static void test_descriptors(void **state)
{
	char *status autofree = NULL;
	char text[128];
	struct rig r;
	int count = 0;

	(void)state;
	rig_start(&r, &idle);
	wait_confined(&r, &status);
	for (int fd = 0; fd < 256; fd++) {
		if (!describe(r.monitor, fd, text))
			continue;
		count++;
		if (fd < 3)
			assert_string_equal(text, "/dev/null");
	}
	assert_in_range(count, 10, 18);
	count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += describe(rig_closer(&r), fd, text);
	assert_int_equal(count, 5); /* standard ones, its word, the engine */
	rig_done(&r);
}

#if defined(__x86_64__)
struct call {
	const char *name;
	long number;
	unsigned long args[4];
	const char *path; /* put into the process's memory, its address is argument @path_arg */
	int path_arg;
	long refused; /* -errno in the monitor */
};

/* Has the stopped process @pid make one system call and puts its registers back. */
static long call_as(pid_t pid, const struct call *c)
{
	struct user_regs_struct saved, regs;
	char data[128] = "";
	struct iovec ours = { .iov_base = data, .iov_len = sizeof(data) }, theirs = ours;
	int status;

	assert_int_equal(ptrace(PTRACE_GETREGS, pid, 0, &saved), 0);
	regs = saved;
	regs.rip = saved.rip - 2; /* stopped after a syscall instruction */
	regs.rax = (unsigned long)c->number;
	regs.orig_rax = ~0UL; /* not restarted */
	regs.rdi = c->args[0];
	regs.rsi = c->args[1];
	regs.rdx = c->args[2];
	regs.r10 = c->args[3];
	regs.r8 = ~0UL;
	regs.r9 = 0;
	if (c->path) {
		snprintf(data, sizeof(data), "%s", c->path);
		theirs.iov_base = (void *)(saved.rsp - 4096);
		assert_int_equal(process_vm_writev(pid, &ours, 1, &theirs, 1, 0), sizeof(data));
		*(c->path_arg ? &regs.rsi : &regs.rdi) = saved.rsp - 4096;
	}
	assert_int_equal(ptrace(PTRACE_SETREGS, pid, 0, &regs), 0);
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, 0, 0), 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
	assert_int_equal(ptrace(PTRACE_SETREGS, pid, 0, &saved), 0);
	return (long)regs.rax;
}

static void stop(pid_t pid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_ATTACH, pid, 0, 0), 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
}

#define OUTSIDE "/tmp/bulkhead-test-monitor-outside"

static const struct call calls[] = {
	{ "socket", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, NULL, 0, -EPERM },
	{ "kill", SYS_kill, { 0, 0 }, NULL, 0, -EPERM },
	{ "mmap",
	  SYS_mmap,
	  { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS },
	  NULL,
	  0,
	  -EPERM },
	{ "getpid", SYS_getpid, { 0 }, NULL, 0, -EPERM },
	{ "dup", SYS_dup, { 0 }, NULL, 0, -EPERM },
	{ "memfd_create", SYS_memfd_create, { 0, 0 }, "m", 0, -EPERM },
	{ "prctl", SYS_prctl, { PR_SET_DUMPABLE, 1 }, NULL, 0, -EPERM },
	{ "chdir", SYS_chdir, { 0 }, "/", 0, -EPERM },
	{ "openat outside",
	  SYS_openat,
	  { (unsigned long)AT_FDCWD, 0, O_RDONLY, 0 },
	  "/etc/passwd",
	  1,
	  -EACCES },
	{ "openat to write",
	  SYS_openat,
	  { (unsigned long)AT_FDCWD, 0, O_WRONLY | O_CREAT, 0600 },
	  OUTSIDE,
	  1,
	  -EACCES },
	{ "unlinkat outside",
	  SYS_unlinkat,
	  { (unsigned long)AT_FDCWD, 0, 0 },
	  OUTSIDE,
	  1,
	  -EACCES },
	{ "fork", SYS_fork, { 0 }, NULL, 0, -EPERM },
	{ "execve", SYS_execve, { 0, 0, 0 }, "/bin/true", 0, -EPERM },
};

static void test_calls(void **state)
{
	char *status autofree = NULL;
	struct rig r;
	pid_t closer;
	(void)state;
	rig_start(&r, &idle);
	wait_confined(&r, &status);
	closer = rig_closer(&r);
	stop(r.monitor);
	stop(closer);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const struct call *c = &calls[i];
		long confined = call_as(r.monitor, c), free_to = call_as(closer, c);

		if (confined != c->refused || (free_to < 0 && free_to > -4096))
			fail_msg("%s: %ld in the monitor, %ld without the walls", c->name, confined,
				 free_to);
		if (c->number == SYS_fork)
			kill((pid_t)free_to, SIGKILL);
	}
	ptrace(PTRACE_DETACH, r.monitor, 0, 0);
	kill(closer, SIGKILL);
	rig_done(&r);
}
#endif

/* Proportional memory of @n idle containers' processes, each. */
static double measure(int n, struct rig *rigs)
{
	unsigned long sum = 0, closers = 0;

	for (int i = 0; i < n; i++) {
		char *status autofree = NULL;

		rig_start(&rigs[i], &(struct rig_options){ .script = "exec sleep 60" });
		wait_confined(&rigs[i], &status);
	}
	for (int i = 0; i < n; i++) {
		sum += rig_pss_kb(rigs[i].monitor);
		closers += rig_pss_kb(rig_closer(&rigs[i]));
	}
	for (int i = 0; i < n; i++)
		rig_done(&rigs[i]);
	print_message("%d monitors: PSS of each %.1f kB, of its closer %.1f kB\n", n,
		      (double)sum / n, (double)closers / n);
	return (double)(sum + closers) / n;
}

static void test_memory(void **state)
{
	static struct rig rigs[100];

	(void)state;
	assert_true(measure(1, rigs) < 800);
	assert_true(measure(100, rigs) < 150);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_descriptors),
#if defined(__x86_64__)
		cmocka_unit_test(test_calls),
#endif
		cmocka_unit_test(test_memory),
	};

	if (rig_is_engine(argc, argv))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
