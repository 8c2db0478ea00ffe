/*
 * What the program may: keyring, resource limits, user, capabilities (capabilities(7)),
 * no_new_privs, Landlock, seccomp.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/log.h"
#include "base/path.h"
#include "oci/landlock.h"
#include "oci/process.h"
#include "oci/setup.h"

#include "base/banned.h"

/* A bundle says the numbers; passwd only tells where home is, and may be missing or lie. */
static struct error *take_user(const struct config_user *c, int root, struct user *u)
{
	char *text autofree = alloc_printf("%u:%u", c->uid, c->gid);
	struct error *err = user_resolve(root, text, NULL, u);

	if (err) {
		error_ignore(err, "ids without an entry");
		*u = (struct user){ .home = alloc_string("/") };
	}
	u->uid = c->uid;
	u->gid = c->gid;
	u->groups = alloc_resize(u->groups, c->n_additional_gids + 1, sizeof(gid_t));
	u->n_groups = c->n_additional_gids;
	for (size_t i = 0; i < c->n_additional_gids; i++)
		u->groups[i] = c->additional_gids[i];
	return NULL;
}

struct error *step_find_user(struct setup *s)
{
	if (s->spec->process.config)
		return take_user(&s->spec->process.config->user, s->root_dir, &s->user);
	return user_resolve(s->root_dir, s->spec->process.user, s->spec->process.additional_groups,
			    &s->user);
}

/*
 * A hard limit above ours, by the parent: it takes the host's CAP_SYS_RESOURCE. A default that
 * cannot be had is clamped to what we have ourselves; one that was asked for by name is an error.
 */
static struct error *raise_rlimit(pid_t pid, const struct oci_rlimit *l)
{
	struct rlimit limit;

	if (prlimit(pid, (enum __rlimit_resource)l->resource, NULL, &limit) < 0)
		return error_sys("read limit %d", l->resource);
	if (l->hard <= limit.rlim_max)
		return NULL;
	limit.rlim_max = l->hard;
	if (prlimit(pid, (enum __rlimit_resource)l->resource, &limit, NULL) < 0 &&
	    (l->explicit_ || errno != EPERM))
		return error_sys("limit %d to %ju:%ju", l->resource, (uintmax_t)l->soft,
				 (uintmax_t)l->hard);
	return NULL;
}

/*
 * The limits themselves, by the child, and late: few open files or little memory are the program's
 * problem, not ours while we make its container.
 */
static struct error *set_rlimits(const struct oci_process *p)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *l = &p->rlimits[i];
		struct rlimit limit;

		if (getrlimit((enum __rlimit_resource)l->resource, &limit) < 0)
			return error_sys("read limit %d", l->resource);
		limit.rlim_max = l->hard < limit.rlim_max ? l->hard : limit.rlim_max;
		limit.rlim_cur = l->soft < limit.rlim_max ? l->soft : limit.rlim_max;
		if (setrlimit((enum __rlimit_resource)l->resource, &limit) < 0)
			return error_sys("limit %d to %ju:%ju", l->resource, (uintmax_t)l->soft,
					 (uintmax_t)l->hard);
	}
	return NULL;
}

static struct error *set_oom_score(pid_t pid, int score)
{
	char path[40], text[16];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	snprintf(text, sizeof(text), "%d", score);
	return path_write_existing(AT_FDCWD, path, text);
}

struct error *step_limits(struct setup *s)
{
	const struct oci_process *p = &s->spec->process;

	for (size_t i = 0; i < p->n_rlimits; i++)
		TRY(raise_rlimit(s->pid, &p->rlimits[i]));
	if (!p->oom_score_adj_set)
		return NULL;
	return error_wrap(set_oom_score(s->pid, p->oom_score_adj), "OOM score adjustment %d",
			  p->oom_score_adj);
}

struct error *step_load_seccomp(struct setup *s)
{
	const struct oci_spec *spec = s->spec;
	struct seccomp_options options = {
		.capabilities = spec->process.capabilities,
		.i386 = spec->seccomp_i386,
		.x32 = spec->bundle != NULL,
		.listener = spec->bundle != NULL,
		.kernel_version = seccomp_running_kernel(),
	};

	if (spec->seccomp == OCI_SECCOMP_UNCONFINED)
		return NULL;
	return seccomp_load_cached(spec->seccomp_cache, spec->seccomp_profile,
				   spec->seccomp_profile ? strlen(spec->seccomp_profile) : 0,
				   &options, &s->seccomp);
}

static struct error *capset_all(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		  (uint32_t)(inheritable >> 32) },
	};

	return syscall(SYS_capset, &head, data) < 0 ? error_sys("set capabilities") : NULL;
}

static struct error *drop_bounding(uint64_t keep)
{
	for (int i = 0; i < 64; i++) {
		if (keep >> i & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0) {
			if (errno == EINVAL) /* past the kernel's last one */
				return NULL;
			return error_sys("drop capability %d", i);
		}
	}
	return NULL;
}

/* Also in a user namespace, where they have no number: podman's --group-add keep-groups. */
bool keeps_groups(const struct setup *s)
{
	return s->spec->bundle && oci_annotation(s->spec->bundle, "run.oci.keep_original_groups");
}

static struct error *become_user(const struct setup *s)
{
	const struct user *u = &s->user;

	if (!keeps_groups(s) && setgroups(u->n_groups, u->groups) < 0 &&
	    !(s->spec->bundle && s->user_namespace && errno == EPERM && u->n_groups == 0))
		return error_sys("set the groups");
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return error_sys("become group %u", u->gid);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return error_sys("become user %u", u->uid);
	return NULL;
}

static struct error *raise_ambient(uint64_t ambient)
{
	for (int i = 0; i < 64; i++)
		if ((ambient >> i & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return error_sys("raise capability %d", i);
	return NULL;
}

/*
 * Root keeps the bounding set; another user has only what --cap-add gave by way of ambient
 * capabilities. A bundle has its five sets.
 */
static struct error *set_capabilities(const struct oci_process *p, const struct user *u)
{
	uint64_t have = u->uid == 0 ? p->capabilities : p->ambient;

	if (p->config) {
		TRY(capset_all(p->effective, p->permitted, p->inheritable));
		return raise_ambient(p->ambient & p->permitted & p->inheritable);
	}
	TRY(capset_all(have, have, u->uid == 0 ? 0 : p->ambient));
	return u->uid == 0 ? NULL : raise_ambient(p->ambient);
}

/*
 * A user namespace has every capability; without one there are only those that we have ourselves: a
 * host may keep some from its root.
 */
static struct error *limit_to_own(struct setup *s, struct oci_process *p)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t own;

	if (s->user_namespace)
		return NULL;
	if (syscall(SYS_capget, &head, data) < 0)
		return error_sys("read capabilities");
	own = data[0].permitted | (uint64_t)data[1].permitted << 32;
	p->capabilities &= own;
	p->ambient &= own;
	p->effective &= own;
	p->permitted &= own;
	p->inheritable &= own;
	return NULL;
}

/* What "linux" says of processes: of those that join, too, as runc has it. */
static struct error *set_bundle_attributes(const struct setup *s)
{
	const struct config_linux *l = &s->spec->bundle->config->linux_;

	if (l->memory_policy)
		TRY(process_set_memory_policy(l->memory_policy));
	return l->personality ? process_set_personality(l->personality) : NULL;
}

/* The CPUs that a bundle gives its group; NULL where it gives none, or there is no bundle. */
static const char *cpus_of(const struct setup *s)
{
	const struct oci_bundle *b = s->spec->bundle;

	return b && b->config ? b->config->linux_.resources.cpu.cpus : NULL;
}

/*
 * The order matters. Landlock and no_new_privs may come while we still have capabilities; the
 * filter, without no_new_privs, needs CAP_SYS_ADMIN and so comes before they go; with it, it comes
 * last, so that the profile need not allow what we do here.
 */
struct error *step_privileges(struct setup *s)
{
	struct oci_process own = s->spec->process, *p = &own;
	unsigned int not_the_hosts = s->spec->new_namespaces | s->spec->join_namespaces;
	bool filtered = s->seccomp.insns != NULL;

	umask(p->umask);
	/*
	 * A keyring of its own, for an exec session too: never the caller's (keyrings(7)). Kernels
	 * without keys have nothing to hide.
	 */
	if (!(s->spec->bundle && s->spec->bundle->no_new_keyring) &&
	    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return error_sys("make a session keyring");
	if (p->config) {
		TRY(process_set_attributes(p->config, cpus_of(s)));
		TRY(process_set_labels(p));
	}
	if (s->spec->bundle)
		TRY(set_bundle_attributes(s));
	if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_sys("set no_new_privs");
	if (s->spec->landlock && !s->joined)
		TRY(landlock_confine(!(not_the_hosts & CLONE_NEWPID),
				     !(not_the_hosts & CLONE_NEWNET)));
	TRY(set_rlimits(p));
	TRY(limit_to_own(s, p));
	TRY(drop_bounding(p->capabilities));
	if (filtered && !p->no_new_privileges)
		TRY(listener_install(s));
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_sys("keep capabilities");
	TRY(become_user(s));
	TRY(set_capabilities(p, &s->user));
	if (filtered && p->no_new_privileges && !s->spec->bundle)
		TRY(seccomp_install(&s->seccomp));
	return NULL;
}

/* Behind the gate: waiting there is not the profile's to allow. */
struct error *step_filter(struct setup *s)
{
	return s->seccomp.insns && !s->filtered ? listener_install(s) : NULL;
}

/* But a listener is handed on by who makes the container, who is gone by then. */
struct error *step_early_filter(struct setup *s)
{
	return s->seccomp.notifies ? step_filter(s) : NULL;
}
