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

#define CGROUP_PLACES_MAX 12

struct cgroup_place {
	char *controllers; /* "memory", "cpu,cpuacct"; "" for version 2 */
	char *path;	   /* absolute directory of the container's group */
	int dir;	   /* O_DIRECTORY of it */
	int join;	   /* version 1: its "tasks", to be written by the child; else -1 */
};

struct cgroup_ops;

struct cgroup {
	const struct cgroup_ops *ops;
	struct cgroup_place places[CGROUP_PLACES_MAX];
	size_t n;
};

/* One way of having groups. */
struct cgroup_ops {
	const char *name;
	/*
	 * Makes the container's group in every hierarchy of @cg, with the engine's group, its host
	 * reserve, and what is between the two when missing.
	 */
	struct error *(*make)(struct cgroup *cg, const struct oci_spec *spec);
	/* Writes the limits and device rules into the groups. */
	struct error *(*limit)(struct cgroup *cg, const struct oci_spec *spec);
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

/* Opens the groups of @paths (as in state.json) to join them. */
struct error *cgroup_open(struct cgroup *cg, char *const *paths, const struct cgroup_ops *ops)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* In the process that joins: writes itself into every version 1 group. */
struct error *cgroup_join(struct cgroup *cg) __attribute__((nonnull, warn_unused_result));

/* Sends @signal to every process in the group @path itself. */
struct error *cgroup_signal(const char *path, int signal)
	__attribute__((nonnull, warn_unused_result));

/* The ids of the processes in the group @path itself, added to the strv; none where it is gone. */
struct error *cgroup_processes(const char *path, char ***pids)
	__attribute__((nonnull, warn_unused_result));

/* See oci_freeze(); of either version, whichever of @paths can. */
struct error *cgroup_freeze(char *const *paths, bool frozen) __attribute__((warn_unused_result));
bool cgroup_is_frozen(char *const *paths);

/* Removes the directories @paths, killing what is left in them. */
struct error *cgroup_remove(char *const *paths, const struct cgroup_ops *ops)
	__attribute__((nonnull(2), warn_unused_result));

void cgroup_close(struct cgroup *cg);

/*
 * Mount points of cgroup file systems; a strv of path, controllers ("" for version 2), path,
 * controllers …
 */
struct error *cgroup_mounts(char ***ret) __attribute__((nonnull, warn_unused_result));

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

/*
 * Text of the devices every container may use, for both versions: {type, major, minor, access},
 * minor -1 is any.
 */
struct cgroup_device {
	char type;
	int major, minor; /* -1: any */
	const char *access;
};
extern const struct cgroup_device cgroup_default_devices[];

/* Attaches a program to the version 2 group @dir that allows exactly these devices. */
struct error *cgroup_devices_attach(int dir, const struct cgroup_device *devices, size_t n)
	__attribute__((nonnull, warn_unused_result));

/* The default devices and those of @spec, in an array the caller frees. */
struct error *cgroup_devices_of(const struct oci_spec *spec, struct cgroup_device **ret,
				size_t *ret_n) __attribute__((nonnull, warn_unused_result));
