/*
 * What a container uses, read from the files of its groups, as runc's `events --stats` prints it
 * (its types/events.go): numbers that are 0 are mostly left out there, and so they are here.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup.h"
#include "oci/oci.h"

#include "base/banned.h"

#define FILE_BYTES_MAX (1 << 20)
#define QUOTED_BYTES_MAX 4096
#define CPUS_MAX 8192
#define NS_PER_S UINT64_C(1000000000)

/* -- reading ----------------------------------------------------------------------------------- */

/* The text of a file of a group, "" where it is not there; the caller frees. */
static char *read_file(int dir, const char *name)
{
	char *text = NULL;
	struct error *err = path_read_text(dir, name, FILE_BYTES_MAX, &text);

	error_ignore(err, "not every kernel counts everything");
	return err ? alloc_string("") : text;
}

/* "max" is the largest number; what is no number is 0. */
static uint64_t number_of(const char *text)
{
	char *word autofree = alloc_string_n(text, strcspn(text, " \n"));
	uint64_t value = 0;

	if (strcmp(word, "max") == 0)
		return UINT64_MAX;
	error_ignore(str_parse_u64(word, 0, UINT64_MAX, &value), "it counts as 0");
	return value;
}

static uint64_t read_number(int dir, const char *name)
{
	char *text autofree = read_file(dir, name);

	return number_of(text);
}

/* The number behind @key at the beginning of a line of @text. */
static uint64_t find_number(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = text; at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, length) == 0 && at[length] == ' ')
			return number_of(at + length + 1);
	}
	return 0;
}

static const struct cgroup_place *place_of(const struct cgroup *cg, const char *controller)
{
	const struct cgroup_place *unified = NULL;

	for (size_t i = 0; i < cg->n; i++) {
		if (cgroup_has(cg->places[i].controllers, controller))
			return &cg->places[i];
		if (!*cg->places[i].controllers)
			unified = &cg->places[i];
	}
	return unified;
}

/* -- writing ----------------------------------------------------------------------------------- */

/* A JSON string, since names in these files are the kernel's to choose; the caller frees. */
static char *quoted(const char *text)
{
	struct buf b autobuf = BUF_MAX(QUOTED_BYTES_MAX);

	error_ignore(json_add_quoted(&b, text, strlen(text)), "a name that long is nobody's");
	return alloc_string(b.length ? buf_text(&b) : "\"\"");
}

/* Objects are strvs of "\"name\":value"; this makes the member @name of what is in @members. */
static void add_object(char ***to, const char *name, char **members)
{
	char *joined autofree = strv_join(members, ","), *key autofree = quoted(name);

	strv_addf(to, "%s:{%s}", key, joined);
	strv_free(members);
}

static void add(char ***to, const char *name, uint64_t value)
{
	char *key autofree = quoted(name);

	strv_addf(to, "%s:%ju", key, (uintmax_t)value);
}

static void add_if(char ***to, const char *name, uint64_t value)
{
	if (value)
		add(to, name, value);
}

static void add_array(char ***to, const char *name, char **values)
{
	char *joined autofree = strv_join(values, ",");

	if (values)
		strv_addf(to, "\"%s\":[%s]", name, joined);
	strv_free(values);
}

/* -- cpu --------------------------------------------------------------------------------------- */

/* "cpu user system" lines of cpuacct.usage_all, a column of it. */
static char **column_of(const char *text, int column)
{
	char **lines autostrv = strv_split(text, '\n'), **values = NULL;

	for (size_t i = 1; *text && lines[i]; i++) {
		char **words autostrv = strv_split(lines[i], ' ');

		if (strv_length(words) == 3)
			strv_addf(&values, "%ju", (uintmax_t)number_of(words[column]));
	}
	return values;
}

static char **percpu_of(const char *text)
{
	char **words autostrv = strv_split(text, ' '), **values = NULL;

	for (size_t i = 0; words[i]; i++)
		if (words[i][strspn(words[i], "\n")])
			strv_addf(&values, "%ju", (uintmax_t)number_of(words[i]));
	return values;
}

static char **cpu_usage_v1(int dir)
{
	char *stat autofree = read_file(dir, "cpuacct.stat");
	char *all autofree = read_file(dir, "cpuacct.usage_all");
	char *percpu autofree = read_file(dir, "cpuacct.usage_percpu");
	uint64_t ns_per_tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	char **usage = NULL;

	add_if(&usage, "total", read_number(dir, "cpuacct.usage"));
	add_array(&usage, "percpu", percpu_of(percpu));
	add_array(&usage, "percpu_kernel", column_of(all, 2));
	add_array(&usage, "percpu_user", column_of(all, 1));
	add(&usage, "kernel", find_number(stat, "system") * ns_per_tick);
	add(&usage, "user", find_number(stat, "user") * ns_per_tick);
	return usage;
}

static char **cpu_usage_v2(const char *stat)
{
	char **usage = NULL;

	add_if(&usage, "total", find_number(stat, "usage_usec") * 1000);
	add(&usage, "kernel", find_number(stat, "system_usec") * 1000);
	add(&usage, "user", find_number(stat, "user_usec") * 1000);
	return usage;
}

static void add_cpu(char ***data, const struct cgroup *cg)
{
	const struct cgroup_place *cpu = place_of(cg, "cpu"), *acct = place_of(cg, "cpuacct");
	char *stat autofree = cpu ? read_file(cpu->dir, "cpu.stat") : alloc_string("");
	bool v1 = cpu && *cpu->controllers;
	char **members = NULL, **throttling = NULL, **usage = NULL;

	if (cpu && !v1)
		usage = cpu_usage_v2(stat);
	else if (acct)
		usage = cpu_usage_v1(acct->dir);
	add_object(&members, "usage", usage);
	add_if(&throttling, "periods", find_number(stat, "nr_periods"));
	add_if(&throttling, "throttledPeriods", find_number(stat, "nr_throttled"));
	add_if(&throttling, "throttledTime",
	       v1 ? find_number(stat, "throttled_time")
		  : find_number(stat, "throttled_usec") * 1000);
	add_object(&members, "throttling", throttling);
	add_object(data, "cpu", members);
}

/* Adds "0-2,7" as [0,1,2,7]: not more of them than a kernel has CPUs or memory nodes. */
static void add_set(char ***to, const char *name, const char *text)
{
	struct buf numbers autobuf = BUF_MAX(8 * CPUS_MAX);
	char **ranges autostrv = strv_split(text, ',');
	size_t left = CPUS_MAX;

	for (size_t i = 0; ranges[i]; i++) {
		char *dash = strchr(ranges[i], '-');
		uint64_t first, last;

		if (!ranges[i][strspn(ranges[i], "\n")])
			continue;
		if (dash)
			*dash++ = '\0';
		first = number_of(ranges[i]);
		last = dash ? number_of(dash) : first;
		for (uint64_t n = first; n <= last && n < CPUS_MAX && left; n++, left--)
			error_ignore(buf_printf(&numbers, "%s%ju", numbers.length ? "," : "",
						(uintmax_t)n),
				     "there is room for all of them");
	}
	if (numbers.length)
		strv_addf(to, "\"%s\":[%s]", name, buf_text(&numbers));
}

static void add_cpuset(char ***data, const struct cgroup *cg)
{
	static const char *const flags[] = { "cpu_exclusive",	   "mem_hardwall",
					     "mem_exclusive",	   "memory_migrate",
					     "memory_spread_page", "memory_spread_slab",
					     "memory_pressure",	   "sched_load_balance" };
	const struct cgroup_place *place = place_of(cg, "cpuset");
	bool v1 = place && *place->controllers;
	char *cpus autofree = place ? read_file(place->dir, "cpuset.cpus") : alloc_string("");
	char *mems autofree = place ? read_file(place->dir, "cpuset.mems") : alloc_string("");
	char *level autofree =
		v1 ? read_file(place->dir, "cpuset.sched_relax_domain_level") : alloc_string("");
	int64_t level_number = 0;
	char **members = NULL;

	level[strcspn(level, "\n")] = '\0';
	error_ignore(str_parse_i64(level, -1, INT32_MAX, &level_number), "it counts as 0");
	add_set(&members, "cpus", cpus);
	add_set(&members, "mems", mems);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		char *file autofree = alloc_printf("cpuset.%s", flags[i]);

		add(&members, flags[i], v1 ? read_number(place->dir, file) : 0);
	}
	strv_addf(&members, "\"sched_relax_domain_level\":%jd", (intmax_t)level_number);
	add_object(data, "cpuset", members);
}

/* -- memory ------------------------------------------------------------------------------------ */

struct memory_entry {
	uint64_t limit, usage, max, failures;
};

static void add_entry(char ***to, const char *name, const struct memory_entry *e)
{
	char **members = NULL;

	add(&members, "limit", e->limit);
	add_if(&members, "usage", e->usage);
	add_if(&members, "max", e->max);
	add(&members, "failcnt", e->failures);
	add_object(to, name, members);
}

static struct memory_entry entry_v1(int dir, const char *prefix)
{
	char *limit autofree = alloc_printf("%s.limit_in_bytes", prefix);
	char *usage autofree = alloc_printf("%s.usage_in_bytes", prefix);
	char *max autofree = alloc_printf("%s.max_usage_in_bytes", prefix);
	char *failures autofree = alloc_printf("%s.failcnt", prefix);

	return (struct memory_entry){ read_number(dir, limit), read_number(dir, usage),
				      read_number(dir, max), read_number(dir, failures) };
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* "swap" is memory and swap together, as in version 1. */
static void add_entries_v2(char ***to, int dir)
{
	char *events autofree = read_file(dir, "memory.events");
	struct memory_entry memory = { read_number(dir, "memory.max"),
				       read_number(dir, "memory.current"),
				       read_number(dir, "memory.peak"),
				       find_number(events, "max") };
	struct memory_entry swap = { sum(memory.limit, read_number(dir, "memory.swap.max")),
				     sum(memory.usage, read_number(dir, "memory.swap.current")), 0,
				     0 };
	const struct memory_entry none = { 0 };

	add_entry(to, "usage", &memory);
	add_entry(to, "swap", &swap);
	add_entry(to, "kernel", &none);
	add_entry(to, "kernelTCP", &none);
}

static void add_entries_v1(char ***to, int dir)
{
	static const char *const rows[][2] = { { "usage", "memory" },
					       { "swap", "memory.memsw" },
					       { "kernel", "memory.kmem" },
					       { "kernelTCP", "memory.kmem.tcp" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct memory_entry e = entry_v1(dir, rows[i][1]);

		add_entry(to, rows[i][0], &e);
	}
}

static void add_memory(char ***data, const struct cgroup *cg)
{
	const struct cgroup_place *place = place_of(cg, "memory");
	char *stat autofree = place ? read_file(place->dir, "memory.stat") : alloc_string("");
	bool v1 = place && *place->controllers;
	char **lines autostrv = strv_split(stat, '\n');
	char **members = NULL, **raw = NULL;

	add_if(&members, "cache", find_number(stat, v1 ? "cache" : "file"));
	if (v1)
		add_entries_v1(&members, place->dir);
	else if (place)
		add_entries_v2(&members, place->dir);
	for (size_t i = 0; lines[i]; i++) {
		size_t length = strcspn(lines[i], " ");

		if (!lines[i][length])
			continue;
		lines[i][length] = '\0';
		add(&raw, lines[i], number_of(lines[i] + length + 1));
	}
	if (raw)
		add_object(&members, "raw", raw);
	add_object(data, "memory", members);
}

static void add_pids(char ***data, const struct cgroup *cg)
{
	const struct cgroup_place *place = place_of(cg, "pids");
	uint64_t limit = place ? read_number(place->dir, "pids.max") : 0;
	char **members = NULL;

	if (place)
		add_if(&members, "current", read_number(place->dir, "pids.current"));
	add_if(&members, "limit", limit == UINT64_MAX ? 0 : limit);
	add_object(data, "pids", members);
}

/* -- devices, huge pages ----------------------------------------------------------------------- */

static void add_io_entry(char ***to, const char *device, const char *operation, const char *value)
{
	char **numbers autostrv = strv_split(device, ':');
	char *quoted_operation autofree = quoted(operation), *joined autofree = NULL;
	char **members = NULL;

	if (strv_length(numbers) != 2)
		return;
	add_if(&members, "major", number_of(numbers[0]));
	add_if(&members, "minor", number_of(numbers[1]));
	strv_addf(&members, "\"op\":%s", quoted_operation);
	add_if(&members, "value", number_of(value));
	joined = strv_join(members, ",");
	strv_addf(to, "{%s}", joined);
	strv_free(members);
}

/* "8:0 Read 4096" lines; the last, "Total 4096", is of no device. */
static char **io_entries_v1(const char *text)
{
	char **lines autostrv = strv_split(text, '\n'), **entries = NULL;

	for (size_t i = 0; lines[i]; i++) {
		char **words autostrv = strv_split(lines[i], ' ');

		if (strv_length(words) == 3)
			add_io_entry(&entries, words[0], words[1], words[2]);
	}
	return entries;
}

static void add_io_v1(char ***to, int dir)
{
	static const char *const rows[][2] = {
		{ "ioServiceBytesRecursive", "io_service_bytes" },
		{ "ioServicedRecursive", "io_serviced" },
	};
	static const char *const forms[] = { "blkio.bfq.%s_recursive", "blkio.%s_recursive",
					     "blkio.throttle.%s_recursive", "blkio.throttle.%s" };

	for (size_t i = 0; i < 2; i++) {
		char **entries = NULL;

		for (size_t f = 0; !entries && f < sizeof(forms) / sizeof(*forms); f++) {
			char *head autofree = alloc_string_n(forms[f], strcspn(forms[f], "%"));
			char *file autofree =
				alloc_printf("%s%s%s", head, rows[i][1], strchr(forms[f], '%') + 2);
			char *text autofree = read_file(dir, file);

			entries = io_entries_v1(text);
		}
		add_array(to, rows[i][0], entries);
	}
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 …" lines. */
static void add_io_v2(char ***to, int dir)
{
	char *text autofree = read_file(dir, "io.stat");
	char **lines autostrv = strv_split(text, '\n');
	char **bytes = NULL, **operations = NULL;

	for (size_t i = 0; lines[i]; i++) {
		char **words autostrv = strv_split(lines[i], ' ');

		for (size_t k = 1; words[0] && words[k]; k++) {
			const char *value = strchr(words[k], '=');
			const char *name = *words[k] == 'r' ? "Read" : "Write";

			if (str_has_prefix(words[k], "rbytes=") ||
			    str_has_prefix(words[k], "wbytes="))
				add_io_entry(&bytes, words[0], name, value + 1);
			else if (str_has_prefix(words[k], "rios=") ||
				 str_has_prefix(words[k], "wios="))
				add_io_entry(&operations, words[0], name, value + 1);
		}
	}
	add_array(to, "ioServiceBytesRecursive", bytes);
	add_array(to, "ioServicedRecursive", operations);
}

static void add_io(char ***data, const struct cgroup *cg)
{
	const struct cgroup_place *place = place_of(cg, "blkio");
	char **members = NULL;

	if (place && *place->controllers)
		add_io_v1(&members, place->dir);
	else if (place)
		add_io_v2(&members, place->dir);
	add_object(data, "blkio", members);
}

static void add_page_size(char ***to, int dir, bool v1, const char *size)
{
	char *usage autofree =
		alloc_printf("hugetlb.%s.%s", size, v1 ? "usage_in_bytes" : "current");
	char *max autofree = alloc_printf("hugetlb.%s.max_usage_in_bytes", size);
	char *failures autofree = alloc_printf("hugetlb.%s.%s", size, v1 ? "failcnt" : "events");
	char *events autofree = read_file(dir, failures);
	char **members = NULL;

	add_if(&members, "usage", read_number(dir, usage));
	add_if(&members, "max", v1 ? read_number(dir, max) : 0);
	add(&members, "failcnt", v1 ? number_of(events) : find_number(events, "max"));
	add_object(to, size, members);
}

static void add_hugepages(char ***data, const struct cgroup *cg)
{
	const struct cgroup_place *place = place_of(cg, "hugetlb");
	bool v1 = place && *place->controllers;
	const char *suffix = v1 ? ".usage_in_bytes" : ".current";
	DIR *stream = place ? opendir(place->path) : NULL;
	struct dirent *entry;
	char **members = NULL;

	while (stream && (entry = readdir(stream))) {
		char *size autofree = NULL;

		if (!str_has_prefix(entry->d_name, "hugetlb.") ||
		    !str_has_suffix(entry->d_name, suffix) || strstr(entry->d_name, ".rsvd."))
			continue;
		size = alloc_string_n(entry->d_name + strlen("hugetlb."),
				      strlen(entry->d_name) - strlen("hugetlb.") - strlen(suffix));
		add_page_size(&members, place->dir, v1, size);
	}
	if (stream)
		closedir(stream);
	add_object(data, "hugetlb", members);
}

char *cgroup_stats(const struct cgroup *cg)
{
	char **data autostrv = NULL;
	char *joined autofree = NULL;

	add_cpu(&data, cg);
	add_cpuset(&data, cg);
	add_memory(&data, cg);
	add_pids(&data, cg);
	add_io(&data, cg);
	add_hugepages(&data, cg);
	strv_add(&data, "\"intel_rdt\":{}");
	strv_add(&data, "\"network_interfaces\":null");
	joined = strv_join(data, ",");
	return alloc_printf("{%s}", joined);
}

struct error *oci_stats(const struct oci_state *state, char **ret)
{
	struct cgroup cg = { 0 };
	struct error *err =
		cgroup_open(&cg, state->cgroups, NULL, cgroup_by_name(state->cgroup_manager));

	if (!err)
		*ret = cgroup_stats(&cg);
	cgroup_close(&cg);
	return err;
}
