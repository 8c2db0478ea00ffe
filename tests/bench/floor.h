/*
 * The floor: the kernel's work for one fully hardened container without a network, and nothing
 * else. What a container engine adds to it (parsing, state, logs, its own start) is what the bench
 * judges.
 *
 * floor.c owns the order of the parent and the clock; floor_root.c makes the file systems in the
 * parent, floor_cgroup.c the cgroups, floor_devices.c the device filter of cgroup v2, floor_child.c
 * is the child up to its execve(2), floor_confine.c its last steps. Every function dies on an
 * error.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FLOOR_LAYERS 3
#define CGROUP_TREES 8

/* The hierarchies a container joins: each v1 mount with a controller of ours, or the one of v2. */
struct cgroups {
	bool unified;
	size_t count;
	int trees[CGROUP_TREES]; /* the directory in each in which containers are made */
	char parents[CGROUP_TREES][256];
	int controllers[16]; /* the tree of each row of the table of limits, -1 for none here */
};

/* Made once for all rounds. */
struct floor {
	const char *dir;   /* on disk: l0, l1, l2 (the image), run (upper directories), mnt */
	char files[64];	   /* a directory on tmpfs for what is bound to /etc */
	uint32_t first_id; /* container id 0 on the host; 65,536 ids */
	int layers[FLOOR_LAYERS];
	int empty; /* a detached read-only tmpfs, cloned over every masked directory */
	struct sock_fprog filter;
	struct cgroups cgroups;
};

/* One container. */
struct container {
	char id[32];
	char dir[256];	 /* DIR/run/ID with u (upper) and w (work) */
	char files[128]; /* FILES/ID with hosts, hostname, resolv.conf */
	pid_t pid;
	int socket; /* to the child; the other end is @child_socket until the clone */
	int child_socket;
	int cgroup;		 /* v2: the cgroup the child is born in */
	int tasks[CGROUP_TREES]; /* v1: opened by the parent, written by the child */
	int user_ns, mount_ns;
	int root, dev;			/* detached mounts */
	int idmapped[FLOOR_LAYERS + 1]; /* what the overlay was made of, until the child runs */
};

/* floor_root.c */
void root_make_directories(const struct floor *f, struct container *c) __attribute__((nonnull));
void root_make_overlay(const struct floor *f, struct container *c) __attribute__((nonnull));
void root_make_dev(const struct floor *f, struct container *c) __attribute__((nonnull));
int root_make_empty(void); /* for floor.empty */
void root_remove_directories(const struct container *c) __attribute__((nonnull));

/* floor_cgroup.c: open and close are for all rounds, the rest for one container. */
void cgroups_open(struct cgroups *g) __attribute__((nonnull));
void cgroups_close(struct cgroups *g) __attribute__((nonnull));
void cgroups_make(const struct cgroups *g, struct container *c) __attribute__((nonnull));
void cgroups_remove(const struct cgroups *g, const struct container *c) __attribute__((nonnull));
/* v1, called by the child: moves it. */
void cgroups_join_v1(const struct cgroups *g, const struct container *c) __attribute__((nonnull));
/* Closes the descriptors of cgroups_make() in the parent. */
void cgroups_release(const struct cgroups *g, struct container *c) __attribute__((nonnull));

/* floor_devices.c: lets only the default devices through in the v2 cgroup @cgroup. */
void devices_limit_v2(int cgroup);

/* floor_child.c: from the clone to the execve(2) of @c. */
void child_run(const struct floor *f, struct container *c) __attribute__((nonnull, noreturn));

/* floor_confine.c: capabilities, no_new_privs, Landlock and seccomp, in this order. */
void confine(const struct floor *f) __attribute__((nonnull));

/* The new mount calls, which glibc 2.36 has, with their errors. */
int mount_clone(int dirfd, const char *path, unsigned int flags) __attribute__((nonnull));
void mount_place(int mount, const char *target) __attribute__((nonnull));
