/*
 * System calls that somebody else answers (seccomp_unotify(2); config-linux.md, Seccomp,
 * "listenerPath"). The child installs its filter and tells the number of the listener's
 * descriptor; the parent takes a copy of it and sends that, with the state of the process, to who
 * listens at the path. From there on that one answers for whatever the child still does, so the
 * child waits only after its write(2), which config.json may not hand to a listener.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/json.h"
#include "base/started.h"
#include "config/config.h"
#include "oci/setup.h"

#include "base/banned.h"

/* The name that the specification gives the only descriptor (SeccompFdName). */
#define DESCRIPTOR_NAME "seccompFd"

static const struct config_seccomp *profile_of(const struct setup *s)
{
	return s->spec->bundle->config->linux_.seccomp;
}

/* ContainerProcessState. */
static char *process_state(struct setup *s)
{
	const char *id = s->joined ? s->joined->id : s->spec->id;
	char *container autofree =
		oci_state_text(id, s->spec->bundle, s->joined ? "running" : "creating",
			       s->joined ? (pid_t)s->joined->pid : s->running->pid);
	const char *metadata = profile_of(s)->listener_metadata;
	json_t *state autojson = json_object(), *names = json_array();
	char *text;

	json_array_append_new(names, json_string(DESCRIPTOR_NAME));
	json_object_set_new(state, "ociVersion", json_string(s->spec->bundle->config->oci_version));
	json_object_set_new(state, "fds", names);
	json_object_set_new(state, "pid", json_integer(s->running->pid));
	if (metadata)
		json_object_set_new(state, "metadata", json_string(metadata));
	json_object_set_new(state, "state", json_loads(container, 0, NULL));
	text = json_dumps(state, JSON_COMPACT);
	return text ? text : alloc_string("{}");
}

static struct error *connect_to(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd autoclose = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_sys("socket");
	if (strlen(path) >= sizeof(address.sun_path))
		return error_new(ERROR_BAD_INPUT, "the path is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys("%s", path);
	*ret_fd = fd_take(&fd);
	return NULL;
}

static struct error *send_listener(struct setup *s, int listener)
{
	char *state autofree = process_state(s);
	int fd autoclose = -1;

	TRY(connect_to(profile_of(s)->listener_path, &fd));
	return fd_send(fd, state, strlen(state), &listener, 1);
}

struct error *listener_hand_on(struct setup *s, int number)
{
	int listener autoclose = (int)syscall(SYS_pidfd_getfd, s->running->pidfd, number, 0);
	char go = 'g';

	if (listener < 0)
		return error_sys("take the listener's descriptor");
	TRY(error_wrap(send_listener(s, listener), "linux.seccomp.listenerPath"));
	return fd_send(s->running->channel, &go, 1, NULL, 0);
}

/* By read(2) and close(2), as the gate: the filter is in force. */
static struct error *tell_listener(struct setup *s)
{
	int listener = -1;
	ssize_t n;
	char go;

	TRY(seccomp_install_listener(&s->seccomp, &listener));
	TRY(started_tell_listener(s->channel_child, listener));
	do
		n = read(s->channel_child, &go, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return error_new(ERROR_SYSTEM, "nobody took the listener's descriptor");
	close(listener);
	return NULL;
}

struct error *listener_install(struct setup *s)
{
	TRY(s->seccomp.notifies ? tell_listener(s) : seccomp_install(&s->seccomp));
	s->filtered = true;
	return NULL;
}

/* exec: nobody else reads the channel before its caller does. */
struct error *step_serve_listener(struct setup *s)
{
	if (!s->seccomp.notifies)
		return NULL;
	for (;;) {
		enum started_word word;
		int fd autoclose = -1, number;

		TRY(started_receive_any(s->running->channel, &word, &fd, &number));
		if (word == STARTED_LISTENER)
			return listener_hand_on(s, number);
		if (word != STARTED_TERMINAL)
			return error_new(ERROR_SYSTEM,
					 "the process that is to be executed was killed");
		fd_close(&s->running->stdout_fd);
		s->running->stdout_fd = fd_take(&fd);
	}
}
