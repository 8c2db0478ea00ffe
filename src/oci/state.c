/*
 * The state file: what runs, in terms that survive a restart of anything: a pid counts only with
 * its boot id and start time (proc(5)).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/idrange.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/userns.h"
#include "oci/setup.h"
#include "oci/systemd.h"

#include "base/banned.h"

#define END_TIMEOUT_MS 10000
#define STATE_NAME "state.json"
#define STATE_MAX 65536

/*
 * What is read is killed and removed: a pid of other than our own bits, or a group like "/", would
 * be somebody else's.
 */
static struct error *check_group(const char *path)
{
	char *normal autofree = path_normalize(path), *quoted autofree = NULL;

	if (strcmp(path, normal) == 0 && path[1])
		return NULL;
	quoted = str_quote(path);
	return error_new(ERROR_BAD_INPUT, "%s is not the path of a group", quoted);
}

static struct error *check_unit(const char *name)
{
	char *quoted autofree = NULL;

	if (path_is_name(name))
		return NULL;
	quoted = str_quote(name);
	return error_new(ERROR_BAD_INPUT, "%s is not the name of a unit", quoted);
}

static struct error *check_not_empty(const char *text)
{
	return *text ? NULL : error_new(ERROR_BAD_INPUT, "empty");
}

static struct error *check_absolute(const char *path)
{
	return *path == '/' ? NULL : error_new(ERROR_BAD_INPUT, "not absolute");
}

#define ROW(json_name, member, kind_, flags_, ...)                                                 \
	{                                                                                          \
		.name = (json_name), .kind = (kind_), .flags = (flags_),                           \
		.offset = offsetof(struct oci_state, member), __VA_ARGS__                          \
	}

static const struct json_field state_fields[] = {
	ROW("id", id, JSON_TEXT, JSON_REQUIRED, .check = check_not_empty),
	ROW("pid", pid, JSON_INT64, JSON_REQUIRED, .min = 1, .max = INT32_MAX),
	ROW("startTicks", start_ticks, JSON_INT64, JSON_REQUIRED, .max = INT64_MAX),
	ROW("bootId", boot_id, JSON_TEXT, JSON_REQUIRED, .check = check_not_empty),
	ROW("firstId", first_id, JSON_INT64, 0, .max = UINT32_MAX),
	ROW("leased", leased, JSON_BOOL, 0),
	ROW("cgroups", cgroups, JSON_TEXTS, 0, .check = check_group),
	ROW("cgroupManager", cgroup_manager, JSON_TEXT, 0),
	ROW("created", created_ns, JSON_INT64, 0, .max = INT64_MAX),
	ROW("sharesPids", shares_pids, JSON_BOOL, 0),
	ROW("systemdUnit", systemd_unit, JSON_TEXT, JSON_OMIT_EMPTY, .check = check_unit),
	ROW("bundle", bundle, JSON_TEXT, JSON_OMIT_EMPTY, .check = check_absolute),
	{ 0 },
};
static const struct json_type state_type = { sizeof(struct oci_state), state_fields, false };

void oci_state_done(struct oci_state *state)
{
	json_done(&state_type, state);
}

struct error *oci_state_parse(const char *text, size_t length, struct oci_state *ret)
{
	*ret = (struct oci_state){ 0 };
	return json_decode_text(&state_type, text, length, ret);
}

struct error *oci_state_load(int state_dir, struct oci_state *ret)
{
	struct buf text autobuf = BUF_MAX(STATE_MAX);
	struct error *err = path_read(state_dir, STATE_NAME, &text);

	if (err && error_errno(err) == ENOENT) {
		error_free(err);
		return error_new(ERROR_NOT_FOUND, "nothing was started");
	}
	TRY(err);
	return error_wrap(oci_state_parse(buf_text(&text), text.length, ret), STATE_NAME);
}

static bool is_this_boot(const struct oci_state *state)
{
	char boot[PROC_BOOT_ID_SIZE];
	struct error *err = proc_boot_id(boot);

	error_ignore(err, "without a boot id no pid can be trusted");
	return !err && strcmp(boot, state->boot_id) == 0;
}

bool oci_state_is_alive(const struct oci_state *state)
{
	return is_this_boot(state) &&
	       proc_is_alive((pid_t)state->pid, (uint64_t)state->start_ticks);
}

struct error *oci_kill(const struct oci_state *state, int signal)
{
	int pidfd autoclose = -1;

	TRY(proc_open(
		(pid_t)state->pid,
		&pidfd)); /* opened before it is looked at: it cannot become another meanwhile */
	if (!oci_state_is_alive(state))
		return error_new(ERROR_NOT_FOUND, "it does not run");
	return proc_signal(pidfd, signal);
}

struct error *oci_kill_all(const struct oci_state *state, int signal)
{
	if (!state->id || !is_this_boot(state) || !state->cgroups || !state->cgroups[0])
		return NULL;
	/* Until nobody is left: who is made meanwhile, too. */
	if (signal == SIGKILL) {
		TRY(cgroup_signal(state->cgroups[0], signal));
		if (oci_is_frozen(state))
			TRY(oci_freeze(state, false));
		return cgroup_by_name(state->cgroup_manager)->kill(state->cgroups[0]);
	}
	return cgroup_signal(state->cgroups[0], signal);
}

struct error *oci_processes(const struct oci_state *state, pid_t **ret, size_t *ret_n)
{
	*ret = NULL;
	*ret_n = 0;
	/* Another boot's groups of that name are somebody else's. */
	if (!state->id || !is_this_boot(state) || !state->cgroups || !state->cgroups[0])
		return NULL;
	return cgroup_processes(state->cgroups[0], ret, ret_n);
}

struct error *step_save_state(struct setup *s)
{
	char boot[PROC_BOOT_ID_SIZE];
	struct oci_state state = {
		.pid = s->pid, .first_id = s->ids, .leased = s->leased, .boot_id = boot
	};
	char **cgroups autostrv = NULL;
	char *text autofree = NULL;
	struct timespec now;
	uint64_t ticks;

	TRY(proc_boot_id(boot));
	TRY(proc_start_time(s->pid, &ticks));
	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < s->cgroup.n; i++)
		strv_add(&cgroups, s->cgroup.places[i].path);
	state.id = (char *)s->spec->id;
	state.start_ticks = (int64_t)ticks;
	state.bundle = s->spec->bundle ? (char *)s->spec->bundle->path : NULL;
	state.cgroups = cgroups;
	state.cgroup_manager = (char *)s->cgroup.ops->name;
	state.shares_pids = !(s->spec->new_namespaces & CLONE_NEWPID);
	state.systemd_unit = s->cgroup.unit;
	state.created_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	text = json_encode_text(&state_type, &state);
	return path_replace(s->spec->state_dir, STATE_NAME, text, strlen(text), 0600, false);
}

void undo_save_state(struct setup *s)
{
	unlinkat(s->spec->state_dir, STATE_NAME, 0);
}

/* Others have neither groups among all containers' nor ids by a lease. */
static bool is_host_root(void)
{
	return geteuid() == 0 && userns_is_initial();
}

/*
 * What a start made that was killed before it saved where: it is where that of all containers is.
 */
static struct error *delete_unsaved(const char *state_path)
{
	static const char *const groups[] = { "bulkhead", "bulkhead.slice/bulkhead.scope" };
	const struct cgroup_mount_point *mount;
	char **paths autostrv = NULL;
	const char *id = path_last(state_path);
	const struct cgroup_ops *ops;

	if (!is_host_root())
		return NULL;
	TRY(cgroup_detect(&ops));
	TRY(cgroup_mounts(&mount));
	for (; mount->path; mount++)
		for (size_t k = 0; k < sizeof(groups) / sizeof(*groups); k++) {
			char *path autofree = alloc_printf("%s/%s/%s", mount->path, groups[k], id);

			if (access(path, F_OK) == 0)
				strv_add(&paths, path);
		}
	TRY(cgroup_remove(paths, ops));
	return idrange_release_all(state_path);
}

/* Without control groups there is only the first process to go by. */
static struct error *end_first(const struct oci_state *state)
{
	int pidfd autoclose = -1;
	struct error *err;
	bool gone;

	if (state->cgroups && state->cgroups[0])
		return NULL;
	err = proc_open((pid_t)state->pid, &pidfd);
	if (err || !oci_state_is_alive(state)) {
		error_ignore(err, "it is gone");
		return NULL;
	}
	TRY(proc_signal(pidfd, SIGKILL));
	TRY(proc_wait_gone(pidfd, END_TIMEOUT_MS, &gone));
	return gone ? NULL : error_new(ERROR_TIMEOUT, "its first process does not end");
}

struct error *oci_delete(int state_dir, const char *state_path)
{
	struct oci_state state = { 0 };
	struct error *err = oci_state_load(state_dir, &state);

	if (error_is(err, ERROR_NOT_FOUND)) {
		error_free(err);
		return delete_unsaved(state_path);
	}
	TRY(err);
	err = end_first(&state);
	if (!err && is_this_boot(&state))
		err = cgroup_remove(state.cgroups, cgroup_by_name(state.cgroup_manager));
	if (!err && state.systemd_unit && is_this_boot(&state))
		err = systemd_stop_unit(state.systemd_unit);
	if (!err && state.leased)
		err = idrange_release((uint32_t)state.first_id, state_path);
	oci_state_done(&state);
	if (!err && unlinkat(state_dir, STATE_NAME, 0) < 0 && errno != ENOENT)
		err = error_sys("remove " STATE_NAME);
	return err;
}
