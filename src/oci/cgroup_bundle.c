/*
 * Control groups of a bundle (config-linux.md, Control groups): where linux.cgroupsPath says, from
 * the root of each hierarchy, and with the limits of linux.resources that the engine's containers
 * have too. What else is asked for is an error, never passed over.
 */
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
#include "oci/cgroup.h"
#include "oci/cgroup_files.h"

#include "base/banned.h"

/* Makes the groups above @path, from @mount on, ready to have groups below them. */
static struct error *make_above(const char *mount, const char *path, bool v2)
{
	char **names autostrv = strv_split(path, '/');
	char *at autofree = alloc_string(mount);
	size_t n = strv_length(names);

	for (size_t i = 0; i + 1 < n; i++) {
		char *next;

		if (v2)
			cgroup_hand_down(at);
		next = alloc_printf("%s/%s", at, names[i]);
		free(at);
		at = next;
		if (mkdir(at, 0755) < 0 && errno != EEXIST)
			return error_sys("make %s", at);
		if (!v2)
			TRY(cgroup_fill_cpuset(at));
	}
	if (v2)
		cgroup_hand_down(at);
	return NULL;
}

/* A group that is there already may be used by who made it for this, but not shared. */
static struct error *check_empty(const char *path)
{
	char *file autofree = alloc_printf("%s/cgroup.procs", path);
	char *text autofree = NULL;
	struct error *err = path_read_text(AT_FDCWD, file, 4096, &text);

	if (error_is(err, ERROR_LIMIT) || (!err && *text)) {
		error_free(err);
		return error_new(ERROR_CONFLICT, "linux.cgroupsPath: %s is not empty", path);
	}
	return err;
}

static struct error *make_group(struct cgroup *cg, const char *mount, const char *controllers,
				const char *path)
{
	const char *last = path_last(path);
	char *whole autofree = alloc_printf("%s/%s", mount, path);
	char *parent autofree = alloc_string_n(whole, strlen(whole) - strlen(last) - 1);
	bool made;

	TRY(make_above(mount, path, !*controllers));
	if (access(whole, F_OK) == 0) {
		TRY(check_empty(whole));
		if (rmdir(whole) < 0 && errno != ENOENT)
			return error_sys("make %s anew", whole);
	}
	TRY(cgroup_make_place(cg, parent, controllers, last, &made));
	if (!made)
		return error_new(ERROR_CONFLICT, "%s was removed meanwhile", parent);
	return *controllers ? cgroup_fill_cpuset(whole) : NULL;
}

static struct error *make_v1(struct cgroup *cg, const char *path)
{
	char **mounts autostrv = NULL;

	TRY(cgroup_mounts(&mounts));
	for (size_t i = 0; mounts[i]; i += 2) {
		struct cgroup_place *place;

		if (!*mounts[i + 1])
			continue;
		TRY(make_group(cg, mounts[i], mounts[i + 1], path));
		place = &cg->places[cg->n - 1];
		place->join = openat(place->dir, "tasks", O_WRONLY | O_CLOEXEC);
		if (place->join < 0)
			return error_sys("open %s/tasks", place->path);
	}
	return NULL;
}

static struct error *make_v2(struct cgroup *cg, const char *path)
{
	char **mounts autostrv = NULL;

	TRY(cgroup_mounts(&mounts));
	for (size_t i = 0; mounts[i]; i += 2)
		if (!*mounts[i + 1])
			return make_group(cg, mounts[i], "", path);
	return error_new(ERROR_UNSUPPORTED, "no cgroup file system of version 2 is mounted");
}

struct error *cgroup_bundle_make(struct cgroup *cg, const struct oci_spec *spec)
{
	const char *asked = spec->bundle->config->linux_.cgroups_path;
	char *path autofree = NULL;

	if (str_is_empty(asked)) /* among the engine's own, which leave the host its reserve */
		return cg->ops->make(cg, spec);
	if (strchr(asked, ':'))
		return error_new(
			ERROR_UNSUPPORTED,
			"linux.cgroupsPath: \"%s\" is for systemd, which is not asked here", asked);
	path = path_normalize(asked);
	if (str_equal(path, "/"))
		return error_new(ERROR_BAD_INPUT, "linux.cgroupsPath: \"%s\" is every process's",
				 asked);
	return cg->ops == &cgroup_v2 ? make_v2(cg, path + 1) : make_v1(cg, path + 1);
}

static struct error *unsupported(const char *what)
{
	return error_new(ERROR_UNSUPPORTED, "linux.resources.%s: not supported", what);
}

static bool is_set(const uint32_t *value)
{
	return value && *value;
}

/* What nothing here applies. Zeroes, which engines write for "as it is", ask for nothing. */
static struct error *refuse_the_rest(const struct config_resources *c)
{
	const struct config_block_io *io = &c->block_io;

	if (c->memory.swappiness)
		return unsupported("memory.swappiness");
	if (c->memory.disable_oom_killer && *c->memory.disable_oom_killer)
		return unsupported("memory.disableOOMKiller");
	if (c->cpu.burst_us && *c->cpu.burst_us)
		return unsupported("cpu.burst");
	if (c->cpu.idle && *c->cpu.idle)
		return unsupported("cpu.idle");
	if ((c->cpu.realtime_runtime_us && *c->cpu.realtime_runtime_us) ||
	    (c->cpu.realtime_period_us && *c->cpu.realtime_period_us))
		return unsupported("cpu.realtimeRuntime");
	if (is_set(io->weight) || is_set(io->leaf_weight) || io->n_weight_device ||
	    io->n_throttle_read_bps_device || io->n_throttle_write_bps_device ||
	    io->n_throttle_read_iops_device || io->n_throttle_write_iops_device)
		return unsupported("blockIO");
	if (c->n_hugepage_limits)
		return unsupported("hugepageLimits");
	if (is_set(c->network.class_id) || c->network.n_priorities)
		return unsupported("network");
	if (c->n_rdma)
		return unsupported("rdma");
	return c->unified && *c->unified ? unsupported("unified") : NULL;
}

static bool is_any(const int64_t *number)
{
	return !number || *number < 0;
}

static bool is_everything(const struct config_device_rule *r)
{
	return (!r->type || *r->type == 'a') && is_any(r->major) && is_any(r->minor) &&
	       (!r->access ||
		(strchr(r->access, 'r') && strchr(r->access, 'w') && strchr(r->access, 'm')));
}

static struct oci_device_rule copy_rule(const struct config_device_rule *c)
{
	return (struct oci_device_rule){
		.type = c->type ? *c->type : 'a',
		.major = is_any(c->major) ? -1 : (int)*c->major,
		.minor = is_any(c->minor) ? -1 : (int)*c->minor,
		.access = alloc_string(c->access ? c->access : "rwm"),
	};
}

static void remove_rules(struct oci_resources *r)
{
	while (r->n_rules)
		free(r->rules[--r->n_rules].access);
}

static bool is_same_number(int a, int b)
{
	return a == b || a < 0 || b < 0;
}

/*
 * Whether some device is meant by both. Making nodes is open to all: it is using them that counts.
 */
static bool overlaps(const struct oci_device_rule *a, const struct oci_device_rule *b)
{
	return (a->type == b->type || a->type == 'a' || b->type == 'a') &&
	       is_same_number(a->major, b->major) && is_same_number(a->minor, b->minor) &&
	       strpbrk(a->access, "rw") && strpbrk(b->access, "rw");
}

/* What nobody has allowed need not be denied; what is a part of what somebody has cannot be. */
static struct error *deny(const struct oci_device_rule *denied, struct oci_resources *r)
{
	for (size_t i = 0; i < r->n_rules || r->all_devices; i++) {
		struct oci_device_rule *allowed = &r->rules[i];

		if (!r->all_devices && !overlaps(denied, allowed))
			continue;
		if (r->all_devices || allowed->type != denied->type ||
		    allowed->major != denied->major || allowed->minor != denied->minor)
			return error_new(ERROR_UNSUPPORTED,
					 "not supported: it denies a part of what another allows");
		free(allowed->access);
		*allowed = r->rules[--r->n_rules];
		i--;
	}
	return NULL;
}

/*
 * The rules in their order, over the devices that every container has: "everything" allowed or
 * denied begins anew, one device more is added, or taken away again.
 */
static struct error *set_devices(const struct config_resources *c, struct oci_resources *r)
{
	r->rules = alloc_zeroed(c->n_devices, sizeof(*r->rules));
	for (size_t i = 0; i < c->n_devices; i++) {
		const struct config_device_rule *rule = &c->devices[i];
		struct oci_device_rule copy;

		if (is_everything(rule)) {
			r->all_devices = rule->allow;
			remove_rules(r);
			continue;
		}
		if (rule->allow && r->all_devices)
			continue;
		copy = copy_rule(rule);
		if (rule->allow) {
			r->rules[r->n_rules++] = copy;
		} else {
			struct error *err = deny(&copy, r);

			free(copy.access);
			TRY(error_wrap(err, "linux.resources.devices[%zu]", i));
		}
	}
	return NULL;
}

struct error *cgroup_bundle_resources(const struct config_resources *c, struct oci_resources *r)
{
	TRY(refuse_the_rest(c));
	r->memory_bytes = c->memory.limit ? *c->memory.limit : 0;
	r->memory_swap_bytes = c->memory.swap ? *c->memory.swap : 0;
	r->memory_reservation_bytes = c->memory.reservation ? *c->memory.reservation : 0;
	r->cpu_shares = c->cpu.shares ? (int64_t)*c->cpu.shares : 0;
	r->cpu_quota_us = c->cpu.quota_us ? *c->cpu.quota_us : 0;
	r->cpu_period_us = c->cpu.period_us ? (int64_t)*c->cpu.period_us : 0;
	r->cpuset_cpus = str_is_empty(c->cpu.cpus) ? NULL : alloc_string(c->cpu.cpus);
	r->cpuset_mems = str_is_empty(c->cpu.mems) ? NULL : alloc_string(c->cpu.mems);
	r->pids_limit = c->pids.limit ? *c->pids.limit : 0;
	return set_devices(c, r);
}
