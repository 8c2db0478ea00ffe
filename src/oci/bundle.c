#include "oci/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
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
#include "oci/mount_bundle.h"
#include "oci/mount_option.h"
#include "oci/process.h"
#include "oci/seccomp_names.h"

#include "base/banned.h"

static struct error *set_namespaces(const struct config *c, struct oci_spec *spec)
{
	spec->joins = alloc_zeroed(c->linux_.n_namespaces, sizeof(*spec->joins));
	for (size_t i = 0; i < c->linux_.n_namespaces; i++) {
		const struct config_namespace *n = &c->linux_.namespaces[i];
		unsigned int flag = (unsigned int)config_word(&config_namespaces, n->type);
		struct oci_join join = { .namespace = flag };

		if (!n->path) {
			spec->new_namespaces |= flag;
			continue;
		}
		join.fd = open(n->path, O_RDONLY | O_CLOEXEC);
		if (join.fd < 0)
			return error_sys("%s namespace %s", n->type, n->path);
		spec->joins[spec->n_joins++] = join;
		spec->join_namespaces |= flag;
	}
	return NULL;
}

static struct id_map *copy_maps(const struct id_map *maps, size_t n)
{
	struct id_map *copy = alloc_zeroed(n, sizeof(*copy));

	if (n)
		memcpy(copy, maps, n * sizeof(*copy));
	return copy;
}

static void set_rlimits(const struct config_process *c, struct oci_process *p)
{
	p->rlimits = alloc_zeroed(c->n_rlimits, sizeof(*p->rlimits));
	for (; p->n_rlimits < c->n_rlimits; p->n_rlimits++) {
		const struct config_rlimit *l = &c->rlimits[p->n_rlimits];

		p->rlimits[p->n_rlimits] = (struct oci_rlimit){
			.resource = (int)config_word(&config_rlimits, l->type),
			.soft = l->soft,
			.hard = l->hard,
			.explicit_ = true,
		};
	}
}

static void set_capabilities(const struct config_capabilities *c, struct oci_process *p)
{
	if (!c)
		return;
	p->capabilities = config_capabilities(c->bounding);
	p->effective = config_capabilities(c->effective);
	p->permitted = config_capabilities(c->permitted);
	p->inheritable = config_capabilities(c->inheritable);
	p->ambient = config_capabilities(c->ambient);
}

static struct error *set_process(const struct config_process *c, struct oci_process *p)
{
	if (!c->args || !*c->args)
		return error_new(ERROR_BAD_INPUT, "process.args: missing or empty");
	p->config = c;
	p->argv = strv_copy(c->args);
	for (size_t i = 0; c->env && c->env[i]; i++) /* of two with one name the last counts */
		strv_env_set(&p->env, c->env[i]);
	p->cwd = alloc_string(c->cwd);
	p->umask = c->user.umask ? *c->user.umask : 022;
	p->terminal = c->terminal;
	if (c->terminal && c->console_size)
		p->size = (struct oci_terminal_size){ (unsigned short)c->console_size->height,
						      (unsigned short)c->console_size->width };
	p->no_new_privileges = c->no_new_privileges;
	p->stdin_open = true;
	p->oom_score_adj_set = c->oom_score_adj != NULL;
	p->oom_score_adj = c->oom_score_adj ? (int)*c->oom_score_adj : 0;
	set_capabilities(c->capabilities, p);
	set_rlimits(c, p);
	return process_check_labels(c, &p->apparmor);
}

/* Bind mounts are known by their options alone, as runc and crun have it. */
static enum oci_mount_kind kind_of(const struct config_mount *c, const struct mount_options *o)
{
	if (o->set & MS_REMOUNT)
		return OCI_MOUNT_REMOUNT;
	if (o->bind)
		return OCI_MOUNT_BIND;
	if (str_equal(c->type, "cgroup") || str_equal(c->type, "cgroup2"))
		return OCI_MOUNT_CGROUP;
	return OCI_MOUNT_OTHER;
}

static bool is_below(const char *path, const char *dir)
{
	size_t length = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return true;
	return str_has_prefix(path, dir) && (path[length] == '/' || !path[length]);
}

/* A source in the root that a mount before it lies over, or below, is another one by then. */
static struct error *is_mounted_on(const struct oci_spec *spec, int source, bool *ret)
{
	char *root autofree = NULL, *path autofree = NULL;
	const char *inside;

	*ret = false;
	TRY(path_of_fd(spec->container_dir, &root));
	TRY(path_of_fd(source, &path));
	if (strcmp(root, "/") == 0 || !is_below(path, root))
		return NULL;
	inside = path[strlen(root)] ? path + strlen(root) : "/";
	for (size_t i = 0; i + 1 < spec->n_mounts && !*ret; i++)
		*ret = is_below(inside, spec->mounts[i].destination) ||
		       is_below(spec->mounts[i].destination, inside);
	return NULL;
}

/* To be opened by the child, which has the mounts before it. */
static void open_late(const struct oci_bundle *b, const char *source, struct oci_mount *m)
{
	fd_close(&m->source);
	m->late_source =
		*source == '/' ? alloc_string(source) : alloc_printf("%s/%s", b->path, source);
}

/*
 * Relative sources are below the bundle (config.md, Mounts). They are opened now, by who was given
 * them: the child may be nobody to the host, and what is mounted first must not lead it elsewhere.
 */
static struct error *open_source(const struct oci_bundle *b, const char *source,
				 const struct oci_spec *spec, struct oci_mount *m)
{
	int flags = m->copy_link || m->source_nofollow ? O_NOFOLLOW : 0;
	bool mounted_on, has_mounts = spec->n_mounts > 1;
	struct stat st;

	if (str_is_empty(source))
		return error_new(ERROR_BAD_INPUT, "a bind mount without a source");
	m->source = openat(b->dir, source, O_PATH | O_CLOEXEC | flags);
	if (m->source < 0 && has_mounts && (errno == ENOENT || errno == ENOTDIR)) {
		open_late(b, source, m);
		return NULL;
	}
	if (m->source < 0 || fstat(m->source, &st) < 0)
		return error_sys("%s", source);
	TRY(is_mounted_on(spec, m->source, &mounted_on));
	if (mounted_on) {
		open_late(b, source, m);
		return NULL;
	}
	return m->copy_link && S_ISLNK(st.st_mode) ? mount_take_link(m) : NULL;
}

/* Where the kernel labels the files itself, or they have their own, there is none to give. */
static bool has_label(const struct oci_mount *m)
{
	return m->kind == OCI_MOUNT_OTHER && !str_equal(m->type, "proc") &&
	       !str_equal(m->type, "sysfs") && !str_equal(m->type, "mqueue");
}

/* As runc has it, a place by its path on the host, below the root, is one in the root. */
static struct error *find_destination(const struct oci_spec *spec, const char *path, char **ret)
{
	char *root autofree = NULL;
	char *normal autofree = path_normalize(path);

	TRY(path_of_fd(spec->container_dir, &root));
	if (strcmp(root, "/") == 0 || !is_below(normal, root)) {
		*ret = take(normal);
		return NULL;
	}
	*ret = alloc_string(normal[strlen(root)] ? normal + strlen(root) : "/");
	return NULL;
}

static struct error *add_mount(const struct oci_bundle *b, const struct config_mount *c,
			       const struct oci_spec *spec, struct oci_mount *m)
{
	struct mount_options o automountoptions = { .bind = false };

	TRY(mount_options_parse(c->options, &o));
	*m = (struct oci_mount){
		.kind = kind_of(c, &o),
		.source = -1,
		.idmap = o.map || c->n_uid_mappings ? OCI_IDMAP_OWN : OCI_IDMAP_OFF,
		.recursive = o.recursive,
		.copy_up = o.copy_up,
		.target_nofollow = o.target_nofollow,
		.source_nofollow = o.source_nofollow,
		.copy_link = o.copy_link,
		.attributes = mount_options_attributes(o.set),
		.clear = mount_options_attributes(o.clear),
		.tree_set = o.tree_set,
		.tree_clear = o.tree_clear,
		.super_flags = o.set,
		.n_propagations = o.n_propagation,
		.map_tree = o.map_tree,
		.bind = o.bind,
		.type = alloc_string(str_is_empty(c->type) ? "none" : c->type),
		.device = alloc_string(str_is_empty(c->source) ? c->type : c->source),
		.uids = copy_maps(c->uid_mappings, c->n_uid_mappings),
		.gids = copy_maps(c->gid_mappings, c->n_gid_mappings),
		.n_uids = c->n_uid_mappings,
		.n_gids = c->n_gid_mappings,
	};
	m->data = take(o.data);
	TRY(find_destination(spec, c->destination, &m->destination));
	if (has_label(m) && !str_is_empty(b->config->linux_.mount_label))
		m->label = alloc_string(b->config->linux_.mount_label);
	memcpy(m->propagations, o.propagation, sizeof(m->propagations));
	return m->kind == OCI_MOUNT_BIND ? open_source(b, c->source, spec, m) : NULL;
}

static struct error *set_mounts(const struct oci_bundle *b, struct oci_spec *spec)
{
	const struct config *c = b->config;

	spec->mounts = alloc_zeroed(c->n_mounts, sizeof(*spec->mounts));
	for (size_t i = 0; i < c->n_mounts; i++) {
		spec->n_mounts++;
		TRY(error_wrap(add_mount(b, &c->mounts[i], spec, &spec->mounts[i]),
			       "mounts[%zu]: %s", i, c->mounts[i].destination));
	}
	return NULL;
}

static struct error *open_root(const struct oci_bundle *b, struct oci_spec *spec)
{
	const char *path = b->config->root->path;

	spec->container_dir = openat(b->dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (spec->container_dir < 0)
		return error_sys("root.path: %s", path);
	spec->readonly_root = b->config->root->readonly;
	return NULL;
}

static struct error *set_seccomp(const struct oci_bundle *b, struct oci_spec *spec)
{
	const struct config *c = b->config;

	spec->seccomp = OCI_SECCOMP_UNCONFINED;
	if (!c->linux_.seccomp)
		return NULL;
	if (b->seccomp_cache >= 0) {
		spec->seccomp_cache = fcntl(b->seccomp_cache, F_DUPFD_CLOEXEC, 3);
		if (spec->seccomp_cache < 0)
			return error_sys("dup");
	}
	spec->seccomp = OCI_SECCOMP_PROFILE;
	spec->seccomp_profile = config_encode_seccomp(c->linux_.seccomp);
	spec->seccomp_i386 = true; /* the profile's own list of architectures decides */
	return NULL;
}

/* Calls that nobody knows are passed over, unless an annotation of crun's wants an error. */
static struct error *check_calls(const struct oci_bundle *b)
{
	const struct config_seccomp *c = b->config->linux_.seccomp;

	if (!c || !oci_annotation(b, "run.oci.seccomp_fail_unknown_syscall"))
		return NULL;
	TRY(seccomp_names_load());
	for (size_t i = 0; i < c->n_syscalls; i++)
		for (size_t k = 0; c->syscalls[i].names && c->syscalls[i].names[k]; k++)
			if (!seccomp_is_call(c->syscalls[i].names[k]))
				return error_new(
					ERROR_BAD_INPUT,
					"linux.seccomp.syscalls[%zu].names[%zu]: %s is no system call",
					i, k, c->syscalls[i].names[k]);
	return NULL;
}

/* What was asked for by name and cannot be had is an error, as runc has it. */
static struct error *check_host(const struct config_linux *l)
{
	struct oci_features host;

	oci_features(&host);
	if (!str_is_empty(l->mount_label) && !host.selinux)
		return error_new(ERROR_UNSUPPORTED, "linux.mountLabel: SELinux is not enabled");
	if (l->intel_rdt)
		return error_new(ERROR_UNSUPPORTED, "linux.intelRdt: resctrl is not supported");
	return NULL;
}

struct error *bundle_spec(const struct oci_bundle *b, struct oci_spec *spec)
{
	const struct config *c = b->config;
	const struct config_linux *l = &c->linux_;

	if (!c->process)
		return error_new(ERROR_BAD_INPUT, "process: missing");
	spec->bundle = b;
	spec->uids = copy_maps(l->uid_mappings, l->n_uid_mappings);
	spec->gids = copy_maps(l->gid_mappings, l->n_gid_mappings);
	spec->n_uids = l->n_uid_mappings;
	spec->n_gids = l->n_gid_mappings;
	spec->hostname = alloc_string(c->hostname);
	spec->domainname = alloc_string(c->domainname);
	spec->masked_paths = strv_copy(l->masked_paths);
	spec->readonly_paths = strv_copy(l->readonly_paths);
	spec->annotations = strv_copy(c->annotations);
	spec->root_suid = true;
	for (size_t i = 0; l->sysctl && l->sysctl[i]; i += 2) {
		strv_add_owned(&spec->sysctls, config_sysctl_path(l->sysctl[i]));
		strv_add(&spec->sysctls, l->sysctl[i + 1]);
	}
	if (l->rootfs_propagation)
		spec->root_propagation = config_word(&config_propagations, l->rootfs_propagation);
	TRY(check_host(l));
	TRY(set_namespaces(c, spec));
	TRY(open_root(b, spec));
	TRY(set_mounts(b, spec));
	TRY(check_calls(b));
	TRY(set_seccomp(b, spec));
	return set_process(c->process, &spec->process);
}

const char *oci_annotation(const struct oci_bundle *b, const char *key)
{
	char *const *list = b->config->annotations;

	for (size_t i = 0; list && list[i]; i += 2)
		if (strcmp(list[i], key) == 0)
			return list[i + 1];
	return NULL;
}

/* Whether @pid is in another namespace of that kind than we are. */
static struct error *is_foreign(const char *name, pid_t pid, bool *ret)
{
	char *theirs autofree = alloc_printf("/proc/%d/ns/%s", (int)pid, name);
	char *ours autofree = alloc_printf("/proc/self/ns/%s", name);
	struct stat a, b;

	*ret = false;
	if (stat(ours, &b) < 0) /* a kind that this kernel does not have */
		return errno == ENOENT ? NULL : error_sys("%s", ours);
	if (stat(theirs, &a) < 0)
		return error_sys("%s", theirs);
	*ret = a.st_dev != b.st_dev || a.st_ino != b.st_ino;
	return NULL;
}

static struct error *find_namespaces(pid_t pid, unsigned int *ret)
{
	static const struct {
		const char *name;
		unsigned int flag;
	} kinds[] = { { "user", CLONE_NEWUSER },     { "mnt", CLONE_NEWNS },
		      { "pid", CLONE_NEWPID },	     { "net", CLONE_NEWNET },
		      { "ipc", CLONE_NEWIPC },	     { "uts", CLONE_NEWUTS },
		      { "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		bool foreign;

		TRY(is_foreign(kinds[i].name, pid, &foreign));
		if (foreign)
			*ret |= kinds[i].flag;
	}
	return NULL;
}

struct error *bundle_exec_spec(const struct oci_bundle *io, const struct config_process *process,
			       pid_t pid, struct oci_spec *spec)
{
	spec->bundle = io;
	TRY(find_namespaces(pid, &spec->join_namespaces));
	TRY(set_seccomp(io, spec));
	return set_process(process, &spec->process);
}
