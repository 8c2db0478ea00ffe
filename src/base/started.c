#include "base/started.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#include "base/banned.h"

struct error *started_tell(int socket, enum started_word word, int fd)
{
	char byte = (char)word;

	return fd_send(socket, &byte, 1, &fd, fd < 0 ? 0 : 1);
}

struct listener_frame {
	char word;
	char number[sizeof(int)];
};

struct error *started_tell_listener(int socket, int number)
{
	struct listener_frame frame = { .word = STARTED_LISTENER };

	memcpy(frame.number, &number, sizeof(number));
	return fd_write_all(socket, &frame, sizeof(frame));
}

/* Shorter than any error's frame. */
static bool is_listener(const char *frame, size_t length, int *ret_number)
{
	const size_t at = offsetof(struct listener_frame, number);

	if (length != sizeof(struct listener_frame) || frame[0] != STARTED_LISTENER)
		return false;
	memcpy(ret_number, frame + at, sizeof(*ret_number));
	return true;
}

static bool has_descriptor(enum started_word word)
{
	return word == STARTED_NAMESPACE || word == STARTED_TERMINAL;
}

struct error *started_receive_any(int socket, enum started_word *ret_word, int *ret_fd,
				  int *ret_number)
{
	char frame[ERROR_FRAME_MAX] = { 0 };
	size_t length;

	*ret_word = STARTED_NOTHING;
	*ret_fd = -1;
	*ret_number = -1;
	TRY(fd_receive_one(socket, frame, sizeof(frame), &length, ret_fd));
	if (*ret_fd < 0 && is_listener(frame, length, ret_number)) {
		*ret_word = STARTED_LISTENER;
		return NULL;
	}
	if (length > 1) {
		fd_close(ret_fd);
		return error_decode(frame, length);
	}
	*ret_word = length ? (enum started_word)frame[0] : STARTED_NOTHING;
	if (has_descriptor(*ret_word) == (*ret_fd >= 0))
		return NULL;
	fd_close(ret_fd);
	return error_new(ERROR_BAD_INPUT,
			 "a word of the child and its descriptor do not belong together");
}

struct error *started_receive(int socket, enum started_word *ret_word, int *ret_fd)
{
	int number;

	TRY(started_receive_any(socket, ret_word, ret_fd, &number));
	if (*ret_word == STARTED_LISTENER)
		return error_new(ERROR_BAD_INPUT, "a listener of the child that nobody asked for");
	return NULL;
}

void started_report(int pipe, const struct error *err)
{
	char frame[ERROR_FRAME_MAX] = { 0 };
	size_t n = err ? error_encode(err, frame, sizeof(frame)) : 1;

	error_ignore(fd_write_all(pipe, frame, n), "a command that was killed does not listen");
}

/* One read: a pipe takes so few bytes whole (pipe(7), PIPE_BUF). */
struct error *started_listen(int pipe)
{
	char frame[ERROR_FRAME_MAX] = { 0 };
	ssize_t n;

	do
		n = read(pipe, frame, sizeof(frame));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys("wait for the start");
	if (n == 0)
		return error_new(ERROR_SYSTEM, "the process that sets the container up was killed");
	return n == 1 && frame[0] == 0 ? NULL : error_decode(frame, (size_t)n);
}

struct error *started_wait(int socket, int *ret_terminal)
{
	int terminal autoclose = -1;

	for (;;) {
		int fd autoclose = -1;
		enum started_word word = STARTED_NOTHING;

		TRY(started_receive(socket, &word, &fd));
		if (word == STARTED_NOTHING)
			break;
		if (word != STARTED_TERMINAL || terminal >= 0)
			return error_new(ERROR_BAD_INPUT, "the child says what is not its turn");
		terminal = fd_take(&fd);
	}
	*ret_terminal = fd_take(&terminal);
	return NULL;
}
