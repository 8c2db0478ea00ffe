#include "helpers/pack/walls.h"

#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

#include "base/pack.h"

#include "base/banned.h"

#define NOBODY 65534

static const int stream_syscalls[] = { CONFINE_SYSCALLS_COMMON };

/*
 * Only openat2: every name is opened below the directory that it was read from. qsort(3) asks how
 * much memory there is.
 */
static const int tree_syscalls[] = {
	SYS_sysinfo,	SYS_openat2,	SYS_newfstatat,		 SYS_fstat,
	SYS_getdents64, SYS_readlinkat, SYS_flistxattr,		 SYS_fgetxattr,
	SYS_pread64,	SYS_fcntl,	CONFINE_SYSCALLS_COMMON,
};

static const struct confine_path tree_path = {
	.fd = PACK_FD_TREE,
	.access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
};

const struct confine pack_walls_stream = {
	.n_fds = PACK_FD_REPORT + 1,
	.uid = NOBODY,
	.gid = NOBODY,
	.syscalls = stream_syscalls,
	.n_syscalls = sizeof(stream_syscalls) / sizeof(*stream_syscalls),
	.memory_bytes = 512 << 20,
	.cpu_seconds = 36000,
	.file_bytes = 1, /* it writes to pipes */
	.open_files = 16,
	.die_with_parent = true,
};

const struct confine pack_walls_tree = {
	.n_fds = PACK_FD_TREE + 1,
	.capabilities = 1ULL << CAP_DAC_READ_SEARCH,
	.paths = &tree_path,
	.n_paths = 1,
	.syscalls = tree_syscalls,
	.n_syscalls = sizeof(tree_syscalls) / sizeof(*tree_syscalls),
	.memory_bytes = 1 << 30,
	.cpu_seconds = 36000,
	.file_bytes = 1,
	.open_files = 512,
	.die_with_parent = true,
};
