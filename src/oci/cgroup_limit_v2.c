/*
 * Resources in the files of version 2 (kernel: admin-guide/cgroup-v2): the terms of config.json
 * are version 1's, so that most have to be converted.
 */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "oci/cgroup_limit.h"

#include "base/banned.h"

/*
 * log2(3) and pow(3) for what is needed below: the library that has them would be loaded by every
 * command.
 */
static double log2_of(uint64_t n)
{
	int whole = 63 - __builtin_clzll(n);
	double x = (double)n / (double)(1ULL << whole), sum = 0, z, power;

	power = z = (x - 1) / (x + 1); /* the series of artanh, for at most a third */
	for (int i = 1; i < 40; i += 2) {
		sum += power / i;
		power *= z * z;
	}
	return whole + 2 * sum / M_LN2;
}

static double ten_to_the(double x)
{
	double sum = 1, term = 1;

	for (int i = 1; i < 24; i++) {
		term *= x * M_LN10 / 16 / i;
		sum += term;
	}
	for (int i = 0; i < 4; i++)
		sum *= sum;
	return sum;
}

/*
 * runc's and crun's since 2025 (opencontainers/cgroups pull request 20, containers/crun 1767): a
 * curve of the logarithms through the least, the default and the greatest of both scales.
 */
uint64_t cgroup_weight_of_shares(uint64_t shares)
{
	double l, weight;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2_of(shares);
	/* But for the default, 100, nothing is nearer to a whole number than 1 in 10^9. */
	weight = ten_to_the((l * l + 125 * l) / 612 - 7.0 / 34) * (1 - 1e-11);
	return (uint64_t)weight + 1;
}

uint64_t cgroup_io_weight_of(uint64_t weight)
{
	return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

struct error *cgroup_swap_of(int64_t swap, int64_t limit, int64_t *ret, bool *ret_set)
{
	*ret_set = true;
	if (swap == -1 || (limit == -1 && swap == 0)) {
		*ret = -1;
		return NULL;
	}
	*ret_set = swap != 0;
	*ret = 0;
	if (!swap)
		return NULL;
	if (limit <= 0)
		return error_new(ERROR_BAD_INPUT, "unable to set swap limit without memory limit");
	if (swap < limit)
		return error_new(ERROR_BAD_INPUT, "memory+swap limit should be >= memory limit");
	*ret = swap - limit;
	return NULL;
}

static char *number_or_max(int64_t value)
{
	return value < 0 ? alloc_string("max") : alloc_printf("%jd", (intmax_t)value);
}

static void add_bytes(struct cgroup_writes *w, const char *where, const char *file,
		      const int64_t *value)
{
	if (value && *value)
		cgroup_writes_add(w, where, alloc_string(file), number_or_max(*value));
}

static struct error *add_memory(const struct config_memory *m, struct cgroup_writes *w)
{
	int64_t swap;
	bool set;

	TRY(error_wrap(cgroup_swap_of(m->swap ? *m->swap : 0, m->limit ? *m->limit : 0, &swap,
				      &set),
		       "memory.swap"));
	/* Without swap accounting none can be had, or all: as was asked for. */
	if (set)
		cgroup_writes_add(w, "memory.swap", alloc_string("memory.swap.max"),
				  number_or_max(swap))
			->optional = swap <= 0;
	add_bytes(w, "memory.limit", "memory.max", m->limit);
	add_bytes(w, "memory.reservation", "memory.low", m->reservation);
	return NULL;
}

static void add_cpu(const struct config_cpu *c, struct cgroup_writes *w)
{
	uint64_t period = c->period_us && *c->period_us ? *c->period_us : 0;
	int64_t quota = c->quota_us ? *c->quota_us : 0;

	/* The weight of an idle group cannot be set, nor does it have one. */
	if (c->shares && *c->shares && !(c->idle && *c->idle))
		cgroup_writes_add(w, "cpu.shares", alloc_string("cpu.weight"),
				  alloc_printf("%ju",
					       (uintmax_t)cgroup_weight_of_shares(*c->shares)));
	if (quota || period) {
		char *text autofree =
			quota > 0 ? alloc_printf("%jd", (intmax_t)quota) : alloc_string("max");

		cgroup_writes_add(w, quota ? "cpu.quota" : "cpu.period", alloc_string("cpu.max"),
				  alloc_printf("%s %ju", text,
					       (uintmax_t)(period ? period : 100000)));
	}
	if (c->burst_us)
		cgroup_writes_add(w, "cpu.burst", alloc_string("cpu.max.burst"),
				  alloc_printf("%ju", (uintmax_t)*c->burst_us));
}

/* BFQ has the scale of config.json; its own file comes first, as in runc. */
static void add_weight(struct cgroup_writes *w, const char *where, const char *device,
		       const uint32_t *weight)
{
	struct cgroup_write *row;

	if (!weight || !*weight)
		return;
	row = cgroup_writes_add(w, where, alloc_string("io.bfq.weight"),
				alloc_printf("%s%u", device, *weight));
	row->other_file = alloc_string("io.weight");
	row->other_value = alloc_printf("%s%ju", device, (uintmax_t)cgroup_io_weight_of(*weight));
}

static void add_throttle(struct cgroup_writes *w, const char *where, const char *key,
			 const struct config_throttle_device *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cgroup_writes_add(w, where, alloc_string("io.max"),
				  list[i].rate
					  ? alloc_printf("%jd:%jd %s=%ju", (intmax_t)list[i].major,
							 (intmax_t)list[i].minor, key,
							 (uintmax_t)list[i].rate)
					  : alloc_printf("%jd:%jd %s=max", (intmax_t)list[i].major,
							 (intmax_t)list[i].minor, key));
}

static void add_block_io(const struct config_block_io *b, struct cgroup_writes *w)
{
	add_weight(w, "blockIO.weight", "", b->weight);
	for (size_t i = 0; i < b->n_weight_device; i++) {
		char *device autofree =
			alloc_printf("%jd:%jd ", (intmax_t)b->weight_device[i].major,
				     (intmax_t)b->weight_device[i].minor);

		add_weight(w, "blockIO.weightDevice", device, b->weight_device[i].weight);
	}
	add_throttle(w, "blockIO.throttleReadBpsDevice", "rbps", b->throttle_read_bps_device,
		     b->n_throttle_read_bps_device);
	add_throttle(w, "blockIO.throttleWriteBpsDevice", "wbps", b->throttle_write_bps_device,
		     b->n_throttle_write_bps_device);
	add_throttle(w, "blockIO.throttleReadIOPSDevice", "riops", b->throttle_read_iops_device,
		     b->n_throttle_read_iops_device);
	add_throttle(w, "blockIO.throttleWriteIOPSDevice", "wiops", b->throttle_write_iops_device,
		     b->n_throttle_write_iops_device);
}

static void add_hugepages(const struct config_resources *r, struct cgroup_writes *w)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++) {
		const struct config_hugepage_limit *h = &r->hugepage_limits[i];

		cgroup_writes_add(w, "hugepageLimits", alloc_printf("hugetlb.%s.max", h->page_size),
				  alloc_printf("%ju", (uintmax_t)h->limit_bytes));
		cgroup_writes_add(w, "hugepageLimits",
				  alloc_printf("hugetlb.%s.rsvd.max", h->page_size),
				  alloc_printf("%ju", (uintmax_t)h->limit_bytes))
			->optional = true;
	}
}

/* What only version 1 has. */
static struct error *refuse_v1_only(const struct config_resources *r)
{
	const struct {
		const char *where;
		bool wanted;
	} rows[] = {
		{ "memory.swappiness", r->memory.swappiness != NULL },
		{ "memory.disableOOMKiller",
		  r->memory.disable_oom_killer && *r->memory.disable_oom_killer },
		{ "cpu.realtimeRuntime",
		  r->cpu.realtime_runtime_us && *r->cpu.realtime_runtime_us },
		{ "cpu.realtimePeriod", r->cpu.realtime_period_us && *r->cpu.realtime_period_us },
		{ "blockIO.leafWeight", r->block_io.leaf_weight && *r->block_io.leaf_weight },
		{ "network.classID", r->network.class_id && *r->network.class_id },
		{ "network.priorities", r->network.n_priorities != 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].wanted)
			return error_new(ERROR_UNSUPPORTED, "%s: cgroup v2 has no such limit",
					 rows[i].where);
	for (size_t i = 0; i < r->block_io.n_weight_device; i++)
		if (r->block_io.weight_device[i].leaf_weight &&
		    *r->block_io.weight_device[i].leaf_weight)
			return error_new(ERROR_UNSUPPORTED,
					 "blockIO.weightDevice[%zu].leafWeight: cgroup v2 has no"
					 " such limit",
					 i);
	return NULL;
}

struct error *cgroup_writes_v2(const struct config_resources *r, struct cgroup_writes *ret)
{
	/* What can fail comes last: on hybrid hosts only a part of these is asked of version 2. */
	cgroup_writes_common(r, ret);
	add_cpu(&r->cpu, ret);
	add_block_io(&r->block_io, ret);
	add_hugepages(r, ret);
	TRY(add_memory(&r->memory, ret));
	return refuse_v1_only(r);
}
