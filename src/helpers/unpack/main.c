/*
 * bulkhead-unpack: reads untrusted archives. It is started in namespaces of its own by its caller,
 * gives up everything else here, and only then looks at the first byte. What the modes are is in
 * base/unpack.h.
 */
#include <linux/capability.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/log.h"
#include "helpers/unpack/decompress.h"
#include "helpers/unpack/index.h"
#include "helpers/unpack/layer.h"

#include "base/banned.h"

#define NOBODY 65534
#define CAP(name) (1ULL << CAP_##name)

/* What the C library needs for memory and for ending, and AddressSanitizer with it. */
#define SYSCALLS_COMMON                                                                            \
	SYS_read, SYS_write, SYS_writev, SYS_close, SYS_lseek, SYS_mmap, SYS_mprotect, SYS_munmap, \
		SYS_mremap, SYS_brk, SYS_madvise, SYS_futex, SYS_getrandom, SYS_clock_gettime,     \
		SYS_restart_syscall, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_gettid, SYS_getpid, \
		SYS_tgkill, SYS_exit, SYS_exit_group

#ifdef __SANITIZE_ADDRESS__
#define SYSCALLS_SANITIZER                                                                         \
	, SYS_sigaltstack, SYS_rt_sigaction, SYS_sched_yield, SYS_readlink, SYS_prctl
#else
#define SYSCALLS_SANITIZER
#endif

static const int stream_syscalls[] = { SYSCALLS_COMMON SYSCALLS_SANITIZER };

/* libarchive asks the C library to convert names, which looks for its tables, and does without. */
static const int failing_syscalls[] = { SYS_openat };

static const int layer_syscalls[] = { SYS_openat2,
				      SYS_openat,
				      SYS_pwrite64,
				      SYS_fchown,
				      SYS_fchmod,
				      SYS_utimensat,
				      SYS_mkdirat,
				      SYS_newfstatat,
				      SYS_fstat,
				      SYS_symlinkat,
				      SYS_linkat,
				      SYS_fchownat,
				      SYS_unlinkat,
				      SYS_mknodat,
				      SYS_fsetxattr,
				      SYS_ftruncate,
				      SYS_getdents64,
				      SYS_fcntl,
				      SYSCALLS_COMMON SYSCALLS_SANITIZER };

#define LAYER_RIGHTS                                                                               \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |                             \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                              \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |                              \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)

static const struct confine_path layer_path = { .fd = UNPACK_FD_TARGET, .access = LAYER_RIGHTS };

static const struct confine stream_confinement = {
	.n_fds = UNPACK_FD_REPORT + 1,
	.uid = NOBODY,
	.gid = NOBODY,
	.syscalls = stream_syscalls,
	.n_syscalls = sizeof(stream_syscalls) / sizeof(*stream_syscalls),
	.failing = failing_syscalls,
	.n_failing = sizeof(failing_syscalls) / sizeof(*failing_syscalls),
	.memory_bytes = 512 << 20,
	.cpu_seconds = 3600,
	.open_files = 16,
	.die_with_parent = true,
};

static const struct confine layer_confinement = {
	.n_fds = UNPACK_FD_TARGET + 1,
	.capabilities = CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) | CAP(SETFCAP),
	.paths = &layer_path,
	.n_paths = 1,
	.syscalls = layer_syscalls,
	.n_syscalls = sizeof(layer_syscalls) / sizeof(*layer_syscalls),
	.memory_bytes = 1 << 30,
	.cpu_seconds = 3600,
	.open_files = 512,
	.die_with_parent = true,
};

static struct error *run_decompress(struct report *report)
{
	uint64_t bytes;

	TRY(decompress(UNPACK_FD_ARCHIVE, UNPACK_FD_PLAIN, &bytes));
	return report_done(report, 0, bytes);
}

static struct error *run_index(struct report *report)
{
	return index_archive(UNPACK_FD_ARCHIVE, report);
}

static struct error *run_layer(struct report *report)
{
	return layer_unpack(UNPACK_FD_ARCHIVE, UNPACK_FD_TARGET, &layer_limits_default, report);
}

static const struct mode {
	const char *name;
	const struct confine *confinement;
	struct error *(*run)(struct report *report);
} modes[] = {
	{ "decompress", &stream_confinement, run_decompress },
	{ "index", &stream_confinement, run_index },
	{ "layer", &layer_confinement, run_layer },
};

static struct error *run_mode(const char *name, struct report *report)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(modes[i].name, name) != 0)
			continue;
		TRY(confine_process(modes[i].confinement));
		return modes[i].run(report);
	}
	return error_new(ERROR_BUG, "bulkhead-unpack: no mode \"%s\"", name);
}

int main(int argc, char **argv)
{
	struct report report = { .fd = UNPACK_FD_REPORT };
	struct error *err;

	umask(0);
	log_setup(UNPACK_PROGRAM, false);
	err = run_mode(argc == 2 ? argv[1] : "", &report);
	if (err)
		report_error(&report, err);
	_exit(err ? 1
		  : 0); /* nothing is left to flush; a leak check would need what is closed now */
}
