/*
 * What config.json says of a process beside user and privileges (config.md and config-linux.md,
 * Process): set by the process itself, while it still may.
 */
#include "oci/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/setup.h"

#include "base/banned.h"

#define IOPRIO_WHO_PROCESS 1 /* ioprio_set(2) has no header */
#define IOPRIO_CLASS_SHIFT 13

/* @cpus: those of the group (sched_setattr(2), EPERM). */
static struct error *set_scheduler(const struct config_scheduler *c, const char *cpus)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = (uint32_t)config_word(&config_scheduler_policies, c->policy),
		.sched_flags = config_word_mask(&config_scheduler_flags, c->flags),
		.sched_nice = c->nice,
		.sched_priority = (uint32_t)c->priority,
		.sched_runtime = c->runtime_ns,
		.sched_deadline = c->deadline_ns,
		.sched_period = c->period_ns,
	};

	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return errno == EPERM && !str_is_empty(cpus)
			       ? error_new(ERROR_BAD_INPUT,
					   "process scheduler can't be used together"
					   " with AllowedCPUs")
			       : error_sys("process.scheduler");
	return NULL;
}

static struct error *set_io_priority(const struct config_io_priority *c)
{
	int value =
		(int)config_word(&config_io_classes, c->class) << IOPRIO_CLASS_SHIFT | c->priority;

	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) < 0)
		return error_sys("process.ioPriority");
	return NULL;
}

struct error *process_set_attributes(const struct config_process *c, const char *cpus)
{
	if (c->scheduler)
		TRY(set_scheduler(c->scheduler, cpus));
	return c->io_priority ? set_io_priority(c->io_priority) : NULL;
}

/* A list as in cpuset(7), "0-3,7", as a set of bits. */
struct numbers {
	unsigned long bits[1024 / (8 * sizeof(unsigned long))];
};
#define NUMBERS_MAX (8 * sizeof(struct numbers))

static struct error *add_range(char *text, struct numbers *set)
{
	const size_t width = 8 * sizeof(*set->bits);
	char *dash = strchr(text, '-');
	uint64_t first, last;

	if (dash)
		*dash++ = '\0';
	TRY(str_parse_u64(text, 0, NUMBERS_MAX - 1, &first));
	last = first;
	if (dash)
		TRY(str_parse_u64(dash, first, NUMBERS_MAX - 1, &last));
	for (; first <= last; first++)
		set->bits[first / width] |= 1UL << first % width;
	return NULL;
}

static struct error *parse_numbers(const char *list, struct numbers *ret)
{
	char **parts autostrv = strv_split(list, ',');

	*ret = (struct numbers){ 0 };
	for (size_t i = 0; parts[i]; i++) {
		char *part = parts[i] + strspn(parts[i], " ");

		part[strcspn(part, " ")] = '\0';
		TRY(add_range(part, ret));
	}
	return NULL;
}

static struct error *set_affinity(const char *list, const char *where)
{
	struct numbers set;

	if (str_is_empty(list))
		return NULL;
	TRY(error_wrap(parse_numbers(list, &set), "process.execCPUAffinity.%s", where));
	if (syscall(SYS_sched_setaffinity, 0, sizeof(set), &set) < 0)
		return error_sys("process.execCPUAffinity.%s: %s", where, list);
	return NULL;
}

/* Of a process that joins: on its way into the groups, whose cpuset may change it, and in them. */
struct error *step_initial_affinity(struct setup *s)
{
	const struct config_cpu_affinity *c = s->spec->process.config->exec_cpu_affinity;

	return c ? set_affinity(c->initial, "initial") : NULL;
}

/*
 * Those of the group, not what the caller was held to, be it systemd's CPUAffinity: the kernel
 * takes from a full set what the cpuset does not have. Since Linux 6.2 entering a group does not
 * widen what was asked for before.
 */
struct error *step_reset_affinity(struct setup *s)
{
	struct numbers all;

	(void)s;
	memset(&all, 0xff, sizeof(all));
	if (syscall(SYS_sched_setaffinity, 0, sizeof(all), &all) < 0)
		log_notice("the CPUs of the caller are the container's: %s", strerror(errno));
	return NULL;
}

struct error *step_final_affinity(struct setup *s)
{
	const struct config_cpu_affinity *c = s->spec->process.config->exec_cpu_affinity;

	if (!c || (str_is_empty(c->initial) && str_is_empty(c->final)))
		return step_reset_affinity(s);
	return set_affinity(c->final, "final");
}

struct error *process_set_memory_policy(const struct config_memory_policy *c)
{
	const bool none = str_is_empty(c->nodes);
	int mode = (int)(config_word(&config_memory_modes, c->mode) |
			 config_word_mask(&config_memory_flags, c->flags));
	struct numbers set;

	TRY(error_wrap(parse_numbers(none ? "0" : c->nodes, &set), "linux.memoryPolicy.nodes"));
	/* set_mempolicy(2): the kernel takes one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, mode, none ? NULL : &set, none ? 0 : NUMBERS_MAX + 1) < 0)
		return error_sys("linux.memoryPolicy: %s", c->mode);
	return NULL;
}

struct error *process_set_personality(const struct config_personality *c)
{
	if (personality((unsigned long)config_word(&config_personalities, c->domain)) < 0)
		return error_sys("linux.personality");
	return NULL;
}

/*
 * LSM attributes for the next execve(2), in the container's proc: what the bundle's root has in
 * that place instead would take the label and do nothing.
 */
static struct error *write_attribute(const char *file, const char *text)
{
	char *path autofree = alloc_printf("self/attr/%s", file);
	int proc autoclose = -1, fd autoclose = -1;
	struct error *err;

	TRY(path_open_on_proc(AT_FDCWD, "proc", O_PATH | O_DIRECTORY, &proc));
	fd = openat(proc, path, O_WRONLY | O_CLOEXEC); /* "self" is a link of the kernel's */
	err = fd < 0 ? error_sys("%s", path) : path_check_on_proc(fd, path);
	return err ? err : fd_write_all(fd, text, strlen(text));
}

static struct error *set_apparmor(const char *profile)
{
	char *text autofree = alloc_printf("exec %s", profile);
	struct error *err = write_attribute("apparmor/exec", text); /* Linux 5.8 */

	if (err && error_errno(err) == ENOENT) {
		error_free(err);
		err = write_attribute("exec", text);
	}
	return error_wrap(err, "process.apparmorProfile");
}

static struct error *set_selinux(const char *label)
{
	return error_wrap(write_attribute("exec", label), "process.selinuxLabel");
}

struct error *process_check_labels(const struct config_process *c, bool *ret_apparmor)
{
	struct oci_features host;

	*ret_apparmor = false;
	if (str_is_empty(c->apparmor_profile) && str_is_empty(c->selinux_label))
		return NULL;
	oci_features(&host);
	if (!str_is_empty(c->selinux_label) && !host.selinux)
		return error_new(ERROR_UNSUPPORTED, "process.selinuxLabel: SELinux is not enabled");
	*ret_apparmor = !str_is_empty(c->apparmor_profile) && host.apparmor;
	if (!str_is_empty(c->apparmor_profile) && !host.apparmor &&
	    !str_equal(c->apparmor_profile, "unconfined"))
		return error_new(ERROR_UNSUPPORTED,
				 "process.apparmorProfile: AppArmor is not enabled");
	return NULL;
}

struct error *process_set_labels(const struct oci_process *p)
{
	const struct config_process *c = p->config;

	if (p->apparmor)
		TRY(set_apparmor(c->apparmor_profile));
	return str_is_empty(c->selinux_label) ? NULL : set_selinux(c->selinux_label);
}
