/*
 * Version 2 (kernel: admin-guide/cgroup-v2): one hierarchy. The child is born in its group (CLONE_INTO_CGROUP); devices
 * are ruled by a BPF program.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"

#include "base/banned.h"

static const char *const controllers[] = { "+memory", "+pids", "+cpu", "+io", "+cpuset", NULL };

/* Lets the groups below @dir have each controller that there is; one that is missing is an error only when used. */
static void enable_controllers(int dir)
{
	for (size_t i = 0; controllers[i]; i++)
		error_ignore(path_write_existing(dir, "cgroup.subtree_control", controllers[i]),
			     "a limit of that controller will say so");
}

static struct error *write_int(int dir, const char *file, int64_t value)
{
	char text[24];

	if (value < 0)
		return path_write_existing(dir, file, "max");
	snprintf(text, sizeof(text), "%jd", (intmax_t)value);
	return path_write_existing(dir, file, text);
}

/* The host's reserve (requirement C2), on the parent of all. */
static struct error *prepare_parent(const char *mount)
{
	char *path autofree = alloc_printf("%s/bulkhead", mount);
	int top autoclose = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || dir < 0)
		return error_sys("open %s", path);
	enable_controllers(top);
	enable_controllers(dir);
	TRY(write_int(dir, "memory.max", cgroup_memory_ceiling()));
	return write_int(dir, "pids.max", cgroup_pids_ceiling());
}

static struct error *make(struct cgroup *cg, const char *id, const struct oci_resources *resources)
{
	char **mounts autostrv = NULL;
	bool made;

	(void)resources;
	TRY(cgroup_mounts(&mounts));
	TRY(cgroup_make_place(cg, mounts[0], "", id, &made));
	if (cg->n)
		return NULL;
	if (made)
		TRY(prepare_parent(mounts[0]));
	TRY(cgroup_make_place(cg, mounts[0], "", id, &made));
	return cg->n ? NULL
		     : error_new(ERROR_CONFLICT, "%s/bulkhead was removed meanwhile", mounts[0]);
}

/* Docker's shares, 2 to 262144, on version 2's weights, 1 to 10000: the formula of the OCI runtimes. */
static int64_t weight_of(int64_t shares)
{
	return 1 + ((shares - 2) * 9999) / 262142;
}

static struct error *limit_memory(int dir, const struct oci_resources *r)
{
	if (r->memory_bytes)
		TRY(write_int(dir, "memory.max", r->memory_bytes));
	if (r->memory_reservation_bytes)
		TRY(write_int(dir, "memory.low", r->memory_reservation_bytes));
	if (r->memory_swap_bytes) { /* docker's number is memory and swap together */
		struct error *err = write_int(
			dir, "memory.swap.max",
			r->memory_swap_bytes < 0 ? -1 : r->memory_swap_bytes - r->memory_bytes);

		if (err && error_errno(err) != ENOENT)
			return err;
		error_ignore(err, "this kernel does not account swap");
	}
	return NULL;
}

static struct error *limit_cpu(int dir, const struct oci_resources *r)
{
	char text[48];

	if (r->cpu_shares)
		TRY(write_int(dir, "cpu.weight", weight_of(r->cpu_shares)));
	if (r->cpu_quota_us) {
		int64_t period = r->cpu_period_us ? r->cpu_period_us : 100000;

		if (r->cpu_quota_us < 0)
			snprintf(text, sizeof(text), "max %jd", (intmax_t)period);
		else
			snprintf(text, sizeof(text), "%jd %jd", (intmax_t)r->cpu_quota_us,
				 (intmax_t)period);
		TRY(path_write_existing(dir, "cpu.max", text));
	}
	if (r->cpuset_cpus)
		TRY(path_write_existing(dir, "cpuset.cpus", r->cpuset_cpus));
	return r->cpuset_mems ? path_write_existing(dir, "cpuset.mems", r->cpuset_mems) : NULL;
}

static struct error *limit(struct cgroup *cg, const struct oci_spec *spec)
{
	const struct oci_resources *r = &spec->resources;
	struct cgroup_device *devices autofree = NULL;
	int dir = cg->places[0].dir;
	size_t n;

	TRY(limit_memory(dir, r));
	TRY(limit_cpu(dir, r));
	if (r->pids_limit > 0)
		TRY(write_int(dir, "pids.max", r->pids_limit));
	if (r->all_devices)
		return NULL;
	TRY(cgroup_devices_of(spec, &devices, &n));
	return cgroup_devices_attach(dir, devices, n);
}

static bool is_populated(int dir)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(dir, "cgroup.events", 4096, &text);

	if (err) {
		error_ignore(err, "a group that is gone is empty");
		return false;
	}
	return strstr(text, "populated 1") != NULL;
}

/* cgroup.kill ends the whole subtree at once, frozen or not (Linux 5.14). */
static struct error *kill_group(const char *path)
{
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? NULL : error_sys("open %s", path);
	TRY(path_write_existing(dir, "cgroup.kill", "1"));
	for (int tries = 0; tries < 500 && is_populated(dir); tries++)
		usleep(tries < 10 ? 1000 : 10000);
	return is_populated(dir) ? error_new(ERROR_TIMEOUT, "processes in %s do not die", path)
				 : NULL;
}

const struct cgroup_ops cgroup_v2 = {
	.name = "v2", .make = make, .limit = limit, .kill = kill_group
};
