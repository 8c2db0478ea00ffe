/*
 * The parent's last step of a bundle's container: until its first process waits at the gate. Its
 * terminal goes to who asked for it, by the protocol of `runc create --console-socket`: one message
 * with the master's descriptor over a UNIX stream socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "oci/console.h"

#include "base/banned.h"

static struct error *take_terminal(struct setup *s, int *master)
{
	static const char name[] = "/dev/ptmx";

	if (s->spec->bundle->console_socket < 0) {
		s->running->stdout_fd = fd_take(master);
		return NULL;
	}
	return error_wrap(fd_send(s->spec->bundle->console_socket, name, sizeof(name) - 1, master,
				  1),
			  "console socket");
}

struct error *console_wait_for(struct setup *s, enum started_word wanted)
{
	for (;;) {
		int fd autoclose = -1;
		enum started_word word = STARTED_NOTHING;
		int number;

		TRY(started_receive_any(s->running->channel, &word, &fd, &number));
		if (word == wanted)
			return NULL;
		if (word == STARTED_LISTENER) {
			TRY(listener_hand_on(s, number));
			continue;
		}
		if (word != STARTED_TERMINAL)
			return child_killed();
		TRY(take_terminal(s, &fd));
	}
}

struct error *step_wait_ready(struct setup *s)
{
	const char go = 'g';

	/* The state file stands. */
	error_ignore(fd_send(s->running->channel, &go, 1, NULL, 0),
		     "a child that has gone says why");
	return console_wait_for(s, STARTED_READY);
}

/* What the caller was started with is the program's; higher ones only where they were asked for. */
struct error *step_inherit_stdio(struct setup *s)
{
	if (s->spec->process.terminal)
		return NULL;
	for (int i = 0; i < 3; i++) {
		s->child_stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (s->child_stdio[i] < 0 && errno == EBADF)
			s->child_stdio[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (s->child_stdio[i] < 0)
			return error_sys("stdio");
	}
	return NULL;
}
