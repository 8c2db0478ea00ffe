#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/report.h"

#include "base/banned.h"

#define DIR_NAME "notify"
#define SOCKET_NAME "notify.sock"
#define PLACE "/run/notify" /* runc's */
#define BARRIER_MS 30000
#define MESSAGE_MAX 4096

void notify_close(struct notify *n)
{
	fd_close(&n->socket);
	fd_close(&n->host);
	fd_close(&n->barrier);
}

static const char *host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return str_is_empty(path) ? NULL : path;
}

struct error *notify_prepare(struct container *c)
{
	static const char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro" };
	struct config *config = &c->config;
	struct config_mount *m;

	if (!host_socket() || !config->process)
		return NULL;
	if (mkdirat(c->dir, DIR_NAME, 0755) < 0)
		return error_sys("make %s/" DIR_NAME, c->path);
	strv_env_set(&config->process->env, "NOTIFY_SOCKET=" PLACE "/" SOCKET_NAME);
	config->mounts =
		alloc_resize(config->mounts, config->n_mounts + 1, sizeof(*config->mounts));
	m = &config->mounts[config->n_mounts++];
	*m = (struct config_mount){ .destination = alloc_string(PLACE),
				    .source = alloc_printf("%s/" DIR_NAME, c->path) };
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		strv_add(&m->options, options[i]);
	return NULL;
}

/* A name that begins with "@" is one of the abstract ones (sd_notify(3), unix(7)). */
static struct error *connect_host(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd autoclose = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t length = strlen(path);

	if (fd < 0)
		return error_sys("socket");
	if (length >= sizeof(address.sun_path))
		return error_new(ERROR_BAD_INPUT, "NOTIFY_SOCKET=%s: too long", path);
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';
	else
		length++;
	length += offsetof(struct sockaddr_un, sun_path);
	if (connect(fd, (struct sockaddr *)&address, (socklen_t)length) < 0)
		return error_sys("NOTIFY_SOCKET=%s", path);
	*ret_fd = fd_take(&fd);
	return NULL;
}

/*
 * By way of its directory's descriptor, for a path of any length. Anybody inside may write to it.
 */
static struct error *bind_socket(const struct container *c, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd autoclose = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int dir autoclose = openat(c->dir, DIR_NAME, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	mode_t mask;
	int failed;

	if (fd < 0)
		return error_sys("socket");
	if (dir < 0 || (unlinkat(dir, SOCKET_NAME, 0) < 0 && errno != ENOENT))
		return error_sys("%s/" DIR_NAME, c->path);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, dir);
	mask = umask(0);
	failed = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (failed)
		return error_sys("%s/" DIR_NAME "/" SOCKET_NAME, c->path);
	*ret_fd = fd_take(&fd);
	return NULL;
}

struct error *notify_open(const struct container *c, struct notify *ret)
{
	if (!host_socket())
		return NULL;
	TRY(connect_host(host_socket(), &ret->host));
	return bind_socket(c, &ret->socket);
}

static struct error *tell(struct notify *n, const char *text)
{
	return send(n->host, text, strlen(text), MSG_NOSIGNAL) < 0 ? error_sys("tell NOTIFY_SOCKET")
								   : NULL;
}

/* The host has read all when it has closed this (sd_notify(3), sd_notify_barrier()). */
static struct error *send_barrier(struct notify *n)
{
	static const char text[] = "BARRIER=1";
	int other autoclose = -1;

	TRY(fd_pipe(&n->barrier, &other));
	return fd_send(n->host, text, strlen(text), &other, 1);
}

static struct error *tell_ready(struct notify *n, const char *line, pid_t main)
{
	char *ready autofree = alloc_printf("%s\n", line);
	char *who autofree = alloc_printf("MAINPID=%jd\n", (intmax_t)main);

	TRY(tell(n, ready));
	TRY(tell(n, who));
	return send_barrier(n);
}

struct error *notify_pass(struct notify *n, pid_t main)
{
	char text[MESSAGE_MAX + 1];
	ssize_t length = recv(n->socket, text, MESSAGE_MAX, MSG_DONTWAIT);
	char **lines autostrv = NULL;

	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? NULL
							 : error_sys("read from the container");
	text[length] = '\0';
	lines = strv_split(text, '\n');
	for (size_t i = 0; lines[i]; i++)
		if (str_has_prefix(lines[i], "READY=")) {
			fd_close(&n->socket);
			return tell_ready(n, lines[i], main);
		}
	return NULL;
}

static void wait_for_barrier(const struct notify *n)
{
	struct pollfd p = { .fd = n->barrier };

	while (poll(&p, 1, BARRIER_MS) < 0 && errno == EINTR)
		;
	if (!p.revents)
		report_warning("Timeout after waiting 30s for barrier. Ignored.");
}

/* Waits for a message; *@ret_gone: the process of @pidfd is not there any more, nor is one. */
static struct error *wait_for_message(const struct notify *n, int pidfd, bool *ret_message,
				      bool *ret_gone)
{
	bool can_poll = proc_can_poll(pidfd);
	struct pollfd p[] = { { .fd = n->socket, .events = POLLIN },
			      { .fd = can_poll ? pidfd : -1, .events = POLLIN } };
	struct error *err;

	if (poll(p, 2, can_poll ? -1 : 100) < 0 && errno != EINTR)
		return error_sys("poll");
	*ret_message = p[0].revents;
	*ret_gone = !p[0].revents && p[1].revents;
	if (can_poll || p[0].revents)
		return NULL;
	err = proc_signal(pidfd, 0);
	*ret_gone = err;
	error_ignore(err, "it is gone");
	return NULL;
}

struct error *notify_wait(struct notify *n, pid_t pid, int pidfd)
{
	bool message = false, gone = false;

	while (n->socket >= 0 && !gone) {
		TRY(wait_for_message(n, pidfd, &message, &gone));
		if (message)
			TRY(notify_pass(n, pid));
	}
	if (n->barrier >= 0)
		wait_for_barrier(n);
	return NULL;
}
