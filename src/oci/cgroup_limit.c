#include "oci/cgroup_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/setup.h"

#include "base/banned.h"

void cgroup_writes_done(struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->list[i].file);
		free(w->list[i].value);
		free(w->list[i].other_file);
		free(w->list[i].other_value);
	}
	free(w->list);
	*w = (struct cgroup_writes){ 0 };
}

/* Every file's name begins with its controller's; only that of io has another one in version 1. */
static const char *controller_of(const char *file)
{
	static const char *const all[] = { "memory",  "cpuset",	 "cpu",	     "pids", "blkio", "io",
					   "hugetlb", "net_cls", "net_prio", "rdma", NULL };

	for (size_t i = 0; all[i]; i++)
		if (str_has_prefix(file, all[i]) && file[strlen(all[i])] == '.')
			return all[i];
	return "";
}

struct cgroup_write *cgroup_writes_add(struct cgroup_writes *w, const char *where, char *file,
				       char *value)
{
	w->list = alloc_resize(w->list, w->n + 1, sizeof(*w->list));
	w->list[w->n] = (struct cgroup_write){
		.controller = controller_of(file), .where = where, .file = file, .value = value
	};
	return &w->list[w->n++];
}

static char *rdma_line(const struct config_rdma *d)
{
	char *handles autofree =
		d->hca_handles ? alloc_printf(" hca_handle=%u", *d->hca_handles) : NULL;
	char *objects autofree =
		d->hca_objects ? alloc_printf(" hca_object=%u", *d->hca_objects) : NULL;

	return alloc_printf("%s%s%s", d->device, handles ? handles : "", objects ? objects : "");
}

void cgroup_writes_common(const struct config_resources *r, struct cgroup_writes *ret)
{
	if (r->cpu.idle)
		cgroup_writes_add(ret, "cpu.idle", alloc_string("cpu.idle"),
				  alloc_printf("%jd", (intmax_t)*r->cpu.idle));
	if (!str_is_empty(r->cpu.cpus))
		cgroup_writes_add(ret, "cpu.cpus", alloc_string("cpuset.cpus"),
				  alloc_string(r->cpu.cpus));
	if (!str_is_empty(r->cpu.mems))
		cgroup_writes_add(ret, "cpu.mems", alloc_string("cpuset.mems"),
				  alloc_string(r->cpu.mems));
	if (r->pids.limit && *r->pids.limit)
		cgroup_writes_add(ret, "pids.limit", alloc_string("pids.max"),
				  *r->pids.limit < 0
					  ? alloc_string("max")
					  : alloc_printf("%jd", (intmax_t)*r->pids.limit));
	for (size_t i = 0; i < r->n_rdma; i++)
		cgroup_writes_add(ret, "rdma", alloc_string("rdma.max"), rdma_line(&r->rdma[i]));
}

/* One try. *@ret_missing: neither file is there. */
static struct error *try_write(int dir, const struct cgroup_write *w, bool *ret_missing)
{
	struct error *err = path_write_existing(dir, w->file, w->value);

	*ret_missing = false;
	if (err && error_errno(err) == ENOENT && w->other_file) {
		error_ignore(err, "this kernel has the other file");
		err = path_write_existing(dir, w->other_file, w->other_value);
	}
	*ret_missing = err && error_errno(err) == ENOENT;
	return err;
}

static struct error *name_it(const struct cgroup_write *w, struct error *err, bool missing)
{
	if (missing) {
		error_free(err);
		return error_new(ERROR_UNSUPPORTED,
				 "linux.resources.%s: this host's groups have no file %s", w->where,
				 w->file);
	}
	return error_wrap(err, "linux.resources.%s: set %s to \"%s\"", w->where, w->file, w->value);
}

/* Some limits are refused while another stands: tried again when that has been changed. */
static bool may_pass_later(const struct error *err)
{
	return error_errno(err) == EINVAL || error_errno(err) == EBUSY;
}

/*
 * Writes those of @controller into @dir, in order but for those that can only follow another: a
 * memory limit above that of memory and swap, a period that with the old quota is more than the
 * parent's.
 */
static struct error *write_controller(int dir, const struct cgroup_writes *w,
				      const char *controller)
{
	bool *done autofree = alloc_zeroed(w->n, sizeof(*done));
	struct error *first = NULL;
	bool progress = true;

	while (progress) {
		progress = false;
		error_free(first);
		first = NULL;
		for (size_t i = 0; i < w->n; i++) {
			struct error *err;
			bool missing;

			if (done[i] || strcmp(w->list[i].controller, controller) != 0)
				continue;
			err = try_write(dir, &w->list[i], &missing);
			done[i] = !err || (missing && w->list[i].optional);
			progress = progress || done[i];
			if (done[i])
				error_ignore(err, "what it limits cannot be used then");
			else if (!may_pass_later(err)) {
				error_free(first);
				return name_it(&w->list[i], err, missing);
			} else if (first)
				error_ignore(err, "the first error counts");
			else
				first = name_it(&w->list[i], err, missing);
		}
	}
	return first;
}

static const struct cgroup_place *place_of(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cgroup_has(cg->places[i].controllers, controller))
			return &cg->places[i];
	return NULL;
}

static const struct cgroup_place *unified_place(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (!*cg->places[i].controllers)
			return &cg->places[i];
	return NULL;
}

/* "io" of version 2 is "blkio" of version 1. */
static const char *name_in_v1(const char *controller)
{
	return strcmp(controller, "io") == 0 ? "blkio" : controller;
}

static bool is_first_of_controller(const struct cgroup_writes *w, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(w->list[k].controller, w->list[i].controller) == 0)
			return false;
	return true;
}

static bool has_where(const struct cgroup_writes *w, const char *where)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->list[i].where, where) == 0)
			return true;
	return false;
}

/* What no hierarchy of version 1 has must be among @v2, on hybrid hosts. */
static struct error *write_v1(const struct cgroup *cg, const struct cgroup_writes *w,
			      const struct cgroup_writes *v2)
{
	for (size_t i = 0; i < w->n; i++) {
		const char *controller = w->list[i].controller;
		const struct cgroup_place *place = place_of(cg, controller);

		if (!place && !w->list[i].optional && !has_where(v2, w->list[i].where))
			return error_new(
				ERROR_UNSUPPORTED,
				"linux.resources.%s: this host's groups have no controller %s",
				w->list[i].where, controller);
		if (place && is_first_of_controller(w, i))
			TRY(write_controller(place->dir, w, controller));
	}
	return NULL;
}

/* Those whose controller is not one of version 1. */
static struct error *write_v2(const struct cgroup *cg, const struct cgroup_writes *w)
{
	const struct cgroup_place *place = unified_place(cg);

	for (size_t i = 0; place && i < w->n; i++) {
		const char *controller = w->list[i].controller;

		if (is_first_of_controller(w, i) && !place_of(cg, name_in_v1(controller)))
			TRY(write_controller(place->dir, w, controller));
	}
	return NULL;
}

static struct error *write_unified(const struct cgroup *cg, char *const *unified)
{
	const struct cgroup_place *place = unified_place(cg);

	if (unified && *unified && (cg->n > 1 || !place))
		return error_new(
			ERROR_UNSUPPORTED,
			"linux.resources.unified: invalid configuration: this host has cgroup"
			" v1");
	for (size_t i = 0; unified && unified[i]; i += 2) {
		struct error *err = path_write_existing(place->dir, unified[i], unified[i + 1]);

		if (err && error_errno(err) == ENOENT) {
			error_free(err);
			return error_new(ERROR_UNSUPPORTED,
					 "linux.resources.unified.%s: there is no such file,"
					 " or its controller is not available",
					 unified[i]);
		}
		TRY(error_wrap(err, "linux.resources.unified.%s: \"%s\"", unified[i],
			       unified[i + 1]));
	}
	return NULL;
}

/* Version 1 refuses a limit below what is used itself; version 2 would kill. */
static struct error *check_usage(const struct cgroup *cg, const struct config_memory *m)
{
	const struct cgroup_place *place = unified_place(cg);
	struct error *err autoerror = NULL;
	char *text autofree = NULL;
	uint64_t usage;

	if (!m->check_before_update || !*m->check_before_update || !place || place_of(cg, "memory"))
		return NULL;
	err = path_read_text(place->dir, "memory.current", 64, &text);
	if (err)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	TRY(str_parse_u64(text, 0, UINT64_MAX, &usage));
	if (m->swap && *m->swap > 0 && (uint64_t)*m->swap <= usage)
		return error_new(ERROR_CONFLICT,
				 "linux.resources.memory.swap: %jd is not above the %ju in use",
				 (intmax_t)*m->swap, (uintmax_t)usage);
	if (m->limit && *m->limit > 0 && (uint64_t)*m->limit <= usage)
		return error_new(ERROR_CONFLICT,
				 "linux.resources.memory.limit: %jd is not above the %ju in use",
				 (intmax_t)*m->limit, (uintmax_t)usage);
	return NULL;
}

static void forgive_swap(struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->list[i].where, "memory.swap") == 0)
			w->list[i].optional = true;
}

static struct error *name_place(struct error *err)
{
	struct error *named;

	if (!err)
		return NULL;
	named = error_new(error_kind(err), "linux.resources.%s", error_message(err));
	error_free(err);
	return named;
}

struct error *cgroup_limit(const struct cgroup *cg, const struct config_resources *r,
			   bool lenient_swap)
{
	struct cgroup_writes v1 autowrites = { 0 }, v2 autowrites = { 0 };
	bool has_v1 = cg->ops == &cgroup_v1;

	TRY(check_usage(cg, &r->memory));
	if (has_v1)
		TRY(name_place(cgroup_writes_v1(r, &v1)));
	/* On a hybrid host what version 2 cannot have may still be version 1's. */
	if (!has_v1)
		TRY(name_place(cgroup_writes_v2(r, &v2)));
	else if (unified_place(cg))
		error_ignore(cgroup_writes_v2(r, &v2), "version 1 has it");
	if (lenient_swap) {
		forgive_swap(&v1);
		forgive_swap(&v2);
	}
	TRY(write_v1(cg, &v1, &v2));
	TRY(write_v2(cg, &v2));
	return write_unified(cg, r->unified);
}

struct config_resources cgroup_resources_of(const struct oci_resources *own)
{
	struct oci_resources *r = (struct oci_resources *)own;

	return (struct config_resources){
		.memory = { .limit = &r->memory_bytes,
			    .reservation = &r->memory_reservation_bytes,
			    .swap = &r->memory_swap_bytes },
		.cpu = { .shares = (uint64_t *)&r->cpu_shares,
			 .quota_us = &r->cpu_quota_us,
			 .period_us = (uint64_t *)&r->cpu_period_us,
			 .cpus = r->cpuset_cpus,
			 .mems = r->cpuset_mems },
		.pids = { .limit = &r->pids_limit },
	};
}
