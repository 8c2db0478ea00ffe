/*
 * What parent and child say to each other: mounts go down as descriptors; what comes up, by
 * base/started.h, is the caller's to read once everything has been handed over.
 */
#include <errno.h>
#include <sched.h>

#include "base/started.h"
#include "oci/etc.h"
#include "oci/setup.h"

#include "base/banned.h"

/* What goes down; what comes up is base/started.h's. */
enum { SAY_MOUNT = 'm', SAY_GO = 'g' };

static struct error *send_one(int channel, char what, int fd)
{
	return fd_send(channel, &what, 1, &fd, 1);
}

static struct error *receive_mount(int channel, int *ret_fd)
{
	char got = 0;

	TRY(fd_receive(channel, &got, 1, ret_fd, 1));
	if (got == SAY_MOUNT)
		return NULL;
	fd_close(ret_fd);
	return error_new(ERROR_BUG, "parent and child disagree about what comes next");
}

struct error *child_killed(void)
{
	return error_new(ERROR_SYSTEM, "the process that sets the container up was killed");
}

/*
 * When the child does not listen any more it has said why: its error is the better one. Of one that
 * was killed the broken pipe is only the first that we see.
 */
static struct error *child_error(struct setup *s, struct error *ours)
{
	enum started_word word = STARTED_NOTHING;
	struct error *theirs = NULL;

	while (ours && !theirs) {
		int fd autoclose = -1;

		theirs = started_receive(s->channel_parent, &word, &fd);
		if (!theirs && word == STARTED_NOTHING && error_errno(ours) != EPIPE)
			return ours;
		if (!theirs && word == STARTED_NOTHING)
			theirs = child_killed();
	}
	error_ignore(ours, "the child told why");
	return theirs;
}

struct error *step_hand_over_root(struct setup *s)
{
	char go = SAY_GO;

	if (s->rootless) /* its ids are mapped now: it goes on by itself */
		return child_error(s, fd_send(s->channel_parent, &go, 1, NULL, 0));
	return child_error(s, send_one(s->channel_parent, SAY_MOUNT, s->root));
}

static struct error *send_mounts(struct setup *s)
{
	if (s->dev >= 0)
		TRY(send_one(s->channel_parent, SAY_MOUNT, s->dev));
	for (size_t i = 0; i < s->n_nodes; i++)
		if (node_is_shown(s, i))
			TRY(send_one(s->channel_parent, SAY_MOUNT, s->nodes[i]));
	for (size_t i = 0; i < s->spec->n_mounts; i++)
		if (s->sources[i] >= 0)
			TRY(send_one(s->channel_parent, SAY_MOUNT, s->sources[i]));
	for (int i = 0; i < SETUP_ETC_FILES; i++)
		if (s->etc[i] >= 0)
			TRY(send_one(s->channel_parent, SAY_MOUNT, s->etc[i]));
	return NULL;
}

/* A descriptor keeps the mounts: taking them down must not delay the report of the exit. */
static struct error *receive_hold(struct setup *s)
{
	enum started_word word;

	if (!(s->clone_namespaces & CLONE_NEWNS))
		return NULL;
	TRY(started_receive(s->channel_parent, &word, &s->running->hold_fd));
	if (word == STARTED_NAMESPACE)
		return NULL;
	fd_close(&s->running->hold_fd);
	return child_killed();
}

static void fill_running(struct setup *s)
{
	s->running->oom_fd = cgroup_open_oom(&s->cgroup);
	s->running->pid = s->pid;
	s->running->pidfd = fd_take(&s->pidfd);
	s->running->channel = fd_take(&s->channel_parent);
}

struct error *step_hand_over(struct setup *s)
{
	if (!s->rootless)
		TRY(child_error(s, send_mounts(s)));
	TRY(receive_hold(s));
	fill_running(s);
	return NULL;
}

struct error *step_receive_root(struct setup *s)
{
	char go = 0;

	if (s->rootless) {
		TRY(fd_receive(s->channel_child, &go, 1, NULL, 0));
		return rootfs_clone(s);
	}
	return receive_mount(s->channel_child, &s->root);
}

static struct error *receive_nodes(struct setup *s)
{
	size_t n = nodes_wanted(s);

	s->nodes = n ? alloc_zeroed(n, sizeof(int)) : NULL;
	for (; s->n_nodes < n; s->n_nodes++) {
		s->nodes[s->n_nodes] = -1;
		if (node_is_shown(s, s->n_nodes))
			TRY(receive_mount(s->channel_child, &s->nodes[s->n_nodes]));
	}
	return NULL;
}

struct error *step_receive(struct setup *s)
{
	if (s->rootless) {
		TRY(nodes_open(s));
		return sources_open(s);
	}
	if (!s->spec->bundle)
		TRY(receive_mount(s->channel_child, &s->dev));
	TRY(receive_nodes(s));
	for (size_t i = 0; i < s->spec->n_mounts; i++)
		if (source_is_sent(s, i))
			TRY(receive_mount(s->channel_child, &s->sources[i]));
	for (int i = 0; i < SETUP_ETC_FILES; i++)
		if (etc_is_wanted(s->spec, i))
			TRY(receive_mount(s->channel_child, &s->etc[i]));
	return NULL;
}

struct error *step_go(struct setup *s)
{
	char go = SAY_GO;

	TRY(child_error(s, fd_send(s->channel_parent, &go, 1, NULL, 0)));
	fill_running(s);
	return NULL;
}

struct error *step_wait_for_go(struct setup *s)
{
	char go = 0;

	return fd_receive(s->channel_child, &go, 1, NULL, 0);
}
