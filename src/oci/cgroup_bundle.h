/* The groups of a bundle's container: where linux.cgroupsPath puts them. */
#pragma once

#include "config/config.h"
#include "oci/cgroup.h"

/*
 * The names from the hierarchy's root to the group, a strv: absolute @cgroups_path from there on, a
 * relative one below @own, none is @id. "." and ".." lead nowhere outside.
 */
char **cgroup_bundle_names(const char *cgroups_path, const char *id, const char *own)
	__attribute__((nonnull(2, 3)));

/*
 * PATH of the line "ID:CONTROLLERS:PATH" of @text, that of /proc/PID/cgroup (cgroups(7)), else "/".
 * The caller frees.
 */
char *cgroup_line(const char *text, const char *controllers)
	__attribute__((nonnull, returns_nonnull));

/*
 * The runtime's own group in the hierarchy of @controllers by the text of /proc/self/cgroup, as it
 * is seen where the mount shows @root: in version 1 the group itself, in version 2 the one above
 * it, since a group with processes hands no controllers down. The caller frees.
 */
char *cgroup_own(const char *text, const char *controllers, const char *root)
	__attribute__((nonnull, returns_nonnull));

/* linux.cgroupsPath for systemd: "slice:prefix:name". */
struct cgroup_unit {
	char *slice, *name;
	char **names; /* from the hierarchy's root to its group, a strv */
};
void cgroup_unit_done(struct cgroup_unit *u) __attribute__((nonnull));
struct error *cgroup_unit_parse(const char *cgroups_path, const char *id, struct cgroup_unit *ret)
	__attribute__((nonnull(2, 3), warn_unused_result));

/* Makes the groups and writes their limits. */
struct error *cgroup_bundle_make(struct cgroup *cg, const struct oci_bundle *bundle, const char *id)
	__attribute__((nonnull, warn_unused_result));

/* The limits of @r, by systemd too where the container has a unit. */
struct error *cgroup_bundle_limit(const struct cgroup *cg, const struct config_resources *r)
	__attribute__((nonnull, warn_unused_result));
