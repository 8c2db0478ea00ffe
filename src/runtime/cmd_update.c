/* bulkhead-oci update: other limits for a container that is there. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/commands.h"
#include "runtime/container.h"
#include "runtime/report.h"
#include "runtime/update.h"

#include "base/banned.h"

#define RESOURCES_BYTES_MAX (1 << 20)

#define TEXT(member, name, help) OPTION(struct update_options, member, name, 0, option_text, help)

static const struct option options[] = {
	OPTION(struct update_options, resources, "resources", 'r', option_text,
	       "File with the resources object as JSON; \"-\" is stdin"),
	TEXT(blkio_weight, "blkio-weight", "Share of disk time, 10 to 1000"),
	TEXT(cpu_period, "cpu-period", "Period of the CPU quota in microseconds"),
	TEXT(cpu_quota, "cpu-quota", "CPU time within each period in microseconds"),
	TEXT(cpu_burst, "cpu-burst", "CPU time that may be saved up in microseconds"),
	TEXT(cpu_share, "cpu-share", "Share of CPU time against others"),
	TEXT(cpu_rt_period, "cpu-rt-period", "Period of real-time scheduling in microseconds"),
	TEXT(cpu_rt_runtime, "cpu-rt-runtime", "Real-time CPU time within it in microseconds"),
	TEXT(cpu_idle, "cpu-idle", "1: run only when nothing else wants to"),
	TEXT(cpuset_cpus, "cpuset-cpus", "CPUs to use, such as \"0-2,7\""),
	TEXT(cpuset_mems, "cpuset-mems", "Memory nodes to use"),
	TEXT(memory, "memory", "Limit of memory in bytes; -1: none"),
	TEXT(memory_reservation, "memory-reservation", "Memory that is kept under pressure"),
	TEXT(memory_swap, "memory-swap", "Limit of memory and swap together; -1: none"),
	TEXT(pids_limit, "pids-limit", "Limit of processes; -1: none"),
	TEXT(l3_cache_schema, "l3-cache-schema", "Intel RDT: schema of the L3 cache"),
	TEXT(mem_bw_schema, "mem-bw-schema", "Intel RDT: schema of the memory bandwidth"),
	OPTION_ALIAS(struct update_options, kernel_memory, "kernel-memory", 0, option_text),
	OPTION_ALIAS(struct update_options, kernel_memory_tcp, "kernel-memory-tcp", 0, option_text),
	OPTION_END,
};

static struct error *read_resources(const char *path, struct config_resources *ret)
{
	struct buf text autobuf = BUF_MAX(RESOURCES_BYTES_MAX);
	char **warnings autostrv = NULL;

	if (strcmp(path, "-") == 0)
		TRY(fd_read_all(STDIN_FILENO, &text));
	else
		TRY(error_wrap(path_read(AT_FDCWD, path, &text), "resources %s", path));
	TRY(error_wrap(config_resources_parse(buf_text(&text), text.length, ret, &warnings),
		       "resources %s", path));
	for (size_t i = 0; warnings && warnings[i]; i++)
		report_warning(warnings[i]);
	return NULL;
}

static struct error *set_signed(const char *name, const char *text, int64_t **ret)
{
	int64_t value;

	if (!text)
		return NULL;
	TRY(error_wrap(str_parse_i64(text, -1, INT64_MAX, &value), "invalid value for %s", name));
	if (!*ret)
		*ret = alloc_zeroed(1, sizeof(**ret));
	**ret = value;
	return NULL;
}

static struct error *set_unsigned(const char *name, const char *text, uint64_t **ret)
{
	uint64_t value;

	if (!text)
		return NULL;
	TRY(error_wrap(str_parse_u64(text, 0, UINT64_MAX, &value), "invalid value for %s", name));
	if (!*ret)
		*ret = alloc_zeroed(1, sizeof(**ret));
	**ret = value;
	return NULL;
}

static struct error *set_bytes(const char *name, const char *text, int64_t **ret)
{
	int64_t value = -1;

	if (!text)
		return NULL;
	if (strcmp(text, "-1") != 0)
		TRY(error_wrap(str_parse_size(text, &value), "invalid value for %s", name));
	if (!*ret)
		*ret = alloc_zeroed(1, sizeof(**ret));
	**ret = value;
	return NULL;
}

/* Linux has had neither since 5.16: read, as they have been, and not used. */
static struct error *check_bytes(const char *name, const char *text)
{
	int64_t *unused autofree = NULL;

	return set_bytes(name, text, &unused);
}

static struct error *set_weight(const char *text, uint32_t **ret)
{
	uint64_t value;

	if (!text)
		return NULL;
	TRY(error_wrap(str_parse_u64(text, 0, UINT16_MAX, &value), "invalid value for %s",
		       "blkio-weight"));
	if (value && (value < 10 || value > 1000))
		return error_new(ERROR_BAD_INPUT, "blkio-weight: %s is not between 10 and 1000",
				 text);
	*ret = alloc_zeroed(1, sizeof(**ret));
	**ret = (uint32_t)value;
	return NULL;
}

static struct error *set_options(const struct update_options *o, struct config_resources *r)
{
	TRY(set_weight(o->blkio_weight, &r->block_io.weight));
	TRY(set_unsigned("cpu-period", o->cpu_period, &r->cpu.period_us));
	TRY(set_signed("cpu-quota", o->cpu_quota, &r->cpu.quota_us));
	TRY(set_unsigned("cpu-burst", o->cpu_burst, &r->cpu.burst_us));
	TRY(set_unsigned("cpu-share", o->cpu_share, &r->cpu.shares));
	TRY(set_unsigned("cpu-rt-period", o->cpu_rt_period, &r->cpu.realtime_period_us));
	TRY(set_signed("cpu-rt-runtime", o->cpu_rt_runtime, &r->cpu.realtime_runtime_us));
	TRY(set_signed("cpu-idle", o->cpu_idle, &r->cpu.idle));
	TRY(set_bytes("memory", o->memory, &r->memory.limit));
	TRY(set_bytes("memory-reservation", o->memory_reservation, &r->memory.reservation));
	TRY(set_bytes("memory-swap", o->memory_swap, &r->memory.swap));
	TRY(check_bytes("kernel-memory", o->kernel_memory));
	TRY(check_bytes("kernel-memory-tcp", o->kernel_memory_tcp));
	TRY(set_signed("pids-limit", o->pids_limit, &r->pids.limit));
	r->cpu.cpus = alloc_string(o->cpuset_cpus);
	r->cpu.mems = alloc_string(o->cpuset_mems);
	return NULL;
}

/* No limit of memory is no limit of it with swap either, unless that is given, too. */
static void free_swap(struct config_resources *r)
{
	if (!r->memory.limit || *r->memory.limit != -1)
		return;
	if (!r->memory.swap)
		r->memory.swap = alloc_zeroed(1, sizeof(*r->memory.swap));
	if (!*r->memory.swap)
		*r->memory.swap = -1;
}

struct error *update_resources(const struct update_options *o, struct config_resources *ret)
{
	/* runc's rule: a file is all that counts. */
	if (!o->resources && (o->kernel_memory || o->kernel_memory_tcp))
		report_warning("Kernel memory settings are ignored and will be removed");
	TRY(o->resources ? read_resources(o->resources, ret) : set_options(o, ret));
	free_swap(ret);
	return NULL;
}

static struct error *refuse_rdt(const struct update_options *o)
{
	if (!str_is_empty(o->l3_cache_schema))
		return error_new(ERROR_UNSUPPORTED,
				 "Intel RDT/CAT: l3 cache schema is not enabled");
	if (!str_is_empty(o->mem_bw_schema))
		return error_new(ERROR_UNSUPPORTED,
				 "Intel RDT/MBA: memory bandwidth schema is not enabled");
	return NULL;
}

static struct error *apply(struct container *c, const struct config_resources *change)
{
	struct config_resources *r = &c->config.linux_.resources;
	struct config_resources before = { 0 };
	struct error *err;

	TRY(config_resources_merge(&before, r));
	err = config_resources_merge(r, change);
	if (!err)
		err = oci_update(&c->state, r);
	if (!err)
		err = container_keep_config(c);
	else
		error_ignore(oci_update(&c->state, &before), "the first error counts");
	config_resources_done(&before);
	return err;
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct update_options *o = data;
	struct container c autocontainer = CONTAINER_NONE;
	struct config_resources change = { 0 };
	struct error *err;

	TRY(container_open(rt, arguments[0], &c));
	if (container_status(&c) == STATUS_STOPPED || !c.has_config)
		return error_new(ERROR_CONFLICT, "container not running");
	TRY(refuse_rdt(o));
	err = update_resources(o, &change);
	if (!err)
		err = apply(&c, &change);
	config_resources_done(&change);
	return err;
}

const struct command cmd_update = {
	.name = "update",
	.arguments = "CONTAINER",
	.summary = "Change the limits of a container",
	.options = options,
	.options_size = sizeof(struct update_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
