/*
 * The Docker Engine API's names for what a container is (API 1.47, ContainerConfig, HostConfig,
 * MountPoint). What the struct keeps flat and the API nests (LogConfig, BindOptions …) is a nested
 * table over the same struct. Ours beside the API's: Mounts[].IdMap in both directions.
 */
#include "engine/types.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CONFIG(name, member, kind) JSON_FIELD(container_config, name, member, kind, 0)
static const struct json_field container_config_fields[] = {
	CONFIG("Hostname", hostname, JSON_TEXT),
	CONFIG("Domainname", domainname, JSON_TEXT),
	CONFIG("User", user, JSON_TEXT),
	CONFIG("AttachStdin", attach_stdin, JSON_BOOL),
	CONFIG("AttachStdout", attach_stdout, JSON_BOOL),
	CONFIG("AttachStderr", attach_stderr, JSON_BOOL),
	JSON_FIELD(container_config, "ExposedPorts", exposed_ports, JSON_SET, JSON_OMIT_EMPTY),
	CONFIG("Tty", tty, JSON_BOOL),
	CONFIG("OpenStdin", open_stdin, JSON_BOOL),
	CONFIG("StdinOnce", stdin_once, JSON_BOOL),
	CONFIG("Env", env, JSON_TEXTS),
	CONFIG("Cmd", cmd, JSON_TEXTS),
	CONFIG("Image", image, JSON_TEXT),
	CONFIG("Volumes", volumes, JSON_SET),
	CONFIG("WorkingDir", working_dir, JSON_TEXT),
	CONFIG("Entrypoint", entrypoint, JSON_TEXTS),
	CONFIG("Labels", labels, JSON_MAP),
	JSON_FIELD(container_config, "StopSignal", stop_signal, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(container_config, "StopTimeout", stop_timeout_s, JSON_INT64_POINTER,
		   JSON_OMIT_EMPTY),
	{ 0 },
};
const struct json_type container_config_type = {
	.size = sizeof(struct container_config),
	.fields = container_config_fields,
};

static const struct json_field ulimit_fields[] = {
	JSON_FIELD(engine_ulimit, "Name", name, JSON_TEXT, JSON_REQUIRED),
	JSON_FIELD(engine_ulimit, "Hard", hard, JSON_INT64, 0),
	JSON_FIELD(engine_ulimit, "Soft", soft, JSON_INT64, 0),
	{ 0 },
};
static const struct json_type ulimit_type = { .size = sizeof(struct engine_ulimit),
					      .fields = ulimit_fields };

static const struct json_field device_fields[] = {
	JSON_FIELD(engine_device, "PathOnHost", path_on_host, JSON_TEXT, JSON_REQUIRED),
	JSON_FIELD(engine_device, "PathInContainer", path_in_container, JSON_TEXT, 0),
	JSON_FIELD(engine_device, "CgroupPermissions", cgroup_permissions, JSON_TEXT, 0),
	{ 0 },
};
static const struct json_type device_type = { .size = sizeof(struct engine_device),
					      .fields = device_fields };

#define REQUEST(name, member, kind)                                                                \
	JSON_FIELD(engine_mount_request, name, member, kind, JSON_OMIT_EMPTY)
#define REQUEST_PART(part_name, part_type)                                                         \
	{                                                                                          \
		.name = (part_name), .kind = JSON_NESTED, .flags = JSON_OMIT_EMPTY, .offset = 0,   \
		.type = (part_type)                                                                \
	}
static const struct json_field bind_options_fields[] = {
	REQUEST("Propagation", propagation, JSON_TEXT),
	REQUEST("NonRecursive", non_recursive, JSON_BOOL),
	REQUEST("CreateMountpoint", create_source, JSON_BOOL),
	REQUEST("IdMap", idmap, JSON_TEXT),
	{ 0 },
};
static const struct json_type bind_options = {
	.size = sizeof(struct engine_mount_request),
	.fields = bind_options_fields,
};
static const struct json_field volume_options_fields[] = {
	REQUEST("NoCopy", no_copy, JSON_BOOL),
	{ 0 },
};
static const struct json_type volume_options = {
	.size = sizeof(struct engine_mount_request),
	.fields = volume_options_fields,
};
static const struct json_field tmpfs_options_fields[] = {
	REQUEST("SizeBytes", size_bytes, JSON_INT64),
	REQUEST("Mode", mode, JSON_INT64),
	{ 0 },
};
static const struct json_type tmpfs_options = {
	.size = sizeof(struct engine_mount_request),
	.fields = tmpfs_options_fields,
};
static const struct json_field mount_request_fields[] = {
	JSON_FIELD(engine_mount_request, "Type", type, JSON_TEXT, JSON_REQUIRED),
	REQUEST("Source", source, JSON_TEXT),
	JSON_FIELD(engine_mount_request, "Target", target, JSON_TEXT, JSON_REQUIRED),
	REQUEST("ReadOnly", read_only, JSON_BOOL),
	REQUEST_PART("BindOptions", &bind_options),
	REQUEST_PART("VolumeOptions", &volume_options),
	REQUEST_PART("TmpfsOptions", &tmpfs_options),
	{ 0 },
};
static const struct json_type mount_request_type = {
	.size = sizeof(struct engine_mount_request),
	.fields = mount_request_fields,
};

#define HOST(name, member, kind) JSON_FIELD(host_config, name, member, kind, 0)
static const struct json_field log_config_fields[] = {
	HOST("Type", log_driver, JSON_TEXT),
	HOST("Config", log_options, JSON_MAP),
	{ 0 },
};
static const struct json_type log_config = { .size = sizeof(struct host_config),
					     .fields = log_config_fields };

static const struct json_field host_config_fields[] = {
	HOST("Binds", binds, JSON_TEXTS),
	HOST("ContainerIDFile", container_id_file, JSON_TEXT),
	{ .name = "LogConfig", .kind = JSON_NESTED, .offset = 0, .type = &log_config },
	HOST("NetworkMode", network_mode, JSON_TEXT),
	HOST("AutoRemove", auto_remove, JSON_BOOL),
	HOST("Annotations", annotations, JSON_MAP),
	HOST("CapAdd", cap_add, JSON_TEXTS),
	HOST("CapDrop", cap_drop, JSON_TEXTS),
	HOST("GroupAdd", group_add, JSON_TEXTS),
	HOST("IpcMode", ipc_mode, JSON_TEXT),
	HOST("OomScoreAdj", oom_score_adj, JSON_INT64),
	HOST("PidMode", pid_mode, JSON_TEXT),
	HOST("Privileged", privileged, JSON_BOOL),
	HOST("ReadonlyRootfs", readonly_rootfs, JSON_BOOL),
	HOST("SecurityOpt", security_opt, JSON_TEXTS),
	HOST("UTSMode", uts_mode, JSON_TEXT),
	HOST("UsernsMode", userns_mode, JSON_TEXT),
	HOST("ShmSize", shm_size_bytes, JSON_INT64),
	HOST("CpuShares", cpu_shares, JSON_INT64),
	HOST("Memory", memory_bytes, JSON_INT64),
	HOST("NanoCpus", nano_cpus, JSON_INT64),
	HOST("CgroupParent", cgroup_parent, JSON_TEXT),
	HOST("CpuPeriod", cpu_period_us, JSON_INT64),
	HOST("CpuQuota", cpu_quota_us, JSON_INT64),
	HOST("CpusetCpus", cpuset_cpus, JSON_TEXT),
	HOST("CpusetMems", cpuset_mems, JSON_TEXT),
	JSON_LIST(host_config, "Devices", devices, n_devices, &device_type, 0),
	HOST("MemoryReservation", memory_reservation_bytes, JSON_INT64),
	HOST("MemorySwap", memory_swap_bytes, JSON_INT64),
	HOST("PidsLimit", pids_limit, JSON_INT64),
	JSON_LIST(host_config, "Ulimits", ulimits, n_ulimits, &ulimit_type, 0),
	HOST("MaskedPaths", masked_paths, JSON_TEXTS),
	HOST("ReadonlyPaths", readonly_paths, JSON_TEXTS),
	JSON_LIST(host_config, "Mounts", mounts, n_mounts, &mount_request_type, JSON_OMIT_EMPTY),
	JSON_FIELD(host_config, "Tmpfs", tmpfs, JSON_MAP, JSON_OMIT_EMPTY),
	JSON_FIELD(host_config, "Sysctls", sysctls, JSON_MAP, JSON_OMIT_EMPTY),
	JSON_FIELD(host_config, "Init", init, JSON_BOOL_POINTER, JSON_OMIT_EMPTY),
	{ 0 },
};
const struct json_type host_config_type = { .size = sizeof(struct host_config),
					    .fields = host_config_fields };

#define MOUNT(name, member, kind, flags) JSON_FIELD(engine_mount, name, member, kind, flags)
static const struct json_field mount_fields[] = {
	MOUNT("Type", type, JSON_TEXT, JSON_REQUIRED),
	MOUNT("Name", name, JSON_TEXT, JSON_OMIT_EMPTY),
	MOUNT("Source", source, JSON_TEXT, 0),
	MOUNT("Destination", destination, JSON_TEXT, JSON_REQUIRED),
	MOUNT("Mode", mode, JSON_TEXT, 0),
	MOUNT("RW", rw, JSON_BOOL, 0),
	MOUNT("Propagation", propagation, JSON_TEXT, 0),
	MOUNT("IdMap", idmap, JSON_TEXT, JSON_OMIT_EMPTY),
	MOUNT("Options", options, JSON_TEXT, JSON_OMIT_EMPTY),
	MOUNT("Anonymous", anonymous, JSON_BOOL, JSON_OMIT_EMPTY),
	MOUNT("CopyUp", copy_up, JSON_BOOL, JSON_OMIT_EMPTY),
	MOUNT("CreateSource", create_source, JSON_BOOL, JSON_OMIT_EMPTY),
	MOUNT("NonRecursive", non_recursive, JSON_BOOL, JSON_OMIT_EMPTY),
	{ 0 },
};
const struct json_type engine_mount_type = { .size = sizeof(struct engine_mount),
					     .fields = mount_fields };

static const struct json_field decided_fields[] = {
	JSON_FIELD(container, "Argv", argv, JSON_TEXTS, 0),
	JSON_LIST(container, "Mounts", mounts, n_mounts, &engine_mount_type, 0),
	{ 0 },
};
const struct json_type container_decided_type = {
	.size = sizeof(struct container),
	.fields = decided_fields,
};

void types_copy(const struct json_type *type, const void *from, void *to)
{
	json_t *value autojson = json_encode(type, from);
	struct error *err = json_decode(type, value, to);

	/*
	 * What a table wrote it can read, unless a required text is missing: then the caller has
	 * not checked its input.
	 */
	assert(!err);
	error_free(err);
}

static bool is_empty(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	case JSON_INTEGER:
		return json_integer_value(value) == 0;
	case JSON_STRING:
		return json_string_length(value) == 0;
	case JSON_ARRAY:
		return json_array_size(value) == 0;
	case JSON_OBJECT:
		return json_object_size(value) == 0;
	default:
		return false;
	}
}

char *types_store(const struct json_type *type, const void *object)
{
	json_t *value autojson = json_encode(type, object);

	for (const struct json_field *f = type->fields; f->name; f++) {
		const json_t *item = json_object_get(value, f->name);

		/* a pointer's false or 0 says something that its absence does not */
		if (item && f->kind != JSON_BOOL_POINTER && f->kind != JSON_INT64_POINTER &&
		    is_empty(item))
			json_object_del(value, f->name);
	}
	return json_dumps(value, JSON_COMPACT);
}

void container_free(struct container *c)
{
	if (!c)
		return;
	json_done(&container_config_type, &c->config);
	json_done(&host_config_type, &c->host);
	json_done(&container_decided_type, c);
	free(c->name);
	free(c->image_id);
	free(c->error);
	free(c);
}
