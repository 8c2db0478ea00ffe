/*
 * What parent and child say to each other: mounts go down as descriptors, a terminal or an error
 * comes up, and the end of file means that the program has been executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oci/channel.h"
#include "oci/etc.h"

#include "base/banned.h"

/* The first bytes of a message from the child; an error frame is longer than any. */
enum { SAY_MOUNT = 'm', SAY_TERMINAL = 't', SAY_GO = 'g' };

static struct error *send_one(int channel, char what, int fd)
{
	return fd_send(channel, &what, 1, &fd, 1);
}

static struct error *receive_one(int channel, char what, int *ret_fd)
{
	char got = 0;

	TRY(fd_receive(channel, &got, 1, ret_fd, 1));
	if (got == what)
		return NULL;
	fd_close(ret_fd);
	return error_new(ERROR_BUG, "parent and child disagree about what comes next");
}

/* When the child does not listen any more it has said why: its error is the better one. */
static struct error *child_error(struct setup *s, struct error *ours)
{
	char frame[ERROR_FRAME_MAX];
	ssize_t n;

	if (!ours)
		return NULL;
	n = recv(s->channel_parent, frame, sizeof(frame), 0);
	if (n <= 1)
		return ours;
	error_ignore(ours, "the child told why");
	return error_decode(frame, (size_t)n);
}

static struct error *send_mounts(struct setup *s)
{
	TRY(send_one(s->channel_parent, SAY_MOUNT, s->root));
	TRY(send_one(s->channel_parent, SAY_MOUNT, s->dev));
	for (size_t i = 0; i < s->spec->n_mounts; i++)
		if (s->sources[i] >= 0)
			TRY(send_one(s->channel_parent, SAY_MOUNT, s->sources[i]));
	for (int i = 0; i < SETUP_ETC_FILES; i++)
		if (s->etc[i] >= 0)
			TRY(send_one(s->channel_parent, SAY_MOUNT, s->etc[i]));
	return NULL;
}

struct error *step_hand_over(struct setup *s)
{
	TRY(child_error(s, send_mounts(s)));
	fd_close(&s->dev); /* the child is busy from here: what we close now costs nobody time */
	for (size_t i = 0; i < s->spec->n_mounts; i++)
		fd_close(&s->sources[i]);
	return NULL;
}

struct error *step_receive(struct setup *s)
{
	TRY(receive_one(s->channel_child, SAY_MOUNT, &s->root));
	TRY(receive_one(s->channel_child, SAY_MOUNT, &s->dev));
	for (size_t i = 0; i < s->spec->n_mounts; i++)
		if (s->spec->mounts[i].kind == OCI_MOUNT_BIND)
			TRY(receive_one(s->channel_child, SAY_MOUNT, &s->sources[i]));
	for (int i = 0; i < SETUP_ETC_FILES; i++)
		if (etc_is_wanted(s->spec, i))
			TRY(receive_one(s->channel_child, SAY_MOUNT, &s->etc[i]));
	return NULL;
}

struct error *step_go(struct setup *s)
{
	char go = SAY_GO;

	return child_error(s, fd_send(s->channel_parent, &go, 1, NULL, 0));
}

struct error *step_wait_for_go(struct setup *s)
{
	char go = 0;

	return fd_receive(s->channel_child, &go, 1, NULL, 0);
}

struct error *channel_send_terminal(struct setup *s, int master)
{
	return send_one(s->channel_child, SAY_TERMINAL, master);
}

/*
 * The child is gone, or its program runs; which of both shows in whether there is a child that has
 * not been waited for.
 */
static struct error *check_running(struct setup *s)
{
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return error_sys("wait for the child");
	/* A program that has ended already has run: its exit is the monitor's to report. */
	return NULL;
}

struct error *step_wait_for_exec(struct setup *s)
{
	char path[40];

	if (s->spec->process.terminal)
		TRY(child_error(s, receive_one(s->channel_parent, SAY_TERMINAL,
					       &s->running->stdout_fd)));
	for (;;) {
		char frame[ERROR_FRAME_MAX];
		ssize_t n = recv(s->channel_parent, frame, sizeof(frame), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ECONNRESET)
			return error_sys("listen to the child");
		if (n > 0)
			return error_decode(frame, (size_t)n);
		break;
	}
	TRY(check_running(s));
	/* A descriptor keeps the mounts: taking them down must not delay the report of the exit. */
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)s->pid);
	s->running->hold_fd = s->joined ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	s->running->oom_fd = cgroup_open_oom(&s->cgroup);
	s->running->pid = s->pid;
	s->running->pidfd = fd_take(&s->pidfd);
	return NULL;
}
