/*
 * config.json: "mounts" (config.md, Mounts), and maps of ids. What the options mean is for who
 * mounts: they stay as they are.
 */
#include "config/config_table.h"

#include "base/banned.h"

#define ID_MAP(json_name, member_, ...)                                                            \
	{                                                                                          \
		.name = (json_name), .kind = JSON_UINT32, .flags = JSON_REQUIRED,                  \
		.offset = offsetof(struct id_map, member_), __VA_ARGS__                            \
	}
static const struct json_field id_map_fields[] = {
	ID_MAP("containerID", inside),
	ID_MAP("hostID", outside),
	ID_MAP("size", length, .min = 1),
	{ 0 },
};
const struct json_type config_id_map_type = {
	.size = sizeof(struct id_map),
	.fields = id_map_fields,
};

static const struct json_field mount_fields[] = {
	REQUIRED(mount, "destination", destination, JSON_TEXT, .check = config_check_not_empty),
	OPTIONAL(mount, "type", type, JSON_TEXT),
	OPTIONAL(mount, "source", source, JSON_TEXT),
	OPTIONAL(mount, "options", options, JSON_TEXTS),
	LIST(mount, "uidMappings", uid_mappings, JSON_STRUCTS, .type = &config_id_map_type),
	LIST(mount, "gidMappings", gid_mappings, JSON_STRUCTS, .type = &config_id_map_type),
	{ 0 },
};
const struct json_type config_mount_type = TABLE(mount);
