/*
 * The program's stdin, stdout and stderr: pipes, or a terminal of the container's own devpts. Never
 * sockets, and never what the caller happens to have: an image that opens /dev/stdout must find
 * something it may open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/started.h"
#include "oci/setup.h"

#include "base/banned.h"

static struct error *make_pipes(struct setup *s)
{
	struct oci_running *r = s->running;

	if (s->spec->process.stdin_open) {
		TRY(fd_pipe(&s->child_stdio[0], &r->stdin_fd));
	} else {
		s->child_stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (s->child_stdio[0] < 0)
			return error_sys("open /dev/null");
	}
	TRY(fd_pipe(&r->stdout_fd, &s->child_stdio[1]));
	return fd_pipe(&r->stderr_fd, &s->child_stdio[2]);
}

struct error *step_stdio(struct setup *s)
{
	struct error *err;

	if (s->spec->process.terminal)
		return NULL;
	/*
	 * A pipe belongs to who makes it: to the container's root, which can give it to its user.
	 */
	if (s->user_namespace) {
		setfsgid(s->ids);
		setfsuid(s->ids);
	}
	err = make_pipes(s);
	setfsuid(0);
	setfsgid(0);
	return err;
}

/*
 * The pipes, and only they, go to the user the program runs as: /dev/stdout can be opened again
 * then.
 */
static struct error *own_pipes(struct setup *s)
{
	for (int i = 0; i < 3; i++) {
		struct stat st;

		if (fstat(s->child_stdio[i], &st) < 0)
			return error_sys("look at stdio");
		if (S_ISFIFO(st.st_mode) && fchown(s->child_stdio[i], s->user.uid, (gid_t)-1) < 0 &&
		    !s->spec->bundle) /* whose pipes may be those of somebody outside of its map */
			return error_sys("own stdio");
	}
	return NULL;
}

/*
 * Lines end in "\n" for who reads what a program in the foreground says, whatever stdout is: the
 * caller's terminal makes "\r\n" of it.
 */
static struct error *end_lines_plainly(int terminal)
{
	struct termios t;

	if (tcgetattr(terminal, &t) < 0)
		return error_sys("look at the terminal");
	t.c_oflag &= ~(tcflag_t)ONLCR;
	return tcsetattr(terminal, TCSANOW, &t) < 0 ? error_sys("set the terminal") : NULL;
}

/*
 * A new terminal of the container's devpts: TIOCGPTPEER (ioctl_tty(2)) opens the other side without
 * trusting a path.
 */
static struct error *open_terminal(struct setup *s, int *ret_master)
{
	const struct oci_process *p = &s->spec->process;
	struct winsize size = { .ws_row = p->size.rows, .ws_col = p->size.columns };
	int master autoclose = -1, unlock = 0, slave;

	TRY(path_open_beneath(s->root_dir, "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0, &master));
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return error_sys("unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return error_sys("open the terminal");
	for (int i = 0; i < 3; i++)
		s->child_stdio[i] = i ? fcntl(slave, F_DUPFD_CLOEXEC, 3) : slave;
	if (fchown(slave, s->user.uid, (gid_t)-1) < 0)
		return error_sys("own the terminal");
	if (p->size.rows && ioctl(master, TIOCSWINSZ, &size) < 0)
		return error_sys("size the terminal");
	if (s->spec->bundle && s->spec->bundle->foreground)
		TRY(end_lines_plainly(slave));
	*ret_master = fd_take(&master);
	return NULL;
}

/* /dev/console is the terminal, for programs that write there. */
static struct error *bind_console(struct setup *s)
{
	int target autoclose = -1, copy autoclose = -1;

	TRY(path_open_beneath(s->root_dir, "dev/console", O_PATH, 0, &target));
	TRY(mount_clone(s->child_stdio[0], "", false, &copy));
	return mount_attach(copy, target);
}

struct error *step_terminal(struct setup *s)
{
	int master autoclose = -1;

	if (!s->spec->process.terminal)
		return own_pipes(s);
	TRY(open_terminal(s, &master));
	if (!s->joined)
		TRY(bind_console(s));
	return started_tell(s->channel_child, STARTED_TERMINAL, master);
}

struct error *step_session(struct setup *s)
{
	if (setsid() < 0)
		return error_sys("setsid");
	if (s->spec->process.terminal && ioctl(s->child_stdio[0], TIOCSCTTY, 0) < 0)
		return error_sys("take the terminal");
	for (int i = 0; i < 3; i++)
		if (dup2(s->child_stdio[i], i) < 0)
			return error_sys("place stdio");
	return NULL;
}

static void drop(const char *text)
{
	(void)text;
}

/*
 * From here only stdio and the channel are open, so no path can lead through a descriptor of the
 * host (CVE-2024-21626).
 */
struct error *step_close(struct setup *s)
{
	const unsigned int kept = s->spec->bundle ? s->spec->bundle->preserve_fds : 0;
	int *const ours[] = { &s->channel_child, &s->gate, &s->gate_errors };
	int next = 3 + (int)kept;

	for (unsigned int i = 0; i < kept; i++) {
		if (fcntl(3 + (int)i, F_SETFD, 0) < 0)
			return error_sys("preserve descriptor %u", 3 + i);
	}
	for (size_t i = 0; i < 3; i++) { /* out of each other's way */
		if (*ours[i] < 0)
			continue;
		*ours[i] = fcntl(*ours[i], F_DUPFD_CLOEXEC, next + 3);
		if (*ours[i] < 0)
			return error_sys("place the channel");
	}
	for (size_t i = 0; i < 3; i++) {
		if (*ours[i] < 0)
			continue;
		if (dup3(*ours[i], next, O_CLOEXEC) < 0)
			return error_sys("place the channel");
		*ours[i] = next++;
	}
	TRY(fd_close_from(next));
	s->root_dir = -1;
	if (s->spec->bundle)
		log_divert(drop); /* its log file is closed, and stderr is the program's */
	return NULL;
}
