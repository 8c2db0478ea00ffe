#include "oci/systemd.h"

#include <assert.h>
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
	int (*new_call)(sd_bus *, sd_bus_message **, const char *, const char *, const char *,
			const char *);
	int (*append)(sd_bus_message *, const char *, ...);
	int (*append_array)(sd_bus_message *, char, const void *, size_t);
	int (*open_container)(sd_bus_message *, char, const char *);
	int (*close_container)(sd_bus_message *);
	int (*call)(sd_bus *, sd_bus_message *, uint64_t, sd_bus_error *, sd_bus_message **);
	sd_bus_message *(*message_unref)(sd_bus_message *);
	sd_bus *(*unref)(sd_bus *);
	void (*error_free)(sd_bus_error *);
};

bool systemd_is_running(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

/* systemd.slice(5): a-b.slice is in a.slice. */
char *systemd_slice_path(const char *slice)
{
	size_t length = strlen(slice) - strlen(".slice");
	char *path = alloc_string("");

	if (strcmp(slice, "-.slice") == 0)
		return path;
	for (size_t i = 1; i <= length; i++) {
		char *longer;

		if (i < length && slice[i] != '-')
			continue;
		longer = alloc_printf("%s%s%.*s.slice", path, *path ? "/" : "", (int)i, slice);
		free(path);
		path = longer;
	}
	return path;
}

char *systemd_scope_in(const char *slice)
{
	char *path autofree = systemd_slice_path(slice);

	return alloc_printf("%s/bulkhead-%.*s.scope", path, (int)(strlen(slice) - strlen(".slice")),
			    slice);
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
	TRY(find(l, "sd_bus_message_new_method_call", &l->new_call));
	TRY(find(l, "sd_bus_message_append", &l->append));
	TRY(find(l, "sd_bus_message_append_array", &l->append_array));
	TRY(find(l, "sd_bus_message_open_container", &l->open_container));
	TRY(find(l, "sd_bus_message_close_container", &l->close_container));
	TRY(find(l, "sd_bus_call", &l->call));
	TRY(find(l, "sd_bus_message_unref", &l->message_unref));
	TRY(find(l, "sd_bus_unref", &l->unref));
	TRY(find(l, "sd_bus_error_free", &l->error_free));
	assert(l->open_system && l->new_call);
	return NULL;
}

/* One call to systemd, of which only success matters. */
struct call {
	struct bus_library l;
	sd_bus *bus;
	sd_bus_message *message;
};

static struct error *call_begin(struct call *c, const char *method)
{
	int rc;

	TRY(load(&c->l));
	rc = c->l.open_system(&c->bus);
	if (rc < 0)
		return error_new(ERROR_UNAVAILABLE, "connect to the system bus: %s", strerror(-rc));
	rc = c->l.new_call(c->bus, &c->message, "org.freedesktop.systemd1",
			   "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", method);
	return rc < 0 ? error_new(ERROR_SYSTEM, "%s: %s", method, strerror(-rc)) : NULL;
}

/* A unit of that name is there, or on its way out: its last process has just ended; or is not. */
static enum error_kind kind_of(const sd_bus_error *why)
{
	return str_equal(why->name, "org.freedesktop.systemd1.UnitExists")   ? ERROR_CONFLICT
	       : str_equal(why->name, "org.freedesktop.systemd1.NoSuchUnit") ? ERROR_NOT_FOUND
									     : ERROR_SYSTEM;
}

static struct error *call_end(struct call *c, const char *what)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	int rc = c->l.call(c->bus, c->message, 0, &why, NULL);
	struct error *err = NULL;

	if (rc < 0)
		err = error_new(kind_of(&why), "%s: %s", what,
				why.message ? why.message : strerror(-rc));
	c->l.error_free(&why);
	return err;
}

static void call_done(struct call *c)
{
	if (c->message)
		c->l.message_unref(c->message);
	if (c->bus)
		c->l.unref(c->bus);
}

static int append_pairs(struct call *c, char *const *list)
{
	int rc = c->l.open_container(c->message, SD_BUS_TYPE_ARRAY, "(ss)");

	for (size_t i = 0; rc >= 0 && list && list[i]; i += 2)
		rc = c->l.append(c->message, "(ss)", list[i], list[i + 1]);
	return rc < 0 ? rc : c->l.close_container(c->message);
}

static int append_texts(struct call *c, char *const *list)
{
	int rc = c->l.open_container(c->message, SD_BUS_TYPE_ARRAY, "s");

	for (size_t i = 0; rc >= 0 && list && list[i]; i++)
		rc = c->l.append(c->message, "s", list[i]);
	return rc < 0 ? rc : c->l.close_container(c->message);
}

static int append_value(struct call *c, const struct systemd_property *p)
{
	if (strcmp(p->type, "a(ss)") == 0)
		return append_pairs(c, p->list);
	if (strcmp(p->type, "as") == 0)
		return append_texts(c, p->list);
	if (strcmp(p->type, "ay") == 0)
		return c->l.append_array(c->message, SD_BUS_TYPE_BYTE, p->bytes, p->n_bytes);
	if (strcmp(p->type, "au") == 0)
		return c->l.append(c->message, "au", 1, (uint32_t)p->number);
	if (strcmp(p->type, "s") == 0)
		return c->l.append(c->message, "s", p->text);
	if (strchr("biu", *p->type))
		return c->l.append(c->message, p->type, (uint32_t)p->number);
	return c->l.append(c->message, p->type, p->number);
}

static int append_property(struct call *c, const struct systemd_property *p)
{
	int rc = c->l.open_container(c->message, SD_BUS_TYPE_STRUCT, "sv");

	if (rc >= 0)
		rc = c->l.append(c->message, "s", p->name);
	if (rc >= 0)
		rc = c->l.open_container(c->message, SD_BUS_TYPE_VARIANT, p->type);
	if (rc >= 0)
		rc = append_value(c, p);
	if (rc >= 0)
		rc = c->l.close_container(c->message);
	return rc < 0 ? rc : c->l.close_container(c->message);
}

static struct error *append_properties(struct call *c, const struct systemd_properties *p)
{
	int rc = c->l.open_container(c->message, SD_BUS_TYPE_ARRAY, "(sv)");

	for (size_t i = 0; rc >= 0 && i < p->n; i++) {
		rc = append_property(c, &p->list[i]);
		if (rc < 0)
			return error_new(ERROR_SYSTEM, "property %s: %s", p->list[i].name,
					 strerror(-rc));
	}
	if (rc >= 0)
		rc = c->l.close_container(c->message);
	return rc < 0 ? error_new(ERROR_SYSTEM, "D-Bus message: %s", strerror(-rc)) : NULL;
}

static struct error *call_start(struct call *c, const char *unit,
				const struct systemd_properties *p)
{
	TRY(call_begin(c, "StartTransientUnit"));
	if (c->l.append(c->message, "ss", unit, "fail") < 0)
		return error_new(ERROR_SYSTEM, "start %s: D-Bus message", unit);
	TRY(append_properties(c, p));
	if (c->l.append(c->message, "a(sa(sv))", 0) < 0)
		return error_new(ERROR_SYSTEM, "start %s: D-Bus message", unit);
	return call_end(c, "start");
}

static struct error *start_unit(const char *unit, const struct systemd_properties *p)
{
	struct call c = { 0 };
	struct error *err = call_start(&c, unit, p);

	call_done(&c);
	return error_wrap(err, "%s", unit);
}

static struct error *call_set(struct call *c, const char *unit, const struct systemd_properties *p)
{
	TRY(call_begin(c, "SetUnitProperties"));
	if (c->l.append(c->message, "sb", unit, 1) < 0)
		return error_new(ERROR_SYSTEM, "D-Bus message");
	TRY(append_properties(c, p));
	return call_end(c, "set properties");
}

struct error *systemd_set_properties(const char *unit, const struct systemd_properties *p)
{
	struct call c = { 0 };
	struct error *err = call_set(&c, unit, p);

	call_done(&c);
	return error_wrap(err, "%s", unit);
}

/* A method that takes @unit, and @mode where there is one. */
static struct error *call_unit(const char *method, const char *unit, const char *mode)
{
	struct call c = { 0 };
	struct error *err = call_begin(&c, method);

	if (!err && (c.l.append(c.message, "s", unit) < 0 ||
		     (mode && c.l.append(c.message, "s", mode) < 0)))
		err = error_new(ERROR_SYSTEM, "D-Bus message");
	if (!err)
		err = call_end(&c, method);
	call_done(&c);
	return error_wrap(err, "%s", unit);
}

struct error *systemd_stop_unit(const char *unit)
{
	struct error *err = call_unit("StopUnit", unit, "replace");

	for (int ms = 0; !err && ms < WAIT_MS; ms += 10) {
		err = call_unit("GetUnit", unit, NULL);
		usleep(10000);
	}
	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_ignore(err, "that is what was asked for");
	return NULL;
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

struct error *systemd_start_unit(const char *unit, const char *path,
				 struct systemd_properties *properties, pid_t *ret_first)
{
	pid_t first = make_first();
	struct error *err;

	if (first < 0)
		return error_sys("fork");
	systemd_add_number(properties, "PIDs", "au", (uint64_t)first);
	err = start_unit(unit, properties);
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

struct error *systemd_make_scope(const char *path, int64_t memory_bytes, int64_t pids,
				 pid_t *ret_first)
{
	struct systemd_properties p autoproperties = { 0 };
	char **parts autostrv = strv_split(path, '/');
	size_t n = strv_length(parts);

	systemd_add_text(&p, "Description", "Bulkhead containers");
	systemd_add_text(&p, "Slice", parts[n - 2]);
	systemd_add_number(&p, "Delegate", "b", 1);
	systemd_add_number(&p, "MemoryMax", "t", (uint64_t)memory_bytes);
	systemd_add_number(&p, "TasksMax", "t", (uint64_t)pids);
	systemd_add_number(&p, "TimeoutStopUSec", "t", STOP_US);
	systemd_add_text(&p, "CollectMode", "inactive-or-failed");
	return systemd_start_unit(parts[n - 1], path, &p, ret_first);
}

void systemd_release_scope(pid_t first)
{
	if (first <= 0)
		return;
	kill(first, SIGKILL);
	while (waitpid(first, NULL, 0) < 0 && errno == EINTR)
		;
}
