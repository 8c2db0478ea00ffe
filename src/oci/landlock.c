#include "oci/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#include "base/banned.h"

/* Newer than Debian 12's header; values of the kernel's uapi/linux/landlock.h. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#define ACCESS_FS_IOCTL_DEV (1ULL << 15)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

struct ruleset {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static struct error *allow(int rules, const char *path, uint64_t access)
{
	int dir autoclose = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = dir };

	if (dir < 0)
		return error_sys("open %s", path);
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return error_sys("landlock rule for %s", path);
	return NULL;
}

struct error *landlock_confine(bool host_pid, bool host_net)
{
	int abi = landlock_abi();
	size_t size = abi >= 6	 ? sizeof(struct ruleset)
		      : abi >= 4 ? 2 * sizeof(uint64_t)
				 : sizeof(uint64_t);
	struct ruleset rules = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
				     LANDLOCK_ACCESS_FS_REFER,
	};
	int fd autoclose = -1;

	if (abi < 2)
		return NULL;
	if (abi >= 5)
		rules.handled_access_fs |= ACCESS_FS_IOCTL_DEV;
	if (abi >= 6)
		rules.scoped =
			(host_pid ? SCOPE_SIGNAL : 0) | (host_net ? SCOPE_ABSTRACT_UNIX_SOCKET : 0);
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return error_sys("landlock ruleset");
	/*
	 * REFER is refused by every domain that does not grant it: granted everywhere, renames work
	 * as without.
	 */
	TRY(allow(fd, "/", LANDLOCK_ACCESS_FS_REFER));
	if (abi >= 5)
		TRY(allow(fd, "/dev", ACCESS_FS_IOCTL_DEV));
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return error_sys("landlock");
	return NULL;
}
