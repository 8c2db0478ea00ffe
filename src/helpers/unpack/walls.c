#include "helpers/unpack/walls.h"

#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

#include "base/unpack.h"

#include "base/banned.h"

#define NOBODY 65534
#define CAP(name) (1ULL << CAP_##name)

static const int stream_syscalls[] = { CONFINE_SYSCALLS_COMMON };

/* libarchive asks the C library to convert names, which looks for its tables, and does without. */
static const int failing_syscalls[] = { SYS_openat };

/* clang-format off */
static const int layer_syscalls[] = {
	SYS_openat2, SYS_openat, SYS_pwrite64, SYS_fchown, SYS_fchmod, SYS_utimensat, SYS_mkdirat,
	SYS_newfstatat, SYS_fstat, SYS_symlinkat, SYS_linkat, SYS_fchownat, SYS_unlinkat,
	SYS_mknodat, SYS_fsetxattr, SYS_ftruncate, SYS_getdents64, SYS_fcntl,
#ifdef SYS_renameat
	SYS_renameat,
#endif
	SYS_renameat2,
	CONFINE_SYSCALLS_COMMON
};
/* clang-format on */

#define LAYER_RIGHTS                                                                               \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |                             \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                              \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |                              \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)

static const struct confine_path layer_path = { .fd = UNPACK_FD_TARGET, .access = LAYER_RIGHTS };

const struct confine walls_stream = {
	.n_fds = UNPACK_FD_REPORT + 1,
	.uid = NOBODY,
	.gid = NOBODY,
	.syscalls = stream_syscalls,
	.n_syscalls = sizeof(stream_syscalls) / sizeof(*stream_syscalls),
	.failing = failing_syscalls,
	.n_failing = sizeof(failing_syscalls) / sizeof(*failing_syscalls),
	.memory_bytes = 512 << 20,
	.cpu_seconds = 3600,
	.file_bytes = 1, /* it writes to pipes */
	.open_files = 16,
	.die_with_parent = true,
};

const struct confine walls_layer = {
	.n_fds = UNPACK_FD_TARGET + 1,
	.capabilities = CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) | CAP(SETFCAP),
	.paths = &layer_path,
	.n_paths = 1,
	.syscalls = layer_syscalls,
	.n_syscalls = sizeof(layer_syscalls) / sizeof(*layer_syscalls),
	.memory_bytes = 1 << 30,
	.cpu_seconds = 3600,
	.file_bytes = 1ULL << 40,
	.open_files = 512,
	.die_with_parent = true,
};
