/* config.json: "linux.resources" (config-linux.md, Control groups). */
#include "config/config_table.h"

#include "base/banned.h"

static const struct json_word rule_type_list[] = {
	{ "a", 'a' },
	{ "b", 'b' },
	{ "c", 'c' },
	{ 0 },
};
const struct json_words config_rule_types = { "a kind of device rule", rule_type_list };

/* -1 is what Docker and runc write for "any". */
static const struct json_field device_rule_fields[] = {
	REQUIRED(device_rule, "allow", allow, JSON_BOOL),
	OPTIONAL(device_rule, "type", type, JSON_TEXT, .words = &config_rule_types),
	OPTIONAL(device_rule, "major", major, JSON_INT64_POINTER, .min = -1, .max = UINT32_MAX),
	OPTIONAL(device_rule, "minor", minor, JSON_INT64_POINTER, .min = -1, .max = UINT32_MAX),
	OPTIONAL(device_rule, "access", access, JSON_TEXT, .check = config_check_access),
	{ 0 },
};
static const struct json_type device_rule_type = TABLE(device_rule);

#define BYTES(json_name, member) OPTIONAL(memory, json_name, member, JSON_INT64_POINTER, .min = -1)
static const struct json_field memory_fields[] = {
	BYTES("limit", limit),
	BYTES("reservation", reservation),
	BYTES("swap", swap),
	BYTES("kernel", kernel),
	BYTES("kernelTCP", kernel_tcp),
	OPTIONAL(memory, "swappiness", swappiness, JSON_UINT64_POINTER, .max = 100),
	OPTIONAL(memory, "disableOOMKiller", disable_oom_killer, JSON_BOOL_POINTER),
	OPTIONAL(memory, "useHierarchy", use_hierarchy, JSON_BOOL_POINTER),
	OPTIONAL(memory, "checkBeforeUpdate", check_before_update, JSON_BOOL_POINTER),
	{ 0 },
};
static const struct json_type memory_type = TABLE(memory);

static const struct json_field cpu_fields[] = {
	OPTIONAL(cpu, "shares", shares, JSON_UINT64_POINTER),
	OPTIONAL(cpu, "quota", quota_us, JSON_INT64_POINTER, .min = -1),
	OPTIONAL(cpu, "burst", burst_us, JSON_UINT64_POINTER),
	OPTIONAL(cpu, "period", period_us, JSON_UINT64_POINTER),
	OPTIONAL(cpu, "realtimeRuntime", realtime_runtime_us, JSON_INT64_POINTER, .min = -1),
	OPTIONAL(cpu, "realtimePeriod", realtime_period_us, JSON_UINT64_POINTER),
	OPTIONAL(cpu, "cpus", cpus, JSON_TEXT, .check = config_check_line),
	OPTIONAL(cpu, "mems", mems, JSON_TEXT, .check = config_check_line),
	OPTIONAL(cpu, "idle", idle, JSON_INT64_POINTER, .max = 1),
	{ 0 },
};
static const struct json_type cpu_type = TABLE(cpu);

static const struct json_field pids_fields[] = {
	OPTIONAL(pids, "limit", limit, JSON_INT64_POINTER, .min = -1),
	{ 0 },
};
static const struct json_type pids_type = TABLE(pids);

#define DEVICE_NUMBERS(s)                                                                          \
	REQUIRED(s, "major", major, JSON_INT64, .max = UINT32_MAX),                                \
		REQUIRED(s, "minor", minor, JSON_INT64, .max = UINT32_MAX)
static const struct json_field weight_device_fields[] = {
	DEVICE_NUMBERS(weight_device),
	OPTIONAL(weight_device, "weight", weight, JSON_UINT32_POINTER, .max = UINT16_MAX),
	OPTIONAL(weight_device, "leafWeight", leaf_weight, JSON_UINT32_POINTER, .max = UINT16_MAX),
	{ 0 },
};
static const struct json_type weight_device_type = TABLE(weight_device);

static const struct json_field throttle_device_fields[] = {
	DEVICE_NUMBERS(throttle_device),
	ROW(throttle_device, "rate", rate, JSON_UINT64, 0),
	{ 0 },
};
static const struct json_type throttle_device_type = TABLE(throttle_device);

#define THROTTLE(json_name, member)                                                                \
	LIST(block_io, json_name, member, JSON_STRUCTS, .type = &throttle_device_type)
static const struct json_field block_io_fields[] = {
	OPTIONAL(block_io, "weight", weight, JSON_UINT32_POINTER, .max = UINT16_MAX),
	OPTIONAL(block_io, "leafWeight", leaf_weight, JSON_UINT32_POINTER, .max = UINT16_MAX),
	LIST(block_io, "weightDevice", weight_device, JSON_STRUCTS, .type = &weight_device_type),
	THROTTLE("throttleReadBpsDevice", throttle_read_bps_device),
	THROTTLE("throttleWriteBpsDevice", throttle_write_bps_device),
	THROTTLE("throttleReadIOPSDevice", throttle_read_iops_device),
	THROTTLE("throttleWriteIOPSDevice", throttle_write_iops_device),
	{ 0 },
};
static const struct json_type block_io_type = TABLE(block_io);

static const struct json_field hugepage_limit_fields[] = {
	REQUIRED(hugepage_limit, "pageSize", page_size, JSON_TEXT, .check = config_check_page_size),
	REQUIRED(hugepage_limit, "limit", limit_bytes, JSON_UINT64),
	{ 0 },
};
static const struct json_type hugepage_limit_type = TABLE(hugepage_limit);

static const struct json_field interface_priority_fields[] = {
	REQUIRED(interface_priority, "name", name, JSON_TEXT, .check = config_check_interface),
	REQUIRED(interface_priority, "priority", priority, JSON_UINT32),
	{ 0 },
};
static const struct json_type interface_priority_type = TABLE(interface_priority);

static const struct json_field network_fields[] = {
	OPTIONAL(network, "classID", class_id, JSON_UINT32_POINTER),
	LIST(network, "priorities", priorities, JSON_STRUCTS, .type = &interface_priority_type),
	{ 0 },
};
static const struct json_type network_type = TABLE(network);

static const struct json_field rdma_fields[] = {
	OPTIONAL(rdma, "hcaHandles", hca_handles, JSON_UINT32_POINTER),
	OPTIONAL(rdma, "hcaObjects", hca_objects, JSON_UINT32_POINTER),
	{ 0 },
};
static const struct json_type rdma_type = TABLE(rdma);

#define NESTED(json_name, member, table)                                                           \
	OPTIONAL(resources, json_name, member, JSON_NESTED, .type = &(table))
static const struct json_field resources_fields[] = {
	LIST(resources, "devices", devices, JSON_STRUCTS, .type = &device_rule_type),
	NESTED("memory", memory, memory_type),
	NESTED("cpu", cpu, cpu_type),
	NESTED("pids", pids, pids_type),
	NESTED("blockIO", block_io, block_io_type),
	LIST(resources, "hugepageLimits", hugepage_limits, JSON_STRUCTS,
	     .type = &hugepage_limit_type),
	NESTED("network", network, network_type),
	LIST(resources, "rdma", rdma, JSON_NAMED, .type = &rdma_type,
	     .check = config_check_rdma_device),
	OPTIONAL(resources, "unified", unified, JSON_MAP, .check = config_check_cgroup_file),
	{ 0 },
};
const struct json_type config_resources_type = TABLE(resources);
