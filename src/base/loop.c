#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

#include "base/banned.h"

struct watch {
	int fd; /* -1: free */
	loop_ready *ready;
	void *data;
};

struct signal_watch {
	loop_fired *fired;
	void *data;
};

struct loop {
	int epoll;
	int signals; /* signalfd, -1 until the first signal */
	bool stopped;
	sigset_t mask;
	struct signal_watch by_signal[NSIG];
	loop_fired *timer;
	void *timer_data;
	int64_t timer_at_ms;
	size_t max;
	struct watch watches[];
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct error *loop_new(size_t max_watches, struct loop **ret_loop)
{
	struct loop *loop autoloop =
		alloc_zeroed(1, sizeof(*loop) + (max_watches + 1) * sizeof(*loop->watches));

	loop->max = max_watches + 1; /* the signalfd takes one */
	loop->signals = -1;
	for (size_t i = 0; i < loop->max; i++)
		loop->watches[i].fd = -1;
	sigemptyset(&loop->mask);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return error_sys("make an event loop");
	*ret_loop = take(loop);
	return NULL;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	fd_close(&loop->epoll);
	fd_close(&loop->signals);
	free(loop);
}

static struct watch *find(struct loop *loop, int fd)
{
	for (size_t i = 0; i < loop->max; i++)
		if (loop->watches[i].fd == fd)
			return &loop->watches[i];
	return NULL;
}

static struct error *control(struct loop *loop, int operation, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(loop->epoll, operation, fd, &event) < 0)
		return error_sys("watch descriptor %d", fd);
	return NULL;
}

struct error *loop_add(struct loop *loop, int fd, uint32_t events, loop_ready *ready, void *data)
{
	struct watch *w = find(loop, -1);

	if (!w)
		return error_new(ERROR_LIMIT, "the event loop watches %zu descriptors already",
				 loop->max);
	TRY(control(loop, EPOLL_CTL_ADD, fd, events));
	*w = (struct watch){ .fd = fd, .ready = ready, .data = data };
	return NULL;
}

struct error *loop_change(struct loop *loop, int fd, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, fd, events);
}

void loop_remove(struct loop *loop, int fd)
{
	struct watch *w = fd >= 0 ? find(loop, fd) : NULL;

	if (!w)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
	w->fd = -1;
}

static struct error *read_signal(void *data, uint32_t events)
{
	struct loop *loop = data;
	struct signalfd_siginfo info;
	const struct signal_watch *w;

	(void)events;
	if (read(loop->signals, &info, sizeof(info)) != sizeof(info))
		return NULL;
	w = info.ssi_signo < NSIG ? &loop->by_signal[info.ssi_signo] : NULL;
	return w && w->fired ? w->fired(w->data, (int)info.ssi_signo) : NULL;
}

struct error *loop_add_signal(struct loop *loop, int signal, loop_fired *fired, void *data)
{
	bool first = loop->signals < 0;
	int fd;

	sigaddset(&loop->mask, signal);
	loop->by_signal[signal] = (struct signal_watch){ .fired = fired, .data = data };
	if (sigprocmask(SIG_BLOCK, &loop->mask, NULL) < 0)
		return error_sys("block signal %d", signal);
	fd = signalfd(loop->signals, &loop->mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return error_sys("receive signal %d", signal);
	loop->signals = fd;
	return first ? loop_add(loop, fd, EPOLLIN, read_signal, loop) : NULL;
}

struct error *loop_set_timer(struct loop *loop, int64_t delay_ms, loop_fired *fired, void *data)
{
	loop->timer = fired;
	loop->timer_data = data;
	loop->timer_at_ms = now_ms() + delay_ms;
	return NULL;
}

void loop_clear_timer(struct loop *loop)
{
	loop->timer = NULL;
}

static struct error *fire_timer(struct loop *loop)
{
	loop_fired *fired = loop->timer;

	loop->timer = NULL;
	return fired(loop->timer_data, 0);
}

static int timeout_ms(const struct loop *loop)
{
	int64_t left;

	if (!loop->timer)
		return -1;
	left = loop->timer_at_ms - now_ms();
	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

struct error *loop_run(struct loop *loop)
{
	struct epoll_event events[16];

	loop->stopped = false;
	while (!loop->stopped) {
		int n = epoll_wait(loop->epoll, events, 16, timeout_ms(loop));

		if (n < 0 && errno != EINTR)
			return error_sys("wait for events");
		for (int i = 0; i < n && !loop->stopped; i++) {
			const struct watch *w = find(loop, events[i].data.fd);

			if (w) /* a callback may have removed it */
				TRY(w->ready(w->data, events[i].events));
		}
		if (!loop->stopped && loop->timer && timeout_ms(loop) == 0)
			TRY(fire_timer(loop));
	}
	return NULL;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
