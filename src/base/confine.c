#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mount.h"
#include "base/path.h"

#include "base/banned.h"

#if defined(__x86_64__)
#define CONFINE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CONFINE_ARCH AUDIT_ARCH_AARCH64
#else
#error "the seccomp filter needs this architecture's AUDIT_ARCH value"
#endif

/* Rights of later Landlock versions (landlock(7)), missing from the headers of Debian 12. */
#define FS_RIGHTS_ABI1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13)	  /* ABI 2 */
#define FS_TRUNCATE (1ULL << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_BIND 1ULL		  /* ABI 4 */
#define NET_RIGHTS 3ULL		  /* bind and connect */
#define SCOPES 3ULL		  /* ABI 6: abstract UNIX sockets, signals */

struct ruleset_attr {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

static struct error *set_limit(int resource, const char *name, uint64_t value)
{
	struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

	if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return error_sys("limit %s to %ju", name, (uintmax_t)value);
	return NULL;
}

static struct error *limit(const struct confine *c)
{
#ifndef __SANITIZE_ADDRESS__
	if (c->memory_bytes)
		TRY(set_limit(RLIMIT_AS, "memory", c->memory_bytes));
#endif
	if (c->cpu_seconds)
		TRY(set_limit(RLIMIT_CPU, "time", c->cpu_seconds));
	if (c->file_bytes)
		TRY(set_limit(RLIMIT_FSIZE, "file sizes", c->file_bytes));
	if (c->open_files)
		TRY(set_limit(RLIMIT_NOFILE, "open files", c->open_files));
	return set_limit(RLIMIT_CORE, "core files", 0);
}

static struct error *close_fds(const struct confine *c)
{
	return fd_close_from(c->n_fds);
}

static struct error *put_file(int root, const struct confine_file *f)
{
	const char *name = path_last(f->path), *path = f->path + 1;
	int dir autoclose = -1, fd autoclose = -1;

	if (name == path)
		dir = fcntl(root, F_DUPFD_CLOEXEC, 0);
	else {
		char *parent autofree = alloc_string_n(path, (size_t)(name - path - 1));

		TRY(path_open_dir(root, parent, 0755, &dir));
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return error_sys("make %s", f->path);
	return fd_write_all(fd, f->data, f->length);
}

#define ROOT_FLAGS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* Two inodes for each file, and a page beside its own. */
static struct error *make_root(const struct confine *c, int *ret)
{
	size_t bytes = 4096, inodes = 1 + 2 * c->n_files;
	char *size autofree = NULL, *nr autofree = alloc_printf("%zu", inodes);
	int context autoclose = -1, root autoclose = -1;

	for (size_t i = 0; i < c->n_files; i++)
		bytes += c->files[i].length + 8192;
	size = alloc_printf("%zu", bytes);
	TRY(mount_open_fs("tmpfs", &context));
	TRY(mount_option(context, "size", size));
	TRY(mount_option(context, "nr_inodes", nr));
	TRY(mount_option(context, "mode", "0555"));
	TRY(mount_make(context, c->n_files ? ROOT_FLAGS & ~MOUNT_ATTR_RDONLY : ROOT_FLAGS, &root));
	for (size_t i = 0; i < c->n_files; i++)
		TRY(put_file(root, &c->files[i]));
	if (c->n_files)
		TRY(mount_attributes(root, ROOT_FLAGS, 0, 0, false));
	*ret = fd_take(&root);
	return NULL;
}

/*
 * Replaces the root by a file system that nothing can be made in, empty but for the files listed.
 * /proc serves as the place to mount it, since it is on every host; pivot_root(2) with "." and "."
 * stacks the old root over the new one, and umount2 takes it off.
 */
static struct error *empty_root(const struct confine *c)
{
	int root autoclose = -1, place autoclose = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_sys("make the mounts private");
	TRY(make_root(c, &root));
	place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place < 0)
		return error_sys("open /proc");
	TRY(mount_attach(root, place));
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return error_sys("change the root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return error_sys("leave the old root");
	return NULL;
}

static struct error *drop_bounding_set(const struct confine *c)
{
	for (int cap = 0; cap < 64; cap++) {
		if (c->capabilities >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL) /* EINVAL: the kernel knows no more */
			return error_sys("drop capability %d", cap);
	}
	return NULL;
}

static struct error *change_ids(const struct confine *c)
{
	if (setgroups(0, NULL) < 0)
		return error_sys("leave all groups");
	if (setresgid(c->gid, c->gid, c->gid) < 0)
		return error_sys("become group %u", c->gid);
	if (setresuid(c->uid, c->uid, c->uid) < 0)
		return error_sys("become user %u", c->uid);
	/* Only now: a change of ids clears it (prctl(2)). */
	if (c->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_sys("ask to end with the parent");
	return NULL;
}

static struct error *set_capabilities(const struct confine *c)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)c->capabilities, .permitted = (uint32_t)c->capabilities },
		{ .effective = (uint32_t)(c->capabilities >> 32),
		  .permitted = (uint32_t)(c->capabilities >> 32) },
	};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_sys("clear ambient capabilities");
	if (syscall(SYS_capset, &head, data) < 0)
		return error_sys("set capabilities");
	return NULL;
}

static struct error *no_new_privs(const struct confine *c)
{
	(void)c;
	/*
	 * Not dumpable either: nobody of the same user may trace it or read its memory through
	 * /proc.
	 */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_sys("set no_new_privs");
	return NULL;
}

int confine_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* Each by itself, so that this wall stands where the root does not. */
static struct error *allow_files(int ruleset, const struct confine *c)
{
	for (size_t i = 0; i < c->n_files; i++) {
		int fd autoclose = open(c->files[i].path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		struct landlock_path_beneath_attr rule = {
			.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
			.parent_fd = fd,
		};

		if (fd < 0 || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
				      &rule, 0) < 0)
			return error_sys("add a Landlock rule for %s", c->files[i].path);
	}
	return NULL;
}

static struct error *restrict_files(const struct confine *c)
{
	int abi = confine_landlock_abi(), ruleset autoclose = -1;
	struct ruleset_attr attr = { .handled_access_fs = FS_RIGHTS_ABI1 };
	size_t size = offsetof(struct ruleset_attr, handled_access_net);
	uint64_t later = abi >= 3 ? FS_TRUNCATE : 0;

	/* ABI 1 refuses hard links between directories outright, which layers have. */
	if (abi < 1 || (abi < 2 && c->n_paths))
		return NULL;
	attr.handled_access_fs |= (abi >= 2 ? FS_REFER : 0) | later | (abi >= 5 ? FS_IOCTL_DEV : 0);
	if (abi >= 4) {
		attr.handled_access_net = c->connects ? NET_BIND : NET_RIGHTS;
		size = offsetof(struct ruleset_attr, scoped);
	}
	if (abi >= 6) {
		attr.scoped = SCOPES;
		size = sizeof(attr);
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return error_sys("make a Landlock ruleset");
	TRY(allow_files(ruleset, c));
	for (size_t i = 0; i < c->n_paths; i++) {
		bool writes = c->paths[i].access & LANDLOCK_ACCESS_FS_WRITE_FILE;
		struct landlock_path_beneath_attr rule = {
			.allowed_access = c->paths[i].access | (writes ? later : 0),
			.parent_fd = c->paths[i].fd,
		};

		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) <
		    0)
			return error_sys("add a Landlock rule");
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return error_sys("put Landlock in force");
	return NULL;
}

/*
 * The filter: another architecture's calls kill, an allowed number returns, anything else kills.
 * mmap and mprotect are allowed only without PROT_EXEC (their third argument; the upper half of
 * the word is beyond any flag the kernel takes).
 */
#define FILTER_HEAD 4
#define FILTER_EXEC 7
#define FILTER_MAX 256

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

static bool maps_memory(int number)
{
	return number == SYS_mmap || number == SYS_mprotect;
}

static size_t add_verdict(struct sock_filter *code, size_t n, int number, uint32_t verdict)
{
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
	code[n++] = (struct sock_filter)RETURN(verdict);
	return n;
}

/* The lower half of the argument: these are of 32 bits for the kernel (socket(2)). */
static size_t add_argument(struct sock_filter *code, size_t n, const struct confine_argument *a)
{
	unsigned char skip = (unsigned char)(a->n_values * 2 + 2);

	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)a->syscall, 0,
						 skip);
	code[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS,
		(uint32_t)(offsetof(struct seccomp_data, args) + a->index * sizeof(uint64_t)));
	for (size_t i = 0; i < a->n_values; i++)
		n = add_verdict(code, n, (int)a->values[i], SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | (uint32_t)a->error);
	return n;
}

/* Instructions at most. */
static size_t filter_length(const struct confine *c)
{
	size_t n = FILTER_HEAD + FILTER_EXEC + (c->n_syscalls + c->n_failing) * 2;

	for (size_t i = 0; i < c->n_arguments; i++)
		n += c->arguments[i].n_values * 2 + 3;
	return n;
}

static struct error *filter_syscalls(const struct confine *c)
{
	struct sock_filter code[FILTER_MAX] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CONFINE_ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
	};
	struct sock_fprog program = { .filter = code };
	size_t n = FILTER_HEAD;

	if (filter_length(c) > FILTER_MAX)
		return error_new(ERROR_BUG, "a filter of %zu system calls", c->n_syscalls);
	for (size_t i = 0; i < c->n_syscalls; i++)
		if (!maps_memory(c->syscalls[i]))
			n = add_verdict(code, n, c->syscalls[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < c->n_failing; i++)
		n = add_verdict(code, n, c->failing[i], SECCOMP_RET_ERRNO | ENOENT);
	for (size_t i = 0; i < c->n_arguments; i++)
		n = add_argument(code, n, &c->arguments[i]);
	for (size_t i = 0; i < c->n_syscalls; i++) {
		if (!maps_memory(c->syscalls[i]))
			continue;
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (uint32_t)c->syscalls[i], 0, 3);
		code[n++] = (struct sock_filter)LOAD(args[2]);
		code[n++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
		code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
		/*
		 * The number again, for the next comparison: the argument is in the register now.
		 */
		code[n++] = (struct sock_filter)LOAD(nr);
	}
	code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return error_sys("put the system call filter in force");
	return NULL;
}

/* The order of the file's head, as data. */
static const struct {
	unsigned int wall;
	const char *name;
	struct error *(*run)(const struct confine *c);
} steps[] = {
	{ CONFINE_LIMITS, "limits", limit },
	{ CONFINE_FDS, "descriptors", close_fds },
	{ CONFINE_ROOT, "empty root", empty_root },
	{ CONFINE_CAPABILITIES, "bounding set", drop_bounding_set },
	{ CONFINE_IDS, "ids", change_ids },
	{ CONFINE_CAPABILITIES, "capabilities", set_capabilities },
	{ CONFINE_NO_NEW_PRIVS, "no_new_privs", no_new_privs },
	{ CONFINE_LANDLOCK, "landlock", restrict_files },
	{ CONFINE_SECCOMP, "seccomp", filter_syscalls },
};

struct error *confine_process(const struct confine *c)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (!(c->without & steps[i].wall))
			TRY(error_wrap(steps[i].run(c), "confine: %s", steps[i].name));
	return NULL;
}
