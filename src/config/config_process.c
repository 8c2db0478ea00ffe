/* config.json: "process" (config.md, Process; config-linux.md for what POSIX does not have). */
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>

#include "config/config_table.h"

#include "base/banned.h"

static const struct json_word rlimit_list[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ 0 },
};
const struct json_words config_rlimits = { "a resource limit", rlimit_list };

static const struct json_word policy_list[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", 4 }, /* reserved: no kernel has it, each refuses it */
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ 0 },
};
const struct json_words config_scheduler_policies = { "a scheduling policy", policy_list };

static const struct json_word scheduler_flag_list[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ 0 },
};
const struct json_words config_scheduler_flags = { "a scheduling flag", scheduler_flag_list };

static const struct json_word io_class_list[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ 0 },
};
const struct json_words config_io_classes = { "an I/O priority class", io_class_list };

/* The kernel's struct winsize has 16 bits. */
static const struct json_field console_size_fields[] = {
	REQUIRED(console_size, "height", height, JSON_UINT32, .max = UINT16_MAX),
	REQUIRED(console_size, "width", width, JSON_UINT32, .max = UINT16_MAX),
	{ 0 },
};
static const struct json_type console_size_type = TABLE(console_size);

/* uid and gid are written though they are 0: people look for them. */
static const struct json_field user_fields[] = {
	ROW(user, "uid", uid, JSON_UINT32, 0, .max = CONFIG_ID_MAX),
	ROW(user, "gid", gid, JSON_UINT32, 0, .max = CONFIG_ID_MAX),
	OPTIONAL(user, "umask", umask, JSON_UINT32_POINTER, .max = 0777),
	LIST(user, "additionalGids", additional_gids, JSON_UINT32S, .max = CONFIG_ID_MAX),
	OPTIONAL(user, "username", username, JSON_TEXT),
	{ 0 },
};
static const struct json_type user_type = TABLE(user);

#define SET(json_name, member) OPTIONAL(capabilities, json_name, member, JSON_TEXTS)
static const struct json_field capabilities_fields[] = {
	SET("bounding", bounding),   SET("effective", effective), SET("inheritable", inheritable),
	SET("permitted", permitted), SET("ambient", ambient),	  { 0 },
};
static const struct json_type capabilities_type = TABLE(capabilities);

static const struct json_field rlimit_fields[] = {
	REQUIRED(rlimit, "type", type, JSON_TEXT, .words = &config_rlimits),
	REQUIRED(rlimit, "hard", hard, JSON_UINT64),
	REQUIRED(rlimit, "soft", soft, JSON_UINT64),
	{ 0 },
};
static const struct json_type rlimit_type = TABLE(rlimit);

static const struct json_field scheduler_fields[] = {
	REQUIRED(scheduler, "policy", policy, JSON_TEXT, .words = &config_scheduler_policies),
	OPTIONAL(scheduler, "nice", nice, JSON_INT32, .min = -20, .max = 19),
	OPTIONAL(scheduler, "priority", priority, JSON_INT32),
	OPTIONAL(scheduler, "flags", flags, JSON_TEXTS, .words = &config_scheduler_flags),
	OPTIONAL(scheduler, "runtime", runtime_ns, JSON_UINT64),
	OPTIONAL(scheduler, "deadline", deadline_ns, JSON_UINT64),
	OPTIONAL(scheduler, "period", period_ns, JSON_UINT64),
	{ 0 },
};
static const struct json_type scheduler_type = TABLE(scheduler);

static const struct json_field io_priority_fields[] = {
	REQUIRED(io_priority, "class", class, JSON_TEXT, .words = &config_io_classes),
	ROW(io_priority, "priority", priority, JSON_INT32, 0, .max = 7),
	{ 0 },
};
static const struct json_type io_priority_type = TABLE(io_priority);

static const struct json_field cpu_affinity_fields[] = {
	OPTIONAL(cpu_affinity, "initial", initial, JSON_TEXT, .check = config_check_cpu_list),
	OPTIONAL(cpu_affinity, "final", final, JSON_TEXT, .check = config_check_cpu_list),
	{ 0 },
};
static const struct json_type cpu_affinity_type = TABLE(cpu_affinity);

/* No row: commandLine, which is for Windows. */
static const struct json_field process_fields[] = {
	OPTIONAL(process, "terminal", terminal, JSON_BOOL),
	OPTIONAL(process, "consoleSize", console_size, JSON_POINTER, .type = &console_size_type),
	ROW(process, "user", user, JSON_NESTED, 0, .type = &user_type),
	OPTIONAL(process, "args", args, JSON_TEXTS),
	OPTIONAL(process, "env", env, JSON_TEXTS, .check = config_check_env),
	REQUIRED(process, "cwd", cwd, JSON_TEXT, .check = config_check_absolute),
	OPTIONAL(process, "capabilities", capabilities, JSON_POINTER, .type = &capabilities_type),
	LIST(process, "rlimits", rlimits, JSON_STRUCTS, .type = &rlimit_type),
	OPTIONAL(process, "noNewPrivileges", no_new_privileges, JSON_BOOL),
	OPTIONAL(process, "apparmorProfile", apparmor_profile, JSON_TEXT),
	OPTIONAL(process, "oomScoreAdj", oom_score_adj, JSON_INT64_POINTER, .min = -1000,
		 .max = 1000),
	OPTIONAL(process, "scheduler", scheduler, JSON_POINTER, .type = &scheduler_type),
	OPTIONAL(process, "selinuxLabel", selinux_label, JSON_TEXT),
	OPTIONAL(process, "ioPriority", io_priority, JSON_POINTER, .type = &io_priority_type),
	OPTIONAL(process, "execCPUAffinity", exec_cpu_affinity, JSON_POINTER,
		 .type = &cpu_affinity_type),
	{ 0 },
};
const struct json_type config_process_type = TABLE(process);
