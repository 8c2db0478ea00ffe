/* Limits: what the cgroup's files would refuse, or take for something else. */
#include "base/str.h"
#include "base/strv.h"
#include "config/config_check.h"

#include "base/banned.h"

static struct error *check_rules(const char *where, const struct config_resources *r)
{
	for (size_t i = 0; i < r->n_devices; i++)
		if (str_is_empty(r->devices[i].access))
			return error_new(ERROR_BAD_INPUT, "%sdevices[%zu].access: missing", where,
					 i);
	return NULL;
}

/* "swap" is memory and swap together. */
static struct error *check_memory(const char *where, const struct config_memory *m,
				  char ***warnings)
{
	int64_t limit = m->limit ? *m->limit : 0, swap = m->swap ? *m->swap : 0;

	if (limit > 0 && swap > 0 && swap < limit)
		return error_new(ERROR_BAD_INPUT, "%smemory.swap: %jd is below the limit", where,
				 (intmax_t)swap);
	if (m->kernel)
		strv_addf(warnings, "%smemory.kernel: has no effect", where);
	if (m->kernel_tcp)
		strv_addf(warnings, "%smemory.kernelTCP: has no effect", where);
	return NULL;
}

static struct error *check_weight(const char *where, const char *name, const uint32_t *weight)
{
	if (!weight || !*weight || (*weight >= 10 && *weight <= 1000))
		return NULL;
	return error_new(ERROR_BAD_INPUT, "%s%s: %u is not a weight of 10 to 1000", where, name,
			 *weight);
}

static struct error *check_block_io(const char *where, const struct config_block_io *b)
{
	char *whole autofree = alloc_printf("%sblockIO.", where);

	TRY(check_weight(whole, "weight", b->weight));
	TRY(check_weight(whole, "leafWeight", b->leaf_weight));
	for (size_t i = 0; i < b->n_weight_device; i++) {
		char *place autofree = alloc_printf("%sweightDevice[%zu].", whole, i);

		TRY(check_weight(place, "weight", b->weight_device[i].weight));
		TRY(check_weight(place, "leafWeight", b->weight_device[i].leaf_weight));
	}
	return NULL;
}

struct error *config_check_resources(const char *where, const struct config_resources *r,
				     char ***warnings)
{
	TRY(check_rules(where, r));
	TRY(check_memory(where, &r->memory, warnings));
	TRY(check_block_io(where, &r->block_io));
	for (size_t i = 0; i < r->n_rdma; i++)
		if (!r->rdma[i].hca_handles && !r->rdma[i].hca_objects)
			return error_new(ERROR_BAD_INPUT,
					 "%srdma.%s: neither hcaHandles nor hcaObjects", where,
					 r->rdma[i].device);
	return NULL;
}
