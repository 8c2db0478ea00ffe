/* What the options of `bulkhead-oci update` ask for. */
#pragma once

#include "config/config.h"

/* All texts: what is not given is to be left alone, and "-1" and "0" mean something. */
struct update_options {
	char *resources, *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share;
	char *cpu_rt_period, *cpu_rt_runtime, *cpu_idle, *cpuset_cpus, *cpuset_mems;
	char *memory, *memory_reservation, *memory_swap, *pids_limit;
	char *kernel_memory, *kernel_memory_tcp, *l3_cache_schema, *mem_bw_schema;
};

/*
 * As the resources of config.json, in the zeroed @ret, which is config_resources_done() also after
 * an error. Reads the file that .resources names, "-" from stdin.
 */
struct error *update_resources(const struct update_options *o, struct config_resources *ret)
	__attribute__((nonnull, warn_unused_result));
