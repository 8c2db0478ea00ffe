#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#include "base/banned.h"

struct watch {
	int fd;		/* -1: free */
	uint32_t birth; /* tells this watch from others that had its descriptor's number */
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
	uint32_t births;
	size_t max;
	struct watch watches[];
};

struct error *loop_new(size_t max_watches, struct loop **ret_loop)
{
	struct loop *loop autoloop =
		alloc_zeroed(1, sizeof(*loop) + (max_watches + 1) * sizeof(*loop->watches));

	loop->max = max_watches;
	loop->signals = -1;
	for (size_t i = 0; i <= loop->max; i++) /* the last is the signalfd's */
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

static struct error *control(struct loop *loop, int operation, const struct watch *w,
			     uint32_t events)
{
	struct epoll_event event = {
		.events = events,
		.data.u64 = (uint64_t)w->birth << 32 | (uint32_t)w->fd,
	};

	if (epoll_ctl(loop->epoll, operation, w->fd, &event) < 0)
		return error_sys("watch descriptor %d", w->fd);
	return NULL;
}

static struct error *begin(struct loop *loop, struct watch *place, struct watch w, uint32_t events)
{
	w.birth = ++loop->births;
	TRY(control(loop, EPOLL_CTL_ADD, &w, events));
	*place = w;
	return NULL;
}

struct error *loop_add(struct loop *loop, int fd, uint32_t events, loop_ready *ready, void *data)
{
	struct watch *place = find(loop, -1);

	if (!place)
		return error_new(ERROR_LIMIT, "the event loop watches %zu descriptors already",
				 loop->max);
	return begin(loop, place, (struct watch){ .fd = fd, .ready = ready, .data = data }, events);
}

struct error *loop_change(struct loop *loop, int fd, uint32_t events)
{
	const struct watch *w = fd >= 0 ? find(loop, fd) : NULL;

	if (!w)
		return error_new(ERROR_BUG, "descriptor %d is not watched", fd);
	return control(loop, EPOLL_CTL_MOD, w, events);
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
	if (!first)
		return NULL;
	return begin(loop, &loop->watches[loop->max],
		     (struct watch){ .fd = fd, .ready = read_signal, .data = loop }, EPOLLIN);
}

struct error *loop_set_timer(struct loop *loop, int64_t delay_ms, loop_fired *fired, void *data)
{
	loop->timer = fired;
	loop->timer_data = data;
	if (__builtin_add_overflow(clock_ms(), delay_ms, &loop->timer_at_ms))
		loop->timer_at_ms = INT64_MAX;
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
	left = loop->timer_at_ms - clock_ms();
	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

/* The watch that @event is for; NULL where a callback of the same round has ended it. */
static const struct watch *watch_of(const struct loop *loop, const struct epoll_event *event)
{
	uint32_t birth = (uint32_t)(event->data.u64 >> 32);
	int fd = (int)(uint32_t)event->data.u64;

	for (size_t i = 0; i <= loop->max; i++)
		if (loop->watches[i].fd == fd && loop->watches[i].birth == birth)
			return &loop->watches[i];
	return NULL;
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
			const struct watch *w = watch_of(loop, &events[i]);

			if (w)
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
