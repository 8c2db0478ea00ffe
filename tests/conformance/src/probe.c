/*
 * What no file in /proc tells of a process: asked of the kernel from inside a container, one fact a
 * line.
 *
 *     probe scheduler | io-priority | personality | memory-policy | clocks | size
 *     probe call NUMBER ARGUMENT...     the result of a system call, or its errno
 *     probe call32 NUMBER               the same by i386's way
 *     probe trap NUMBER                 whether SIGSYS comes
 *     probe thread NUMBER               whether the call ends the thread, or all
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* linux/sched/types.h has it, and another struct of the C library's besides. */
struct scheduling {
	unsigned int size, sched_policy;
	unsigned long long sched_flags;
	int sched_nice;
	unsigned int sched_priority;
	unsigned long long sched_runtime, sched_deadline, sched_period;
};

static int scheduler(void)
{
	struct scheduling a = { .size = sizeof(a) };

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		return 1;
	printf("policy=%u nice=%d priority=%u flags=%llu runtime=%llu deadline=%llu period=%llu\n",
	       a.sched_policy, a.sched_nice, a.sched_priority, a.sched_flags, a.sched_runtime,
	       a.sched_deadline, a.sched_period);
	return 0;
}

static int io_priority(void)
{
	long value = syscall(SYS_ioprio_get, 1, 0);

	printf("class=%ld priority=%ld\n", value >> 13, value & 0xff);
	return 0;
}

static int memory_policy(void)
{
	unsigned long nodes[16] = { 0 };
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof(nodes), NULL, 0) < 0)
		return 1;
	printf("mode=%d flags=%d nodes=%lx\n", mode & 0xff, mode & ~0xff, nodes[0]);
	return 0;
}

static int clocks(void)
{
	struct timespec monotonic, boottime;

	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_BOOTTIME, &boottime);
	printf("%ld.%09ld %ld.%09ld\n", (long)monotonic.tv_sec, monotonic.tv_nsec,
	       (long)boottime.tv_sec, boottime.tv_nsec);
	return 0;
}

static int size(void)
{
	struct winsize w = { 0 };

	if (ioctl(0, TIOCGWINSZ, &w) < 0)
		return 1;
	printf("rows=%d columns=%d\n", w.ws_row, w.ws_col);
	return 0;
}

static void tell(long result)
{
	if (result < 0)
		printf("errno=%d\n", errno);
	else
		printf("ok\n");
}

static int call(char **arguments)
{
	unsigned long a[7] = { 0 };

	for (int i = 0; i < 7 && arguments[i]; i++)
		a[i] = strtoul(arguments[i], NULL, 0);
	tell(syscall((long)a[0], a[1], a[2], a[3], a[4], a[5], a[6]));
	return 0;
}

static int call32(char **arguments)
{
#ifdef __x86_64__
	long result = strtol(arguments[0], NULL, 0);

	__asm__ volatile("int $0x80" : "+a"(result) : "b"(0L), "c"(0L), "d"(0L) : "memory");
	if (result < 0) {
		errno = (int)-result;
		result = -1;
	}
	tell(result);
	return 0;
#else
	(void)arguments;
	return 1;
#endif
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	printf("trapped=%d data=%d\n", info->si_syscall, info->si_errno);
	fflush(stdout);
	_exit(0);
}

static int trap(char **arguments)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	return call(arguments);
}

static void *forbidden(void *number)
{
	syscall((long)number);
	return number;
}

static int thread(char **arguments)
{
	pthread_t id;

	if (pthread_create(&id, NULL, forbidden, (void *)strtol(arguments[0], NULL, 0)) != 0)
		return 1;
	/* A thread that is killed is never joined. */
	usleep(100000);
	printf("the others live\n");
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*plain)(void);
		int (*taking)(char **arguments);
	} verbs[] = {
		{ "scheduler", scheduler, NULL },
		{ "io-priority", io_priority, NULL },
		{ "memory-policy", memory_policy, NULL },
		{ "clocks", clocks, NULL },
		{ "size", size, NULL },
		{ "call", NULL, call },
		{ "call32", NULL, call32 },
		{ "trap", NULL, trap },
		{ "thread", NULL, thread },
	};

	if (argc == 2 && strcmp(argv[1], "personality") == 0)
		return printf("%x\n", (unsigned int)personality(0xffffffff)) < 0;
	for (size_t i = 0; argc >= 2 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0) {
			if (verbs[i].plain)
				return verbs[i].plain();
			return argc > 2 ? verbs[i].taking(argv + 2) : 2;
		}
	return 2;
}
