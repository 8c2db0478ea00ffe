#include "runtime/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "runtime/notify.h"
#include "runtime/report.h"

#include "base/banned.h"

enum { CHUNK = 16384, REST_MS = 100 };

struct foreground {
	struct oci_running *r;
	struct notify *notify; /* NULL: nobody wants to know */
	int signals;
	int master; /* -1: none, or at its end */
	sigset_t old_mask;
	bool raw;
	struct termios cooked;
	bool stdin_over;
	char in[CHUNK]; /* typed, not yet taken by the terminal */
	size_t in_at, in_end;
};

static void restore(struct foreground *f)
{
	if (f->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &f->cooked);
	fd_close(&f->signals);
	sigprocmask(SIG_SETMASK, &f->old_mask, NULL);
}

/* All but what is about this process itself, and job control. */
static struct error *take_signals(struct foreground *f)
{
	static const int left[] = { SIGILL, SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,	SIGSEGV, SIGPIPE,
				    SIGSYS, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG };
	sigset_t mask;

	sigfillset(&mask);
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
		sigdelset(&mask, left[i]);
	sigprocmask(SIG_BLOCK, &mask, &f->old_mask);
	f->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return f->signals < 0 ? error_sys("signalfd") : NULL;
}

void foreground_size(struct config_process *p)
{
	struct winsize size;

	if (!p->terminal || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row)
		return;
	if (!p->console_size)
		p->console_size = alloc_zeroed(1, sizeof(*p->console_size));
	*p->console_size = (struct config_console_size){ size.ws_row, size.ws_col };
}

static void follow_size(struct foreground *f)
{
	struct winsize size;

	if (f->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(f->master, TIOCSWINSZ, &size);
}

static void make_raw(struct foreground *f)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &f->cooked) < 0)
		return;
	raw = f->cooked;
	cfmakeraw(&raw);
	raw.c_oflag = f->cooked.c_oflag; /* the container's side leaves the ends of lines to it */
	f->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	follow_size(f);
}

static void pass_signal(struct foreground *f)
{
	struct signalfd_siginfo info;

	while (read(f->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			follow_size(f);
		else
			error_ignore(proc_signal(f->r->pidfd, (int)info.ssi_signo),
				     "it has just ended");
	}
}

/* False at the end: a terminal without users says EIO. */
static bool copy_output(struct foreground *f)
{
	char chunk[CHUNK];
	ssize_t n = read(f->master, chunk, sizeof(chunk));
	struct error *err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	err = fd_write_all(STDOUT_FILENO, chunk, (size_t)n);
	error_ignore(err, "whoever read it is gone");
	return true;
}

static void read_input(struct foreground *f)
{
	ssize_t n = read(STDIN_FILENO, f->in, sizeof(f->in));

	if (n > 0) {
		f->in_at = 0;
		f->in_end = (size_t)n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		f->stdin_over = true;
	}
}

static void write_input(struct foreground *f)
{
	ssize_t n = write(f->master, f->in + f->in_at, f->in_end - f->in_at);

	if (n > 0)
		f->in_at += (size_t)n;
	if (f->in_at == f->in_end)
		f->in_at = f->in_end = 0;
}

/* What the host watches is this process, as with runc. The container is not ended by it. */
static void pass_ready(struct foreground *f)
{
	struct error *err autoerror = notify_pass(f->notify, getpid());

	if (!err)
		return;
	report_warning(error_message(err));
	notify_close(f->notify);
}

/* One wait; *@ret_ended when the program has. */
static struct error *turn(struct foreground *f, bool *ret_ended)
{
	bool pending = f->in_end > 0;
	struct pollfd p[] = {
		{ .fd = f->r->pidfd, .events = POLLIN },
		{ .fd = f->signals, .events = POLLIN },
		{ .fd = f->master, .events = (short)(POLLIN | (pending ? POLLOUT : 0)) },
		{ .fd = f->master < 0 || f->stdin_over || pending ? -1 : STDIN_FILENO,
		  .events = POLLIN },
		{ .fd = f->notify ? f->notify->socket : -1, .events = POLLIN },
	};

	if (poll(p, sizeof(p) / sizeof(*p), -1) < 0)
		return errno == EINTR ? NULL : error_sys("poll");
	if (p[1].revents)
		pass_signal(f);
	if (p[2].revents & POLLOUT)
		write_input(f);
	if (p[2].revents & (POLLIN | POLLHUP | POLLERR) && !copy_output(f))
		fd_close(&f->master);
	if (p[3].revents)
		read_input(f);
	if (f->notify && p[4].revents)
		pass_ready(f);
	*ret_ended = p[0].revents && !(p[2].revents & POLLIN);
	return NULL;
}

void foreground_rest(struct oci_running *r)
{
	struct foreground f = { .r = r, .signals = -1, .master = r->stdout_fd };
	struct pollfd p = { .fd = f.master, .events = POLLIN };

	while (poll(&p, 1, REST_MS) > 0 && copy_output(&f))
		;
}

static struct error *reap(struct oci_running *r, int *ret_status)
{
	siginfo_t info = { 0 };

	while (waitid(P_PIDFD, (id_t)r->pidfd, &info, WEXITED | __WALL) < 0)
		if (errno != EINTR)
			return error_sys("wait for the container");
	*ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return NULL;
}

struct error *foreground_wait(struct oci_running *r, bool terminal, struct notify *notify,
			      int *ret_status)
{
	struct foreground f = { .r = r, .notify = notify, .signals = -1, .master = -1 };
	struct error *err = take_signals(&f);
	bool ended = false;

	if (terminal)
		f.master = fd_take(&r->stdout_fd);
	if (!err && f.master >= 0) {
		err = fd_set_nonblocking(f.master);
		make_raw(&f);
	}
	while (!err && !ended)
		err = turn(&f, &ended);
	fd_close(&f.master);
	restore(&f);
	return err ? err : reap(r, ret_status);
}
