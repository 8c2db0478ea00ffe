/*
 * What belongs to a namespace can be set only where the container has one of its own: host names,
 * maps of ids, offsets of clocks, network devices, hidden paths, and sysctl(2).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "base/strv.h"
#include "config/config_check.h"

#include "base/banned.h"

static struct error *check_once(const struct config_linux *l)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < l->n_namespaces; i++) {
		uint64_t flag = config_word(&config_namespaces, l->namespaces[i].type);

		if (seen & flag)
			return error_new(ERROR_BAD_INPUT,
					 "linux.namespaces[%zu]: a second \"%s\" namespace", i,
					 l->namespaces[i].type);
		seen |= flag;
	}
	return NULL;
}

/* Containerd and CRI-O give the maps of a namespace to be joined too, where they say nothing. */
static struct error *check_maps(struct config *c)
{
	const struct config_linux *l = &c->linux_;
	const struct config_namespace *user = config_namespace(c, "user");
	const char *given = l->n_uid_mappings	? "uidMappings"
			    : l->n_gid_mappings ? "gidMappings"
						: NULL;

	TRY(config_check_map("linux.uidMappings", l->uid_mappings, l->n_uid_mappings));
	TRY(config_check_map("linux.gidMappings", l->gid_mappings, l->n_gid_mappings));
	if (given && !user)
		return error_new(ERROR_BAD_INPUT, "linux.%s: needs a \"user\" namespace", given);
	if (given && user->path)
		strv_addf(&c->warnings,
			  "linux.%s: has no effect on the \"user\" namespace that is joined",
			  given);
	if (user && !user->path && (!l->n_uid_mappings || !l->n_gid_mappings))
		return error_new(ERROR_BAD_INPUT, "linux.%s: missing for a new \"user\" namespace",
				 l->n_uid_mappings ? "gidMappings" : "uidMappings");
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two devices cannot have one name in the container. Sorted: there may be many. */
static struct error *check_net_names(const struct config_linux *l)
{
	const char **names autofree = alloc_zeroed(l->n_net_devices + 1, sizeof(*names));

	for (size_t i = 0; i < l->n_net_devices; i++)
		names[i] = str_is_empty(l->net_devices[i].name) ? l->net_devices[i].device
								: l->net_devices[i].name;
	qsort(names, l->n_net_devices, sizeof(*names), compare_names);
	for (size_t i = 1; i < l->n_net_devices; i++)
		if (str_equal(names[i - 1], names[i]))
			return error_new(ERROR_BAD_INPUT,
					 "linux.netDevices: a second device with the name \"%s\"",
					 names[i]);
	return NULL;
}

struct error *config_check_namespaces(struct config *c)
{
	const struct config_linux *l = &c->linux_;
	const struct config_namespace *clocks = config_namespace(c, "time");
	const char *hidden = strv_length(l->masked_paths)     ? "maskedPaths"
			     : strv_length(l->readonly_paths) ? "readonlyPaths"
							      : NULL;

	TRY(check_once(l));
	TRY(check_maps(c));
	if ((l->time_offsets.monotonic || l->time_offsets.boottime) && (!clocks || clocks->path))
		return error_new(ERROR_BAD_INPUT,
				 "linux.timeOffsets: needs a new \"time\" namespace");
	if (hidden && !config_namespace(c, "mount"))
		return error_new(ERROR_BAD_INPUT, "linux.%s: needs a \"mount\" namespace", hidden);
	if (l->n_net_devices && !config_namespace(c, "network"))
		return error_new(ERROR_BAD_INPUT,
				 "linux.netDevices: needs a \"network\" namespace");
	TRY(check_net_names(l));
	return config_check_sysctl(c);
}

/* The settings that the kernel keeps for each namespace; a name that ends in '/' is a directory. */
static const struct {
	const char *path, *type;
} settings[] = {
	{ "fs/mqueue/", "ipc" },
	{ "kernel/msgmax", "ipc" },
	{ "kernel/msgmnb", "ipc" },
	{ "kernel/msgmni", "ipc" },
	{ "kernel/sem", "ipc" },
	{ "kernel/shmall", "ipc" },
	{ "kernel/shmmax", "ipc" },
	{ "kernel/shmmni", "ipc" },
	{ "kernel/shm_rmid_forced", "ipc" },
	{ "kernel/domainname", "uts" },
	{ "net/", "network" },
};

static const char *namespace_of(const char *path)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const char *name = settings[i].path;

		if (str_has_suffix(name, "/") ? str_has_prefix(path, name) : str_equal(path, name))
			return settings[i].type;
	}
	return NULL;
}

/* Whether the namespace that is joined is the one this process is in: then it is the host's. */
static struct error *check_not_ours(const struct config_namespace *ns)
{
	/* The names in /proc are those of clone(2), but for one. */
	const char *name = str_equal(ns->type, "network") ? "net" : ns->type;
	char *ours autofree = alloc_printf("/proc/self/ns/%s", name);
	struct stat own, joined;

	if (!ns->path)
		return NULL;
	if (stat(ns->path, &joined) < 0)
		return error_sys("linux.namespaces: %s", ns->path);
	if (stat(ours, &own) < 0)
		return error_sys("%s", ours);
	if (own.st_dev != joined.st_dev || own.st_ino != joined.st_ino)
		return NULL;
	return error_new(ERROR_BAD_INPUT, "the \"%s\" namespace is the host's", ns->type);
}

static struct error *check_setting(const struct config *c, const char *key)
{
	char *path autofree = config_sysctl_path(key);
	const char *type = namespace_of(path);
	const struct config_namespace *ns = type ? config_namespace(c, type) : NULL;

	if (str_equal(path, "kernel/hostname"))
		return error_new(ERROR_BAD_INPUT, "is what \"hostname\" is for");
	if (!type)
		return error_new(ERROR_BAD_INPUT, "is the whole host's");
	if (!ns)
		return error_new(ERROR_BAD_INPUT, "needs a \"%s\" namespace", type);
	return check_not_ours(ns);
}

struct error *config_check_sysctl(const struct config *c)
{
	char *const *list = c->linux_.sysctl;

	for (size_t i = 0; list && list[i]; i += 2)
		TRY(error_wrap(check_setting(c, list[i]), "linux.sysctl.%s", list[i]));
	return NULL;
}
