#include "oci/cgroup_bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/userns.h"
#include "config/config.h"
#include "oci/cgroup_limit.h"
#include "oci/setup.h"
#include "oci/systemd.h"

#include "base/banned.h"

#define DEFAULT_SLICE "system.slice"
#define DEFAULT_PREFIX "bulkhead"

/* -- where ------------------------------------------------------------------------------------- */

static char **names_of(const char *path)
{
	char *normal autofree = path_normalize(path);
	char **parts autostrv = strv_split(normal, '/');
	char **names = NULL;

	for (size_t i = 0; parts[i]; i++)
		if (*parts[i])
			strv_add(&names, parts[i]);
	return names;
}

char **cgroup_bundle_names(const char *cgroups_path, const char *id, const char *own)
{
	char *inside autofree = NULL, *path autofree = NULL;

	if (str_is_empty(cgroups_path))
		return names_of(id);
	/* By itself first, so that no ".." of it leads above our own group. */
	inside = path_normalize(cgroups_path);
	path = alloc_printf("%s%s", *cgroups_path == '/' ? "" : own, inside);
	return names_of(path);
}

char *cgroup_line(const char *text, const char *controllers)
{
	char **lines autostrv = strv_split(text, '\n');

	for (size_t i = 0; lines[i]; i++) {
		char *name = strchr(lines[i], ':');
		char *path = name ? strchr(name + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		if (strcmp(name + 1, controllers) == 0)
			return alloc_string(path);
	}
	return alloc_string("/");
}

char *cgroup_own(const char *text, const char *controllers, const char *root)
{
	char *path autofree = cgroup_line(text, controllers);
	char *normal autofree = path_normalize(path);
	size_t length = strlen(root);
	char *inside = path;

	/*
	 * Above the root of our cgroup namespace ("/.."), or not deleted only for us: nothing to be
	 * below.
	 */
	if (strcmp(path, normal) != 0 || str_has_suffix(path, " (deleted)"))
		return alloc_string("/");
	if (strcmp(root, "/") != 0 && str_has_prefix(path, root) &&
	    (path[length] == '/' || !path[length]))
		inside = path + length;
	if (!*controllers && strrchr(inside, '/'))
		*strrchr(inside, '/') = '\0';
	return alloc_string(*inside ? inside : "/");
}

void cgroup_unit_done(struct cgroup_unit *u)
{
	free(u->slice);
	free(u->name);
	strv_free(u->names);
	*u = (struct cgroup_unit){ 0 };
}

/* systemd.slice(5): the dashes are the path, so that none stands first, last or beside another. */
static bool is_slice(const char *name)
{
	size_t length = strlen(name);

	if (strcmp(name, "-.slice") == 0)
		return true;
	return length > strlen(".slice") && str_has_suffix(name, ".slice") && !strchr(name, '/') &&
	       *name != '-' && name[length - strlen(".slice") - 1] != '-' && !strstr(name, "--");
}

struct error *cgroup_unit_parse(const char *cgroups_path, const char *id, struct cgroup_unit *ret)
{
	char *whole autofree = str_is_empty(cgroups_path)
				       ? alloc_printf(":" DEFAULT_PREFIX ":%s", id)
				       : alloc_string(cgroups_path);
	char **parts autostrv = strv_split(whole, ':');
	const char *slice;
	char *above autofree = NULL;

	if (strv_length(parts) != 3 || !*parts[2] || strchr(parts[1], '/') || strchr(parts[2], '/'))
		return error_new(ERROR_BAD_INPUT,
				 "linux.cgroupsPath: expected cgroupsPath to be of format"
				 " \"slice:prefix:name\" for systemd cgroups, got \"%s\" instead",
				 whole);
	slice = *parts[0] ? parts[0] : DEFAULT_SLICE;
	if (!is_slice(slice))
		return error_new(ERROR_BAD_INPUT, "linux.cgroupsPath: \"%s\" is not a slice",
				 slice);
	ret->slice = alloc_string(slice);
	ret->name = str_has_suffix(parts[2], ".slice") ? alloc_string(parts[2])
		    : *parts[1] ? alloc_printf("%s-%s.scope", parts[1], parts[2])
				: alloc_printf("%s.scope", parts[2]);
	above = systemd_slice_path(slice);
	ret->names = names_of(above);
	strv_add(&ret->names, ret->name);
	return NULL;
}

/* -- making ------------------------------------------------------------------------------------ */

/* What the way to the groups of all hierarchies depends on. */
struct making {
	struct cgroup *cg;
	const struct oci_bundle *bundle;
	const char *id;
	const char *own_text;		/* of /proc/self/cgroup */
	const struct cgroup_unit *unit; /* NULL: cgroupfs */
};

/*
 * An ordinary user, or a user namespace's root, has groups only where somebody has given it one,
 * and does without the others.
 */
static bool is_ordinary(void)
{
	return geteuid() != 0 || !userns_is_initial();
}

static bool may_do_without(const struct error *err)
{
	int number = error_errno(err);

	return is_ordinary() && (number == EACCES || number == EPERM || number == EROFS);
}

/* A process that joins would stop at once. */
static bool is_frozen_dir(int dir)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(dir, "freezer.state", 64, &text);
	bool frozen = !err && !str_has_prefix(text, "THAWED");

	if (err) {
		error_ignore(err, "another hierarchy, or version 2");
		err = path_read_text(dir, "cgroup.freeze", 64, &text);
		frozen = !err && *text == '1';
		error_ignore(err, "what has no such file is not frozen");
	}
	return frozen;
}

/* A group that somebody has made for us: nobody else may be in it, `delete` kills whom it finds. */
static struct error *check_found(const char *path, int dir)
{
	pid_t *pids autofree = NULL;
	size_t n;

	TRY(cgroup_processes(path, &pids, &n));
	if (n)
		return error_new(ERROR_CONFLICT,
				 "container's cgroup is not empty: %zu process(es) found in %s", n,
				 path);
	if (is_frozen_dir(dir))
		return error_new(ERROR_CONFLICT, "container's cgroup unexpectedly frozen: %s",
				 path);
	return NULL;
}

/* Version 2's controllers are handed down on the way; on hybrid hosts only for what needs them. */
static bool hands_down(const struct making *m, const char *controllers)
{
	return !*controllers &&
	       (m->cg->ops == &cgroup_v2 || m->bundle->config->linux_.resources.n_hugepage_limits);
}

/* One group on the way; *@ret_found: it was there. */
static struct error *make_group(int above, const char *name, const char *controllers, int *ret_dir,
				bool *ret_found)
{
	int dir autoclose = -1;

	*ret_found = mkdirat(above, name, 0755) < 0;
	if (*ret_found && errno != EEXIST)
		return error_sys("make %s", name);
	dir = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_sys("open %s", name);
	if (cgroup_has(controllers, "cpuset"))
		TRY(cgroup_fill_cpuset(above, dir));
	*ret_dir = fd_take(&dir);
	return NULL;
}

static struct error *make_groups(const struct making *m, const struct cgroup_mount_point *mount,
				 char *const *names)
{
	char *below autofree = strv_join(names, "/");
	char *path autofree = alloc_printf("%s/%s", mount->path, below);
	int dir autoclose = open(mount->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found = true;

	if (dir < 0)
		return error_sys("open %s", mount->path);
	for (size_t i = 0; names[i]; i++) {
		int next = -1;

		if (hands_down(m, mount->controllers))
			cgroup_enable_controllers(dir);
		TRY(error_wrap(make_group(dir, names[i], mount->controllers, &next, &found), "%s",
			       path));
		fd_close(&dir);
		dir = next;
	}
	if (found && !m->unit)
		TRY(check_found(path, dir));
	TRY(cgroup_add_place(m->cg, path, mount->controllers));
	return *mount->controllers ? cgroup_open_tasks(m->cg) : NULL;
}

static struct error *make_in(const struct making *m, const struct cgroup_mount_point *mount)
{
	char *own autofree = cgroup_own(m->own_text, mount->controllers, mount->root);
	char **names autostrv =
		m->unit ? strv_copy(m->unit->names)
			: cgroup_bundle_names(m->bundle->config->linux_.cgroups_path, m->id, own);
	struct error *err;

	if (!names)
		return error_new(ERROR_BAD_INPUT,
				 "linux.cgroupsPath: the root of all groups is no container's");
	err = make_groups(m, mount, names);
	if (err && may_do_without(err)) {
		error_ignore(err, "a limit that needs this hierarchy will say so");
		return NULL;
	}
	return err;
}

static struct error *make_all(const struct making *m)
{
	const struct cgroup_mount_point *mount;

	TRY(cgroup_mounts(&mount));
	for (; mount->path; mount++)
		if (!*mount->controllers || m->cg->ops == &cgroup_v1)
			TRY(make_in(m, mount));
	return NULL;
}

/*
 * -- what was never completed ---------------------------------------------------------------------
 */

/*
 * Nobody is killed: whether the group was ours is not known, and who waited in it for a runtime
 * that is gone ends by itself.
 */
static struct error *remove_empty(const struct making *m, const struct cgroup_mount_point *mount)
{
	char *own autofree = cgroup_own(m->own_text, mount->controllers, mount->root);
	char **names autostrv =
		cgroup_bundle_names(m->bundle->config->linux_.cgroups_path, m->id, own);
	char *below autofree = strv_join(names, "/");
	char *path autofree = alloc_printf("%s/%s", mount->path, below);

	for (int tries = 0; names && rmdir(path) < 0; tries++) {
		if (errno != EBUSY || tries == 200)
			return errno == ENOENT ? NULL : error_sys("remove %s", path);
		usleep(10000);
	}
	return NULL;
}

struct error *oci_delete_unfinished(const char *id, const struct oci_bundle *bundle)
{
	const struct cgroup_mount_point *mount;
	char *own autofree = NULL;
	struct making m = { .bundle = bundle, .id = id };

	TRY(cgroup_mounts(&mount));
	TRY(path_read_text(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &own));
	m.own_text = own;
	for (; mount->path; mount++)
		error_ignore(remove_empty(&m, mount), "a group that is in use is not ours");
	return NULL;
}

/* -- systemd ----------------------------------------------------------------------------------- */

/* Where systemd keeps its units' groups: in the unified hierarchy, or in one of its own name. */
static struct error *find_units(const struct cgroup *cg, const char **ret)
{
	const struct cgroup_mount_point *m;

	TRY(cgroup_mounts(&m));
	for (; m->path; m++)
		if (cg->ops == &cgroup_v2 ? !*m->controllers
					  : cgroup_has(m->controllers, "name=systemd")) {
			*ret = m->path;
			return NULL;
		}
	return error_new(ERROR_UNSUPPORTED, "systemd's cgroup hierarchy is not mounted");
}

static struct error *unit_properties(const struct making *m, struct systemd_properties *p)
{
	const struct config *c = m->bundle->config;
	struct cgroup_devices devices autodevices = { 0 };
	char *text autofree = alloc_printf("Bulkhead container %s", m->id);
	const char *accounting[] = { "MemoryAccounting", "CPUAccounting", "IOAccounting",
				     "TasksAccounting" };

	systemd_add_text(p, "Description", text);
	systemd_add_text(p, "Slice", m->unit->slice);
	systemd_add_number(p, "Delegate", "b", 1);
	systemd_add_number(p, "DefaultDependencies", "b", 0);
	systemd_add_text(p, "CollectMode", "inactive-or-failed");
	for (size_t i = 0; i < sizeof(accounting) / sizeof(*accounting); i++)
		systemd_add_number(p, accounting[i], "b", 1);
	TRY(systemd_limits(p, &c->linux_.resources, m->cg->ops == &cgroup_v2));
	TRY(cgroup_devices_from_rules(c->linux_.resources.devices, c->linux_.resources.n_devices,
				      &devices));
	systemd_devices(p, &devices);
	return systemd_parse_annotations(p, c->annotations);
}

/*
 * systemd gives a scope up when it is empty, so that one process is in it until the container's
 * own is: it must fit, too.
 */
static void make_room(struct systemd_properties *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->list[i].name, "TasksMax") == 0 && p->list[i].number == 1)
			p->list[i].number = 2;
}

static struct error *start_scope(const struct making *m)
{
	struct systemd_properties p autoproperties = { 0 };
	char *below autofree = strv_join(m->unit->names, "/");
	char *path autofree = NULL;
	const char *units = NULL;

	TRY(find_units(m->cg, &units));
	path = alloc_printf("%s/%s", units, below);
	TRY(unit_properties(m, &p));
	make_room(&p);
	TRY(systemd_start_unit(m->unit->name, path, &p, &m->cg->first));
	m->cg->unit = alloc_string(m->unit->name);
	return NULL;
}

static struct error *make_by_systemd(struct making *m, struct cgroup_unit *unit)
{
	if (!systemd_is_running())
		return error_new(ERROR_UNSUPPORTED, "systemd not running on this host, cannot use"
						    " systemd cgroups manager");
	TRY(cgroup_unit_parse(m->bundle->config->linux_.cgroups_path, m->id, unit));
	m->unit = unit;
	TRY(start_scope(m));
	return make_all(m);
}

/* -- limits ------------------------------------------------------------------------------------ */

/* The rules of devices stand until the end: an update cannot change them, as in runc. */
static struct error *limit_devices(const struct cgroup *cg, const struct config_resources *r)
{
	struct cgroup_devices d autodevices = { 0 };
	bool v1 = cg->ops == &cgroup_v1;

	TRY(cgroup_devices_from_rules(r->devices, r->n_devices, &d));
	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_place *place = &cg->places[i];
		struct error *err;

		if (v1 ? !cgroup_has(place->controllers, "devices") : *place->controllers != '\0')
			continue;
		err = error_wrap(cgroup_devices_set(place, &d), "linux.resources.devices");
		if (!err || !may_do_without(err))
			return err;
		error_ignore(err, "whoever may not make devices cannot use more than he had");
		return NULL;
	}
	if (is_ordinary())
		return NULL;
	return error_new(ERROR_UNSUPPORTED,
			 "linux.resources.devices: this host's groups have no controller devices");
}

struct error *cgroup_bundle_limit(const struct cgroup *cg, const struct config_resources *r)
{
	struct systemd_properties p autoproperties = { 0 };

	if (cg->unit) {
		TRY(systemd_limits(&p, r, cg->ops == &cgroup_v2));
		if (p.n)
			TRY(systemd_set_properties(cg->unit, &p));
	}
	return cgroup_limit(cg, r, false);
}

static struct error *limit_first(struct cgroup *cg, const struct config_resources *resources)
{
	struct config_resources r = *resources;
	int64_t two = 2;

	if (cg->first && r.pids.limit && *r.pids.limit == 1)
		r.pids.limit = &two; /* until step_leave_scope() */
	TRY(cgroup_limit(cg, &r, false));
	return limit_devices(cg, resources);
}

struct error *cgroup_bundle_make(struct cgroup *cg, const struct oci_bundle *bundle, const char *id)
{
	char *own autofree = NULL;
	struct cgroup_unit unit __attribute__((cleanup(cgroup_unit_done))) = { 0 };
	struct making m = { .cg = cg, .bundle = bundle, .id = id };

	TRY(cgroup_detect(&cg->ops));
	TRY(path_read_text(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &own));
	m.own_text = own;
	TRY(bundle->systemd_cgroup ? make_by_systemd(&m, &unit) : make_all(&m));
	return limit_first(cg, &bundle->config->linux_.resources);
}

struct error *step_leave_scope(struct setup *s)
{
	const struct config_resources *r = &s->spec->bundle->config->linux_.resources;
	bool last_limit = s->cgroup.first && r->pids.limit && *r->pids.limit == 1;

	systemd_release_scope(s->cgroup.first);
	s->cgroup.first = 0;
	return last_limit ? cgroup_bundle_limit(&s->cgroup, r) : NULL;
}
