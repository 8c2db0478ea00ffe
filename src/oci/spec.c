#include <stdlib.h>

#include "base/fd.h"
#include "base/strv.h"
#include "oci/oci.h"

#include "base/banned.h"

static void process_done(struct oci_process *p)
{
	strv_free(p->argv);
	strv_free(p->env);
	strv_free(p->additional_groups);
	free(p->cwd);
	free(p->user);
	free(p->rlimits);
}

void oci_spec_done(struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_layers; i++)
		fd_close(&spec->layers[i]);
	free(spec->layers);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		free(spec->mounts[i].destination);
		free(spec->mounts[i].data);
		free(spec->mounts[i].type);
		free(spec->mounts[i].device);
		free(spec->mounts[i].label);
		free(spec->mounts[i].late_source);
		free(spec->mounts[i].uids);
		free(spec->mounts[i].gids);
		fd_close(&spec->mounts[i].source);
	}
	free(spec->mounts);
	for (size_t i = 0; i < spec->n_devices; i++) {
		free(spec->devices[i].path);
		free(spec->devices[i].host_path);
		free(spec->devices[i].access);
	}
	free(spec->devices);
	for (size_t i = 0; i < spec->n_joins; i++)
		fd_close(&spec->joins[i].fd);
	free(spec->joins);
	free(spec->uids);
	free(spec->gids);
	fd_close(&spec->state_dir);
	fd_close(&spec->container_dir);
	fd_close(&spec->join_pidfd);
	fd_close(&spec->seccomp_cache);
	free(spec->id);
	free(spec->state_path);
	free(spec->hostname);
	free(spec->domainname);
	free(spec->hosts);
	free(spec->resolv_conf);
	free(spec->seccomp_profile);
	free(spec->cgroup_parent);
	free(spec->resources.cpuset_cpus);
	free(spec->resources.cpuset_mems);
	strv_free(spec->masked_paths);
	strv_free(spec->readonly_paths);
	strv_free(spec->sysctls);
	strv_free(spec->annotations);
	process_done(&spec->process);
	*spec = (struct oci_spec){ 0 };
}
