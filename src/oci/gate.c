/*
 * The gate: a FIFO in the run-time directory at which the first process of a bundle's container
 * waits, everything done, until it is told to execute its program. It holds both ends, so that
 * reading blocks; that it is gone, by execve(2) or by death, shows to who opened the other side as
 * the end of the last reader. What it has to say after that is in a file beside.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/started.h"
#include "oci/setup.h"

#include "base/banned.h"

#define GATE_NAME "gate"
#define GATE_ERROR_NAME "gate.error"

struct error *step_make_gate(struct setup *s)
{
	int dir = s->spec->state_dir;

	if (mkfifoat(dir, GATE_NAME, 0600) < 0)
		return error_sys("make the gate");
	s->gate = openat(dir, GATE_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (s->gate < 0)
		return error_sys("open the gate");
	s->gate_errors = openat(dir, GATE_ERROR_NAME,
				O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return s->gate_errors < 0 ? error_sys("make " GATE_ERROR_NAME) : NULL;
}

void undo_make_gate(struct setup *s)
{
	unlinkat(s->spec->state_dir, GATE_NAME, 0);
	unlinkat(s->spec->state_dir, GATE_ERROR_NAME, 0);
}

/*
 * The kernel drops what the first process of a pid namespace has no handler for; whoever sends one
 * of these to a container that was created means to end it. execve(2) resets them.
 */
static void end_by(int signal)
{
	_exit(128 + signal);
}

static void heed_signals(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaction(ends[i], &(struct sigaction){ .sa_handler = end_by }, NULL);
}

/*
 * The child's. Nobody would find who waits at the gate before the state file stands: it ends with
 * its parent till then.
 */
struct error *step_hear_of_state(struct setup *s)
{
	char go;
	ssize_t n;

	heed_signals(); /* before a filter that may not let us */
	do
		n = read(s->channel_child, &go, 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys("wait for the state file");
	return n ? NULL : error_new(ERROR_SYSTEM, "the runtime was killed");
}

/*
 * The child's side. Only read(2) and close(2) from here to the program: a filter may be in force
 * already.
 */
struct error *step_gate(struct setup *s)
{
	char byte;
	ssize_t n;

	TRY(started_tell(s->channel_child, STARTED_READY, -1));
	fd_close(&s->channel_child);
	s->past_gate = true;
	do
		n = read(s->gate, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_sys("wait at the gate") : NULL;
}

/* -1 with ENXIO where nobody waits. */
static int open_outside(int state_dir)
{
	return openat(state_dir, GATE_NAME, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

bool oci_gate_is_closed(int state_dir)
{
	/* That somebody reads counts, not that it is there: who opened it may have been killed. */
	int gate autoclose = open_outside(state_dir);

	return gate >= 0;
}

static struct error *read_error(int state_dir)
{
	struct buf frame autobuf = BUF_MAX(ERROR_FRAME_MAX);

	TRY(path_read(state_dir, GATE_ERROR_NAME, &frame));
	unlinkat(state_dir, GATE_ERROR_NAME, 0);
	return frame.length ? error_decode(frame.data, frame.length) : NULL;
}

struct error *oci_gate_open(int state_dir)
{
	int gate autoclose = open_outside(state_dir);
	struct pollfd gone;

	if (gate < 0 && (errno == ENOENT || errno == ENXIO))
		return error_new(ERROR_CONFLICT, "it does not wait to be started");
	if (gate < 0)
		return error_sys("open the gate");
	/* In this order: who is killed between the two has started it. */
	TRY(fd_write_all(gate, "", 1));
	if (unlinkat(state_dir, GATE_NAME, 0) < 0 && errno != ENOENT)
		return error_sys("remove the gate");
	gone = (struct pollfd){ .fd = gate };
	while (poll(&gone, 1, -1) < 0)
		if (errno != EINTR)
			return error_sys("wait for the program");
	return read_error(state_dir);
}
