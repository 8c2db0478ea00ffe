/* bulkhead-oci events: what a container uses, and that it ran out of memory, a JSON line each. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "runtime/commands.h"
#include "runtime/container.h"

#include "base/banned.h"

#define LOOK_EVERY_MS 100 /* whether it has ended, where that cannot be waited for */

struct events_options {
	char *interval;
	bool stats;
};

static const struct option options[] = {
	OPTION(struct events_options, interval, "interval", 0, option_text,
	       "Time between statistics, such as \"500ms\" (default \"5s\")"),
	OPTION(struct events_options, stats, "stats", 0, option_bool,
	       "Print the statistics once and end"),
	OPTION_END,
};

/* "1m30s", "500ms", as Go's time.ParseDuration() has them, in whole numbers. */
static struct error *parse_interval(const char *text, int *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t us;
	} units[] = { { "ms", 1000 },
		      { "us", 1 },
		      { "h", 3600000000 },
		      { "m", 60000000 },
		      { "s", 1000000 } };
	uint64_t us = 0;
	const char *at = text;

	while (*at) {
		size_t digits = strspn(at, "0123456789"), i = 0;
		char *number autofree = alloc_string_n(at, digits);
		uint64_t value;

		TRY(error_wrap(str_parse_u64(number, 0, 1000000, &value), "--interval %s", text));
		at += digits;
		while (i < sizeof(units) / sizeof(*units) && !str_has_prefix(at, units[i].unit))
			i++;
		if (i == sizeof(units) / sizeof(*units))
			return error_new(ERROR_BAD_INPUT, "--interval: \"%s\" is not a duration",
					 text);
		at += strlen(units[i].unit);
		us += value * units[i].us;
	}
	if (us < 1000 || us / 1000 > INT32_MAX)
		return error_new(ERROR_BAD_INPUT, "duration interval must be greater than 0");
	*ret_ms = (int)(us / 1000);
	return NULL;
}

static struct error *print_stats(const struct container *c)
{
	char *data autofree = NULL;

	TRY(oci_stats(&c->state, &data));
	printf("{\"type\":\"stats\",\"id\":\"%s\",\"data\":%s}\n", c->id, data);
	return fflush(stdout) == 0 ? NULL : error_sys("write to stdout");
}

static struct error *print_oom(const struct container *c)
{
	printf("{\"type\":\"oom\",\"id\":\"%s\"}\n", c->id);
	return fflush(stdout) == 0 ? NULL : error_sys("write to stdout");
}

/* Until the container's first process has ended. */
static struct error *follow(const struct container *c, int pidfd, struct oci_oom *oom,
			    int interval_ms)
{
	bool polled = proc_can_poll(pidfd), gone = false;
	struct pollfd fds[2] = { { .fd = polled ? pidfd : -1, .events = POLLIN },
				 { .fd = oom->poll, .events = oom->events } };
	int64_t next = clock_ms() + interval_ms;

	while (!gone) {
		int64_t wait = next - clock_ms();
		int n;

		if (!polled && wait > LOOK_EVERY_MS)
			wait = LOOK_EVERY_MS;
		n = poll(fds, 2, wait > 0 ? (int)wait : 0);
		if (n < 0 && errno != EINTR)
			return error_sys("poll");
		if (n > 0 && fds[1].revents && oci_oom_happened(oom))
			TRY(print_oom(c));
		TRY(proc_wait_gone(pidfd, 0, &gone));
		if (!gone && clock_ms() >= next) {
			TRY(print_stats(c));
			next += interval_ms;
		}
	}
	return NULL;
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct events_options *o = data;
	struct container c autocontainer = CONTAINER_NONE;
	struct oci_oom oom = { .poll = -1, .control = -1 };
	int pidfd autoclose = -1, interval_ms = 0;
	struct error *err;

	TRY(parse_interval(o->interval ? o->interval : "5s", &interval_ms));
	TRY(container_open(rt, arguments[0], &c));
	if (container_status(&c) == STATUS_STOPPED)
		return error_new(ERROR_CONFLICT, "container with id %s is not running", c.id);
	if (o->stats)
		return print_stats(&c);
	TRY(proc_open((pid_t)c.state.pid, &pidfd));
	fd_close(&c.lock); /* others want to work with it meanwhile */
	err = oci_oom_open(&c.state, &oom);
	if (!err)
		err = follow(&c, pidfd, &oom, interval_ms);
	oci_oom_close(&oom);
	return err;
}

const struct command cmd_events = {
	.name = "events",
	.arguments = "CONTAINER",
	.summary = "Print what a container uses and when it runs out of memory",
	.options = options,
	.options_size = sizeof(struct events_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
