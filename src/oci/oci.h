/*
 * One container from one specification: namespaces, root file system, limits, privileges, and the
 * state file that says what runs. Terms are those of the OCI runtime specification 1.2. The caller
 * forks once; that child calls oci_start() and becomes the container's monitor, so the container is
 * its child for life.
 *
 * Nothing here knows images, networks or the database.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/proc.h"

enum oci_mount_kind {
	OCI_MOUNT_BIND,	 /* .source is an O_PATH descriptor */
	OCI_MOUNT_TMPFS, /* .data are its options */
};

/* Which ids a bind mount shows (requirement F5). */
enum oci_idmap {
	OCI_IDMAP_CONTAINER, /* ids 0-65535 on disk are 0-65535 in the container */
	OCI_IDMAP_OWNER, /* container root is the source's owner; that user's own id is nobody */
	OCI_IDMAP_OFF,	 /* as the host has them */
};

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
	bool no_new_privileges;
	bool stdin_open; /* else stdin is /dev/null */
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	int oom_score_adj;
	bool oom_score_adj_set;
};

struct oci_resources {
	int64_t memory_bytes, memory_swap_bytes,
		memory_reservation_bytes; /* 0: not set; -1: unlimited */
	int64_t cpu_shares, cpu_quota_us, cpu_period_us;
	char *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit;
	bool all_devices; /* privileged */
};

enum oci_seccomp {
	OCI_SECCOMP_DEFAULT,
	OCI_SECCOMP_PROFILE, /* .seccomp_profile is JSON in Docker's form */
	OCI_SECCOMP_UNCONFINED,
};

struct oci_spec {
	char id[65];
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
};
void oci_spec_done(struct oci_spec *spec) __attribute__((nonnull));

/* What a program that is about to start is to its parent. -1 where there is none. */
struct oci_running {
	pid_t pid;
	int pidfd;
	int stdin_fd;  /* write end */
	int stdout_fd; /* read end; with a terminal its master comes over .channel */
	int stderr_fd;
	int hold_fd; /* its mount namespace */
	int oom_fd;  /* memory.events or memory.oom_control */
	int channel; /* for started_wait() */
};
void oci_running_done(struct oci_running *r) __attribute__((nonnull));

/* Kills it, waits for its end, and closes what is in *@r. */
void oci_running_kill(struct oci_running *r) __attribute__((nonnull));

/*
 * Sets the container up as a child of this process. On return state.json stands, nothing is left to
 * do for the parent, and the child is about to execute the program: started_wait() on .channel
 * (base/started.h) tells when it has, or the error, which has status 126 or 127 where the program
 * itself was at fault; the container is then to be killed and deleted. When this function fails
 * itself, every step has been undone.
 */
struct error *oci_start(const struct oci_spec *spec, struct oci_running *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * fork(2) of the process that will call oci_start() or oci_exec(): as a member of the host's group
 * of monitors, so that the end of the session or unit that started a container does not take its
 * monitor. *@ret_pid is 0 in the child.
 */
struct error *oci_fork(pid_t *ret_pid) __attribute__((nonnull, warn_unused_result));

/* The run-time facts of a container: STATE/containers/ID/state.json. */
struct oci_state {
	char *id;
	int64_t pid, start_ticks;
	char *boot_id;
	int64_t first_id; /* of the leased range; 0: host user namespace */
	bool leased;	  /* false for a range that another container lent */
	char **cgroups;	  /* absolute directories */
	char *cgroup_manager;
	int64_t created_ns;
};
void oci_state_done(struct oci_state *state);

/* ERROR_NOT_FOUND when @state_dir has no state file: nothing was started. */
struct error *oci_state_load(int state_dir, struct oci_state *ret)
	__attribute__((nonnull, warn_unused_result));

/* Whether its first process still runs: same boot, same pid, same start time. */
bool oci_state_is_alive(const struct oci_state *state) __attribute__((nonnull));

/* Sends @signal to the first process; ERROR_NOT_FOUND when it does not run. */
struct error *oci_kill(const struct oci_state *state, int signal)
	__attribute__((nonnull, warn_unused_result));

/*
 * Kills whatever is left in the container's cgroups, removes them, gives its id range back, and
 * removes state.json. @state_path is what was in oci_spec.state_path. Nothing of it may be there
 * any more.
 */
struct error *oci_delete(int state_dir, const char *state_path)
	__attribute__((nonnull, warn_unused_result));

/*
 * Starts @spec->process in the running container of @state, with the privileges @spec gives; the
 * root, mounts and limits are the container's. The program is a child of this process; its start
 * is told as that of oci_start().
 */
struct error *oci_exec(const struct oci_spec *spec, const struct oci_state *state,
		       struct oci_running *ret) __attribute__((nonnull, warn_unused_result));

/*
 * Whether a container can be put below the control group @parent: a path of plain names, absolute
 * or not, that begins at the engine's own group either way; or the name of a slice, where systemd
 * owns the groups. ERROR_BAD_INPUT, or ERROR_UNSUPPORTED for a slice that this host's groups are
 * not in.
 */
struct error *oci_check_cgroup_parent(const char *parent)
	__attribute__((nonnull, warn_unused_result));

/* What this host has, for `info`. */
struct oci_features {
	int cgroup_version; /* 1, 2; hybrid counts as 1 */
	bool systemd;
	int landlock_abi; /* 0: none */
	bool apparmor, selinux;
};
void oci_features(struct oci_features *ret) __attribute__((nonnull));

/*
 * Whether @profile, JSON in Docker's form, can be compiled, whatever the container's capabilities.
 * ERROR_BAD_INPUT names the place; ERROR_UNSUPPORTED for notifications. What is found here a start
 * would find too, but later.
 */
struct error *oci_seccomp_check(const char *profile) __attribute__((nonnull, warn_unused_result));

/*
 * Capabilities by name: "CHOWN" or "CAP_CHOWN" in any case. oci_capability_name() is "CAP_CHOWN",
 * or NULL.
 */
struct error *oci_capability_parse(const char *text, int *ret_number)
	__attribute__((nonnull, warn_unused_result));
const char *oci_capability_name(int number);

/* Whether the capability means nothing in a user namespace that is not the host's. */
bool oci_capability_is_of_host_only(int number);

/*
 * The bounding set from --cap-add and --cap-drop (names or ALL), docker's rules, on the default
 * set.
 */
struct error *oci_capabilities(char *const *add, char *const *drop, uint64_t *ret_mask)
	__attribute__((nonnull(3), warn_unused_result));
uint64_t oci_capabilities_all(void);
