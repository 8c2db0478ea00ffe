/* config.json: "linux", but for its resources and seccomp (config-linux.md). */
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "config/config_table.h"

#include "base/banned.h"

#undef linux /* GNU C's macro: here it is a word of the specification */

static const struct json_word namespace_list[] = {
	{ "mount", CLONE_NEWNS },      { "pid", CLONE_NEWPID },	  { "network", CLONE_NEWNET },
	{ "uts", CLONE_NEWUTS },       { "ipc", CLONE_NEWIPC },	  { "user", CLONE_NEWUSER },
	{ "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME }, { 0 },
};
const struct json_words config_namespaces = { "a kind of namespace", namespace_list };

/* The recursive forms are runc's, and what Docker writes. */
static const struct json_word propagation_list[] = {
	{ "private", MS_PRIVATE },
	{ "shared", MS_SHARED },
	{ "slave", MS_SLAVE },
	{ "unbindable", MS_UNBINDABLE },
	{ "rprivate", MS_PRIVATE | MS_REC },
	{ "rshared", MS_SHARED | MS_REC },
	{ "rslave", MS_SLAVE | MS_REC },
	{ "runbindable", MS_UNBINDABLE | MS_REC },
	{ 0 },
};
const struct json_words config_propagations = { "a propagation", propagation_list };

static const struct json_word device_type_list[] = {
	{ "c", S_IFCHR }, { "b", S_IFBLK },
	{ "u", S_IFCHR }, /* unbuffered, as mknod(1) calls it */
	{ "p", S_IFIFO }, { 0 },
};
const struct json_words config_device_types = { "a kind of device", device_type_list };

/* linux/mempolicy.h of 6.9, which has them all. */
static const struct json_word memory_mode_list[] = {
	{ "MPOL_DEFAULT", 0 },
	{ "MPOL_PREFERRED", 1 },
	{ "MPOL_BIND", 2 },
	{ "MPOL_INTERLEAVE", 3 },
	{ "MPOL_LOCAL", 4 },
	{ "MPOL_PREFERRED_MANY", 5 },
	{ "MPOL_WEIGHTED_INTERLEAVE", 6 },
	{ 0 },
};
const struct json_words config_memory_modes = { "a memory policy", memory_mode_list };

static const struct json_word memory_flag_list[] = {
	{ "MPOL_F_STATIC_NODES", 1 << 15 },
	{ "MPOL_F_RELATIVE_NODES", 1 << 14 },
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 },
	{ 0 },
};
const struct json_words config_memory_flags = { "a memory policy flag", memory_flag_list };

static const struct json_word personality_list[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
	{ 0 },
};
const struct json_words config_personalities = { "a personality", personality_list };

static const struct json_field time_offset_fields[] = {
	OPTIONAL(time_offset, "secs", secs, JSON_INT64),
	OPTIONAL(time_offset, "nanosecs", nanosecs, JSON_UINT32, .max = 999999999),
	{ 0 },
};
static const struct json_type time_offset_type = TABLE(time_offset);

/* Strict: a clock that has no offset must not seem to have got one (time_namespaces(7)). */
static const struct json_field time_offsets_fields[] = {
	OPTIONAL(time_offsets, "monotonic", monotonic, JSON_POINTER, .type = &time_offset_type),
	OPTIONAL(time_offsets, "boottime", boottime, JSON_POINTER, .type = &time_offset_type),
	{ 0 },
};
static const struct json_type time_offsets_type = {
	.size = sizeof(struct config_time_offsets),
	.fields = time_offsets_fields,
	.strict = true,
};

static const struct json_field namespace_fields[] = {
	REQUIRED(namespace, "type", type, JSON_TEXT, .words = &config_namespaces),
	OPTIONAL(namespace, "path", path, JSON_TEXT, .check = config_check_absolute),
	{ 0 },
};
static const struct json_type namespace_type = TABLE(namespace);

static const struct json_field device_fields[] = {
	REQUIRED(device, "path", path, JSON_TEXT, .check = config_check_absolute),
	REQUIRED(device, "type", type, JSON_TEXT, .words = &config_device_types),
	OPTIONAL(device, "major", major, JSON_INT64_POINTER, .max = UINT32_MAX),
	OPTIONAL(device, "minor", minor, JSON_INT64_POINTER, .max = UINT32_MAX),
	OPTIONAL(device, "fileMode", file_mode, JSON_UINT32_POINTER, .max = 0177777),
	OPTIONAL(device, "uid", uid, JSON_UINT32_POINTER, .max = CONFIG_ID_MAX),
	OPTIONAL(device, "gid", gid, JSON_UINT32_POINTER, .max = CONFIG_ID_MAX),
	{ 0 },
};
static const struct json_type device_type = TABLE(device);

static const struct json_field net_device_fields[] = {
	OPTIONAL(net_device, "name", name, JSON_TEXT, .check = config_check_interface),
	{ 0 },
};
static const struct json_type net_device_type = TABLE(net_device);

static const struct json_field intel_rdt_fields[] = {
	OPTIONAL(intel_rdt, "closID", clos_id, JSON_TEXT, .check = config_check_clos_id),
	OPTIONAL(intel_rdt, "schemata", schemata, JSON_TEXTS, .check = config_check_line),
	OPTIONAL(intel_rdt, "l3CacheSchema", l3_cache_schema, JSON_TEXT),
	OPTIONAL(intel_rdt, "memBwSchema", mem_bw_schema, JSON_TEXT,
		 .check = config_check_bandwidth),
	OPTIONAL(intel_rdt, "enableMonitoring", enable_monitoring, JSON_BOOL),
	{ 0 },
};
static const struct json_type intel_rdt_type = TABLE(intel_rdt);

static const struct json_field memory_policy_fields[] = {
	REQUIRED(memory_policy, "mode", mode, JSON_TEXT, .words = &config_memory_modes),
	OPTIONAL(memory_policy, "nodes", nodes, JSON_TEXT, .check = config_check_cpu_list),
	OPTIONAL(memory_policy, "flags", flags, JSON_TEXTS, .words = &config_memory_flags),
	{ 0 },
};
static const struct json_type memory_policy_type = TABLE(memory_policy);

static const struct json_field personality_fields[] = {
	REQUIRED(personality, "domain", domain, JSON_TEXT, .words = &config_personalities),
	OPTIONAL(personality, "flags", flags, JSON_TEXTS),
	{ 0 },
};
static const struct json_type personality_type = TABLE(personality);

static const struct json_field linux_fields[] = {
	LIST(linux, "uidMappings", uid_mappings, JSON_STRUCTS, .type = &config_id_map_type),
	LIST(linux, "gidMappings", gid_mappings, JSON_STRUCTS, .type = &config_id_map_type),
	OPTIONAL(linux, "timeOffsets", time_offsets, JSON_NESTED, .type = &time_offsets_type),
	OPTIONAL(linux, "sysctl", sysctl, JSON_MAP, .check = config_check_sysctl_key),
	OPTIONAL(linux, "resources", resources, JSON_NESTED, .type = &config_resources_type),
	OPTIONAL(linux, "cgroupsPath", cgroups_path, JSON_TEXT),
	LIST(linux, "namespaces", namespaces, JSON_STRUCTS, .type = &namespace_type),
	LIST(linux, "devices", devices, JSON_STRUCTS, .type = &device_type),
	LIST(linux, "netDevices", net_devices, JSON_NAMED, .type = &net_device_type,
	     .check = config_check_interface),
	OPTIONAL(linux, "seccomp", seccomp, JSON_POINTER, .type = &config_seccomp_type),
	OPTIONAL(linux, "rootfsPropagation", rootfs_propagation, JSON_TEXT,
		 .words = &config_propagations),
	OPTIONAL(linux, "maskedPaths", masked_paths, JSON_TEXTS, .check = config_check_absolute),
	OPTIONAL(linux, "readonlyPaths", readonly_paths, JSON_TEXTS,
		 .check = config_check_absolute),
	OPTIONAL(linux, "mountLabel", mount_label, JSON_TEXT),
	OPTIONAL(linux, "intelRdt", intel_rdt, JSON_POINTER, .type = &intel_rdt_type),
	OPTIONAL(linux, "memoryPolicy", memory_policy, JSON_POINTER, .type = &memory_policy_type),
	OPTIONAL(linux, "personality", personality, JSON_POINTER, .type = &personality_type),
	{ 0 },
};
const struct json_type config_linux_type = TABLE(linux);
