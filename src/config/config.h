/*
 * config.json of an OCI runtime bundle (runtime-spec 1.2 and what 1.3 adds; config.md,
 * config-linux.md): read, checked, and written. The structs mirror the specification's objects and
 * spell its names with underscores; one table per struct drives the decoder of base/json.h.
 *
 * What is absent is NULL, or an empty list. A plain number or bool is 0 or false when it is absent:
 * so are only those for which the specification means the same by it. Texts with a list of allowed
 * words (a namespace's type, a seccomp action) stay texts here; config_word() has what they stand
 * for.
 *
 * Unknown keys are ignored, as the specification wants. Anything else that is wrong is
 * ERROR_BAD_INPUT with a text that starts with its place:
 * linux.seccomp.syscalls[2].args[0].op: "SCMP_CMP_XX" is not a seccomp operator
 */
#pragma once

#include "base/json.h"
#include "base/userns.h"
#include "config/resources.h"

#define CONFIG_NAME "config.json"
#define CONFIG_BYTES_MAX (16 << 20)
#define CONFIG_VERSION "1.2.1" /* of the specification, written by config_default() */

/* -- process --------------------------------------------------------------- */

struct config_console_size {
	uint32_t height, width;
};

struct config_user {
	uint32_t uid, gid;
	uint32_t *umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
	char *username;
};

/* Names as the document has them: unknown ones too, which config_capabilities() leaves out. */
struct config_capabilities {
	char **bounding, **effective, **inheritable, **permitted, **ambient;
};

struct config_rlimit {
	char *type;	     /* config_rlimits */
	uint64_t hard, soft; /* RLIM_INFINITY is UINT64_MAX */
};

struct config_scheduler {
	char *policy; /* config_scheduler_policies */
	int32_t nice, priority;
	char **flags; /* config_scheduler_flags */
	uint64_t runtime_ns, deadline_ns, period_ns;
};

struct config_io_priority {
	char *class; /* config_io_classes */
	int32_t priority;
};

/* Lists of CPUs, "0-3,7". */
struct config_cpu_affinity {
	char *initial, *final;
};

struct config_process {
	bool terminal;
	struct config_console_size *console_size;
	struct config_user user;
	char **args, **env;
	char *cwd;
	struct config_capabilities *capabilities;
	struct config_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	char *apparmor_profile, *selinux_label;
	int64_t *oom_score_adj;
	struct config_scheduler *scheduler;
	struct config_io_priority *io_priority;
	struct config_cpu_affinity *exec_cpu_affinity;
};

/* -- root, mounts, hooks --------------------------------------------------- */

struct config_root {
	char *path; /* absolute, or relative to the bundle */
	bool readonly;
};

struct config_mount {
	char *destination;
	char *type, *source;
	char **options;
	struct id_map *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
};

struct config_hook {
	char *path;
	char **args, **env; /* args[0] is the name it sees; NULL: its path */
	int64_t *timeout_s;
};

struct config_hooks {
	struct config_hook *prestart, *create_runtime, *create_container, *start_container;
	struct config_hook *poststart, *poststop;
	size_t n_prestart, n_create_runtime, n_create_container, n_start_container;
	size_t n_poststart, n_poststop;
};

/* -- linux ----------------------------------------------------------------- */

struct config_time_offset {
	int64_t secs;
	uint32_t nanosecs;
};

struct config_time_offsets {
	struct config_time_offset *monotonic, *boottime;
};

struct config_namespace {
	char *type; /* config_namespaces */
	char *path; /* NULL: a new one */
};

struct config_device {
	char *type; /* config_device_types */
	char *path;
	int64_t *major, *minor; /* NULL only for a FIFO */
	uint32_t *file_mode;	/* Docker leaves the bits of the file's type in it */
	uint32_t *uid, *gid;
};

struct config_net_device {
	char *device; /* its key: the name on the host */
	char *name;   /* in the container; NULL: the same */
};

struct config_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	char *op; /* config_seccomp_operators */
};

struct config_seccomp_rule {
	char **names;
	char *action; /* config_seccomp_actions */
	uint32_t *errno_ret;
	struct config_seccomp_arg *args;
	size_t n_args;
};

struct config_seccomp {
	char *default_action;
	uint32_t *default_errno_ret;
	char **architectures; /* config_seccomp_architectures */
	char **flags;	      /* config_seccomp_flags; NULL differs from none */
	char *listener_path, *listener_metadata;
	struct config_seccomp_rule *syscalls;
	size_t n_syscalls;
};

struct config_intel_rdt {
	char *clos_id;
	char **schemata;
	char *l3_cache_schema, *mem_bw_schema;
	bool enable_monitoring;
};

struct config_memory_policy {
	char *mode;   /* config_memory_modes */
	char *nodes;  /* "0-3,7" */
	char **flags; /* config_memory_flags */
};

struct config_personality {
	char *domain; /* config_personalities */
	char **flags; /* the specification knows none yet */
};

struct config_linux {
	struct id_map *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
	struct config_time_offsets time_offsets;
	char **sysctl; /* key, value, key, value; see config_sysctl_path() */
	struct config_resources resources;
	char *cgroups_path;
	struct config_namespace *namespaces;
	size_t n_namespaces;
	struct config_device *devices;
	size_t n_devices;
	struct config_net_device *net_devices;
	size_t n_net_devices;
	struct config_seccomp *seccomp;
	char *rootfs_propagation; /* config_propagations */
	char **masked_paths, **readonly_paths;
	char *mount_label;
	struct config_intel_rdt *intel_rdt;
	struct config_memory_policy *memory_policy;
	struct config_personality *personality;
};

struct config {
	char *oci_version;
	struct config_process *process; /* NULL: create may do without, start may not */
	struct config_root *root;	/* never NULL in what was read */
	char *hostname, *domainname;
	struct config_mount *mounts;
	size_t n_mounts;
	struct config_hooks hooks;
	char **annotations;	    /* key, value, key, value */
	struct config_linux linux_; /* GNU C has a macro "linux" */

	/* Not of the document: lines for the user on what is allowed, but has no effect. */
	char **warnings;
};

/* -- reading and writing --------------------------------------------------- */

/*
 * Reads and checks the file @path, mostly CONFIG_NAME, relative to the directory @bundle_dir: at
 * most CONFIG_BYTES_MAX, else ERROR_LIMIT. ERROR_NOT_FOUND when there is none. @text, a buffer of
 * the caller's of that size, has it as it was read, which is all that config_read() does.
 */
struct error *config_load(int bundle_dir, const char *path, struct buf *text, struct config *ret)
	__attribute__((nonnull, warn_unused_result));

struct error *config_read(int bundle_dir, const char *path, struct buf *ret)
	__attribute__((nonnull, warn_unused_result));

/* The same from memory. @ret is written in both cases, empty on error; config_done() it. */
struct error *config_parse(const char *text, size_t length, struct config *ret)
	__attribute__((nonnull, warn_unused_result));
void config_done(struct config *c) __attribute__((nonnull));
#define autoconfig __attribute__((cleanup(config_done)))

/*
 * A process object alone (exec --process FILE), checked as far as it can be without its container;
 * lines for the user are added to the strv *@warnings.
 */
struct error *config_process_parse(const char *text, size_t length, struct config_process *ret,
				   char ***warnings) __attribute__((nonnull, warn_unused_result));
void config_process_done(struct config_process *p) __attribute__((nonnull));

/* A resources object alone (update --resources FILE). */
struct error *config_resources_parse(const char *text, size_t length, struct config_resources *ret,
				     char ***warnings) __attribute__((nonnull, warn_unused_result));
void config_resources_done(struct config_resources *r) __attribute__((nonnull));

/* The document, over many lines and indented with tabs; the caller frees. */
char *config_encode(const struct config *c) __attribute__((nonnull, returns_nonnull));

/* Its seccomp object alone on one line, which is a profile in Docker's form; the caller frees. */
char *config_encode_seccomp(const struct config_seccomp *s)
	__attribute__((nonnull, returns_nonnull));

/*
 * What `spec` prints: a shell in "rootfs", with the mounts, masks and capabilities that runc gives.
 * With @rootless in a user namespace that maps only the caller, with the host's network and without
 * resources. runc has a cgroup namespace in it only on hosts of cgroup v2.
 */
void config_default(bool rootless, bool cgroup_namespace, struct config *ret)
	__attribute__((nonnull));

/* -- what the texts stand for ---------------------------------------------- */

extern const struct json_words config_namespaces;	     /* CLONE_NEW* */
extern const struct json_words config_rlimits;		     /* RLIMIT_* */
extern const struct json_words config_scheduler_policies;    /* SCHED_* */
extern const struct json_words config_scheduler_flags;	     /* SCHED_FLAG_* */
extern const struct json_words config_io_classes;	     /* IOPRIO_CLASS_* */
extern const struct json_words config_propagations;	     /* MS_PRIVATE …, MS_REC */
extern const struct json_words config_device_types;	     /* S_IFCHR … */
extern const struct json_words config_rule_types;	     /* 'a', 'b', 'c' */
extern const struct json_words config_seccomp_actions;	     /* SECCOMP_RET_* */
extern const struct json_words config_seccomp_operators;     /* as libseccomp numbers them */
extern const struct json_words config_seccomp_architectures; /* AUDIT_ARCH_* */
extern const struct json_words config_seccomp_flags;	     /* SECCOMP_FILTER_FLAG_* */
extern const struct json_words config_memory_modes;	     /* MPOL_* */
extern const struct json_words config_memory_flags;	     /* MPOL_F_* */
extern const struct json_words config_personalities;	     /* PER_* */

/* The value of a word that a table has let pass. config_word_mask() is the union of a list's. */
uint64_t config_word(const struct json_words *words, const char *name) __attribute__((nonnull));
uint64_t config_word_mask(const struct json_words *words, char *const *names)
	__attribute__((nonnull(1)));

/* The mask of a list of capabilities (bit n is capability n), without those not known here. */
uint64_t config_capabilities(char *const *names);

/* The namespace of @type, new or joined, or NULL: then the container has the caller's. */
const struct config_namespace *config_namespace(const struct config *c, const char *type)
	__attribute__((nonnull));

/*
 * "net/ipv4/ip_forward" for "net.ipv4.ip_forward" or "net/ipv4/ip_forward"; where a name has a dot
 * itself the other separator stands for it (sysctl.d(5)). The caller frees.
 */
char *config_sysctl_path(const char *key) __attribute__((nonnull, returns_nonnull));
