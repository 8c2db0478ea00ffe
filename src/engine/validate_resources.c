/* Limits: docker's rules and words (daemon/daemon_unix.go, verifyPlatformContainerResources). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/validate.h"

#include "base/banned.h"

#define MEMORY_MIN (6LL * 1024 * 1024)
#define CPU_SHARES_MIN 2
#define CPU_SHARES_MAX 262144
#define CPUSET_MAX 8192

static struct error *bad(const char *text)
{
	return error_new(ERROR_BAD_INPUT, "%s", text);
}

static struct error *check_memory(const struct host_config *h)
{
	if (h->memory_bytes < -1 || h->memory_swap_bytes < -1 || h->memory_reservation_bytes < 0)
		return bad("invalid memory limit: less than 0");
	if (h->memory_bytes > 0 && h->memory_bytes < MEMORY_MIN)
		return bad("minimum memory limit allowed is 6MB");
	if (h->memory_bytes > 0 && h->memory_swap_bytes > 0 &&
	    h->memory_swap_bytes < h->memory_bytes)
		return bad("minimum memoryswap limit should be larger than memory limit");
	if (h->memory_bytes <= 0 && h->memory_swap_bytes > 0)
		return bad("the memory limit must be set when a memoryswap limit is");
	if (h->memory_reservation_bytes > 0 && h->memory_reservation_bytes < MEMORY_MIN)
		return bad("minimum memory reservation allowed is 6MB");
	if (h->memory_bytes > 0 && h->memory_reservation_bytes > h->memory_bytes)
		return bad("minimum memory limit can not be less than memory reservation limit");
	return NULL;
}

static struct error *check_cpu(const struct host_config *h)
{
	long online = h->nano_cpus ? sysconf(_SC_NPROCESSORS_ONLN) : 0;

	if (h->nano_cpus && (h->cpu_period_us || h->cpu_quota_us))
		return bad("conflicting options: CPUs and CPU period or quota cannot both be set");
	if (h->nano_cpus &&
	    (h->nano_cpus < 10000000 || h->nano_cpus > (int64_t)online * 1000000000))
		return error_new(ERROR_BAD_INPUT,
				 "range of CPUs is from 0.01 to %ld.00, as there are only %ld CPUs"
				 " available",
				 online, online);
	if (h->cpu_period_us && (h->cpu_period_us < 1000 || h->cpu_period_us > 1000000))
		return bad("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s"
			   " (i.e. 1000000)");
	if (h->cpu_quota_us && h->cpu_quota_us != -1 && h->cpu_quota_us < 1000)
		return bad("CPU cfs quota can not be less than 1ms (i.e. 1000)");
	if (h->cpu_shares && (h->cpu_shares < CPU_SHARES_MIN || h->cpu_shares > CPU_SHARES_MAX))
		return error_new(ERROR_BAD_INPUT,
				 "invalid CPU shares (%lld): the range is from %d to %d",
				 (long long)h->cpu_shares, CPU_SHARES_MIN, CPU_SHARES_MAX);
	return NULL;
}

/* One "3" or "0-3". */
static struct error *parse_range(const char *text, uint64_t *ret_first, uint64_t *ret_last)
{
	const char *dash = strchr(text, '-');
	char *first autofree = alloc_string_n(text, dash ? (size_t)(dash - text) : strlen(text));

	TRY(str_parse_u64(first, 0, CPUSET_MAX - 1, ret_first));
	*ret_last = *ret_first;
	if (dash)
		TRY(str_parse_u64(dash + 1, *ret_first, CPUSET_MAX - 1, ret_last));
	return NULL;
}

/* Marks the numbers of a list such as "0-3,7" (cpuset(7), list format). */
static struct error *parse_list(const char *text, bool *set)
{
	char **parts autostrv = strv_split(text, ',');

	for (size_t i = 0; parts[i]; i++) {
		uint64_t first, last;

		TRY(parse_range(parts[i], &first, &last));
		for (uint64_t n = first; n <= last; n++)
			set[n] = true;
	}
	return NULL;
}

static struct error *check_available(const char *wanted, const bool *set, const char *what,
				     const char *sysfs_path)
{
	bool *available autofree = alloc_zeroed(CPUSET_MAX, sizeof(bool));
	char *text autofree = NULL;
	struct error *err = path_read_text(AT_FDCWD, sysfs_path, 4096, &text);

	if (err) { /* a kernel without NUMA has no list of nodes; the cgroup will say */
		error_ignore(err, "the kernel checks it at the start");
		return NULL;
	}
	text[strcspn(text, "\n")] = '\0';
	TRY(error_wrap(parse_list(text, available), "%s", sysfs_path));
	for (size_t n = 0; n < CPUSET_MAX; n++)
		if (set[n] && !available[n])
			return error_new(ERROR_BAD_INPUT,
					 "requested %s are not available: requested %s,"
					 " available: %s",
					 what, wanted, text);
	return NULL;
}

static struct error *check_cpuset(const char *wanted, const char *what, const char *sysfs_path)
{
	bool *set autofree = NULL;
	struct error *err;

	if (str_is_empty(wanted))
		return NULL;
	set = alloc_zeroed(CPUSET_MAX, sizeof(bool));
	err = parse_list(wanted, set);
	if (err)
		return error_wrap(err, "invalid value %s for cpuset %s", wanted, what);
	return check_available(wanted, set, what, sysfs_path);
}

static const struct {
	const char *name;
	int resource;
} ulimits[] = {
	{ "core", RLIMIT_CORE },     { "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },     { "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },   { "memlock", RLIMIT_MEMLOCK },
	{ "nice", RLIMIT_NICE },     { "msgqueue", RLIMIT_MSGQUEUE },
	{ "nproc", RLIMIT_NPROC },   { "nofile", RLIMIT_NOFILE },
	{ "rss", RLIMIT_RSS },	     { "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME }, { "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

int validate_ulimit_resource(const char *name)
{
	for (size_t i = 0; i < sizeof(ulimits) / sizeof(ulimits[0]); i++)
		if (strcmp(ulimits[i].name, name) == 0)
			return ulimits[i].resource;
	return -1;
}

static struct error *check_ulimit(const struct engine_ulimit *u)
{
	if (validate_ulimit_resource(u->name) < 0)
		return error_new(ERROR_BAD_INPUT, "invalid ulimit type: %s", u->name);
	if (u->soft < -1 || u->hard < -1)
		return error_new(ERROR_BAD_INPUT, "ulimit %s: less than -1", u->name);
	if (u->hard != -1 && (u->soft == -1 || u->soft > u->hard))
		return error_new(ERROR_BAD_INPUT,
				 "ulimit %s: soft limit must be less than or equal to hard limit:"
				 " %lld > %lld",
				 u->name, (long long)u->soft, (long long)u->hard);
	return NULL;
}

struct error *validate_resources(const struct host_config *host)
{
	TRY(check_memory(host));
	TRY(check_cpu(host));
	TRY(check_cpuset(host->cpuset_cpus, "CPUs", "/sys/devices/system/cpu/online"));
	TRY(check_cpuset(host->cpuset_mems, "memory nodes", "/sys/devices/system/node/online"));
	for (size_t i = 0; i < host->n_ulimits; i++)
		TRY(check_ulimit(&host->ulimits[i]));
	if (host->pids_limit < -1)
		return bad("invalid pids limit: less than -1");
	if (host->shm_size_bytes < 0)
		return bad("SHM size must be greater than 0");
	if (host->oom_score_adj < -1000 || host->oom_score_adj > 1000)
		return error_new(ERROR_BAD_INPUT,
				 "invalid value %lld, range for oom score adj is [-1000, 1000]",
				 (long long)host->oom_score_adj);
	return NULL;
}
