/*
 * The last walls of the child. no_new_privs comes before Landlock and seccomp, which ask for it;
 * seccomp is the very last, since its rules forbid what the others need.
 */
#include "floor.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

/* Rights and scopes that the headers of Debian 12 (Linux 6.1) do not know. */
#define FS_TRUNCATE (1ull << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define SCOPES 3ull		  /* ABI 6: abstract UNIX sockets, signals */

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

static void drop_capabilities(void)
{
	static const unsigned char kept[] = {
		CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FOWNER,	    CAP_FSETID,
		CAP_KILL,    CAP_SETGID,       CAP_SETUID,	    CAP_SETPCAP,
		CAP_SETFCAP, CAP_SYS_CHROOT,   CAP_NET_BIND_SERVICE
	};
	uint64_t set = 0;

	for (size_t i = 0; i < sizeof kept; i++)
		set |= 1ull << kept[i];
	/* The first number past the kernel's last capability is refused. */
	for (unsigned int cap = 0; cap < 64; cap++)
		if (!(set >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			break;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)set, .permitted = (uint32_t)set },
		{ .effective = (uint32_t)(set >> 32), .permitted = (uint32_t)(set >> 32) },
	};
	if (syscall(SYS_capset, &header, data))
		die("set capabilities");
}

static void allow_beneath(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		die("allow %s", path);
	close(rule.parent_fd);
}

/* No device nodes anywhere, ioctls of devices only under /dev, no signals and abstract sockets to
 * the outside. */
static void enter_landlock(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 2)
		die("landlock");
	struct ruleset_attr attr = {
		.fs = (LANDLOCK_ACCESS_FS_REFER << 1) - 1,
		.scoped = abi >= 6 ? SCOPES : 0,
	};
	attr.fs |= (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
	size_t size = abi >= 6 ? sizeof attr : abi >= 4 ? 2 * sizeof attr.fs : sizeof attr.fs;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		die("landlock rules");
	uint64_t nodes = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;
	allow_beneath(ruleset, "/", attr.fs & ~nodes & ~FS_IOCTL_DEV);
	allow_beneath(ruleset, "/dev", attr.fs & ~nodes);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0))
		die("landlock");
	close(ruleset);
}

void confine(const struct floor *f)
{
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs");
	enter_landlock();
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f->filter))
		die("load the seccomp filter");
}
