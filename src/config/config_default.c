/*
 * What `spec` prints: runc's example (its `spec` command, specconv/example.go), which people take
 * as the start for a config.json of their own.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/strv.h"
#include "config/config.h"

#include "base/banned.h"

static const struct {
	const char *destination, *type, *source;
	const char *options; /* with commas between; NULL: none */
} mounts[] = {
	{ "/proc", "proc", "proc", NULL },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k" },
	{ "/dev/pts", "devpts", "devpts",
	  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k" },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev" },
	{ "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro" },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro" },
};
enum { MOUNTS = sizeof(mounts) / sizeof(*mounts) };

static const char masked[] =
	"/proc/acpi,/proc/asound,/proc/kcore,/proc/keys,/proc/latency_stats,/proc/timer_list,"
	"/proc/timer_stats,/proc/sched_debug,/sys/firmware,/proc/scsi,/sys/devices/virtual/tpm";
static const char readonly[] = "/proc/bus,/proc/fs,/proc/irq,/proc/sys,/proc/sysrq-trigger";
static const char capabilities[] = "CAP_AUDIT_WRITE,CAP_KILL,CAP_NET_BIND_SERVICE";
static const char env[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin,TERM=xterm";

static struct config_process *make_process(void)
{
	struct config_process *p = alloc_zeroed(1, sizeof(*p));

	p->terminal = true;
	p->args = strv_split("sh", ',');
	p->env = strv_split(env, ',');
	p->cwd = alloc_string("/");
	p->no_new_privileges = true;
	p->capabilities = alloc_zeroed(1, sizeof(*p->capabilities));
	p->capabilities->bounding = strv_split(capabilities, ',');
	p->capabilities->effective = strv_split(capabilities, ',');
	p->capabilities->permitted = strv_split(capabilities, ',');
	p->rlimits = alloc_zeroed(1, sizeof(*p->rlimits));
	p->n_rlimits = 1;
	*p->rlimits = (struct config_rlimit){ .type = alloc_string("RLIMIT_NOFILE"),
					      .hard = 1024,
					      .soft = 1024 };
	return p;
}

/* sysfs belongs to a network namespace: without one of its own the host's is bound. */
static void make_rootless_mount(struct config_mount *m)
{
	char **options = NULL;

	if (strcmp(m->destination, "/sys") == 0) {
		free(m->type);
		free(m->source);
		m->type = alloc_string("none");
		m->source = alloc_string("/sys");
		strv_add(&options, "rbind");
	}
	/* Ids that are not mapped cannot be set. */
	for (size_t i = 0; m->options && m->options[i]; i++)
		if (!str_has_prefix(m->options[i], "uid=") &&
		    !str_has_prefix(m->options[i], "gid="))
			strv_add(&options, m->options[i]);
	strv_free(m->options);
	m->options = options;
}

static void add_mounts(bool rootless, struct config *c)
{
	c->mounts = alloc_zeroed(MOUNTS, sizeof(*c->mounts));
	for (size_t i = 0; i < MOUNTS; i++) {
		struct config_mount *m = &c->mounts[c->n_mounts];

		/* Under /sys there is what the host has. */
		if (rootless && str_has_prefix(mounts[i].destination, "/sys/"))
			continue;
		c->n_mounts++;
		m->destination = alloc_string(mounts[i].destination);
		m->type = alloc_string(mounts[i].type);
		m->source = alloc_string(mounts[i].source);
		m->options = mounts[i].options ? strv_split(mounts[i].options, ',') : NULL;
		if (rootless)
			make_rootless_mount(m);
	}
}

static void add_namespaces(bool rootless, bool cgroup_namespace, struct config_linux *l)
{
	const char *types[8] = { "pid" };
	size_t n = 1;

	if (!rootless)
		types[n++] = "network";
	types[n++] = "ipc";
	types[n++] = "uts";
	types[n++] = "mount";
	if (cgroup_namespace)
		types[n++] = "cgroup";
	if (rootless)
		types[n++] = "user";
	l->namespaces = alloc_zeroed(n, sizeof(*l->namespaces));
	for (; l->n_namespaces < n; l->n_namespaces++)
		l->namespaces[l->n_namespaces].type = alloc_string(types[l->n_namespaces]);
}

static struct id_map *make_map(uint32_t outside)
{
	struct id_map *map = alloc_zeroed(1, sizeof(*map));

	*map = (struct id_map){ .inside = 0, .outside = outside, .length = 1 };
	return map;
}

/* Every device is denied that the runtime does not give by itself. */
static void deny_devices(struct config_resources *r)
{
	r->devices = alloc_zeroed(1, sizeof(*r->devices));
	r->n_devices = 1;
	r->devices->allow = false;
	r->devices->access = alloc_string("rwm");
}

void config_default(bool rootless, bool cgroup_namespace, struct config *ret)
{
	struct config_linux *l = &ret->linux_;

	*ret = (struct config){ .oci_version = alloc_string(CONFIG_VERSION),
				.process = make_process(),
				.root = alloc_zeroed(1, sizeof(*ret->root)),
				.hostname = alloc_string("bulkhead") };
	*ret->root = (struct config_root){ .path = alloc_string("rootfs"), .readonly = true };
	add_mounts(rootless, ret);
	add_namespaces(rootless, cgroup_namespace, l);
	l->masked_paths = strv_split(masked, ',');
	l->readonly_paths = strv_split(readonly, ',');
	if (!rootless) {
		deny_devices(&l->resources);
		return;
	}
	l->uid_mappings = make_map(geteuid());
	l->gid_mappings = make_map(getegid());
	l->n_uid_mappings = l->n_gid_mappings = 1;
}
