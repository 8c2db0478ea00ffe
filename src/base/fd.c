#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

#define FDS_TRIED_MIN (1 << 16)
#define FDS_TRIED_MAX (1 << 20)

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

struct error *fd_write_all(int fd, const void *data, size_t length)
{
	const char *next = data;

	while (length) {
		ssize_t n = write(fd, next, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("write");
		next += n;
		length -= (size_t)n;
	}
	return NULL;
}

struct error *fd_write_quietly(int fd, const void *data, size_t length)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct error *err;

	if (sigaction(SIGPIPE, &ignore, &before) < 0)
		return error_sys("ignore SIGPIPE");
	err = fd_write_all(fd, data, length);
	sigaction(SIGPIPE, &before, NULL);
	return err;
}

struct error *fd_read_all(int fd, struct buf *b)
{
	for (;;) {
		size_t room = b->max - b->length;
		ssize_t n;
		char over;

		if (room > 16384)
			room = 16384;
		if (!room) { /* full: only the end of file may follow */
			n = read(fd, &over, 1);
			if (n == 0)
				return NULL;
			if (n > 0)
				return error_new(ERROR_LIMIT, "more than %zu bytes", b->max);
		} else {
			TRY(buf_reserve(b, room));
			n = read(fd, b->data + b->length, room);
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("read");
		if (n == 0) {
			b->data[b->length] = '\0';
			return NULL;
		}
		b->length += (size_t)n;
		b->data[b->length] = '\0';
	}
}

struct error *fd_read_exact(int fd, void *data, size_t length)
{
	char *next = data;

	while (length) {
		ssize_t n = read(fd, next, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("read");
		if (n == 0)
			return error_new(ERROR_UNAVAILABLE, "the other side closed early");
		next += n;
		length -= (size_t)n;
	}
	return NULL;
}

struct error *fd_pipe(int *ret_read, int *ret_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys("pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return NULL;
}

union pass_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
};

struct error *fd_send(int socket, const void *data, size_t length, const int *fds, size_t n)
{
	union pass_control control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = length };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (n > FD_PASS_MAX)
		return error_new(ERROR_BUG, "pass %zu descriptors: more than %d", n, FD_PASS_MAX);
	if (n) {
		struct cmsghdr *head;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(head), fds, n * sizeof(int));
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return error_sys("send descriptors");
	if ((size_t)sent != length)
		return error_new(ERROR_SYSTEM, "send descriptors: only %zd of %zu bytes went", sent,
				 length);
	return NULL;
}

/* Closes every descriptor that came with @message. */
static void close_passed(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			close(fd);
		}
	}
}

struct error *fd_receive(int socket, void *data, size_t length, int *fds, size_t n)
{
	union pass_control control = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = length };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *head;
	ssize_t got;

	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys("receive descriptors");
	if (got == 0)
		return error_new(ERROR_UNAVAILABLE, "the other side closed early");
	head = CMSG_FIRSTHDR(&message);
	if ((size_t)got != length || (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) ||
	    (n == 0) != (head == NULL) ||
	    (head &&
	     (head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(n * sizeof(int))))) {
		close_passed(&message);
		return error_new(ERROR_BAD_INPUT,
				 "receive descriptors: the message has another shape");
	}
	if (n)
		memcpy(fds, CMSG_DATA(head), n * sizeof(int));
	return NULL;
}

struct error *fd_receive_one(int socket, void *data, size_t size, size_t *ret_length, int *ret_fd)
{
	union pass_control control = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *head;
	ssize_t got;

	/*
	 * A peer that died with messages unread leaves ECONNRESET, once, before what it has said
	 * (unix(7)).
	 */
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0)
		return error_sys("receive a message");
	*ret_length = (size_t)got;
	*ret_fd = -1;
	head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if ((got > 0 && (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) ||
	    (head && (head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int))))) {
		close_passed(&message);
		return error_new(ERROR_BAD_INPUT,
				 "receive descriptors: the message has another shape");
	}
	if (head)
		memcpy(ret_fd, CMSG_DATA(head), sizeof(int));
	return NULL;
}

/*
 * One after the other, where the kernel or a filter above us has no close_range(2). Not by
 * /proc/self/fd: what /proc is here may be a container's.
 */
static void from_one_by_one(int first, unsigned int flags)
{
	struct rlimit limit = { 0 };
	int end = FDS_TRIED_MIN;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max > FDS_TRIED_MIN)
		end = limit.rlim_max < FDS_TRIED_MAX ? (int)limit.rlim_max : FDS_TRIED_MAX;
	for (int fd = first; fd < end; fd++)
		if (flags)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
}

static int range_from(int first, unsigned int flags)
{
	if (syscall(SYS_close_range, (unsigned int)first, ~0U, flags) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
	from_one_by_one(first, flags);
	return 0;
}

struct error *fd_close_from(int first)
{
	return range_from(first, 0) < 0 ? error_sys("close descriptors from %d", first) : NULL;
}

int fd_set_cloexec_from(int first)
{
	return range_from(first, CLOSE_RANGE_CLOEXEC);
}

struct error *fd_cloexec_from(int first)
{
	if (fd_set_cloexec_from(first) < 0)
		return error_sys("mark descriptors from %d close-on-exec", first);
	return NULL;
}

struct error *fd_inherit(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) < 0)
		return error_sys("hand descriptor %d on", fd);
	return NULL;
}

struct error *fd_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_sys("set descriptor %d non-blocking", fd);
	return NULL;
}
