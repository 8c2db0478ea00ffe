/* config.json: "linux.resources" (config-linux.md, Control groups); part of config.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct config_device_rule {
	bool allow;
	char *type;		/* config_rule_types; NULL is "a" */
	int64_t *major, *minor; /* -1 is any, as is NULL */
	char *access;		/* of r, w and m */
};

/* Bytes; -1 is unlimited, 0 is left alone. */
struct config_memory {
	int64_t *limit, *reservation, *swap, *kernel, *kernel_tcp;
	uint64_t *swappiness;
	bool *disable_oom_killer, *use_hierarchy, *check_before_update;
};

struct config_cpu {
	uint64_t *shares;
	int64_t *quota_us;
	uint64_t *burst_us, *period_us;
	int64_t *realtime_runtime_us;
	uint64_t *realtime_period_us;
	char *cpus, *mems;
	int64_t *idle;
};

struct config_pids {
	int64_t *limit; /* -1 and 0: unlimited */
};

struct config_weight_device {
	int64_t major, minor;
	uint32_t *weight, *leaf_weight;
};

struct config_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

/* Weights are 10 to 1000; 0, which Docker writes, is left alone. */
struct config_block_io {
	uint32_t *weight, *leaf_weight;
	struct config_weight_device *weight_device;
	struct config_throttle_device *throttle_read_bps_device, *throttle_write_bps_device;
	struct config_throttle_device *throttle_read_iops_device, *throttle_write_iops_device;
	size_t n_weight_device, n_throttle_read_bps_device, n_throttle_write_bps_device;
	size_t n_throttle_read_iops_device, n_throttle_write_iops_device;
};

struct config_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit_bytes;
};

struct config_interface_priority {
	char *name;
	uint32_t priority;
};

struct config_network {
	uint32_t *class_id;
	struct config_interface_priority *priorities;
	size_t n_priorities;
};

struct config_rdma {
	char *device; /* its key */
	uint32_t *hca_handles, *hca_objects;
};

struct config_resources {
	struct config_device_rule *devices;
	size_t n_devices;
	struct config_memory memory;
	struct config_cpu cpu;
	struct config_pids pids;
	struct config_block_io block_io;
	struct config_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct config_network network;
	struct config_rdma *rdma;
	size_t n_rdma;
	char **unified; /* file of cgroup v2, content, file, content */
};

/* Changes @r by what is set in @change; the result is checked, and @r as it was on error. */
struct error *config_resources_merge(struct config_resources *r,
				     const struct config_resources *change)
	__attribute__((nonnull, warn_unused_result));
