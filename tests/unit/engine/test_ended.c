/*
 * engine/alive.c, ended.c, lifecycle.c: what is true of a container whose monitor lives, has
 * written an exit record, was killed, or belongs to another boot. The monitor is a child of this
 * test that holds the lock.
 */
#include "engine/ended.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/attach.h"
#include "base/db.h"
#include "base/fd.h"
#include "base/proc.h"
#include "engine/events.h"
#include "engine/record.h"
#include "unit/engine/engine_fixture.h"

/* A monitor: holds the run-time directory until the pipe's other end is closed. */
struct monitor {
	pid_t pid;
	int leash;
};

static struct monitor start_monitor(struct fixture *f, const char *id, const char *boot_id)
{
	struct monitor m = { .leash = -1 };
	char boot[PROC_BOOT_ID_SIZE];
	char *text autofree = NULL;
	int state_dir, leash, ready_read, ready_write;
	char byte;

	assert_ok(proc_boot_id(boot));
	text = alloc_printf("{\"id\":\"%s\",\"pid\":%d,\"startTicks\":1,\"bootId\":\"%s\","
			    "\"cgroups\":[],\"cgroupManager\":\"\",\"created\":5}",
			    id, 1 << 22, boot_id ? boot_id : boot);
	assert_ok(alive_make_dir(f->e, id, &state_dir));
	test_write_file(state_dir, "state.json", text);
	assert_ok(fd_pipe(&leash, &m.leash));
	assert_ok(fd_pipe(&ready_read, &ready_write));
	m.pid = fork();
	if (m.pid == 0) {
		int held = openat(state_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(m.leash);
		error_free(alive_hold(held));
		close(ready_write);
		_exit(read(leash, &byte, 1) == 0 ? 0 : 1);
	}
	close(ready_write);
	assert_int_equal(read(ready_read, &byte, 1), 0);
	close(ready_read);
	close(leash);
	close(state_dir);
	return m;
}

static void end_monitor(struct monitor *m)
{
	close(m->leash);
	assert_int_equal(waitpid(m->pid, NULL, 0), m->pid);
}

static void write_exit(struct fixture *f, const char *id, const char *text)
{
	char *path autofree = alloc_printf("state/containers/%s", id);
	int dir = openat(f->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_ok(path_replace(dir, MONITOR_EXIT_NAME, text, strlen(text), 0600, false));
	close(dir);
}

static void set_started(struct fixture *f, const char *id)
{
	assert_ok(db_begin(f->e->db, false));
	assert_ok(record_set_started(f->e, id, 7));
	assert_ok(db_commit(f->e->db));
}

static struct container *find(struct fixture *f, const char *ref)
{
	struct container *c;

	assert_ok(engine_find(f->e, ref, &c));
	return c;
}

static bool has_run_dir(struct fixture *f, const char *id)
{
	char *path autofree = alloc_printf("state/containers/%s", id);

	return faccessat(f->dir, path, F_OK, 0) == 0;
}

static void it_runs_while_the_monitor_lives(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	struct container *c;
	struct monitor m;

	assert_ok(fixture_create(f, "web", "{}", id));
	m = start_monitor(f, id, NULL);
	set_started(f, id);
	c = find(f, "web");
	assert_int_equal(c->status, CONTAINER_RUNNING);
	assert_int_equal(c->pid, 0); /* the pid of the state file is nobody's */
	container_free(c);
	assert_ok(engine_ended(f->e, id)); /* too early: nothing happens */
	assert_fails(engine_remove(f->e, "web", false, false), ERROR_CONFLICT,
		     "container is running");
	write_exit(f, id, "{\"ExitCode\":3,\"OOMKilled\":true,\"FinishedAt\":99}");
	end_monitor(&m);
	c = find(f, "web");
	assert_int_equal(c->status, CONTAINER_EXITED);
	assert_int_equal(c->exit_code, 3);
	assert_true(c->oom_killed);
	assert_true(c->finished_ns == 99);
	container_free(c);
	assert_false(has_run_dir(f, id));
}

static void a_killed_monitor_is_told(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	struct container *c;
	struct monitor m;

	assert_ok(fixture_create(f, "web", "{}", id));
	m = start_monitor(f, id, NULL);
	set_started(f, id);
	kill(m.pid, SIGKILL);
	end_monitor(&m);
	c = find(f, "web");
	assert_int_equal(c->status, CONTAINER_EXITED);
	assert_int_equal(c->exit_code, 255);
	assert_string_equal(c->error, "monitor lost");
	container_free(c);
	assert_false(has_run_dir(f, id));
}

static void another_boot_is_told(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	struct container *c;
	struct monitor m;

	assert_ok(fixture_create(f, "kept", "{}", id));
	m = start_monitor(f, id, "00000000-0000-0000-0000-000000000000");
	set_started(f, id);
	end_monitor(&m);
	c = find(f, "kept");
	assert_int_equal(c->exit_code, 255);
	assert_string_equal(c->error, "host was restarted");
	container_free(c);

	assert_ok(fixture_create(f, "emptied", "{}", id)); /* /run is new after a boot */
	set_started(f, id);
	c = find(f, "emptied");
	assert_int_equal(c->status, CONTAINER_EXITED);
	assert_string_equal(c->error, "host was restarted");
	container_free(c);
}

static void a_damaged_exit_record_ends_it_too(void **state)
{
	static const char *const texts[] = { "", "{", "{\"ExitCode\":\"x\"}", "[]" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char id[ENGINE_ID_SIZE];
		struct container *c;
		struct monitor m;

		assert_ok(fixture_create(f, NULL, "{}", id));
		m = start_monitor(f, id, NULL);
		set_started(f, id);
		write_exit(f, id, texts[i]);
		end_monitor(&m);
		c = find(f, id);
		assert_int_equal(c->exit_code, 255);
		assert_string_equal(c->error, "its exit record is damaged");
		container_free(c);
	}
}

static void rm_takes_everything(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	struct container *c;
	char *volume autofree = NULL;
	struct monitor m;

	assert_ok(fixture_create(f, "web", "{\"AutoRemove\":true}", id));
	c = find(f, "web");
	volume = alloc_printf("root/volumes/%s", c->mounts[0].name);
	container_free(c);
	m = start_monitor(f, id, NULL);
	set_started(f, id);
	write_exit(f, id, "{\"ExitCode\":0,\"FinishedAt\":1}");
	end_monitor(&m);
	assert_ok(engine_ended(f->e, id));
	assert_fails(engine_find(f->e, "web", &c), ERROR_NOT_FOUND, "no such container");
	assert_int_equal(faccessat(f->dir, volume, F_OK, 0), -1);
	assert_false(has_run_dir(f, id));
	assert_ok(engine_ended(f->e, id)); /* again is harmless */
}

/* Killed after the container ran, before the record said so. */
static void a_running_container_that_is_not_recorded_is_adopted(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	struct container *c;
	struct monitor m;

	assert_ok(fixture_create(f, "web", "{}", id));
	m = start_monitor(f, id, NULL);
	c = find(f, "web");
	assert_int_equal(c->status, CONTAINER_RUNNING);
	assert_true(c->started_ns == 5);
	container_free(c);
	write_exit(f, id, "{\"ExitCode\":4,\"FinishedAt\":9}");
	end_monitor(&m);
	c = find(f, "web");
	assert_int_equal(c->exit_code, 4);
	container_free(c);
}

static void a_start_cut_short_leaves_it_created(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	struct container *c;
	int dir;

	assert_ok(fixture_create(f, "web", "{}", id));
	assert_ok(alive_make_dir(f->e, id, &dir));
	close(dir);
	c = find(f, "web");
	assert_int_equal(c->status, CONTAINER_CREATED);
	container_free(c);
	assert_false(has_run_dir(f, id));
}

static void a_list_sweeps_what_no_record_names(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct fixture *f = *state;
	struct container **list = NULL;
	struct monitor m;
	size_t n;

	m = start_monitor(f, id, NULL);
	write_exit(f, id, "{\"ExitCode\":0,\"FinishedAt\":1}");
	end_monitor(&m);
	assert_ok(engine_list(f->e, 0, &list, &n));
	assert_int_equal(n, 0);
	free(list);
	assert_false(has_run_dir(f, id));
}

static void wait_returns_the_code_even_of_what_is_gone(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	struct monitor m;
	int status, code;
	pid_t waiter;

	assert_ok(fixture_create(f, "web", "{\"AutoRemove\":true}", id));
	m = start_monitor(f, id, NULL);
	set_started(f, id);
	waiter = fork();
	if (waiter == 0) {
		struct engine *e;

		close(m.leash);
		error_free(engine_open(f->root, f->state, &e));
		error_free(engine_wait(e, "web", &code));
		_exit(code);
	}
	usleep(100000);
	write_exit(f, id, "{\"ExitCode\":42,\"FinishedAt\":1}");
	assert_ok(engine_ended(f->e, id));
	end_monitor(&m);
	assert_int_equal(waitpid(waiter, &status, 0), waiter);
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void many_who_notice_record_it_once(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	char *log autofree = NULL;
	struct monitor m;
	int status, deaths = 0;

	assert_ok(fixture_create(f, "web", "{}", id));
	m = start_monitor(f, id, NULL);
	set_started(f, id);
	write_exit(f, id, "{\"ExitCode\":1,\"FinishedAt\":1}");
	end_monitor(&m);
	for (int i = 0; i < 5; i++)
		if (fork() == 0) {
			struct engine *e;
			struct error *err = engine_open(f->root, f->state, &e);

			_exit(err || engine_ended(e, id) ? 1 : 0);
		}
	for (int i = 0; i < 5; i++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_ok(path_read_text(f->e->root_dir, "events.log", 1 << 20, &log));
	for (const char *at = log; (at = strstr(at, "\"Action\":\"die\"")); at++)
		deaths++;
	assert_int_equal(deaths, 1);
}

static void kill_and_stop_of_what_does_not_run(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];
	int code;

	assert_ok(fixture_create(f, "web", "{}", id));
	assert_fails(engine_kill(f->e, "web", SIGTERM), ERROR_CONFLICT, "is not running");
	assert_ok(engine_stop(f->e, "web", 0, 1));
	assert_ok(engine_wait(f->e, "web", &code));
	assert_int_equal(code, 0);
	assert_fails(engine_ended(f->e, "web"), ERROR_BAD_INPUT, "not the id");
}

/*
 * The process that a monitor starts at its end, when a removal was faster: it has nothing to wait
 * for.
 */
static void what_was_removed_meanwhile_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	int state_dir autoclose = -1;
	char id[ENGINE_ID_SIZE];
	struct monitor m;
	char *path autofree = NULL;

	assert_ok(fixture_create(f, "web", "{}", id));
	m = start_monitor(f, id, NULL);
	path = alive_path(f->e, id);
	state_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(state_dir >= 0);
	assert_false(alive_wait_released(state_dir, 1));
	assert_ok(path_remove_tree(AT_FDCWD, path));
	assert_true(alive_is_held(state_dir));
	assert_true(alive_wait_released(state_dir, 1));
	end_monitor(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(it_runs_while_the_monitor_lives),
		FIXTURE_TEST(a_killed_monitor_is_told),
		FIXTURE_TEST(another_boot_is_told),
		FIXTURE_TEST(a_damaged_exit_record_ends_it_too),
		FIXTURE_TEST(rm_takes_everything),
		FIXTURE_TEST(a_running_container_that_is_not_recorded_is_adopted),
		FIXTURE_TEST(a_start_cut_short_leaves_it_created),
		FIXTURE_TEST(a_list_sweeps_what_no_record_names),
		FIXTURE_TEST(wait_returns_the_code_even_of_what_is_gone),
		FIXTURE_TEST(many_who_notice_record_it_once),
		FIXTURE_TEST(kill_and_stop_of_what_does_not_run),
		FIXTURE_TEST(what_was_removed_meanwhile_is_not_waited_for),
	};

	return TEST_MAIN(tests);
}
