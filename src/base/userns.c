#include "base/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

static struct error *write_map(pid_t pid, const char *file, const struct id_map *map, size_t n)
{
	struct buf text autobuf = BUF_MAX(16384);
	char path[48];

	for (size_t i = 0; i < n; i++)
		TRY(buf_printf(&text, "%u %u %u\n", map[i].inside, map[i].outside, map[i].length));
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return path_write_existing(AT_FDCWD, path, buf_text(&text));
}

static struct error *deny_setgroups(pid_t pid)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	return path_write_existing(AT_FDCWD, path, "deny");
}

/* What an ordinary user may write itself (user_namespaces(7)): its own id alone. */
static bool is_own(const struct id_map *map, size_t n, uint32_t id)
{
	return n == 1 && map->length == 1 && map->outside == id;
}

/* newuidmap(1), newgidmap(1): who may use which ranges stands in /etc/subuid and /etc/subgid. */
static struct error *map_by(const char *program, pid_t pid, const struct id_map *map, size_t n)
{
	static const int none[] = { -1, -1, STDERR_FILENO };
	char **argv autostrv = NULL;
	struct proc_spawn spawn = {
		.path = program, .exec_fd = -1, .env = environ, .fds = none, .n_fds = 3
	};
	int status = 0;
	pid_t mapper;

	strv_add(&argv, path_last(program));
	strv_add_owned(&argv, alloc_printf("%d", (int)pid));
	for (size_t i = 0; i < n; i++) {
		strv_add_owned(&argv, alloc_printf("%u", map[i].inside));
		strv_add_owned(&argv, alloc_printf("%u", map[i].outside));
		strv_add_owned(&argv, alloc_printf("%u", map[i].length));
	}
	spawn.argv = argv;
	TRY(error_wrap(proc_start(&spawn, &mapper), "map more ids than one's own: %s", program));
	TRY(proc_wait(mapper, &status));
	if (proc_exit_status(status) != 0)
		return error_new(ERROR_REFUSED, "map more ids than one's own: %s refused", program);
	return NULL;
}

struct error *userns_write_maps(pid_t pid, const struct id_map *uids, size_t n_uids,
				const struct id_map *gids, size_t n_gids)
{
	bool ordinary = geteuid() != 0;

	if (ordinary && !is_own(uids, n_uids, geteuid()))
		TRY(map_by("/usr/bin/newuidmap", pid, uids, n_uids));
	else
		TRY(write_map(pid, "uid_map", uids, n_uids));
	if (ordinary && !is_own(gids, n_gids, getegid()))
		return map_by("/usr/bin/newgidmap", pid, gids, n_gids);
	/* An ordinary user may map groups only where none can be given up by that. */
	if (ordinary)
		TRY(deny_setgroups(pid));
	return write_map(pid, "gid_map", gids, n_gids);
}

bool userns_map_is_initial(const char *text)
{
	char inside[11], outside[11], length[11];

	/* As text: %u would take "-1" for UINT32_MAX. */
	return sscanf(text, " %10[0-9] %10[0-9] %10[0-9]", inside, outside, length) == 3 &&
	       strcmp(inside, "0") == 0 && strcmp(outside, "0") == 0 &&
	       strcmp(length, "4294967295") == 0;
}

bool userns_is_initial(void)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(AT_FDCWD, "/proc/self/uid_map", 4096, &text);

	if (err) {
		error_ignore(err, "a kernel without user namespaces has only its own");
		return true;
	}
	return userns_map_is_initial(text);
}

struct error *userns_open(pid_t pid, int *ret_fd)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_sys("open %s", path);
	*ret_fd = fd;
	return NULL;
}

/* Until its parent kills it, or is killed itself. */
static int wait_to_die(void *parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != *(const pid_t *)parent) /* it was quicker */
		return 0;
	while (pause() < 0)
		;
	return 0;
}

struct error *userns_make(const struct id_map *uids, size_t n_uids, const struct id_map *gids,
			  size_t n_gids, int *ret_fd)
{
	enum { STACK = 16384 };
	char *stack autofree = alloc_zeroed(STACK, 1);
	pid_t self = getpid();
	struct error *err;
	/* CLONE_VM: nothing is copied; the process only has to exist while its maps are written. */
	pid_t pid = clone(wait_to_die, stack + STACK, CLONE_NEWUSER | CLONE_VM | SIGCHLD, &self);

	if (pid < 0)
		return error_sys("make a user namespace");
	err = userns_write_maps(pid, uids, n_uids, gids, n_gids);
	if (!err)
		err = userns_open(pid, ret_fd);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return err;
}
