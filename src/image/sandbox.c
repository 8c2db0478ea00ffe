#include "image/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/helper.h"
#include "base/mount.h"
#include "base/pack.h"
#include "base/proc.h"
#include "base/userns.h"
#include "image/report.h"

#include "base/banned.h"

struct error *sandbox_source(int dir, int *ret_fd)
{
	int mount autoclose = -1;

	TRY(sandbox_target(dir, &mount));
	TRY(mount_attributes(
		mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		0, 0, false));
	*ret_fd = fd_take(&mount);
	return NULL;
}

struct error *sandbox_target(int dir, int *ret_fd)
{
	int mount autoclose = -1, userns autoclose = -1;
	struct error *err;

	TRY(mount_clone(dir, "", false, &mount));
	TRY(userns_make(&helper_map, 1, &helper_map, 1, &userns));
	err = mount_idmap(mount, userns, false);
	if (err && error_errno(err) == EINVAL) {
		error_free(err);
		return error_new(
			ERROR_UNSUPPORTED,
			"the file system of the image store cannot have idmapped mounts on "
			"this kernel");
	}
	TRY(err);
	*ret_fd = fd_take(&mount);
	return NULL;
}

/* ---- starting ---- */

/* Both helpers have the same places for what they hold. */
_Static_assert((int)PACK_FD_REPORT == (int)UNPACK_FD_REPORT &&
		       (int)PACK_FD_TREE == (int)UNPACK_FD_TARGET,
	       "the descriptors of bulkhead-pack are bulkhead-unpack's");

static struct error *start_helper(struct sandbox *s, const char *program, const char *mode,
				  const int given[UNPACK_FD_END])
{
	char *argv[] = { (char *)program, (char *)mode, NULL };
	int report autoclose = -1, exec_fd autoclose = -1;
	int fds[UNPACK_FD_END];
	struct proc_spawn spawn = { .argv = argv, .fds = fds };
	struct error *err;

	s->program = program;
	TRY(proc_open_helper(program, &exec_fd));
	TRY(fd_pipe(&s->report, &report));
	TRY(fd_set_nonblocking(s->report));
	/* Never /dev/null: the helper shall hold nothing of the host's. */
	for (int i = 0; i < UNPACK_FD_STDERR; i++)
		fds[i] = given[i] >= 0 ? given[i] : report;
	fds[UNPACK_FD_STDERR] = report;
#ifdef __SANITIZE_ADDRESS__
	fds[UNPACK_FD_STDERR] = STDERR_FILENO;
#endif
	fds[UNPACK_FD_REPORT] = report;
	fds[UNPACK_FD_TARGET] = given[UNPACK_FD_TARGET];
	spawn.n_fds = given[UNPACK_FD_TARGET] >= 0 ? UNPACK_FD_TARGET + 1 : UNPACK_FD_REPORT + 1;
	spawn.exec_fd = exec_fd;
	err = helper_start(&spawn, HELPER_ALONE, UNPACK_FD_REPORT, UNPACK_ERROR, &s->pid);
	if (err)
		sandbox_stop(s);
	return error_wrap(err, "start %s %s", program, mode);
}

struct error *sandbox_start(struct sandbox *s, const char *mode, int archive, int plain, int target)
{
	const int given[UNPACK_FD_END] = {
		[UNPACK_FD_ARCHIVE] = archive,
		[UNPACK_FD_PLAIN] = plain,
		[UNPACK_FD_TARGET] = target,
	};

	return start_helper(s, UNPACK_PROGRAM, mode, given);
}

struct error *sandbox_start_pack(struct sandbox *s, const char *mode, int in, int out, int tree)
{
	const int given[UNPACK_FD_END] = {
		[PACK_FD_IN] = in,
		[PACK_FD_OUT] = out,
		[PACK_FD_TREE] = tree,
	};

	return start_helper(s, PACK_PROGRAM, mode, given);
}

/* ---- the report ---- */

struct error *sandbox_read(struct sandbox *s, bool *ret_end)
{
	ssize_t n;

	*ret_end = false;
	for (;;) {
		TRY(buf_reserve(&s->frames, UNPACK_PAYLOAD_MAX));
		n = read(s->report, s->frames.data + s->frames.length, UNPACK_PAYLOAD_MAX);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return NULL;
		if (n < 0)
			return error_sys("read the helper's report");
		if (n == 0) {
			*ret_end = true;
			return NULL;
		}
		s->frames.length += (size_t)n;
	}
}

static struct error *read_to_end(struct sandbox *s)
{
	struct pollfd p = { .fd = s->report, .events = POLLIN };
	bool end;

	for (;;) {
		TRY(sandbox_read(s, &end));
		if (end)
			return NULL;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return error_sys("wait for the helper's report");
	}
}

struct error *sandbox_finish(struct sandbox *s, report_record *record, void *data,
			     struct report_sum *ret_sum)
{
	struct report_sum sum = { 0 };
	struct error *err;
	int status = 0;
	bool told;

	TRY(read_to_end(s));
	TRY(proc_wait(s->pid, &status));
	s->pid = 0;
	if (WIFSIGNALED(status) && s->frames.length == 0)
		return error_new(ERROR_SYSTEM, "%s was killed by signal %d", s->program,
				 WTERMSIG(status));
	err = report_parse(&s->frames, record, data, &sum, &told);
	if (err)
		return told ? err : error_wrap(err, "the report of %s", s->program);
	if (status != 0)
		return error_new(ERROR_SYSTEM, "%s ended with status %d", s->program,
				 proc_exit_status(status));
	if (ret_sum)
		*ret_sum = sum;
	return NULL;
}

void sandbox_stop(struct sandbox *s)
{
	int status;

	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		error_ignore(proc_wait(s->pid, &status), "it was killed");
	}
	s->pid = 0;
	fd_close(&s->report);
	buf_done(&s->frames);
}
