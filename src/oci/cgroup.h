/*
 * Control groups (cgroups(7)): one group per container in each hierarchy that matters, under
 * /bulkhead. Version 1 and hybrid hosts have a hierarchy per controller, version 2 has one; both
 * are found by file system type in mountinfo, never by name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/oci.h"

struct bpf_insn;
struct config_device_rule;

#define CGROUP_PLACES_MAX 24

struct cgroup_place {
	char *controllers; /* "memory", "cpu,cpuacct", "name=systemd"; "" for version 2 */
	char *path;	   /* absolute directory of the container's group */
	int dir;	   /* O_DIRECTORY of it */
	int join;	   /* version 1: its "tasks", to be written by the child; else -1 */
};

struct cgroup_ops;

struct cgroup {
	const struct cgroup_ops *ops;
	struct cgroup_place places[CGROUP_PLACES_MAX];
	size_t n;
	char *unit;  /* systemd's name of the group; NULL: systemd knows nothing of it */
	pid_t first; /* who is in it until the container's first process is; 0: nobody */
};

/* One way of having groups. */
struct cgroup_ops {
	const char *name;
	/*
	 * Makes the group of an engine's container in every hierarchy of @cg, with the engine's
	 * group, its host reserve, and what is between the two when missing.
	 */
	struct error *(*make)(struct cgroup *cg, const struct oci_spec *spec);
	/*
	 * fork(2) of a process that is to be a monitor, in the group of monitors where there is
	 * one.
	 */
	struct error *(*fork)(pid_t *ret_pid);
	/* Kills every process below the directory @path, waiting until it is empty. */
	struct error *(*kill)(const char *path);
};
extern const struct cgroup_ops cgroup_v1;
extern const struct cgroup_ops cgroup_v2;

/* The ops for this host, and their name as state.json keeps it. */
struct error *cgroup_detect(const struct cgroup_ops **ret)
	__attribute__((nonnull, warn_unused_result));
const struct cgroup_ops *cgroup_by_name(const char *name);

/* The file that counts "oom_kill", opened for reading; -1 where there is none. */
int cgroup_open_oom(const struct cgroup *cg);

/*
 * Opens the groups of @paths (as in state.json) to join them, or groups below them: @subs are
 * "[CONTROLLER[,CONTROLLER...]:]PATH" as of `runc exec --cgroup`, NULL is none.
 */
struct error *cgroup_open(struct cgroup *cg, char *const *paths, char *const *subs,
			  const struct cgroup_ops *ops)
	__attribute__((nonnull(1, 4), warn_unused_result));

/* Has @cg, for its version 2 group, the one in which the process @pid is. */
struct error *cgroup_follow(struct cgroup *cg, pid_t pid)
	__attribute__((nonnull, warn_unused_result));

/* In the process that joins: writes itself into every version 1 group. */
struct error *cgroup_join(struct cgroup *cg) __attribute__((nonnull, warn_unused_result));

/* Sends @signal to every process in the group @path itself. */
struct error *cgroup_signal(const char *path, int signal)
	__attribute__((nonnull, warn_unused_result));

/* Removes the directories @paths, killing what is left in them. */
struct error *cgroup_remove(char *const *paths, const struct cgroup_ops *ops)
	__attribute__((nonnull(2), warn_unused_result));

void cgroup_close(struct cgroup *cg);

/* Where a hierarchy is mounted, the first place where it is mounted more than once. */
struct cgroup_mount_point {
	char *path;
	char *controllers; /* as in struct cgroup_place */
	char *root;	   /* the group that is shown there: "/", or one that we are confined to */
};

/* All of them, ended by .path NULL; never freed. */
struct error *cgroup_mounts(const struct cgroup_mount_point **ret)
	__attribute__((nonnull, warn_unused_result));

/* The unified hierarchy's mount point; ERROR_UNSUPPORTED where there is none. */
struct error *cgroup_unified_mount(const struct cgroup_mount_point **ret)
	__attribute__((nonnull, warn_unused_result));

/* Whether the list @controllers ("cpu,cpuacct") has @one. */
bool cgroup_has(const char *controllers, const char *one) __attribute__((nonnull));

/* Adds the group @path, which exists, to the places of @cg. */
struct error *cgroup_add_place(struct cgroup *cg, const char *path, const char *controllers)
	__attribute__((nonnull, warn_unused_result));

/* Version 1: opens what a process joins the last place of @cg by. */
struct error *cgroup_open_tasks(struct cgroup *cg) __attribute__((nonnull, warn_unused_result));

/* Version 1: gives a new group of cpuset what its parent has; one that was filled stays. */
struct error *cgroup_fill_cpuset(int parent, int dir) __attribute__((warn_unused_result));

/*
 * Version 2: lets the groups below @dir have each controller that there is; one that is missing is
 * an error only when used.
 */
void cgroup_enable_controllers(int dir);

/* Every process in the group @path and below; an array the caller frees. */
struct error *cgroup_processes(const char *path, pid_t **ret, size_t *ret_n)
	__attribute__((nonnull, warn_unused_result));

/* What the groups of @cg use, as JSON (stats.c); the caller frees. */
char *cgroup_stats(const struct cgroup *cg) __attribute__((nonnull, returns_nonnull));

/*
 * Shared by the back ends: makes the group @id below the directory @parent; *@ret_made is false
 * where that is missing.
 */
struct error *cgroup_make_place(struct cgroup *cg, const char *parent, const char *controllers,
				const char *id, bool *ret_made)
	__attribute__((nonnull, warn_unused_result));

/*
 * Of a parent that oci_check_cgroup_parent() took: the names on the way from the engine's group to
 * it, to be freed, and whether it is a slice of systemd instead. NULL is the engine's group itself.
 */
char **cgroup_parent_names(const char *parent);
bool cgroup_parent_is_slice(const char *parent);

/*
 * What all containers together may have, the host's reserve kept back (requirement C2): bytes, and
 * processes.
 */
int64_t cgroup_memory_ceiling(void);
int64_t cgroup_pids_ceiling(void);

/* A kind of access to devices, as an exception to the rule of its list. */
struct cgroup_device {
	char type;	      /* 'b', 'c' */
	int64_t major, minor; /* -1: any */
	const char *access;   /* of "rwm" */
};

struct cgroup_devices {
	bool allow_all; /* the list is what is denied; else what is allowed */
	struct cgroup_device *list;
	size_t n;
};
void cgroup_devices_done(struct cgroup_devices *d);
#define autodevices __attribute__((cleanup(cgroup_devices_done)))

/* What the container of @spec may use: the default devices, and those it asks for. */
struct error *cgroup_devices_of(const struct oci_spec *spec, struct cgroup_devices *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * What rules of config.json come to, one after the other, and the default devices after them. A
 * rule that takes a part of an earlier one with wildcards away is an error: version 1 ignores it.
 */
struct error *cgroup_devices_from_rules(const struct config_device_rule *rules, size_t n,
					struct cgroup_devices *ret)
	__attribute__((nonnull(3), warn_unused_result));

/* Has the group of @place ask for them: by its files, in version 2 by a program. */
struct error *cgroup_devices_set(const struct cgroup_place *place, const struct cgroup_devices *d)
	__attribute__((nonnull, warn_unused_result));

/* The instructions of that program, for the kernel's verifier or a test; the caller frees. */
struct bpf_insn *cgroup_devices_program(const struct cgroup_devices *d, size_t *ret_n)
	__attribute__((nonnull, returns_nonnull));
