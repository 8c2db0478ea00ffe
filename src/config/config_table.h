/* For the tables of config.json: how a row is written, and which tables and checks there are. */
#pragma once

#include "config/config.h"

/*
 * ROW(process, "cwd", cwd, JSON_TEXT, JSON_REQUIRED, .check = config_check_absolute): a field of
 * struct config_process. LIST is a list of structs or numbers whose length is .n_MEMBER.
 */
#define ROW(s, json_name, member, kind_, flags_, ...)                                              \
	{                                                                                          \
		.name = (json_name), .kind = (kind_), .flags = (flags_),                           \
		.offset = offsetof(struct config_##s, member), __VA_ARGS__                         \
	}
#define LIST(s, json_name, member, kind_, ...)                                                     \
	ROW(s, json_name, member, kind_, JSON_OMIT_EMPTY,                                          \
	    .count = offsetof(struct config_##s, n_##member), __VA_ARGS__)

/* OPTIONAL(s, …) is a row that is left out where it is empty; REQUIRED refuses its absence. */
#define OPTIONAL(s, json_name, member, kind_, ...)                                                 \
	ROW(s, json_name, member, kind_, JSON_OMIT_EMPTY, __VA_ARGS__)
#define REQUIRED(s, json_name, member, kind_, ...)                                                 \
	ROW(s, json_name, member, kind_, JSON_REQUIRED, __VA_ARGS__)

#define TABLE(s)                                                                                   \
	{                                                                                          \
		.size = sizeof(struct config_##s), .fields = s##_fields                            \
	}

extern const struct json_type config_type;
extern const struct json_type config_process_type;
extern const struct json_type config_mount_type;
extern const struct json_type config_id_map_type;
extern const struct json_type config_hooks_type;
extern const struct json_type config_linux_type;
extern const struct json_type config_resources_type;
extern const struct json_type config_seccomp_type;

/* (uid_t)-1 is no id, but "leave it" to the kernel. */
#define CONFIG_ID_MAX (UINT32_MAX - 1)

/* Checks of single texts, config_text.c. */
struct error *config_check_version(const char *text) __attribute__((nonnull));
struct error *config_check_not_empty(const char *text) __attribute__((nonnull));
struct error *config_check_absolute(const char *text) __attribute__((nonnull));
struct error *config_check_key(const char *text) __attribute__((nonnull));
struct error *config_check_line(const char *text) __attribute__((nonnull));
struct error *config_check_host_name(const char *text) __attribute__((nonnull));
struct error *config_check_env(const char *text) __attribute__((nonnull));
struct error *config_check_cpu_list(const char *text) __attribute__((nonnull));
struct error *config_check_access(const char *text) __attribute__((nonnull));
struct error *config_check_page_size(const char *text) __attribute__((nonnull));
struct error *config_check_interface(const char *text) __attribute__((nonnull));
struct error *config_check_rdma_device(const char *text) __attribute__((nonnull));
struct error *config_check_cgroup_file(const char *text) __attribute__((nonnull));
struct error *config_check_sysctl_key(const char *text) __attribute__((nonnull));
struct error *config_check_clos_id(const char *text) __attribute__((nonnull));
struct error *config_check_bandwidth(const char *text) __attribute__((nonnull));
