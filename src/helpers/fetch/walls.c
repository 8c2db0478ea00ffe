#include "helpers/fetch/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fetch.h"

#include "base/banned.h"

#define NOBODY 65534
#define NAME_FILE_MAX (4 << 20)

static const int syscalls[] = {
	SYS_readv,
	SYS_pread64,
	SYS_gettimeofday,
	SYS_time,
	SYS_nanosleep,
	SYS_connect,
	SYS_sendto,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_sendmmsg,
	SYS_getsockname,
	SYS_getpeername,
	SYS_setsockopt,
	SYS_getsockopt,
	SYS_shutdown,
	SYS_poll,
	SYS_ppoll,
	SYS_fcntl,
	SYS_ioctl,
	SYS_openat,
	SYS_newfstatat,
	SYS_fstat,
	SYS_uname,
	SYS_rt_sigaction,
	SYS_clock_nanosleep,
	CONFINE_SYSCALLS_COMMON,
};

/*
 * What libraries try and can do without: threads, a socket pair to be woken by, files that are not
 * there anyway.
 */
static const int failing[] = { SYS_clone,      SYS_clone3, SYS_socketpair, SYS_access,
			       SYS_readlinkat, SYS_getuid, SYS_geteuid,	   SYS_getgid,
			       SYS_getegid,    SYS_bind,   SYS_eventfd2,   SYS_pipe2,
			       SYS_sysinfo };

/* No socket of the UNIX family: the host's abstract ones are in this network namespace. */
static const uint32_t families[] = { AF_INET, AF_INET6 };
static const struct confine_argument arguments[] = {
	{ .syscall = SYS_socket,
	  .index = 0,
	  .values = families,
	  .n_values = 2,
	  .error = EAFNOSUPPORT },
};

/* Files first, then DNS: no module of name service that would have to be loaded. */
static const char switch_file[] = "hosts: files dns\n";

static struct error *read_file(const char *path, struct buf *b)
{
	int fd autoclose = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == EACCES))
		return NULL;
	if (fd < 0)
		return error_sys("open %s", path);
	return error_wrap(fd_read_all(fd, b), "%s", path);
}

struct error *walls_raise(unsigned int without)
{
	struct buf hosts autobuf = BUF_MAX(NAME_FILE_MAX), resolv autobuf = BUF_MAX(NAME_FILE_MAX);
	struct confine c = {
		.n_fds = FETCH_FD_END,
		.uid = NOBODY,
		.gid = NOBODY,
		.syscalls = syscalls,
		.n_syscalls = sizeof(syscalls) / sizeof(*syscalls),
		.failing = failing,
		.n_failing = sizeof(failing) / sizeof(*failing),
		.arguments = arguments,
		.n_arguments = 1,
		.memory_bytes = 512 << 20,
		.file_bytes = NAME_FILE_MAX, /* of the root; later it writes to pipes and sockets */
		.open_files = 32,
		.connects = true,
		.die_with_parent = true,
		.without = without,
	};

	TRY(read_file("/etc/hosts", &hosts));
	TRY(read_file("/etc/resolv.conf", &resolv));
	const struct confine_file files[] = {
		{ "/etc/hosts", buf_text(&hosts), hosts.length },
		{ "/etc/resolv.conf", buf_text(&resolv), resolv.length },
		{ "/etc/nsswitch.conf", switch_file, sizeof(switch_file) - 1 },
	};

	c.files = files;
	c.n_files = sizeof(files) / sizeof(*files);
	return confine_process(&c);
}
