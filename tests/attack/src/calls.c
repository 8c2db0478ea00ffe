/*
 * Attacks that are one system call each, made in earnest but so that success changes nothing on the
 * host. `calls NAME` prints "NAME: succeeded" and ends with 0, or "NAME: ERRNO" and ends with 1;
 * anything that keeps it from trying ends with 2. Static, for containers of any image.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/userfaultfd.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSLOG_ACTION_READ_ALL 3

struct attack {
	const char *name;
	long (*run)(void); /* negative with errno, as a system call */
};

static void give_up(const char *why)
{
	fprintf(stderr, "%s: %s\n", why, strerror(errno));
	exit(2);
}

/* A child that waits to be ended; so that an attack has somebody of its own to go for. */
static pid_t start_victim(void)
{
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	while (pid == 0)
		pause();
	return pid;
}

static long end_victim(pid_t pid, long result)
{
	int saved = errno;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = saved;
	return result;
}

/* --- namespaces and mounts: root of a user namespace reaches far more of the kernel --- */

static long unshare_user(void)
{
	return unshare(CLONE_NEWUSER);
}

static long clone_user(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static long clone3_user(void)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	} args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static long setns_own(void)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		give_up("/proc/self/ns/uts");
	return setns(fd, CLONE_NEWUTS);
}

/* Inside the container's own mount namespace, which dies with it. */
static long mount_tmpfs(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static long fsopen_tmpfs(void)
{
	return syscall(SYS_fsopen, "tmpfs", 0);
}

static long umount_mask(void)
{
	return umount2("/proc/interrupts", MNT_DETACH);
}

static long pivot(void)
{
	long result;

	if (mkdir("/tmp/new", 0700) < 0 && errno != EEXIST)
		give_up("/tmp/new");
	/* on the present root's own mount: EBUSY once the right to try has been checked */
	result = syscall(SYS_pivot_root, "/tmp/new", "/tmp/new");
	return result < 0 && errno == EBUSY ? 0 : result;
}

/* --- kernel interfaces with a record of holes --- */

static long bpf_program(void)
{
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
				    { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insns = (uint64_t)(uintptr_t)insns,
				.insn_cnt = 2,
				.license = (uint64_t)(uintptr_t) "GPL" };

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static long perf_clock(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.exclude_kernel = 1,
					.exclude_hv = 1 };

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static long userfault(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
}

static long uring(void)
{
	struct io_uring_params params = { 0 };

	return syscall(SYS_io_uring_setup, 4, &params);
}

static long vsock(void)
{
	return socket(AF_VSOCK, SOCK_STREAM, 0);
}

/* CVE-2019-10063 in another place: the kernel drops the upper half. */
static long vsock_disguised(void)
{
	return syscall(SYS_socket, 1L << 32 | AF_VSOCK, SOCK_STREAM, 0);
}

static long bad_personality(void)
{
	return personality(READ_IMPLIES_EXEC);
}

/* --- keys --- */

static long add_key_user(void)
{
	return syscall(SYS_add_key, "user", "bulkhead-attack", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

static long keyctl_session(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1);
}

static long request_key_user(void)
{
	long result = syscall(SYS_request_key, "user", "bulkhead-nobody-has-it", NULL, 0);

	return result < 0 && errno == ENOKEY ? 0 : result; /* it looked through the keyrings */
}

/* --- other processes --- */

static long pidfd_getfd_own(void)
{
	pid_t pid = start_victim();
	long pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		give_up("pidfd_open");
	return end_victim(pid, syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

/* --- the clock, the log, the terminal --- */

/* With neither a time nor a zone it checks the right to set them, and then sets nothing. */
static long set_time(void)
{
	return syscall(SYS_settimeofday, NULL, NULL);
}

/* The tick as it is. */
static long adjust_time(void)
{
	struct timex t = { 0 };

	if (adjtimex(&t) < 0)
		give_up("adjtimex");
	t.modes = ADJ_TICK;
	return syscall(SYS_adjtimex, &t);
}

static long read_log(void)
{
	static char text[1 << 16];

	return syscall(SYS_syslog, SYSLOG_ACTION_READ_ALL, text, sizeof(text));
}

static long swap_on(void)
{
	long result = syscall(SYS_swapon, "/proc/self/stat", 0);

	/* a file that cannot be a swap area: EINVAL once the right to try has been checked */
	return result < 0 && errno == EINVAL ? 0 : result;
}

/* Types a letter into its own controlling terminal, as if a user had; the terminal dies with us. */
static long push_key(unsigned long request)
{
	char key = 'x';

	if (!isatty(0))
		give_up("standard input is no terminal");
	return syscall(SYS_ioctl, 0, request, &key);
}

static long tiocsti(void)
{
	return push_key(TIOCSTI);
}

/* CVE-2019-10063, CVE-2019-7303 */
static long tiocsti_disguised(void)
{
	return push_key(1UL << 32 | TIOCSTI);
}

/* --- sockets that see and forge what is not ours --- */

static long raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

/* --- files that their owner cannot remove any more (chattr +i) --- */

static long immutable(void)
{
	int fd = open("/tmp/immutable", O_RDWR | O_CREAT | O_CLOEXEC, 0600), flags, saved;
	long result;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		give_up("/tmp/immutable");
	flags |= FS_IMMUTABLE_FL;
	result = ioctl(fd, FS_IOC_SETFLAGS, &flags);
	saved = errno;
	flags &= ~FS_IMMUTABLE_FL;
	if (result == 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
		give_up("take it back");
	errno = saved;
	return result;
}

/* --- another kernel, more of this one, none at all --- */

/* What is no module is refused after the right to load one has been checked. */
static long load_module(void)
{
	long result = syscall(SYS_init_module, "no module", 9, "");

	return result < 0 && errno == ENOEXEC ? 0 : result;
}

static long load_module_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	long result;

	if (fd < 0)
		give_up("/proc/self/exe");
	result = syscall(SYS_finit_module, fd, "", 0);
	return result < 0 && errno == ENOEXEC ? 0 : result;
}

static long unload_module(void)
{
	long result = syscall(SYS_delete_module, "bulkhead_no_such_module", O_NONBLOCK);

	return result < 0 && errno == ENOENT ? 0 : result;
}

/* No segments: forgets a kernel that was loaded, and there is none. */
static long load_kernel(void)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

/*
 * What ctrl-alt-del does, as it already is: the mildest thing that reboot(2) does, with the same
 * check as the worst.
 */
static long reboot_key(void)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		       LINUX_REBOOT_CMD_CAD_ON, NULL);
}

static long reboot_now(void)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		       LINUX_REBOOT_CMD_RESTART, NULL);
}

/* --- around the filter: other ways into the kernel --- */

#ifdef __x86_64__
static long i386_unshare_user(void)
{
	long result = 310; /* unshare, arch/x86/entry/syscalls/syscall_32.tbl */

	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(CLONE_NEWUSER)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)result >= 0)
		return (int)result;
	errno = -(int)result;
	return -1;
}

static long x32_unshare_user(void)
{
	return syscall(0x40000000L | SYS_unshare, CLONE_NEWUSER);
}
#endif

static const struct attack attacks[] = {
	{ "add_key", add_key_user },
	{ "adjtimex", adjust_time },
	{ "bpf", bpf_program },
	{ "clone", clone_user },
	{ "clone3", clone3_user },
	{ "delete_module", unload_module },
	{ "finit_module", load_module_file },
	{ "fsopen", fsopen_tmpfs },
#ifdef __x86_64__
	{ "i386", i386_unshare_user },
	{ "x32", x32_unshare_user },
#endif
	{ "immutable", immutable },
	{ "init_module", load_module },
	{ "io_uring", uring },
	{ "kexec_load", load_kernel },
	{ "keyctl", keyctl_session },
	{ "mount", mount_tmpfs },
	{ "packet", packet_socket },
	{ "perf_event_open", perf_clock },
	{ "personality", bad_personality },
	{ "pidfd_getfd", pidfd_getfd_own },
	{ "pivot_root", pivot },
	{ "raw", raw_socket },
	{ "reboot", reboot_now },
	{ "reboot_key", reboot_key },
	{ "request_key", request_key_user },
	{ "setns", setns_own },
	{ "settimeofday", set_time },
	{ "swapon", swap_on },
	{ "syslog", read_log },
	{ "tiocsti", tiocsti },
	{ "tiocsti_disguised", tiocsti_disguised },
	{ "umount", umount_mask },
	{ "unshare", unshare_user },
	{ "userfaultfd", userfault },
	{ "vsock", vsock },
	{ "vsock_disguised", vsock_disguised },
};

int main(int argc, char **argv)
{
	size_t i = 0;

	while (i < sizeof(attacks) / sizeof(*attacks) &&
	       (argc != 2 || strcmp(attacks[i].name, argv[1]) != 0))
		i++;
	if (i == sizeof(attacks) / sizeof(*attacks)) {
		fprintf(stderr, "usage: calls ATTACK\n");
		return 2;
	}
	if (attacks[i].run() >= 0) {
		printf("%s: succeeded\n", argv[1]);
		return 0;
	}
	printf("%s: %s\n", argv[1], strerrorname_np(errno));
	return 1;
}
