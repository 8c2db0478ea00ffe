/* oci/listener.c: a listener's descriptor on its way from a process to who answers for it. */
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/started.h"
#include "config/config.h"
#include "oci/setup.h"
#include "unit/test.h"

#define NUMBER 100 /* the descriptor's, in the process that has it */

struct fixture {
	char dir[32], path[64], metadata[16], version[8], id[8];
	int agent;   /* listens at the path */
	int pipe;    /* its other end is what the process has at NUMBER */
	int channel; /* the process's end */
	struct config_seccomp seccomp;
	struct config config;
	struct oci_bundle bundle;
	struct oci_spec spec;
	struct oci_running running;
	struct setup setup;
};

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* A process that waits, with one end of a pipe at NUMBER. */
static pid_t make_process(struct fixture *f)
{
	int in;
	pid_t pid;

	assert_ok(fd_pipe(&f->pipe, &in));
	assert_int_equal(dup2(in, NUMBER), NUMBER);
	close(in);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		pause();
		_exit(1);
	}
	close(NUMBER);
	return pid;
}

static int set_up(void **state)
{
	struct fixture *f = alloc_zeroed(1, sizeof(*f));
	int ends[2];

	close(test_make_dir(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/agent", f->dir);
	snprintf(f->metadata, sizeof(f->metadata), "for the agent");
	snprintf(f->version, sizeof(f->version), "1.2.1");
	snprintf(f->id, sizeof(f->id), "one");
	f->agent = listen_at(f->path);
	f->seccomp = (struct config_seccomp){ .listener_path = f->path,
					      .listener_metadata = f->metadata };
	f->config = (struct config){ .oci_version = f->version, .linux_.seccomp = &f->seccomp };
	f->bundle = (struct oci_bundle){ .config = &f->config, .path = "/the/bundle", .dir = -1 };
	f->spec = (struct oci_spec){ .id = f->id, .bundle = &f->bundle };
	f->running = (struct oci_running)OCI_RUNNING_NONE;
	f->running.pid = make_process(f);
	assert_ok(proc_open(f->running.pid, &f->running.pidfd));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	f->running.channel = ends[0];
	f->channel = ends[1];
	f->setup = (struct setup){ .spec = &f->spec, .running = &f->running };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kill(f->running.pid, SIGKILL);
	waitpid(f->running.pid, NULL, 0);
	oci_running_done(&f->running);
	fd_close(&f->agent);
	fd_close(&f->pipe);
	fd_close(&f->channel);
	error_free(path_remove_tree(AT_FDCWD, f->dir));
	free(f);
	return 0;
}

/* What the agent gets: the state of the process, and one descriptor. */
static json_t *accept_state(struct fixture *f, int *ret_fd)
{
	int fd autoclose = accept(f->agent, NULL, NULL);
	char text[4096];
	size_t length;

	assert_ok(fd_receive_one(fd, text, sizeof(text), &length, ret_fd));
	return json_loadb(text, length, 0, NULL);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void agent_gets_the_descriptor_and_whose_it_is(void **state)
{
	struct fixture *f = *state;
	json_t *got autojson = NULL;
	const json_t *container;
	int fd autoclose = -1;
	char byte = 0;

	assert_ok(listener_hand_on(&f->setup, NUMBER));
	got = accept_state(f, &fd);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(f->pipe, &byte, 1), 1);
	assert_int_equal(byte, 'x');

	assert_string_equal(text_of(got, "ociVersion"), "1.2.1");
	assert_string_equal(text_of(got, "metadata"), "for the agent");
	assert_string_equal(json_string_value(json_array_get(json_object_get(got, "fds"), 0)),
			    "seccompFd");
	assert_int_equal(json_integer_value(json_object_get(got, "pid")), f->running.pid);
	container = json_object_get(got, "state");
	assert_string_equal(text_of(container, "id"), "one");
	assert_string_equal(text_of(container, "status"), "creating");
	assert_string_equal(text_of(container, "bundle"), "/the/bundle");

	/* The process may go on. */
	assert_int_equal(recv(f->channel, &byte, 1, MSG_DONTWAIT), 1);
}

static void process_that_joins_is_not_the_container(void **state)
{
	struct fixture *f = *state;
	char other[] = "other";
	struct oci_state joined = { .id = other, .pid = 7 };
	json_t *got autojson = NULL;
	const json_t *container;
	int fd autoclose = -1;

	f->setup.joined = &joined;
	f->seccomp.listener_metadata = NULL;
	assert_ok(listener_hand_on(&f->setup, NUMBER));
	got = accept_state(f, &fd);
	assert_null(json_object_get(got, "metadata"));
	assert_int_equal(json_integer_value(json_object_get(got, "pid")), f->running.pid);
	container = json_object_get(got, "state");
	assert_string_equal(text_of(container, "id"), "other");
	assert_string_equal(text_of(container, "status"), "running");
	assert_int_equal(json_integer_value(json_object_get(container, "pid")), 7);
}

static void nobody_who_answers_is_an_error(void **state)
{
	struct fixture *f = *state;
	char byte, longer[200];

	assert_fails(listener_hand_on(&f->setup, NUMBER + 1), ERROR_SYSTEM, "Bad file descriptor");
	unlink(f->path);
	assert_fails(listener_hand_on(&f->setup, NUMBER), ERROR_SYSTEM,
		     "linux.seccomp.listenerPath: ");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	f->seccomp.listener_path = longer;
	assert_fails(listener_hand_on(&f->setup, NUMBER), ERROR_BAD_INPUT,
		     "linux.seccomp.listenerPath: the path is too long");
	assert_int_equal(recv(f->channel, &byte, 1, MSG_DONTWAIT), -1); /* it is not let go on */
}

static void terminal_that_comes_before_is_kept(void **state)
{
	struct fixture *f = *state;
	json_t *got autojson = NULL;
	int fd autoclose = -1;

	assert_ok(step_serve_listener(&f->setup)); /* nothing notifies, so nothing is waited for */
	f->setup.seccomp.notifies = true;
	assert_ok(started_tell(f->channel, STARTED_TERMINAL, f->pipe));
	assert_ok(started_tell_listener(f->channel, NUMBER));
	assert_ok(step_serve_listener(&f->setup));
	assert_true(f->running.stdout_fd >= 0);
	got = accept_state(f, &fd);
	assert_non_null(got);
}

static void process_that_is_gone_is_an_error(void **state)
{
	struct fixture *f = *state;

	f->setup.seccomp.notifies = true;
	fd_close(&f->channel);
	assert_fails(step_serve_listener(&f->setup), ERROR_SYSTEM, "was killed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(agent_gets_the_descriptor_and_whose_it_is, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(process_that_joins_is_not_the_container, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(nobody_who_answers_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(terminal_that_comes_before_is_kept, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(process_that_is_gone_is_an_error, set_up,
						tear_down),
	};

	return TEST_MAIN(tests);
}
