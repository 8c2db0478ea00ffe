#include "engine/defaults.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

/*
 * docker's lists, with what newer kernels leak besides: interrupts and thermal counters time other
 * tenants.
 */
const char *const defaults_masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/kallsyms",
	"/proc/key-users",
	"/proc/keys",
	"/proc/kmsg",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	"/sys/fs/bpf",
	"/sys/fs/selinux",
	"/sys/kernel/debug",
	"/sys/kernel/security",
	"/sys/kernel/tracing",
	NULL,
};

const char *const defaults_readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static void set_text(char **field, const char *value)
{
	if (!str_is_empty(*field))
		return;
	free(*field);
	*field = alloc_string(value);
}

/* An empty list is no list: what hides nothing is asked for by name ("systempaths=unconfined"). */
static void set_list(char ***field, const char *const *values)
{
	if (strv_length(*field))
		return;
	strv_free(*field);
	*field = strv_copy((char **)values);
}

/* "systempaths=unconfined", as docker's command line and --privileged ask for it. */
static bool shows_system_paths(const struct host_config *host)
{
	return host->privileged || strv_contains(host->security_opt, "systempaths=unconfined");
}

static void set_log_options(const struct policy *policy, struct host_config *host)
{
	char **options = NULL;

	if (!str_equal(host->log_driver, "json-file"))
		return;
	strv_addf(&options, "max-file");
	strv_addf(&options, "%lld", (long long)policy->log_max_files);
	strv_addf(&options, "max-size");
	strv_addf(&options, "%lld", (long long)policy->log_max_bytes);
	for (size_t i = 0; host->log_options && host->log_options[i]; i += 2)
		for (size_t k = 0; options[k]; k += 2)
			if (str_equal(options[k], host->log_options[i])) {
				free(options[k + 1]);
				options[k + 1] = alloc_string(host->log_options[i + 1]);
			}
	strv_free(host->log_options);
	host->log_options = options;
}

/* docker's: the short id, or the host's own name where that is shared. */
static void set_hostname(struct container *c)
{
	char short_id[13];
	struct utsname names;

	if (!str_is_empty(c->config.hostname))
		return;
	memcpy(short_id, c->id, 12);
	short_id[12] = '\0';
	if (str_equal(c->host.uts_mode, "host") && uname(&names) == 0)
		set_text(&c->config.hostname, names.nodename);
	else
		set_text(&c->config.hostname, short_id);
}

/*
 * docker's: twice the memory where memory is limited by name; what only has the ceiling may swap.
 */
static void set_memory(const struct policy *policy, struct host_config *host)
{
	if (host->memory_bytes > 0 && host->memory_swap_bytes == 0)
		host->memory_swap_bytes =
			host->memory_bytes > INT64_MAX / 2 ? -1 : host->memory_bytes * 2;
	if (host->memory_bytes == 0 && policy->memory_bytes)
		host->memory_bytes = policy->memory_bytes;
	/* 0 stays 0 otherwise: the ceiling follows the host's memory at each start */
}

void defaults_apply(const struct policy *policy, struct container *c)
{
	struct host_config *host = &c->host;

	if (str_equal(host->network_mode, "default"))
		host->network_mode[0] = '\0';
	set_text(&host->network_mode, "none");
	set_text(&host->ipc_mode, "private");
	set_text(&host->log_driver, "json-file");
	if (host->privileged)
		set_text(&host->userns_mode, "host");
	if (!host->shm_size_bytes)
		host->shm_size_bytes = DEFAULTS_SHM_BYTES;
	if (!host->pids_limit)
		host->pids_limit = policy->pids_limit;
	if (!shows_system_paths(host)) {
		set_list(&host->masked_paths, defaults_masked_paths);
		set_list(&host->readonly_paths, defaults_readonly_paths);
	}
	set_memory(policy, host);
	set_log_options(policy, host);
	set_hostname(c);
}
