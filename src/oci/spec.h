/* The specification of one container, as the steps read it; part of oci.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/userns.h"

struct config;
struct config_process;

enum oci_mount_kind {
	OCI_MOUNT_BIND,	   /* .source is an O_PATH descriptor */
	OCI_MOUNT_TMPFS,   /* .data are its options */
	OCI_MOUNT_OTHER,   /* any file system: .type, .device, .data */
	OCI_MOUNT_CGROUP,  /* the container's own groups */
	OCI_MOUNT_REMOUNT, /* changes what is mounted at the destination already */
	OCI_MOUNT_LINK,	   /* no mount: a symlink to .data */
};

/* Which ids a bind mount shows (requirement F5). */
enum oci_idmap {
	OCI_IDMAP_CONTAINER, /* ids 0-65535 on disk are 0-65535 in the container */
	OCI_IDMAP_OWNER, /* container root is the source's owner; that user's own id is nobody */
	OCI_IDMAP_OFF,	 /* as the host has them */
	OCI_IDMAP_OWN,	 /* the mount's own map, or that of the container's user namespace */
};

#define OCI_PROPAGATIONS_MAX 4

struct oci_mount {
	enum oci_mount_kind kind;
	char *destination; /* absolute; resolved inside the root, made when missing */
	int source;
	enum oci_idmap idmap;
	bool recursive;
	bool copy_up;	      /* fill the empty source with what the image has at the destination */
	uint64_t attributes;  /* MOUNT_ATTR_* to set, submounts too */
	uint64_t propagation; /* MS_PRIVATE and such */
	char *data;	      /* "size=64m,mode=1777" */

	/* Of a bundle. .attributes are those of the mount alone. */
	char *type, *device;
	char *label;		       /* SELinux's, of all files in it; NULL: none */
	bool target_nofollow;	       /* a symlink at the destination is itself mounted on */
	uint64_t clear;		       /* MOUNT_ATTR_* */
	uint64_t tree_set, tree_clear; /* MOUNT_ATTR_*, submounts too */
	unsigned long super_flags;     /* MS_SYNCHRONOUS and such, of the file system itself */
	unsigned long propagations[OCI_PROPAGATIONS_MAX]; /* MS_SHARED … with MS_REC, in order */
	size_t n_propagations;
	/*
	 * Of a source that only the mounts before it make: where it is on the host, opened when
	 * their turn is over; .source is -1 then.
	 */
	char *late_source;
	bool source_nofollow, copy_link;
	bool map_tree;
	bool bind; /* of a remount: that mount alone */
	struct id_map *uids, *gids;
	size_t n_uids, n_gids;
};

/* A device node of the host to be shown in the container. */
struct oci_device {
	char *path; /* in the container */
	char *host_path;
	char *access; /* "rwm" */
};

struct oci_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
	bool explicit_; /* asked for by name: failing to set it is an error, not a notice */
};

struct oci_process {
	char **argv, **env;
	char *cwd;
	char *user; /* "uid[:gid]" or names of the container's own passwd and group; NULL is root */
	char **additional_groups; /* ids or names of --group-add */
	uint32_t umask;
	bool terminal;
	struct oci_terminal_size {
		unsigned short rows, columns; /* 0: unknown */
	} size;
	uint64_t capabilities; /* bounding set; root gets them all, others only .ambient */
	uint64_t ambient;
	/*
	 * Of a bundle: user and capabilities are just these, whatever passwd and group say. The
	 * rest of what can be asked for is read from .config as it stands there.
	 */
	const struct config_process *config;
	uint64_t effective, permitted, inheritable;
	bool no_new_privileges;
	bool stdin_open; /* else stdin is /dev/null */
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	int oom_score_adj;
	bool oom_score_adj_set;
	bool apparmor; /* .config's profile is to be set */
};

struct oci_resources {
	int64_t memory_bytes, memory_swap_bytes,
		memory_reservation_bytes; /* 0: not set; -1: unlimited */
	int64_t cpu_shares, cpu_quota_us, cpu_period_us;
	char *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit;
	bool all_devices; /* privileged */
};

/* A namespace that is joined by descriptor. */
struct oci_join {
	unsigned int namespace; /* CLONE_NEW* */
	int fd;
};

/* What a container of a bundle has beyond its config.json. All is the caller's. */
struct oci_bundle {
	const struct config *config; /* checked by config_check() */
	const char *path;	     /* absolute */
	int dir;		     /* O_PATH of it */
	int console_socket;	     /* gets the master of its terminal; -1: the caller does */
	unsigned int preserve_fds;   /* descriptors 3 and up that the program inherits */
	int seccomp_cache;	     /* directory, 0700; -1: filters are compiled each time */
	bool no_pivot, no_new_keyring;
	char *const *sub_cgroups; /* of exec: where in the container's groups; NULL: at their top */
	bool foreground;	  /* what its terminal says is copied to the caller's stdout */
	bool systemd_cgroup;	  /* linux.cgroupsPath is "slice:prefix:name" */
};

enum oci_seccomp {
	OCI_SECCOMP_DEFAULT,
	OCI_SECCOMP_PROFILE, /* .seccomp_profile is JSON in Docker's form */
	OCI_SECCOMP_UNCONFINED,
};

struct oci_spec {
	char *id;
	/*
	 * STATE/containers/ID, the caller's: the root is attached there, state.json is kept there.
	 */
	int state_dir;
	char *state_path;

	unsigned int new_namespaces;  /* CLONE_NEW* */
	unsigned int join_namespaces; /* CLONE_NEW* taken from .join_pidfd */
	int join_pidfd;		      /* -1: none */
	uint32_t join_ids;	      /* the id range that comes with a joined user namespace */

	int *layers; /* O_PATH directories, lowest first */
	size_t n_layers;
	int container_dir; /* holds "diff" and "work"; -1 where there is no upper directory */
	bool volatile_upper;
	bool readonly_root;
	bool root_suid; /* setuid programs of the image work (no_new_privileges off) */
	uint64_t root_propagation;

	char *hostname, *domainname;
	char *hosts, *resolv_conf; /* contents of the files in /etc; NULL: left alone */
	int64_t shm_size_bytes;
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_device *devices;
	size_t n_devices;
	bool privileged; /* all devices, writable /sys and /sys/fs/cgroup */
	char **masked_paths, **readonly_paths;
	char **sysctls; /* key, value, key, value */

	struct oci_process process;
	struct oci_resources resources;
	char *cgroup_parent; /* NULL: the engine's own group */
	enum oci_seccomp seccomp;
	char *seccomp_profile;
	int seccomp_cache; /* directory, 0700; -1: compile each time */
	bool seccomp_i386;
	bool landlock;
	char **annotations; /* key, value */

	/* Of a bundle; NULL in containers of the engine. */
	const struct oci_bundle *bundle;
	struct oci_join *joins;
	size_t n_joins;
	struct id_map *uids, *gids; /* of a new user namespace */
	size_t n_uids, n_gids;
};
