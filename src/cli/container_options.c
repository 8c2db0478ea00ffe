#include "cli/container_options.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "cli/env_file.h"
#include "cli/value.h"

#include "base/banned.h"

#define SECCOMP_PROFILE_MAX (1 << 20)

static struct error *set_stream(void *target, const char *value)
{
	static const char *const streams[] = { "stdin", "stdout", "stderr" };

	for (size_t i = 0; i < 3; i++)
		if (strcasecmp(value, streams[i]) == 0) {
			strv_add(target, streams[i]);
			return NULL;
		}
	return error_new(ERROR_BAD_INPUT, "valid streams are STDIN, STDOUT and STDERR");
}

static void free_streams(void *target)
{
	option_list.done(target);
}

static const struct option_type option_stream = { .metavar = "list",
						  .set = set_stream,
						  .done = free_streams };

#define O(member, name, letter, type, help)                                                        \
	OPTION(struct container_options, member, name, letter, type, help)
#define CONFIG(member, name, letter, type, help) O(request.config.member, name, letter, type, help)
#define HOST(member, name, letter, type, help) O(request.host.member, name, letter, type, help)

const struct option container_options[] = {
	HOST(annotations, "annotation", 0, option_map,
	     "Add an annotation to the container (passed through to the OCI runtime)"),
	O(attach, "attach", 'a', option_stream, "Attach to STDIN, STDOUT or STDERR"),
	HOST(cap_add, "cap-add", 0, option_list, "Add Linux capabilities"),
	HOST(cap_drop, "cap-drop", 0, option_list, "Drop Linux capabilities"),
	HOST(cgroup_parent, "cgroup-parent", 0, option_text,
	     "Optional parent cgroup for the container"),
	HOST(container_id_file, "cidfile", 0, option_text, "Write the container ID to the file"),
	HOST(cpu_period_us, "cpu-period", 0, option_int64,
	     "Limit CPU CFS (Completely Fair Scheduler) period"),
	HOST(cpu_quota_us, "cpu-quota", 0, option_int64,
	     "Limit CPU CFS (Completely Fair Scheduler) quota"),
	HOST(cpu_shares, "cpu-shares", 'c', option_int64, "CPU shares (relative weight)"),
	HOST(nano_cpus, "cpus", 0, option_cpus, "Number of CPUs"),
	HOST(cpuset_cpus, "cpuset-cpus", 0, option_text,
	     "CPUs in which to allow execution (0-3, 0,1)"),
	HOST(cpuset_mems, "cpuset-mems", 0, option_text,
	     "Memory nodes in which to allow execution (0-3, 0,1)"),
	O(request.host, "device", 0, option_device, "Add a host device to the container"),
	CONFIG(domainname, "domainname", 0, option_text, "Container NIS domain name"),
	O(entrypoint, "entrypoint", 0, option_text,
	  "Overwrite the default ENTRYPOINT of the image"),
	O(env, "env", 'e', option_env, "Set environment variables"),
	O(env_files, "env-file", 0, option_list, "Read in a file of environment variables"),
	HOST(group_add, "group-add", 0, option_list, "Add additional groups to join"),
	CONFIG(hostname, "hostname", 'h', option_text, "Container host name"),
	HOST(init, "init", 0, option_maybe,
	     "Run an init inside the container that forwards signals and reaps processes"),
	CONFIG(open_stdin, "interactive", 'i', option_bool, "Keep STDIN open even if not attached"),
	HOST(ipc_mode, "ipc", 0, option_text, "IPC mode to use"),
	O(labels, "label", 'l', option_label, "Set meta data on a container"),
	O(label_files, "label-file", 0, option_list, "Read in a line delimited file of labels"),
	HOST(log_driver, "log-driver", 0, option_text,
	     "Logging driver for the container (json-file, none)"),
	HOST(log_options, "log-opt", 0, option_map, "Log driver options (max-size, max-file)"),
	HOST(memory_bytes, "memory", 'm', option_memory_limit, "Memory limit"),
	HOST(memory_reservation_bytes, "memory-reservation", 0, option_size, "Memory soft limit"),
	HOST(memory_swap_bytes, "memory-swap", 0, option_swap,
	     "Swap limit equal to memory plus swap: '-1' to enable unlimited swap"),
	O(request.host, "mount", 0, option_mount, "Attach a filesystem mount to the container"),
	O(name, "name", 0, option_text, "Assign a name to the container"),
	HOST(network_mode, "network", 0, option_text,
	     "Connect the container to a network (none, host; default none)"),
	OPTION_ALIAS(struct container_options, request.host.network_mode, "net", 0, option_text),
	HOST(oom_score_adj, "oom-score-adj", 0, option_int64,
	     "Tune host's OOM preferences (-1000 to 1000)"),
	HOST(pid_mode, "pid", 0, option_text, "PID namespace to use"),
	HOST(pids_limit, "pids-limit", 0, option_pids_limit,
	     "Tune container pids limit (set -1 for unlimited)"),
	O(platform, "platform", 0, option_text,
	  "Use the image of that platform where there are several"),
	HOST(privileged, "privileged", 0, option_bool,
	     "Give extended privileges to this container"),
	O(pull, "pull", 0, option_text,
	  "Pull image before creating (\"always\", \"missing\", \"never\")"),
	O(quiet, "quiet", 'q', option_bool, "Suppress the pull output"),
	HOST(readonly_rootfs, "read-only", 0, option_bool,
	     "Mount the container's root filesystem as read only"),
	HOST(auto_remove, "rm", 0, option_bool,
	     "Automatically remove the container and its associated anonymous volumes when it exits"),
	O(security_opt, "security-opt", 0, option_list, "Security options"),
	HOST(shm_size_bytes, "shm-size", 0, option_size, "Size of /dev/shm"),
	CONFIG(stop_signal, "stop-signal", 0, option_text, "Signal to stop the container"),
	CONFIG(stop_timeout_s, "stop-timeout", 0, option_seconds,
	       "Timeout (in seconds) to stop a container"),
	HOST(sysctls, "sysctl", 0, option_sysctl, "Sysctl options"),
	HOST(tmpfs, "tmpfs", 0, option_tmpfs, "Mount a tmpfs directory"),
	CONFIG(tty, "tty", 't', option_bool, "Allocate a pseudo-TTY"),
	O(request.host, "ulimit", 0, option_ulimit, "Ulimit options"),
	CONFIG(user, "user", 'u', option_text,
	       "Username or UID (format: <name|uid>[:<group|gid>])"),
	HOST(userns_mode, "userns", 0, option_text, "User namespace to use (\"host\")"),
	HOST(uts_mode, "uts", 0, option_text, "UTS namespace to use"),
	O(volumes, "volume", 'v', option_volume, "Bind mount a volume"),
	CONFIG(working_dir, "workdir", 'w', option_text, "Working directory inside the container"),
	OPTION_END,
};

static struct error *add_label_line(void *data, const char *line)
{
	return option_label.set(data, line);
}

/* Files first: what is said on the command line itself wins. */
static struct error *finish_env(struct container_options *o)
{
	char ***env = &o->request.config.env;

	for (char **file = o->env_files; file && *file; file++)
		TRY(env_file_read(*file, value_add_env_line, env));
	for (char **e = o->env; e && *e; e++)
		strv_env_set(env, *e);
	return NULL;
}

static struct error *finish_labels(struct container_options *o)
{
	char ***labels = &o->request.config.labels;

	for (char **file = o->label_files; file && *file; file++)
		TRY(env_file_read(*file, add_label_line, labels));
	for (char **pair = o->labels; pair && *pair; pair += 2)
		option_map_set(labels, pair[0], pair[1]);
	return NULL;
}

/* "SOURCE:TARGET…" is a bind or a named volume, "TARGET" alone an anonymous volume. */
static void finish_volumes(struct container_options *o)
{
	for (char **v = o->volumes; v && *v; v++) {
		if (strchr(*v, ':'))
			strv_add(&o->request.host.binds, *v);
		else if (!strv_contains(o->request.config.volumes, *v))
			strv_add(&o->request.config.volumes, *v);
	}
}

/*
 * JSON without its white space, except where a space keeps two words apart. Not by decoding and
 * encoding: the numbers of a profile have 64 bits without sign, jansson's 63.
 */
static void compact_json(char *text)
{
	char *out = text;
	bool quoted = false;

	for (const char *c = text; *c; c++) {
		if (!quoted && strchr(" \t\r\n", *c)) {
			const char *next = c + strspn(c, " \t\r\n");

			if (out != text && !strchr("{}[],:", out[-1]) && *next &&
			    !strchr("{}[],:", *next))
				*out++ = ' ';
			c = next - 1;
			continue;
		}
		if (*c == '"')
			quoted = !quoted;
		*out++ = *c;
		if (quoted && *c == '\\' && c[1])
			*out++ = *++c;
	}
	*out = '\0';
}

/*
 * The profile travels in the request, as in docker's API: the engine never opens a path that a
 * caller names.
 */
static struct error *read_seccomp_profile(const char *path, char ***list)
{
	struct buf content autobuf = BUF_MAX(SECCOMP_PROFILE_MAX);
	int fd autoclose = open(path, O_RDONLY | O_CLOEXEC);
	char *profile autofree = NULL;

	if (fd < 0)
		return error_sys("open seccomp profile %s", path);
	TRY(error_wrap(fd_read_all(fd, &content), "seccomp profile %s", path));
	profile = buf_take(&content);
	compact_json(profile);
	strv_addf(list, "seccomp=%s", profile);
	return NULL;
}

static struct error *add_security_opt(const char *text, char ***list)
{
	size_t length = strcspn(text, "=:");
	const char *value = text[length] ? text + length + 1 : NULL;
	char *quoted autofree = NULL;

	if (!value && strcmp(text, "no-new-privileges") != 0) {
		quoted = str_quote(text);
		return error_new(
			ERROR_BAD_INPUT,
			"invalid --security-opt: %s: expected no-new-privileges or NAME=VALUE",
			quoted);
	}
	if (!value || length != strlen("seccomp") || !str_has_prefix(text, "seccomp") ||
	    strcmp(value, "unconfined") == 0 || strcmp(value, "builtin") == 0) {
		strv_add(list, text);
		return NULL;
	}
	return read_seccomp_profile(value, list);
}

/* docker's default is everything but stdin, which -i adds; detached, nothing. */
static struct error *finish_streams(struct container_options *o, bool detached)
{
	struct container_config *c = &o->request.config;
	char *const *wanted = o->attach;

	if (wanted && detached)
		return error_new(ERROR_BAD_INPUT,
				 "conflicting options: cannot specify both --attach and --detach");
	c->attach_stdin = wanted ? strv_contains(wanted, "stdin") : c->open_stdin && !detached;
	c->attach_stdout = wanted ? strv_contains(wanted, "stdout") : !detached;
	c->attach_stderr = wanted ? strv_contains(wanted, "stderr") : !detached;
	c->stdin_once = c->open_stdin && c->attach_stdin;
	return NULL;
}

static struct error *check_pull(struct container_options *o)
{
	static const char *const words[] = { "missing", "always", "never" };
	char *quoted autofree = NULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_is_empty(o->pull) || strcmp(o->pull, words[i]) == 0)
			return NULL;
	quoted = str_quote(o->pull);
	return error_new(
		ERROR_BAD_INPUT,
		"invalid pull option: %s: must be one of \"always\", \"missing\" or \"never\"",
		quoted);
}

static void finish_command(struct container_options *o, char *const *arguments)
{
	struct container_config *c = &o->request.config;

	c->image = alloc_string(arguments[0]);
	c->cmd = strv_copy(arguments + 1);
	if (o->entrypoint)
		strv_add(&c->entrypoint, o->entrypoint);
}

struct error *container_options_finish(struct container_options *o, char *const *arguments,
				       bool detached)
{
	o->request.name = str_is_empty(o->name) ? NULL : o->name;
	TRY(check_pull(o));
	TRY(finish_streams(o, detached));
	TRY(finish_env(o));
	TRY(finish_labels(o));
	finish_volumes(o);
	for (char **s = o->security_opt; s && *s; s++)
		TRY(add_security_opt(*s, &o->request.host.security_opt));
	finish_command(o, arguments);
	return NULL;
}

void container_options_done(struct container_options *o)
{
	json_done(&container_config_type, &o->request.config);
	json_done(&host_config_type, &o->request.host);
}
