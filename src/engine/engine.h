/*
 * The engine: containers, volumes, logs and policy on top of one root (data) and one state
 * (run-time) directory. It is a library that any number of commands call at once. Types follow the
 * Docker Engine API 1.47, whose JSON names the tables in types.c carry; what is stored in the
 * database is that JSON.
 *
 * A container is named by its name, its id, or an id prefix that only one container has; every
 * function that takes @ref resolves it so, and fails with ERROR_NOT_FOUND "no such container: REF"
 * or ERROR_BAD_INPUT for an ambiguous one.
 */
#pragma once

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "image/image.h"

struct engine;

#define ENGINE_ID_SIZE 65 /* 64 hexadecimal digits and NUL */

/*
 * Where the host's own engine lives; its policy is /etc/bulkhead/bulkhead.json, that of another
 * root ROOT/bulkhead.json.
 */
#define ENGINE_DEFAULT_ROOT "/var/lib/bulkhead"
#define ENGINE_DEFAULT_STATE "/run/bulkhead"

/*
 * Opens (making them, mode 0700) @root and @state and the database. A directory that another user
 * owns or may write to is ERROR_REFUSED.
 */
struct error *engine_open(const char *root, const char *state, struct engine **ret)
	__attribute__((nonnull, warn_unused_result));
void engine_close(struct engine *e);
DEFINE_AUTO(struct engine *, engine_close);
#define autoengine __attribute__((cleanup(engine_close_p)))

/* The image store of this engine, owned by it. */
struct image_store *engine_images(struct engine *e) __attribute__((nonnull, returns_nonnull));

/*
 * "Config" of the API: what the image could say too. Lists as in base/json.h; 0 and NULL mean not
 * given.
 */
struct container_config {
	char *hostname, *domainname, *user, *image, *working_dir, *stop_signal;
	bool attach_stdin, attach_stdout, attach_stderr, tty, open_stdin, stdin_once;
	char **env, **cmd, **entrypoint;
	char **exposed_ports, **volumes; /* sets */
	char **labels;			 /* map */
	int64_t *stop_timeout_s;	 /* NULL: the default, 10 */
};
extern const struct json_type container_config_type;

struct engine_ulimit {
	char *name;	    /* "nofile" */
	int64_t soft, hard; /* -1: unlimited */
};

struct engine_device {
	char *path_on_host, *path_in_container, *cgroup_permissions; /* "rwm" */
};

/* One entry of "Mounts" in HostConfig (--mount). */
struct engine_mount_request {
	char *type; /* bind, volume, tmpfs */
	char *source, *target;
	bool read_only;
	char *propagation;  /* BindOptions */
	bool non_recursive; /* BindOptions */
	bool create_source; /* BindOptions.CreateMountpoint */
	bool no_copy;	    /* VolumeOptions */
	int64_t size_bytes; /* TmpfsOptions */
	int64_t mode;	    /* TmpfsOptions */
	char *idmap;	    /* ours: "", "host", "off" (requirement F5) */
};

/* "HostConfig" of the API: what only the one who runs it may say. */
struct host_config {
	char **binds; /* "SOURCE:TARGET[:OPTIONS]" as given with -v */
	struct engine_mount_request *mounts;
	size_t n_mounts;
	char **tmpfs; /* map: path to options */
	char *network_mode, *ipc_mode, *pid_mode, *uts_mode, *userns_mode, *cgroup_parent;
	bool auto_remove, privileged, readonly_rootfs, *init;
	char **cap_add, **cap_drop, **group_add, **security_opt;
	char **sysctls, **annotations; /* maps */
	char **masked_paths, **readonly_paths;
	/* 0: the default; -1: none */
	int64_t memory_bytes, memory_swap_bytes, memory_reservation_bytes;
	int64_t nano_cpus, cpu_shares, cpu_period_us, cpu_quota_us;
	char *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit; /* 0: the default; -1: none */
	int64_t shm_size_bytes, oom_score_adj;
	struct engine_ulimit *ulimits;
	size_t n_ulimits;
	struct engine_device *devices;
	size_t n_devices;
	char *log_driver;   /* json-file, none */
	char **log_options; /* map */
	char *container_id_file;
};
extern const struct json_type host_config_type;

/* One mount point as "Mounts" of inspect shows it: decided at create, used at every start. */
struct engine_mount {
	char *type; /* bind, volume, tmpfs */
	char *name; /* volumes */
	char *source, *destination, *mode, *propagation, *idmap;
	char *options; /* decided: "nosuid,noexec", for tmpfs also "size=…,mode=…" */
	bool rw, anonymous;
	bool copy_up;	    /* an empty volume gets what the image has there */
	bool create_source; /* a missing bind source is made (-v), else an error (--mount) */
	bool non_recursive;
};

enum container_status {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_EXITED,
	CONTAINER_DEAD, /* its removal was interrupted */
};

/* A container as it is now: the record, and whether it runs, checked by boot id and start time. */
struct container {
	char id[ENGINE_ID_SIZE];
	char *name; /* without the '/' that the API shows before it */
	char *image_id;
	char **argv;			/* the merged entrypoint and command */
	struct container_config config; /* merged with the image's */
	struct host_config host;
	struct engine_mount *mounts;
	size_t n_mounts;
	enum container_status status;
	pid_t pid; /* 0 unless it runs */
	int exit_code;
	bool oom_killed;
	char *error; /* why the last start failed, or "monitor lost" */
	int64_t created_ns, started_ns, finished_ns; /* since the epoch; 0: never */
	int64_t restart_count;
};
void container_free(struct container *c);
DEFINE_AUTO(struct container *, container_free);
#define autocontainer __attribute__((cleanup(container_free_p)))

struct create_request {
	const char *name;		/* NULL: a generated one */
	struct container_config config; /* .image names the image */
	struct host_config host;
};

/*
 * Looks up the image, merges its config as docker does, applies the policy, checks every value,
 * makes the volumes, and records the container. @ret_warnings gets lines for the user (a strv).
 * Nothing is left behind on failure.
 */
struct error *engine_create(struct engine *e, const struct create_request *request,
			    char ret_id[ENGINE_ID_SIZE], char ***ret_warnings)
	__attribute__((nonnull, warn_unused_result));

/* What a terminal is made with; 0: nobody knows. */
struct terminal_size {
	unsigned short rows, columns;
};

/*
 * Starts a created or stopped container; its terminal, if it has one, begins with @size. With
 * @ret_socket not NULL, the first client of its stdio is attached before it runs: *@ret_socket
 * speaks base/attach.h. Returns when the program has been executed; a program that cannot be is an
 * error with status 126 or 127, and the container is as if it had exited with that.
 */
struct error *engine_start(struct engine *e, const char *ref, struct terminal_size size,
			   int *ret_socket) __attribute__((nonnull(1, 2), warn_unused_result));

/* Connects to the stdio of a running container; the socket speaks base/attach.h. */
struct error *engine_attach(struct engine *e, const char *ref, int *ret_socket)
	__attribute__((nonnull, warn_unused_result));

/*
 * Records the end of a container whose monitor has written its exit record, and does what follows:
 * --rm with anonymous volumes, freeing of what was leased. Harmless when another command did it
 * already. Called by whoever attached and waited, by `_ended`, and by every command that finds the
 * record.
 */
struct error *engine_ended(struct engine *e, const char *id)
	__attribute__((nonnull, warn_unused_result));

struct error *engine_find(struct engine *e, const char *ref, struct container **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * All containers, newest first; without ENGINE_LIST_ALL only those that run. With ENGINE_LIST_BRIEF
 * only id, name, status, times and exit code are filled, which is much cheaper. The caller frees
 * each and the array.
 */
enum engine_list_flag {
	ENGINE_LIST_ALL = 1,
	ENGINE_LIST_BRIEF = 2,
};
struct error *engine_list(struct engine *e, unsigned int flags, struct container ***ret,
			  size_t *ret_n) __attribute__((nonnull, warn_unused_result));

/*
 * The JSON of GET /containers/{id}/json (the caller json_decref()s). @with_size adds SizeRw and
 * SizeRootFs.
 */
struct error *engine_inspect(struct engine *e, const char *ref, bool with_size, json_t **ret)
	__attribute__((nonnull, warn_unused_result));

/* Sends @signal to the container's first process; ERROR_CONFLICT "container ID is not running". */
struct error *engine_kill(struct engine *e, const char *ref, int signal)
	__attribute__((nonnull, warn_unused_result));

/*
 * Stop signal (0: the container's own), then SIGKILL after @timeout_s (-1: never); success when it
 * does not run.
 */
#define ENGINE_STOP_OWN_TIMEOUT INT_MIN
struct error *engine_stop(struct engine *e, const char *ref, int signal, int timeout_s)
	__attribute__((nonnull, warn_unused_result));

/* Waits until it is not running and returns its exit code; with --rm also until it is removed. */
struct error *engine_wait(struct engine *e, const char *ref, int *ret_code)
	__attribute__((nonnull, warn_unused_result));

/*
 * Removes it, killing it first with @force; ERROR_CONFLICT when it runs. @volumes: its anonymous
 * volumes too.
 */
struct error *engine_remove(struct engine *e, const char *ref, bool force, bool volumes)
	__attribute__((nonnull, warn_unused_result));

struct exec_request {
	char **argv, **env;
	const char *user, *working_dir; /* NULL: the container's */
	bool tty, stdin_open, privileged, detach;
	struct terminal_size size; /* of the caller's terminal */
};

/*
 * Starts another program in a running container; *@ret_socket as for engine_start(), -1 with
 * .detach.
 */
struct error *engine_exec(struct engine *e, const char *ref, const struct exec_request *request,
			  int *ret_socket) __attribute__((nonnull, warn_unused_result));

struct log_request {
	bool stdout_too, stderr_too, follow, timestamps;
	int64_t tail;		    /* -1: all */
	int64_t since_ns, until_ns; /* 0: no bound */
};
/* One record: @stream is 1 or 2, @time_ns since the epoch. */
typedef struct error *log_sink(void *data, int stream, int64_t time_ns, const char *text,
			       size_t length);
struct error *engine_logs(struct engine *e, const char *ref, const struct log_request *request,
			  log_sink *sink, void *data)
	__attribute__((nonnull(1, 2, 3, 4), warn_unused_result));

/* The JSON of GET /info, and of GET /version. */
struct error *engine_info(struct engine *e, json_t **ret)
	__attribute__((nonnull, warn_unused_result));
json_t *engine_version(void) __attribute__((returns_nonnull));

/*
 * image_pull() and image_push() by way of the registries that the policy says; @transfer's own
 * .registry is not looked at.
 */
struct error *engine_pull(struct engine *e, const char *ref, const struct image_transfer *transfer,
			  char *ret_id) __attribute__((nonnull(1, 2, 3), warn_unused_result));
struct error *engine_push(struct engine *e, const char *ref, const struct image_transfer *transfer)
	__attribute__((nonnull, warn_unused_result));

/* image_remote_manifest() by way of the policy's registries. */
struct error *engine_remote_manifest(struct engine *e, const char *ref, bool referrers,
				     char **ret_text) __attribute__((nonnull, warn_unused_result));

/* Whether the registry @host lets @user in; ERROR_UNAUTHENTICATED. Nothing is stored. */
struct error *engine_try_login(struct engine *e, const char *host, const char *user,
			       const char *secret) __attribute__((nonnull, warn_unused_result));

/*
 * Removes an image after checking that no container needs it (docker's rules for @force); lines for
 * the user in @ret_lines.
 */
struct error *engine_image_remove(struct engine *e, const char *ref, bool force, char ***ret_lines)
	__attribute__((nonnull, warn_unused_result));

#include "engine/images.h"
