/*
 * Attacks on the whole host that are one system call each, for the virtual machine: success changes
 * something there. `host NAME [FILE]` prints "NAME: succeeded" and ends with 0, or "NAME: why not"
 * and ends with 1; what keeps it from trying ends with 2. Static, for containers of any image.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SYSLOG_ACTION_CLEAR 5

struct attack {
	const char *name;
	long (*run)(const char *file); /* negative with errno, as a system call */
};

/* Has Ctrl-Alt-Del reboot at once: the right that it takes is the one that a reboot takes. */
static long reboot_keys(const char *file)
{
	(void)file;
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		       LINUX_REBOOT_CMD_CAD_ON, NULL);
}

/* A kernel of one page, to begin at 32 MiB. What it does is never seen: nobody reboots into it. */
static long load_kernel(const char *file)
{
	static const unsigned char page[4096] = { 0xf4, 0xeb, 0xfd }; /* hlt; jmp .-1 */
	struct kexec_segment segment = {
		.buf = page, .bufsz = sizeof(page), .mem = (void *)0x2000000, .memsz = 4096
	};

	(void)file;
	return syscall(SYS_kexec_load, 0x2000000, 1, &segment, KEXEC_ARCH_DEFAULT);
}

static long unload_kernel(const char *file)
{
	(void)file;
	return syscall(SYS_kexec_load, 0, 0, NULL, KEXEC_ARCH_DEFAULT);
}

/* What is no kernel: ENOEXEC once the right to load one has been checked. */
static long load_kernel_file(const char *file)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	long result;

	(void)file;
	if (fd < 0)
		return -2;
	result = syscall(SYS_kexec_file_load, fd, -1, 1UL, "", KEXEC_FILE_NO_INITRAMFS);
	return result < 0 && errno == ENOEXEC ? 0 : result;
}

static long load_module(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -2;
	return syscall(SYS_finit_module, fd, "", 0);
}

static long load_module_image(const char *file)
{
	static char image[1 << 20];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && length < sizeof(image)) {
		n = read(fd, image + length, sizeof(image) - length);
		length += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || n != 0)
		return -2;
	return syscall(SYS_init_module, image, length, "");
}

static long unload_module(const char *file)
{
	return syscall(SYS_delete_module, file, O_NONBLOCK);
}

static long swap_on(const char *file)
{
	return syscall(SYS_swapon, file, 0);
}

static long swap_off(const char *file)
{
	return syscall(SYS_swapoff, file);
}

/* To what it is already. */
static long set_clock(const char *file)
{
	struct timespec now;

	(void)file;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -2;
	return syscall(SYS_clock_settime, CLOCK_REALTIME, &now);
}

static long clear_log(const char *file)
{
	(void)file;
	return syscall(SYS_syslog, SYSLOG_ACTION_CLEAR, NULL, 0);
}

static const struct attack attacks[] = {
	{ "clock_settime", set_clock },
	{ "delete_module", unload_module },
	{ "finit_module", load_module },
	{ "init_module", load_module_image },
	{ "kexec_file_load", load_kernel_file },
	{ "kexec_load", load_kernel },
	{ "kexec_unload", unload_kernel },
	{ "reboot", reboot_keys },
	{ "swapoff", swap_off },
	{ "swapon", swap_on },
	{ "syslog", clear_log },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < sizeof(attacks) / sizeof(*attacks); i++) {
		long result;

		if (strcmp(attacks[i].name, argv[1]) != 0)
			continue;
		result = attacks[i].run(argc > 2 ? argv[2] : "");
		if (result < -1) {
			perror(argv[1]);
			return 2;
		}
		printf("%s: %s\n", argv[1], result < 0 ? strerror(errno) : "succeeded");
		return result < 0;
	}
	fprintf(stderr, "host: unknown attack\n");
	return 2;
}
