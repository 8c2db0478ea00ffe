/*
 * One poll(2) loop that never blocks in anything else: the socket is used with MSG_DONTWAIT, and a
 * pipe is given no more at once than poll(2) promises room for. So output goes on while input is
 * stuck and the other way round, signals are seen at once, and the descriptors we share with the
 * shell keep their flags. (base/loop.h cannot watch regular files.)
 */
#include "cli/attach.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/attach.h"
#include "base/fd.h"
#include "base/msg.h"
#include "cli/detach_keys.h"

#include "base/banned.h"

enum { CHUNK = 16384 };

struct session {
	const struct attach_options *o;
	int socket, signals;
	sigset_t old_mask;
	struct sigaction old_pipe;
	bool raw;
	struct termios cooked;
	struct detach_keys keys;
	bool detached;

	/* from the monitor */
	struct msg_head head;
	size_t head_got, payload_got;
	uint64_t words[2]; /* of ATTACH_EXIT */
	bool ended;
	int out_fd;
	size_t out_at, out_end;
	char out[CHUNK];

	/* to the monitor: one frame at a time */
	bool input_over, eof_due, resize_due;
	size_t in_at, in_end;
	char in[sizeof(struct msg_head) + CHUNK + DETACH_KEYS_MAX];
};

static bool has_output(const struct session *s)
{
	return s->out_at < s->out_end;
}

static bool has_input(const struct session *s)
{
	return s->in_at < s->in_end;
}

static struct error *make_raw(struct session *s)
{
	struct termios raw = s->cooked;

	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return error_sys("make the terminal raw");
	s->raw = true;
	s->resize_due = true; /* it may have another size by now */
	return NULL;
}

static void make_cooked(struct session *s)
{
	if (s->raw)
		tcsetattr(STDIN_FILENO, TCSANOW,
			  &s->cooked); /* a terminal that is gone needs no putting right */
	s->raw = false;
}

static void session_done(struct session *s)
{
	make_cooked(s);
	fd_close(&s->signals);
	sigaction(SIGPIPE, &s->old_pipe, NULL);
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}

/* Signals that stand for this process itself, or are no messages. */
static bool is_forwarded(int sig)
{
	static const int own[] = { SIGKILL, SIGSTOP,  SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN,
				   SIGTTOU, SIGWINCH, SIGPIPE, SIGURG,	SIGSEGV, SIGBUS,
				   SIGFPE,  SIGILL,   SIGTRAP, SIGABRT, SIGSYS };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (sig == own[i])
			return false;
	return sig < 32 || sig >= SIGRTMIN;
}

static struct error *catch_signals(struct session *s, bool terminal)
{
	static const int of_terminal[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGHUP,
					   SIGINT,   SIGQUIT, SIGTERM };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; terminal && i < sizeof(of_terminal) / sizeof(of_terminal[0]); i++)
		sigaddset(&mask, of_terminal[i]);
	if (s->o->tty)
		sigaddset(&mask, SIGWINCH);
	for (int sig = 1; s->o->forward && sig <= SIGRTMAX; sig++)
		if (is_forwarded(sig))
			sigaddset(&mask, sig);
	sigaction(SIGPIPE, &ignore, &s->old_pipe); /* a write says EPIPE instead */
	sigprocmask(SIG_BLOCK, &mask, &s->old_mask);
	s->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return error_sys("receive signals");
	return NULL;
}

static struct error *session_start(struct session *s)
{
	bool terminal = s->o->tty && s->o->stdin_open && tcgetattr(STDIN_FILENO, &s->cooked) == 0;

	TRY(detach_keys_parse(s->o->detach_keys, &s->keys));
	TRY(catch_signals(s, terminal));
	s->input_over = !s->o->stdin_open;
	s->resize_due = s->o->tty;
	if (s->o->hello)
		TRY(msg_write(s->socket, ATTACH_HELLO, &s->o->hello, sizeof(s->o->hello)));
	return terminal ? make_raw(s) : NULL;
}

/* With the terminal put right, as if we had not caught it; comes back only from stopping. */
static struct error *do_as_usual(struct session *s, int sig)
{
	bool was_raw = s->raw;
	sigset_t one;

	make_cooked(s);
	sigemptyset(&one);
	sigaddset(&one, sig);
	raise(sig); /* one that is ignored (nohup) stays so */
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	sigprocmask(SIG_BLOCK, &one, NULL);
	return was_raw ? make_raw(s) : NULL;
}

static struct error *take_signal(struct session *s)
{
	struct signalfd_siginfo info;
	int sig;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return NULL;
	sig = (int)info.ssi_signo;
	if (sig == SIGWINCH) {
		s->resize_due = true;
		return NULL;
	}
	if (sig == SIGCONT) /* after a SIGSTOP: the shell has changed the terminal meanwhile */
		return s->raw ? make_raw(s) : NULL;
	return s->o->forward && is_forwarded(sig) ? s->o->forward(s->o->forward_data, sig)
						  : do_as_usual(s, sig);
}

/* Puts a frame's head before @length bytes that are at s->in behind it, and has it sent. */
static void post(struct session *s, uint32_t type, size_t length)
{
	struct msg_head head = { .length = (uint32_t)length, .type = type };

	memcpy(s->in, &head, sizeof(head));
	s->in_at = 0;
	s->in_end = sizeof(head) + length;
}

static void post_size(struct session *s)
{
	struct winsize size;
	uint64_t words[2];

	s->resize_due = false;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 &&
	    ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return; /* no terminal, no size */
	words[0] = size.ws_row;
	words[1] = size.ws_col;
	memcpy(s->in + sizeof(struct msg_head), words, sizeof(words));
	post(s, ATTACH_RESIZE, sizeof(words));
}

static void read_stdin(struct session *s)
{
	char typed[CHUNK], *payload = s->in + sizeof(struct msg_head);
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
	size_t length;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* EIO: the terminal is gone; EBADF: there never was one */
		s->input_over = true;
		s->eof_due = true;
		return;
	}
	length = (size_t)n;
	if (s->o->tty)
		length = detach_keys_filter(&s->keys, typed, length, payload, &s->detached);
	else
		memcpy(payload, typed, length);
	if (length)
		post(s, ATTACH_STDIN, length);
}

static void send_input(struct session *s)
{
	ssize_t n = send(s->socket, s->in + s->in_at, s->in_end - s->in_at,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0) {
		s->in_at += (size_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) { /* reading will say why */
		s->in_at = s->in_end;
		s->input_over = true;
		s->eof_due = s->resize_due = false;
	}
}

/* Whatever can go to the monitor next, if anything. */
static void advance_input(struct session *s)
{
	if (!has_input(s) && s->resize_due)
		post_size(s);
	if (!has_input(s) && s->eof_due) {
		s->eof_due = false;
		post(s, ATTACH_STDIN_EOF, 0);
	}
	if (has_input(s))
		send_input(s);
}

static struct error *check_head(struct session *s)
{
	const struct msg_head *h = &s->head;

	if (h->length > ATTACH_PAYLOAD_MAX ||
	    (h->type == ATTACH_EXIT && h->length != sizeof(s->words)) ||
	    (h->type != ATTACH_STDOUT && h->type != ATTACH_STDERR && h->type != ATTACH_EXIT))
		return error_new(ERROR_BAD_INPUT, "the container's monitor said something unknown");
	s->out_fd = h->type == ATTACH_STDERR ? STDERR_FILENO : STDOUT_FILENO;
	return NULL;
}

/* Reads one part of a frame: its head, some output, or the exit status. */
static struct error *read_socket(struct session *s)
{
	bool in_head = s->head_got < sizeof(s->head), is_exit = s->head.type == ATTACH_EXIT;
	size_t left = in_head ? sizeof(s->head) - s->head_got : s->head.length - s->payload_got;
	char *to = in_head   ? (char *)&s->head + s->head_got
		   : is_exit ? (char *)s->words + s->payload_got
			     : s->out;
	ssize_t n = recv(s->socket, to, left < CHUNK ? left : CHUNK, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return NULL;
	if (n <= 0)
		return error_new(ERROR_UNAVAILABLE, "the container's monitor is lost");
	if (in_head) {
		s->head_got += (size_t)n;
		if (s->head_got < sizeof(s->head))
			return NULL;
		TRY(check_head(s));
	} else {
		s->payload_got += (size_t)n;
		s->out_at = 0;
		s->out_end = is_exit ? 0 : (size_t)n;
	}
	if (s->payload_got == s->head.length) {
		s->ended = s->head.type == ATTACH_EXIT;
		s->head_got = s->payload_got = 0;
	}
	return NULL;
}

static struct error *write_output(struct session *s)
{
	size_t length = s->out_end - s->out_at;
	struct stat st;
	ssize_t n;

	if (length > PIPE_BUF && fstat(s->out_fd, &st) == 0 && !S_ISREG(st.st_mode))
		length = PIPE_BUF; /* fits wherever poll(2) says that something does */
	n = write(s->out_fd, s->out + s->out_at, length);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return error_sys("write to standard %s",
				 s->out_fd == STDERR_FILENO ? "error" : "output");
	if (n > 0)
		s->out_at += (size_t)n;
	return NULL;
}

/* One turn: waits for what can be done next and does it. */
static struct error *turn(struct session *s)
{
	short to_socket = (short)((has_output(s) ? 0 : POLLIN) | (has_input(s) ? POLLOUT : 0));
	struct pollfd p[4] = {
		/* Not watched for nothing: a hang-up would be reported without end. */
		{ .fd = to_socket ? s->socket : -1, .events = to_socket },
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->input_over || has_input(s) ? -1 : STDIN_FILENO, .events = POLLIN },
		{ .fd = has_output(s) ? s->out_fd : -1, .events = POLLOUT },
	};

	if (poll(p, 4, -1) < 0)
		return errno == EINTR ? NULL : error_sys("wait for input and output");
	if (p[1].revents)
		TRY(take_signal(s));
	if (p[3].revents)
		TRY(write_output(s));
	if (p[0].revents && !has_output(s))
		TRY(read_socket(s));
	if (p[2].revents)
		read_stdin(s);
	return NULL;
}

struct error *cli_attach(int socket, const struct attach_options *o, int *ret_exit_code,
			 bool *ret_detached)
{
	struct session s = { .o = o, .socket = socket, .signals = -1 };
	struct error *err;

	sigprocmask(SIG_BLOCK, NULL, &s.old_mask);
	sigaction(SIGPIPE, NULL, &s.old_pipe);
	err = session_start(&s);
	while (!err && !s.detached && !(s.ended && !has_output(&s))) {
		advance_input(&s);
		err = turn(&s);
	}
	if (s.detached && has_input(&s))
		send_input(&s); /* what was typed before the keys */
	session_done(&s);
	TRY(err);
	*ret_detached = s.detached;
	*ret_exit_code = s.detached ? 0 : (int)s.words[0];
	return NULL;
}

struct error *cli_attach_ended(int socket)
{
	char rest[64];
	ssize_t n;

	TRY(error_wrap(msg_write(socket, ATTACH_ENDED, "", 0), "tell the monitor"));
	do
		n = read(socket, rest, sizeof(rest));
	while (n > 0 || (n < 0 && errno == EINTR));
	return NULL;
}
