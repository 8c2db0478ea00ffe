#include "cli/session.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/attach.h"

#include "base/banned.h"

/*
 * Not attached to the end of anything: a container that has just ended is not an error of the one
 * who interrupts.
 */
static struct error *forward(void *data, int signal)
{
	const struct session *s = data;
	struct error *err = engine_kill(s->engine, s->id, signal);

	if (!error_is(err, ERROR_CONFLICT) && !error_is(err, ERROR_NOT_FOUND))
		return err;
	error_ignore(err, "the container has just ended");
	return NULL;
}

struct error *session_run(int socket, const struct session *s, int *ret_status, bool *ret_detached)
{
	struct attach_options o = {
		.stdin_open = s->stdin_open,
		.tty = s->tty,
		.detach_keys = s->detach_keys,
		.forward = s->engine ? forward : NULL,
		.forward_data = (void *)s,
	};
	int code = 0;

	*ret_detached = false;
	TRY(cli_attach(socket, &o, &code, ret_detached));
	*ret_status = *ret_detached ? 0 : code;
	return NULL;
}

struct error *session_end(struct engine *e, const char *id, int socket)
{
	TRY(engine_ended(e, id));
	return cli_attach_ended(socket);
}

struct terminal_size session_terminal_size(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return (struct terminal_size){ 0 };
	return (struct terminal_size){ size.ws_row, size.ws_col };
}

struct error *session_check_tty(bool attach_stdin, bool tty)
{
	if (!attach_stdin || !tty || isatty(STDIN_FILENO))
		return NULL;
	return error_set_status(error_new(ERROR_BAD_INPUT, "the input device is not a TTY"), 1);
}
