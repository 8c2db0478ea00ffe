#include "unit/test.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/confine.h"
#include "base/fd.h"
#include "base/idrange.h"
#include "base/path.h"
#include "base/userns.h"

#define CAP(name) (1ULL << CAP_##name)
#define NOT_CONFINED 99
#define KILLED (128 + SIGSYS)

/* Enough for the probes below, and for a sanitizer's own needs. */
static const int calls[] = {
	SYS_read,	SYS_write,	   SYS_close,	     SYS_openat,	 SYS_openat2,
	SYS_newfstatat, SYS_fchown,	   SYS_getuid,	     SYS_geteuid,	 SYS_getgid,
	SYS_mkdirat,	SYS_fcntl,	   SYS_mount,	     SYS_getrlimit,	 SYS_prlimit64,
	SYS_prctl,	SYS_mmap,	   SYS_munmap,	     SYS_mprotect,	 SYS_madvise,
	SYS_brk,	SYS_futex,	   SYS_getpid,	     SYS_gettid,	 SYS_tgkill,
	SYS_writev,	SYS_sigaltstack,   SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_exit,	SYS_exit_group,	   SYS_sched_yield,  SYS_readlink,	 SYS_readlinkat,
	SYS_getrandom,	SYS_clock_gettime, SYS_getgroups,    SYS_mremap,
};

static const int failing[] = { SYS_linkat };

/* What a probe sees: two directories that anybody may write to, of which Landlock allows one. */
struct world {
	char path[32];
	int dir, allowed, other;
	struct confine_path rule;
	struct confine confine;
};

static int begin(void **state)
{
	struct world *w = alloc_zeroed(1, sizeof(*w));

	w->dir = test_make_dir(w->path);
	assert_int_equal(fchmod(w->dir, 0755), 0);
	assert_int_equal(mkdirat(w->dir, "allowed", 0777), 0);
	assert_int_equal(mkdirat(w->dir, "other", 0777), 0);
	assert_int_equal(fchmodat(w->dir, "allowed", 0777, 0), 0);
	assert_int_equal(fchmodat(w->dir, "other", 0777, 0), 0);
	w->allowed = openat(w->dir, "allowed", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->other = openat(w->dir, "other", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->rule = (struct confine_path){
		.fd = w->allowed,
		.access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
			  LANDLOCK_ACCESS_FS_MAKE_DIR,
	};
	w->confine = (struct confine){
		.n_fds = w->other + 1,
		.capabilities = CAP(CHOWN),
		.paths = &w->rule,
		.n_paths = 1,
		.syscalls = calls,
		.n_syscalls = sizeof(calls) / sizeof(*calls),
		.failing = failing,
		.n_failing = 1,
		.memory_bytes = 1ULL << 30,
		.cpu_seconds = 60,
		.file_bytes = 1 << 20,
		.open_files = 32,
		.die_with_parent = true,
	};
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	assert_ok(path_remove_tree(AT_FDCWD, w->path));
	close(w->dir);
	close(w->allowed);
	close(w->other);
	free(w);
	return 0;
}

/* Returns 0 when it could do what it tried, else errno; in the confined process. */
typedef int probe_function(struct world *w);

static void run_child(struct world *w, probe_function *probe, int go)
{
	struct error *err;
	char byte;

	if (fd_read_exact(go, &byte, 1) || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		_exit(NOT_CONFINED);
	err = confine_process(&w->confine);
	if (err) {
		fprintf(stderr, "%s\n", error_message(err));
		_exit(NOT_CONFINED);
	}
	_exit(probe(w));
}

/* Starts @probe in fresh namespaces, behind all walls but @without. */
static pid_t start(struct world *w, unsigned int without, probe_function *probe)
{
	const struct id_map map = { .inside = 0, .outside = IDRANGE_HELPERS, .length = 65536 };
	int go_read autoclose = -1, go_write autoclose = -1;
	pid_t pid;

	w->confine.without = without;
	assert_ok(fd_pipe(&go_read, &go_write));
	pid = (pid_t)syscall(SYS_clone,
			     CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
				     CLONE_NEWIPC | SIGCHLD,
			     NULL, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0)
		run_child(w, probe, go_read);
	assert_ok(userns_write_maps(pid, &map, 1, &map, 1));
	assert_ok(fd_write_all(go_write, "", 1));
	return pid;
}

/* What the probe came to: 0, an errno, or KILLED. */
static int try(struct world *w, unsigned int without, probe_function *probe)
{
	pid_t pid = start(w, without, probe);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- seccomp ---- */

static int call_getppid(struct world *w)
{
	(void)w;
	return syscall(SYS_getppid) < 0 ? errno : 0;
}

static int call_link(struct world *w)
{
	(void)w;
	return linkat(-1, "a", -1, "b", 0) < 0 ? errno : 0;
}

static int call_x32(struct world *w)
{
	(void)w;
	return syscall(0x40000000 | SYS_getpid) < 0 ? errno : 0;
}

static int map_executable(struct world *w)
{
	(void)w;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? errno
		       : 0;
}

static int make_executable(struct world *w)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)w;
	if (page == MAP_FAILED)
		return NOT_CONFINED;
	return mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static void test_seccomp(void **state)
{
	assert_int_equal(try(*state, 0, call_getppid), KILLED);
	assert_int_equal(try(*state, CONFINE_SECCOMP, call_getppid), 0);
	assert_int_equal(try(*state, 0, call_link), ENOENT); /* told so, not killed */
	assert_int_equal(try(*state, CONFINE_SECCOMP, call_link), EBADF);
	assert_int_equal(try(*state, 0, call_x32), KILLED);
	assert_int_equal(try(*state, 0, map_executable), KILLED);
	assert_int_equal(try(*state, CONFINE_SECCOMP, map_executable), 0);
	assert_int_equal(try(*state, 0, make_executable), KILLED);
	assert_int_equal(try(*state, CONFINE_SECCOMP, make_executable), 0);
}

/* ---- Landlock ---- */

static int make_in(int dir)
{
	int fd = openat(dir, "made", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int make_in_allowed(struct world *w)
{
	return make_in(w->allowed);
}

static int make_in_other(struct world *w)
{
	return make_in(w->other);
}

static void test_landlock(void **state)
{
	if (confine_landlock_abi() < 2)
		skip(); /* this kernel has no such wall */
	assert_int_equal(try(*state, 0, make_in_allowed), 0);
	assert_int_equal(try(*state, 0, make_in_other), EACCES);
	assert_int_equal(try(*state, CONFINE_LANDLOCK, make_in_other), 0);
}

/* ---- the root ---- */

static int look_at_passwd(struct world *w)
{
	struct stat st;

	(void)w;
	return stat("/etc/passwd", &st) < 0 ? errno : 0;
}

static int make_in_root(struct world *w)
{
	(void)w;
	return mkdirat(AT_FDCWD, "/made", 0700) < 0 ? errno : 0;
}

static int climb_out(struct world *w)
{
	struct stat st;

	(void)w;
	return stat("../../../../../etc/passwd", &st) < 0 ? errno : 0;
}

static void test_root(void **state)
{
	assert_int_equal(try(*state, 0, look_at_passwd), ENOENT);
	assert_int_equal(try(*state, 0, climb_out), ENOENT);
	assert_int_equal(try(*state, CONFINE_LANDLOCK, make_in_root), EROFS);
	assert_int_equal(try(*state, CONFINE_ROOT, look_at_passwd), 0);
}

/* ---- capabilities ---- */

static int mount_tmpfs(struct world *w)
{
	(void)w;
	return mount("none", "/", "tmpfs", 0, NULL) < 0 ? errno : 0;
}

static int give_away(struct world *w)
{
	int fd = openat(w->allowed, "made", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? NOT_CONFINED : fchown(fd, 7, 7) < 0 ? errno : 0;
}

static void test_capabilities(void **state)
{
	struct world *w = *state;
	unsigned int others = CONFINE_LANDLOCK; /* it refuses every mount too */

	assert_int_equal(try(w, others, mount_tmpfs), EPERM);
	assert_int_equal(try(w, others | CONFINE_CAPABILITIES, mount_tmpfs), 0);
	assert_int_equal(try(w, 0, give_away), 0); /* CHOWN is what was kept */
	w->confine.capabilities = 0;
	assert_int_equal(unlinkat(w->allowed, "made", 0), 0);
	assert_int_equal(try(w, 0, give_away), EPERM);
}

/* ---- descriptors, ids, limits ---- */

static int use_descriptor(struct world *w)
{
	return fcntl(w->other + 1, F_GETFD) < 0 ? errno : 0;
}

static void test_descriptors(void **state)
{
	struct world *w = *state;
	int fd autoclose = fcntl(w->dir, F_DUPFD_CLOEXEC, w->other + 1);

	assert_int_equal(fd, w->other + 1);
	assert_int_equal(try(w, 0, use_descriptor), EBADF);
	assert_int_equal(try(w, CONFINE_FDS, use_descriptor), 0);
}

static int be_nobody(struct world *w)
{
	gid_t groups[4];

	(void)w;
	return getuid() == 65534 && geteuid() == 65534 && getgid() == 65533 &&
			       getgroups(4, groups) == 0
		       ? 0
		       : EPERM;
}

static void test_ids(void **state)
{
	struct world *w = *state;

	w->confine.uid = 65534;
	w->confine.gid = 65533;
	w->confine.capabilities = 0;
	assert_int_equal(try(w, 0, be_nobody), 0);
	assert_int_equal(try(w, CONFINE_IDS, be_nobody), EPERM);
}

static int write_much(struct world *w)
{
	int fd = openat(w->allowed, "big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	static char piece[65536];

	for (size_t i = 0; i < 32;
	     i++) /* 2 MiB: SIGXFSZ does not reach the first process of a pid namespace */
		if (write(fd, piece, sizeof(piece)) < 0)
			return errno;
	return 0;
}

static int open_many(struct world *w)
{
	for (int i = 0; i < 64; i++)
		if (openat(w->allowed, "many", O_WRONLY | O_CREAT, 0600) < 0)
			return errno;
	return 0;
}

static void test_limits(void **state)
{
	assert_int_equal(try(*state, 0, write_much), EFBIG);
	assert_int_equal(try(*state, CONFINE_LIMITS, write_much), 0);
	assert_int_equal(try(*state, 0, open_many), EMFILE);
	assert_int_equal(try(*state, CONFINE_LIMITS, open_many), 0);
}

/* ---- as the host sees it ---- */

static int wait_for_ever(struct world *w)
{
	char byte;

	return read(w->dir, &byte, 1) < 0 ? 0 : 1; /* n_fds makes it a pipe's end below */
}

static char *read_proc(pid_t pid, const char *file)
{
	char *path autofree = alloc_printf("/proc/%d/%s", (int)pid, file);
	char *text = NULL;

	assert_ok(path_read_text(AT_FDCWD, path, 65536, &text));
	return text;
}

/* The value of a line "KEY:\tVALUE" of /proc/PID/status. */
static void assert_status(const char *status, const char *key, const char *value)
{
	char *wanted autofree = alloc_printf("\n%s:\t%s\n", key, value);

	if (!strstr(status, wanted))
		fail_msg("%s is not \"%s\" in %s", key, value, status);
}

static void test_status(void **state)
{
	struct world *w = *state;
	int hold_read, hold_write, kept = w->dir;
	char *status autofree = NULL;
	char *limits autofree = NULL;
	pid_t pid;

	assert_ok(fd_pipe(&hold_read, &hold_write));
	assert_true(dup2(hold_read, kept) == kept); /* what the probe reads from */
	pid = start(w, 0, wait_for_ever);
	for (int tries = 0; tries < 500; tries++) {
		free(status);
		status = read_proc(pid, "status");
		if (strstr(status, "\nSeccomp:\t2\n"))
			break;
		usleep(10000);
	}
	assert_status(status, "Seccomp", "2");
	assert_status(status, "NoNewPrivs", "1");
	assert_status(status, "CapEff", "0000000000000001");
	assert_status(status, "CapPrm", "0000000000000001");
	assert_status(status, "CapBnd", "0000000000000001");
	assert_status(status, "CapAmb", "0000000000000000");
	assert_status(status, "CapInh", "0000000000000000");
	assert_status(status, "Groups", " ");
	assert_status(status, "Uid", "1879048192\t1879048192\t1879048192\t1879048192");
	limits = read_proc(pid, "limits");
	assert_non_null(strstr(limits, "Max core file size        0                    0 "));
	assert_non_null(strstr(limits, "Max cpu time              60                   60 "));
	close(hold_write);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(hold_read);
}

#define CONFINE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONFINE_TEST(test_seccomp),	CONFINE_TEST(test_landlock),
		CONFINE_TEST(test_root),	CONFINE_TEST(test_capabilities),
		CONFINE_TEST(test_descriptors), CONFINE_TEST(test_ids),
		CONFINE_TEST(test_limits),	CONFINE_TEST(test_status),
	};

	return TEST_MAIN(tests);
}
