/*
 * What this host allows and gives by default: a JSON file that only its owner writes, every key
 * optional, unknown keys refused. Flags of a command narrow it and never widen it.
 *
 *   {"mounts": {"refuseHostPaths": true, "refuseReadOnly": false, "allow": ["/etc/nginx"]},
 *    "privileged": true,
 *    "limits": {"pids": 4096, "memory": "0", "memoryReserve": "256m"},
 *    "log": {"maxSize": "10m", "maxFiles": 3}}
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct policy {
	char *path; /* of the file, for messages; also where there is none */
	bool refuse_host_paths;
	bool refuse_read_only; /* those paths read-only too */
	char **allowed_paths;  /* nevertheless; with everything below */
	bool privileged;
	int64_t pids_limit;	      /* of a container that says nothing */
	int64_t memory_bytes;	      /* likewise; 0: what the host has less the reserve */
	int64_t memory_reserve_bytes; /* what such a container leaves to the host */
	int64_t log_max_bytes;
	int64_t log_max_files;
	char **insecure_registries; /* "host:port" or CIDR blocks: http, certificates unchecked */
	char **registry_mirrors;    /* URLs, asked first for what is on docker.io */
	int64_t registry_stall_s;   /* without a byte for so long, a connection counts as broken */
};

/* Reads @name in @dir; a missing file gives the defaults. Errors name the file and the setting. */
struct error *policy_load(int dir, const char *name, struct policy **ret)
	__attribute__((nonnull, warn_unused_result));

/* The same for text at hand. */
struct error *policy_parse(const char *text, size_t length, struct policy **ret)
	__attribute__((nonnull, warn_unused_result));
void policy_free(struct policy *p);
DEFINE_AUTO(struct policy *, policy_free);
#define autopolicy __attribute__((cleanup(policy_free_p)))

/* The effective policy in the form of the file; the caller json_decref()s. */
json_t *policy_encode(const struct policy *p) __attribute__((nonnull, returns_nonnull));

/*
 * The ceiling of a container that asks for no memory limit: the policy's, or the host's memory less
 * the reserve.
 */
int64_t policy_memory_ceiling(const struct policy *p) __attribute__((nonnull));
