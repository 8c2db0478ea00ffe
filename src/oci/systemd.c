#include "oci/systemd.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

#define WAIT_MS 5000
#define STOP_US (10 * UINT64_C(1000000)) /* docker's ten seconds between SIGTERM and SIGKILL */

/*
 * The few functions of libsystemd (sd-bus(3)) that we call, found at run time: only this first
 * start needs them.
 */
struct bus_library {
	void *handle;
	int (*open_system)(sd_bus **);
	int (*call_method)(sd_bus *, const char *, const char *, const char *, const char *,
			   sd_bus_error *, sd_bus_message **, const char *, ...);
	sd_bus *(*unref)(sd_bus *);
	void (*error_free)(sd_bus_error *);
};

bool systemd_is_running(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

/* systemd.slice(5): a-b.slice is in a.slice. */
char *systemd_scope_in(const char *slice)
{
	size_t length = strlen(slice) - strlen(".slice");
	char *path autofree = alloc_string("");

	for (size_t i = 1; i <= length; i++) {
		char *longer;

		if (i < length && slice[i] != '-')
			continue;
		longer = alloc_printf("%s%.*s.slice/", path, (int)i, slice);
		free(path);
		path = longer;
	}
	return alloc_printf("%sbulkhead-%.*s.scope", path, (int)length, slice);
}

static struct error *find(const struct bus_library *l, const char *name, void *ret_function)
{
	void *symbol = dlsym(l->handle, name);

	if (!symbol)
		return error_new(ERROR_UNSUPPORTED, "libsystemd has no %s", name);
	memcpy(ret_function, &symbol, sizeof(symbol));
	return NULL;
}

static struct error *load(struct bus_library *l)
{
	l->handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return error_new(ERROR_UNSUPPORTED, "load libsystemd: %s", dlerror());
	TRY(find(l, "sd_bus_open_system", &l->open_system));
	TRY(find(l, "sd_bus_call_method", &l->call_method));
	TRY(find(l, "sd_bus_unref", &l->unref));
	return find(l, "sd_bus_error_free", &l->error_free);
}

/* A scope of that name is there, or on its way out: its last process has just ended. */
static bool is_leaving(const sd_bus_error *why)
{
	return str_equal(why->name, "org.freedesktop.systemd1.UnitExists");
}

static struct error *start_unit(const char *path, pid_t first, int64_t memory_bytes, int64_t pids)
{
	char **parts autostrv = strv_split(path, '/');
	size_t n = strv_length(parts);
	const char *scope = parts[n - 1], *slice = parts[n - 2];
	struct bus_library l = { 0 };
	sd_bus_error why = SD_BUS_ERROR_NULL;
	struct error *err = NULL;
	sd_bus *bus = NULL;
	int rc;

	TRY(load(&l));
	rc = l.open_system(&bus);
	if (rc < 0)
		return error_new(ERROR_UNAVAILABLE, "connect to the system bus: %s", strerror(-rc));
	rc = l.call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
			   "org.freedesktop.systemd1.Manager", "StartTransientUnit", &why, NULL,
			   "ssa(sv)a(sa(sv))", scope, "fail", 8, "Description", "s",
			   "Bulkhead containers", "Slice", "s", slice, "Delegate", "b", 1,
			   "MemoryMax", "t", (uint64_t)memory_bytes, "TasksMax", "t",
			   (uint64_t)pids, "TimeoutStopUSec", "t", STOP_US, "CollectMode", "s",
			   "inactive-or-failed", "PIDs", "au", 1, (uint32_t)first, 0);
	if (rc < 0)
		err = error_new(is_leaving(&why) ? ERROR_CONFLICT : ERROR_SYSTEM, "start %s: %s",
				scope, why.message ? why.message : strerror(-rc));
	l.error_free(&why);
	l.unref(bus);
	return err;
}

static pid_t make_first(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(2 * WAIT_MS / 1000); /* also where the command is killed meanwhile */
		for (;;)
			pause();
	}
	return pid;
}

static bool is_member(const char *group, pid_t pid)
{
	char *file autofree = alloc_printf("%s/cgroup.procs", group);
	char *line autofree = alloc_printf("%jd", (intmax_t)pid);
	char *text autofree = NULL;
	char **lines autostrv = NULL;
	struct error *err = path_read_text(AT_FDCWD, file, 1 << 20, &text);

	if (err) {
		error_ignore(err, "it is not there yet");
		return false;
	}
	lines = strv_split(text, '\n');
	return strv_contains(lines, line);
}

struct error *systemd_make_scope(const char *path, int64_t memory_bytes, int64_t pids,
				 pid_t *ret_first)
{
	pid_t first = make_first();
	struct error *err;

	if (first < 0)
		return error_sys("fork");
	err = start_unit(path, first, memory_bytes, pids);
	/*
	 * The call returns when the job is queued. systemd makes the group first and moves the
	 * process then: before that we may not move it on, or it would be taken back, and a group
	 * with processes hands no controllers down.
	 */
	for (int ms = 0; !err && !is_member(path, first); ms += 5) {
		if (ms >= WAIT_MS)
			err = error_new(ERROR_TIMEOUT, "systemd does not make %s", path);
		usleep(5000);
	}
	if (err) {
		systemd_release_scope(first);
		return err;
	}
	*ret_first = first;
	return NULL;
}

void systemd_release_scope(pid_t first)
{
	if (first <= 0)
		return;
	kill(first, SIGKILL);
	while (waitpid(first, NULL, 0) < 0 && errno == EINTR)
		;
}
