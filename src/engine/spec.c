#include "engine/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/policy.h"
#include "engine/record.h"
#include "engine/spec_devices.h"
#include "engine/spec_mounts.h"

#include "base/banned.h"

#define ALL_NAMESPACES                                                                             \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)
#define LAYERS_MAX 500 /* overlayfs takes no more */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define INIT_PATH "/sbin/docker-init"
#define CAP_SYS_ADMIN_BIT (UINT64_C(1) << 21)

/*
 * No core files; a soft limit that programs which close every descriptor bear, a hard one for those
 * that need more.
 */
static const struct oci_rlimit default_rlimits[] = {
	{ RLIMIT_CORE, 0, 0, false },
	{ RLIMIT_NOFILE, 1024, 524288, false },
};
#define N_DEFAULT_RLIMITS (sizeof(default_rlimits) / sizeof(*default_rlimits))

/* Names of --ulimit, as docker has them. */
static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
	{ "core", RLIMIT_CORE },	 { "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },	 { "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },	 { "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },	 { "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },		 { "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },	 { "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

/* --pid, --ipc, --uts, --network, --userns and the namespace each speaks of. */
static const struct {
	unsigned int namespace;
	size_t mode; /* offset in struct host_config */
} sharing[] = {
	{ CLONE_NEWPID, offsetof(struct host_config, pid_mode) },
	{ CLONE_NEWIPC, offsetof(struct host_config, ipc_mode) },
	{ CLONE_NEWUTS, offsetof(struct host_config, uts_mode) },
	{ CLONE_NEWNET, offsetof(struct host_config, network_mode) },
	{ CLONE_NEWUSER, offsetof(struct host_config, userns_mode) },
};

/*
 * Opens the owner of shared namespaces; its user namespace and ids come with them. @joined is the
 * id of the one that is open already, or empty.
 */
static struct error *join_container(struct engine *e, const char *ref, unsigned int namespace,
				    char joined[ENGINE_ID_SIZE], struct oci_spec *spec)
{
	struct container *owner autocontainer = NULL;
	struct oci_state state = { 0 };
	int state_dir autoclose = -1;
	enum alive alive;
	struct error *err;

	TRY(alive_find(e, ref, false, &owner));
	TRY(alive_probe(e, owner->id, &alive, &state_dir));
	if (alive != ALIVE_RUNS)
		return error_new(ERROR_CONFLICT,
				 "cannot join the namespaces of container %s: it is not running",
				 ref);
	if (*joined && strcmp(joined, owner->id) != 0)
		return error_new(ERROR_BAD_INPUT,
				 "namespaces of two different containers cannot be joined");
	memcpy(joined, owner->id, ENGINE_ID_SIZE);
	TRY(oci_state_load(state_dir, &state));
	err = spec->join_pidfd >= 0 ? NULL : proc_open((pid_t)state.pid, &spec->join_pidfd);
	spec->join_ids = (uint32_t)state.first_id;
	oci_state_done(&state);
	spec->join_namespaces |= namespace;
	spec->new_namespaces &= ~namespace;
	if (spec->join_ids) { /* whose user namespace owns what is joined */
		spec->join_namespaces |= CLONE_NEWUSER;
		spec->new_namespaces &= ~(unsigned int)CLONE_NEWUSER;
	}
	return err;
}

bool spec_shares_root(const struct container *c)
{
	return c->host.privileged || str_equal(c->host.userns_mode, "host");
}

/* Those that are not the host's. Whoever is executed in a container finds them all there. */
static void set_own_namespaces(const struct container *c, struct oci_spec *spec)
{
	spec->new_namespaces = ALL_NAMESPACES;
	for (size_t i = 0; i < sizeof(sharing) / sizeof(*sharing); i++)
		if (str_equal(*(char *const *)((const char *)&c->host + sharing[i].mode), "host"))
			spec->new_namespaces &= ~sharing[i].namespace;
	if (c->host.privileged) /* its promise is the host's own privileges */
		spec->new_namespaces &= ~(unsigned int)CLONE_NEWUSER;
}

static struct error *set_namespaces(struct engine *e, const struct container *c,
				    struct oci_spec *spec)
{
	char joined[ENGINE_ID_SIZE] = "";

	set_own_namespaces(c, spec);
	for (size_t i = 0; i < sizeof(sharing) / sizeof(*sharing); i++) {
		const char *mode = *(char *const *)((const char *)&c->host + sharing[i].mode);

		if (mode && str_has_prefix(mode, "container:"))
			TRY(join_container(e, mode + strlen("container:"), sharing[i].namespace,
					   joined, spec));
	}
	/* The kernel mounts no proc and no mqueue of what the user namespace does not own. */
	if (*joined && !spec->join_ids && (spec->new_namespaces & CLONE_NEWUSER))
		return error_new(ERROR_REFUSED,
				 "container %.12s has no user namespace: who joins it needs"
				 " --userns=host",
				 joined);
	return NULL;
}

/*
 * Made at the first start: the overlay's upper directory is the container's root, and wants its
 * mode.
 */
static struct error *make_upper(int container_dir)
{
	static const struct {
		const char *name;
		mode_t mode;
	} parts[] = { { "diff", 0755 }, { "work", 0700 } };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (mkdirat(container_dir, parts[i].name, parts[i].mode) < 0 && errno != EEXIST)
			return error_sys("make the directory %s", parts[i].name);
	return NULL;
}

static struct error *open_root(struct engine *e, const struct container *c, struct oci_spec *spec)
{
	struct image *image autoimage = NULL;
	int dir;

	TRY(image_find(engine_images(e), c->image_id, &image));
	spec->layers = alloc_zeroed(LAYERS_MAX, sizeof(int));
	TRY(image_open_layers(engine_images(e), image, spec->layers, LAYERS_MAX, &spec->n_layers));
	TRY(handle_dir(e, HANDLE_CONTAINERS, &dir));
	spec->container_dir = openat(dir, c->id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (spec->container_dir < 0)
		return error_sys("open the directory of container %s", c->name);
	TRY(make_upper(spec->container_dir));
	spec->volatile_upper = c->host.auto_remove;
	spec->readonly_root = c->host.readonly_rootfs;
	return NULL;
}

/*
 * The value of NAME in --security-opt "NAME=VALUE" or "NAME:VALUE", "" for the bare name, NULL
 * where it is not there.
 */
static const char *security_option(const struct container *c, const char *name)
{
	char **list = c->host.security_opt;
	size_t n = strlen(name);

	for (size_t i = strv_length(list); i-- > 0;)
		if (strncmp(list[i], name, n) == 0 &&
		    (!list[i][n] || list[i][n] == '=' || list[i][n] == ':'))
			return list[i][n] ? list[i] + n + 1 : "";
	return NULL;
}

static void set_seccomp(const struct container *c, struct oci_spec *spec)
{
	const char *value = security_option(c, "seccomp");
	const char *arch = security_option(c, "seccomp-arch");

	spec->seccomp_i386 = arch && strcmp(arch, "x86") == 0;
	if ((value && strcmp(value, "unconfined") == 0) || (c->host.privileged && !value)) {
		spec->seccomp = OCI_SECCOMP_UNCONFINED;
	} else if (value && *value == '{') {
		spec->seccomp = OCI_SECCOMP_PROFILE;
		spec->seccomp_profile = alloc_string(value);
	}
}

static struct error *set_privileges(const struct container *c, struct oci_spec *spec)
{
	const char *nnp = security_option(c, "no-new-privileges");
	const char *landlock = security_option(c, "landlock");
	struct oci_process *p = &spec->process;

	if (c->host.privileged)
		p->capabilities = oci_capabilities_all();
	else
		TRY(oci_capabilities(c->host.cap_add, c->host.cap_drop, &p->capabilities));
	p->no_new_privileges = nnp ? strcmp(nnp, "false") != 0 : !c->host.privileged;
	spec->root_suid = !p->no_new_privileges;
	set_seccomp(c, spec);
	/* A domain refuses every mount, which who has CAP_SYS_ADMIN was given it for. */
	spec->landlock = !c->host.privileged && !(p->capabilities & CAP_SYS_ADMIN_BIT) &&
			 !(landlock && strcmp(landlock, "unconfined") == 0);
	return NULL;
}

static void add_rlimit(struct oci_process *p, struct oci_rlimit limit)
{
	for (size_t i = 0; i < p->n_rlimits; i++)
		if (p->rlimits[i].resource == limit.resource) {
			p->rlimits[i] = limit;
			return;
		}
	p->rlimits = alloc_resize(p->rlimits, p->n_rlimits + 1, sizeof(limit));
	p->rlimits[p->n_rlimits++] = limit;
}

static uint64_t rlimit_value(int64_t value)
{
	return value < 0 ? RLIM_INFINITY : (uint64_t)value;
}

static void set_rlimits(const struct container *c, struct oci_process *p)
{
	for (size_t i = 0; i < N_DEFAULT_RLIMITS; i++)
		add_rlimit(p, default_rlimits[i]);
	for (size_t u = 0; u < c->host.n_ulimits; u++)
		for (size_t i = 0; i < sizeof(rlimit_names) / sizeof(*rlimit_names); i++)
			if (strcmp(rlimit_names[i].name, c->host.ulimits[u].name) == 0)
				add_rlimit(p,
					   (struct oci_rlimit){
						   rlimit_names[i].resource,
						   rlimit_value(c->host.ulimits[u].soft),
						   rlimit_value(c->host.ulimits[u].hard), true });
}

/*
 * Docker's order: what every program expects first, so that the image and the user can say
 * otherwise.
 */
static char **make_env(const struct container *c, char *const *more)
{
	char **env = NULL;

	strv_add(&env, DEFAULT_PATH);
	strv_addf(&env, "HOSTNAME=%s", c->config.hostname ? c->config.hostname : "");
	if (c->config.tty)
		strv_add(&env, "TERM=xterm");
	for (size_t i = 0; c->config.env && c->config.env[i]; i++)
		if (strchr(c->config.env[i], '='))
			strv_env_set(&env, c->config.env[i]);
	for (size_t i = 0; more && more[i]; i++)
		if (strchr(more[i], '='))
			strv_env_set(&env, more[i]);
		else
			strv_env_unset(env, more[i]);
	return env;
}

static struct error *set_process(const struct container *c, struct oci_spec *spec)
{
	struct oci_process *p = &spec->process;

	p->argv = strv_copy(c->argv);
	p->env = make_env(c, NULL);
	p->cwd = alloc_string(str_is_empty(c->config.working_dir) ? "/" : c->config.working_dir);
	p->user = alloc_string(c->config.user);
	p->additional_groups = strv_copy(c->host.group_add);
	p->umask = 022;
	p->terminal = c->config.tty;
	p->stdin_open = c->config.open_stdin;
	p->oom_score_adj = (int)c->host.oom_score_adj;
	p->oom_score_adj_set = c->host.oom_score_adj != 0;
	set_rlimits(c, p);
	return set_privileges(c, spec);
}

/* --init: our init is shown where docker has its own, and runs the program. */
static struct error *set_init(const struct container *c, struct oci_spec *spec)
{
	struct oci_mount *m;
	char **argv = NULL;

	if (!c->host.init || !*c->host.init)
		return NULL;
	spec->mounts = alloc_resize(spec->mounts, spec->n_mounts + 1, sizeof(*spec->mounts));
	m = &spec->mounts[spec->n_mounts++];
	*m = (struct oci_mount){
		.kind = OCI_MOUNT_BIND,
		.source = -1,
		.destination = alloc_string(INIT_PATH),
		.idmap = OCI_IDMAP_OFF,
		.attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.propagation = MS_PRIVATE,
	};
	TRY(proc_open_helper("bulkhead-init", &m->source));
	strv_add(&argv, INIT_PATH);
	strv_add(&argv, "--");
	for (size_t i = 0; spec->process.argv && spec->process.argv[i]; i++)
		strv_add(&argv, spec->process.argv[i]);
	strv_free(spec->process.argv);
	spec->process.argv = argv;
	return NULL;
}

static struct error *set_resources(struct engine *e, const struct container *c,
				   struct oci_resources *r)
{
	const struct host_config *h = &c->host;
	const struct policy *policy;

	TRY(handle_policy(e, &policy));
	*r = (struct oci_resources){
		.memory_bytes = h->memory_bytes ? h->memory_bytes : policy_memory_ceiling(policy),
		.memory_swap_bytes = h->memory_swap_bytes,
		.memory_reservation_bytes = h->memory_reservation_bytes,
		.cpu_shares = h->cpu_shares,
		.cpu_period_us = h->cpu_period_us,
		.cpu_quota_us = h->cpu_quota_us,
		.cpuset_cpus = str_is_empty(h->cpuset_cpus) ? NULL : alloc_string(h->cpuset_cpus),
		.cpuset_mems = str_is_empty(h->cpuset_mems) ? NULL : alloc_string(h->cpuset_mems),
		.pids_limit = h->pids_limit ? h->pids_limit : policy->pids_limit,
		.all_devices = h->privileged,
	};
	if (h->nano_cpus) {
		r->cpu_period_us = 100000;
		r->cpu_quota_us = h->nano_cpus / 10000;
	}
	return NULL;
}

/*
 * Without a network there is nobody to ask and no neighbour to know; with the host's, what the host
 * says.
 */
static struct error *set_names(const struct container *c, struct oci_spec *spec)
{
	bool host_net = str_equal(c->host.network_mode, "host");

	spec->domainname = alloc_string(c->config.domainname);
	if (spec->new_namespaces & CLONE_NEWUTS) {
		spec->hostname = alloc_string(c->config.hostname);
		if (!spec->hostname)
			spec->hostname = alloc_string_n(c->id, 12);
	}
	if (host_net) {
		TRY(path_read_text(AT_FDCWD, "/etc/hosts", 1 << 20, &spec->hosts));
		return path_read_text(AT_FDCWD, "/etc/resolv.conf", 1 << 16, &spec->resolv_conf);
	}
	spec->hosts = alloc_printf(
		"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
		"fe00::0\tip6-localnet\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
		"127.0.0.1\t%s\n",
		spec->hostname ? spec->hostname : "localhost");
	spec->resolv_conf = alloc_string("# This container has no network.\n");
	return NULL;
}

static void set_paths(const struct container *c, struct oci_spec *spec)
{
	const char *unmask = security_option(c, "systempaths");

	if (c->host.privileged || (unmask && strcmp(unmask, "unconfined") == 0))
		return;
	spec->masked_paths = strv_copy(c->host.masked_paths);
	spec->readonly_paths = strv_copy(c->host.readonly_paths);
}

/* Compiled filters are kept with the data: they are the same for every start. */
static struct error *open_cache(struct engine *e, int *ret_fd)
{
	return path_open_dir(e->root_dir, "seccomp", 0700, ret_fd);
}

static void init(const struct container *c, struct oci_spec *ret)
{
	*ret = (struct oci_spec){
		.state_dir = -1,
		.container_dir = -1,
		.join_pidfd = -1,
		.seccomp_cache = -1,
		.privileged = c->host.privileged,
	};
	ret->id = alloc_string(c->id);
}

struct error *spec_build(struct engine *e, const struct container *c, int state_dir,
			 struct oci_spec *ret)
{
	init(c, ret);
	ret->state_dir = fcntl(state_dir, F_DUPFD_CLOEXEC, 3);
	if (ret->state_dir < 0)
		return error_sys("dup");
	ret->state_path = alive_path(e, c->id);
	TRY(set_namespaces(e, c, ret));
	TRY(open_root(e, c, ret));
	TRY(set_names(c, ret));
	ret->shm_size_bytes = c->host.shm_size_bytes;
	TRY(spec_add_mounts(e, c, ret));
	TRY(spec_devices(c, ret));
	set_paths(c, ret);
	ret->sysctls = strv_copy(c->host.sysctls);
	ret->annotations = strv_copy(c->host.annotations);
	TRY(set_process(c, ret));
	TRY(set_init(c, ret));
	TRY(set_resources(e, c, &ret->resources));
	if (!str_is_empty(c->host.cgroup_parent))
		ret->cgroup_parent = alloc_string(c->host.cgroup_parent);
	return open_cache(e, &ret->seccomp_cache);
}

struct error *spec_build_exec(struct engine *e, const struct container *c,
			      const struct exec_request *request, struct oci_spec *ret)
{
	struct oci_process *p = &ret->process;

	init(c, ret);
	set_own_namespaces(c, ret);
	TRY(set_process(c, ret));
	strv_free(p->argv);
	strv_free(p->env);
	p->argv = strv_copy(request->argv);
	p->env = make_env(c, request->env);
	if (request->tty && !c->config.tty && !strv_env_get(request->env, "TERM"))
		strv_env_set(&p->env, "TERM=xterm");
	if (request->user) {
		free(p->user);
		p->user = alloc_string(request->user);
	}
	if (request->working_dir) {
		free(p->cwd);
		p->cwd = alloc_string(request->working_dir);
	}
	p->terminal = request->tty;
	p->stdin_open = request->stdin_open;
	p->size = (struct oci_terminal_size){ request->size.rows, request->size.columns };
	if (request->privileged) {
		p->capabilities = oci_capabilities_all();
		p->no_new_privileges = false;
		ret->seccomp = OCI_SECCOMP_UNCONFINED;
	}
	return open_cache(e, &ret->seccomp_cache);
}
