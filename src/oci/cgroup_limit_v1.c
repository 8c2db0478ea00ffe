/* Resources in the files of version 1 (kernel: admin-guide/cgroup-v1). */
#include <string.h>

#include "base/str.h"
#include "oci/cgroup_limit.h"

#include "base/banned.h"

static void add_int(struct cgroup_writes *w, const char *where, const char *file,
		    const int64_t *value)
{
	if (value && *value)
		cgroup_writes_add(w, where, alloc_string(file),
				  alloc_printf("%jd", (intmax_t)*value));
}

static void add_unsigned(struct cgroup_writes *w, const char *where, const char *file,
			 const uint64_t *value)
{
	if (value && *value)
		cgroup_writes_add(w, where, alloc_string(file),
				  alloc_printf("%ju", (uintmax_t)*value));
}

/*
 * -1 is unlimited in these files too. Memory without a limit has no limit with swap either, unless
 * it is asked for.
 */
static void add_memory(const struct config_memory *m, struct cgroup_writes *w)
{
	bool unlimited = m->limit && *m->limit == -1 && (!m->swap || !*m->swap);

	if (unlimited)
		cgroup_writes_add(w, "memory.limit", alloc_string("memory.memsw.limit_in_bytes"),
				  alloc_string("-1"))
			->optional = true;
	add_int(w, "memory.limit", "memory.limit_in_bytes", m->limit);
	add_int(w, "memory.swap", "memory.memsw.limit_in_bytes", m->swap);
	add_int(w, "memory.reservation", "memory.soft_limit_in_bytes", m->reservation);
	if (m->disable_oom_killer && *m->disable_oom_killer)
		cgroup_writes_add(w, "memory.disableOOMKiller", alloc_string("memory.oom_control"),
				  alloc_string("1"));
	if (m->swappiness)
		cgroup_writes_add(w, "memory.swappiness", alloc_string("memory.swappiness"),
				  alloc_printf("%ju", (uintmax_t)*m->swappiness));
}

static void add_cpu(const struct config_cpu *c, struct cgroup_writes *w)
{
	if (!(c->idle && *c->idle)) /* which has none, and refuses them */
		add_unsigned(w, "cpu.shares", "cpu.shares", c->shares);
	add_unsigned(w, "cpu.realtimePeriod", "cpu.rt_period_us", c->realtime_period_us);
	add_int(w, "cpu.realtimeRuntime", "cpu.rt_runtime_us", c->realtime_runtime_us);
	add_unsigned(w, "cpu.period", "cpu.cfs_period_us", c->period_us);
	add_int(w, "cpu.quota", "cpu.cfs_quota_us", c->quota_us);
	if (c->burst_us)
		cgroup_writes_add(w, "cpu.burst", alloc_string("cpu.cfs_burst_us"),
				  alloc_printf("%ju", (uintmax_t)*c->burst_us));
}

/* Some kernels have the weights of the CFQ scheduler, which went with Linux 5.0, some BFQ's. */
static void add_weight(struct cgroup_writes *w, const char *where, const char *name, char *value)
{
	struct cgroup_write *row =
		cgroup_writes_add(w, where, alloc_printf("blkio.%s", name), value);

	row->other_file = alloc_printf("blkio.bfq.%s", name);
	row->other_value = alloc_string(value);
}

static void add_weights(const struct config_block_io *b, struct cgroup_writes *w)
{
	if (b->weight && *b->weight)
		add_weight(w, "blockIO.weight", "weight", alloc_printf("%u", *b->weight));
	if (b->leaf_weight && *b->leaf_weight)
		add_weight(w, "blockIO.leafWeight", "leaf_weight",
			   alloc_printf("%u", *b->leaf_weight));
	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct config_weight_device *d = &b->weight_device[i];

		if (d->weight && *d->weight)
			add_weight(w, "blockIO.weightDevice", "weight_device",
				   alloc_printf("%jd:%jd %u", (intmax_t)d->major,
						(intmax_t)d->minor, *d->weight));
		if (d->leaf_weight && *d->leaf_weight)
			add_weight(w, "blockIO.weightDevice", "leaf_weight_device",
				   alloc_printf("%jd:%jd %u", (intmax_t)d->major,
						(intmax_t)d->minor, *d->leaf_weight));
	}
}

static void add_throttle(struct cgroup_writes *w, const char *where, const char *file,
			 const struct config_throttle_device *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cgroup_writes_add(w, where, alloc_string(file),
				  alloc_printf("%jd:%jd %ju", (intmax_t)list[i].major,
					       (intmax_t)list[i].minor, (uintmax_t)list[i].rate));
}

static void add_block_io(const struct config_block_io *b, struct cgroup_writes *w)
{
	add_weights(b, w);
	add_throttle(w, "blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device",
		     b->throttle_read_bps_device, b->n_throttle_read_bps_device);
	add_throttle(w, "blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
		     b->throttle_write_bps_device, b->n_throttle_write_bps_device);
	add_throttle(w, "blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
		     b->throttle_read_iops_device, b->n_throttle_read_iops_device);
	add_throttle(w, "blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
		     b->throttle_write_iops_device, b->n_throttle_write_iops_device);
}

/* Reservations, which older kernels do not account, are limited alike, as runc does it. */
static void add_hugepages(const struct config_resources *r, struct cgroup_writes *w)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++) {
		const struct config_hugepage_limit *h = &r->hugepage_limits[i];

		cgroup_writes_add(w, "hugepageLimits",
				  alloc_printf("hugetlb.%s.limit_in_bytes", h->page_size),
				  alloc_printf("%ju", (uintmax_t)h->limit_bytes));
		cgroup_writes_add(w, "hugepageLimits",
				  alloc_printf("hugetlb.%s.rsvd.limit_in_bytes", h->page_size),
				  alloc_printf("%ju", (uintmax_t)h->limit_bytes))
			->optional = true;
	}
}

static void add_network(const struct config_network *n, struct cgroup_writes *w)
{
	if (n->class_id && *n->class_id)
		cgroup_writes_add(w, "network.classID", alloc_string("net_cls.classid"),
				  alloc_printf("%u", *n->class_id));
	for (size_t i = 0; i < n->n_priorities; i++)
		cgroup_writes_add(w, "network.priorities", alloc_string("net_prio.ifpriomap"),
				  alloc_printf("%s %u", n->priorities[i].name,
					       n->priorities[i].priority));
}

struct error *cgroup_writes_v1(const struct config_resources *r, struct cgroup_writes *ret)
{
	add_memory(&r->memory, ret);
	add_cpu(&r->cpu, ret);
	cgroup_writes_common(r, ret);
	add_block_io(&r->block_io, ret);
	add_hugepages(r, ret);
	add_network(&r->network, ret);
	return NULL;
}
