#include "oci/seccomp_names.h"

#include <dlfcn.h>
#include <linux/audit.h>
#include <string.h>

#include "base/banned.h"

#if defined(__x86_64__)
const uint32_t seccomp_native_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
const uint32_t seccomp_native_arch = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
const uint32_t seccomp_native_arch = AUDIT_ARCH_RISCV64;
#endif

#define X32 (EM_X86_64 | __AUDIT_ARCH_LE) /* as libseccomp numbers it */
#define X32_BIT 0x40000000

/* seccomp_syscall_resolve_name_arch(3) */
static int (*resolve)(uint32_t arch, const char *name);

struct error *seccomp_names_load(void)
{
	void *library, *symbol;

	if (resolve)
		return NULL;
	library = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return error_new(ERROR_UNSUPPORTED, "load libseccomp: %s", dlerror());
	symbol = dlsym(library, "seccomp_syscall_resolve_name_arch");
	if (!symbol)
		return error_new(ERROR_UNSUPPORTED,
				 "libseccomp has no seccomp_syscall_resolve_name_arch");
	memcpy(&resolve, &symbol, sizeof(symbol));
	return NULL;
}

/*
 * Calls that are newer than the libseccomp of stable distributions (2.5 ends with Linux 5.17).
 * Since 5.1 a new call has one number on all architectures (arch/x86/entry/syscalls/syscall_64.tbl
 * of Linux 6.18), but for two of x86-64's own.
 */
static const struct {
	const char *name;
	int number;
	uint32_t only; /* on this architecture; 0: on all */
} newer[] = {
	{ "uretprobe", 335, AUDIT_ARCH_X86_64 },
	{ "uprobe", 336, AUDIT_ARCH_X86_64 },
	{ "set_mempolicy_home_node", 450, 0 },
	{ "cachestat", 451, 0 },
	{ "fchmodat2", 452, 0 },
	{ "map_shadow_stack", 453, 0 },
	{ "futex_wake", 454, 0 },
	{ "futex_wait", 455, 0 },
	{ "futex_requeue", 456, 0 },
	{ "statmount", 457, 0 },
	{ "listmount", 458, 0 },
	{ "lsm_get_self_attr", 459, 0 },
	{ "lsm_set_self_attr", 460, 0 },
	{ "lsm_list_modules", 461, 0 },
	{ "mseal", 462, 0 },
	{ "setxattrat", 463, 0 },
	{ "getxattrat", 464, 0 },
	{ "listxattrat", 465, 0 },
	{ "removexattrat", 466, 0 },
	{ "open_tree_attr", 467, 0 },
	{ "file_getattr", 468, 0 },
	{ "file_setattr", 469, 0 },
};

#define OTHER_WAY(name, direct, through, n, width)                                                 \
	{                                                                                          \
		name, direct, through,                                                             \
		{                                                                                  \
			.compare = SECCOMP_MASKED_EQ, .value = (n), .mask = (width)                \
		}                                                                                  \
	}
/* The numbers of linux/net.h and linux/ipc.h; ipc(2) has a version in the upper half of its own. */
#define SOCKETCALL(name, direct, n) OTHER_WAY(name, direct, "socketcall", n, UINT32_MAX)
#define IPC(name, direct, n) OTHER_WAY(name, direct, "ipc", n, 0xffff)

/* The direct numbers are of arch/x86/entry/syscalls/syscall_32.tbl; -1 where there is none. */
static const struct seccomp_multiplexed multiplexed[] = {
	SOCKETCALL("socket", 359, 1),
	SOCKETCALL("bind", 361, 2),
	SOCKETCALL("connect", 362, 3),
	SOCKETCALL("listen", 363, 4),
	SOCKETCALL("accept", -1, 5),
	SOCKETCALL("getsockname", 367, 6),
	SOCKETCALL("getpeername", 368, 7),
	SOCKETCALL("socketpair", 360, 8),
	SOCKETCALL("send", -1, 9),
	SOCKETCALL("recv", -1, 10),
	SOCKETCALL("sendto", 369, 11),
	SOCKETCALL("recvfrom", 371, 12),
	SOCKETCALL("shutdown", 373, 13),
	SOCKETCALL("setsockopt", 366, 14),
	SOCKETCALL("getsockopt", 365, 15),
	SOCKETCALL("sendmsg", 370, 16),
	SOCKETCALL("recvmsg", 372, 17),
	SOCKETCALL("accept4", 364, 18),
	SOCKETCALL("recvmmsg", 337, 19),
	SOCKETCALL("sendmmsg", 345, 20),
	IPC("semop", -1, 1),
	IPC("semget", 393, 2),
	IPC("semctl", 394, 3),
	IPC("semtimedop", -1, 4),
	IPC("msgsnd", 400, 11),
	IPC("msgrcv", 401, 12),
	IPC("msgget", 399, 13),
	IPC("msgctl", 402, 14),
	IPC("shmat", 397, 21),
	IPC("shmdt", 398, 22),
	IPC("shmget", 395, 23),
	IPC("shmctl", 396, 24),
};

const struct seccomp_multiplexed *seccomp_find_multiplexed(const char *name)
{
	for (size_t i = 0; i < sizeof(multiplexed) / sizeof(*multiplexed); i++)
		if (strcmp(multiplexed[i].name, name) == 0)
			return &multiplexed[i];
	return NULL;
}

/* libseccomp has numbers below -1 for calls of other architectures (__PNR_*). */
bool seccomp_is_call(const char *name)
{
	for (size_t i = 0; i < sizeof(newer) / sizeof(*newer); i++)
		if (strcmp(newer[i].name, name) == 0)
			return true;
	return resolve(seccomp_native_arch, name) != -1;
}

int seccomp_number(uint32_t arch, const char *name)
{
	int number = resolve(arch, name);
	const struct seccomp_multiplexed *other;

	if (number >= 0)
		return number;
	for (size_t i = 0; i < sizeof(newer) / sizeof(*newer); i++)
		if (strcmp(newer[i].name, name) == 0 && (!newer[i].only || newer[i].only == arch))
			return newer[i].number | (arch == X32 ? X32_BIT : 0);
	other = arch == AUDIT_ARCH_I386 ? seccomp_find_multiplexed(name) : NULL;
	return other ? other->direct
		     : -1; /* libseccomp has only the other way's number for these */
}
