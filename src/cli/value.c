#include "cli/value.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/engine.h"

#include "base/banned.h"

static struct error *set_size(void *target, const char *value)
{
	struct error *err = str_parse_size(value, target);

	if (!error_is(err, ERROR_BAD_INPUT))
		return err;
	error_ignore(err, "docker's words are used instead");
	return error_new(ERROR_BAD_INPUT, "invalid size: '%s'", value);
}

/* Docker's 0 for "unlimited" is -1 in our requests, where 0 stands for the default. */
static struct error *unlimited_zero(struct error *err, int64_t *number)
{
	if (!err && *number == 0)
		*number = -1;
	return err;
}

static struct error *set_memory_limit(void *target, const char *value)
{
	return unlimited_zero(set_size(target, value), target);
}

static struct error *set_pids_limit(void *target, const char *value)
{
	return unlimited_zero(str_parse_i64(value, -1, INT64_MAX, target), target);
}

static struct error *set_swap(void *target, const char *value)
{
	if (strcmp(value, "-1") != 0)
		return set_size(target, value);
	*(int64_t *)target = -1;
	return NULL;
}

static struct error *set_cpus(void *target, const char *value)
{
	return str_parse_nano(value, target);
}

static struct error *set_seconds(void *target, const char *value)
{
	int64_t **seconds = target, number;

	TRY(str_parse_i64(value, -1, INT32_MAX, &number));
	if (!*seconds)
		*seconds = alloc_zeroed(1, sizeof(**seconds));
	**seconds = number;
	return NULL;
}

static struct error *set_maybe(void *target, const char *value)
{
	bool **maybe = target, yes;

	TRY(str_parse_bool(value, &yes));
	if (!*maybe)
		*maybe = alloc_zeroed(1, sizeof(**maybe));
	**maybe = yes;
	return NULL;
}

static struct error *set_tmpfs(void *target, const char *value)
{
	const char *colon = strchrnul(value, ':');
	char *path autofree = alloc_string_n(value, (size_t)(colon - value));

	if (!*path)
		return error_new(ERROR_BAD_INPUT, "no directory before ':'");
	option_map_set(target, path, *colon ? colon + 1 : "");
	return NULL;
}

static struct error *set_label(void *target, const char *value)
{
	if (!*value || *value == '=')
		return error_new(ERROR_BAD_INPUT, "invalid label '%s': empty name", value);
	return option_map.set(target, value);
}

static struct error *set_sysctl(void *target, const char *value)
{
	if (*value == '=' || !strchr(value, '='))
		return error_new(ERROR_BAD_INPUT, "sysctl '%s' is not allowed", value);
	return option_map.set(target, value);
}

struct error *value_add_env(char ***env, const char *text)
{
	const char *own;
	char *assignment autofree = NULL;

	if (!*text || *text == '=')
		return error_new(ERROR_BAD_INPUT, "invalid environment variable: %s", text);
	own = strchr(text, '=') ? NULL : getenv(text);
	if (own)
		assignment = alloc_printf("%s=%s", text, own);
	strv_env_set(env, assignment ? assignment : text);
	return NULL;
}

struct error *value_add_env_line(void *env, const char *line)
{
	return strchr(line, '=') || getenv(line) ? value_add_env(env, line) : NULL;
}

static struct error *set_env(void *target, const char *value)
{
	return value_add_env(target, value);
}

static const char *const ulimit_names[] = {
	"core",	  "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
	"nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack",	 NULL,
};

static struct error *parse_limits(const char *text, struct engine_ulimit *ret)
{
	char **parts autostrv = strv_split(text, ':');

	if (strv_length(parts) > 2)
		return error_new(
			ERROR_BAD_INPUT,
			"too many limit value arguments - %s, can only have up to two, `soft[:hard]`",
			text);
	TRY(str_parse_i64(parts[0], -1, INT64_MAX, &ret->soft));
	ret->hard = ret->soft;
	if (parts[1])
		TRY(str_parse_i64(parts[1], -1, INT64_MAX, &ret->hard));
	if (ret->hard == -1 || (ret->soft != -1 && ret->soft <= ret->hard))
		return NULL;
	if (ret->soft == -1)
		return error_new(
			ERROR_BAD_INPUT,
			"ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: %jd",
			(intmax_t)ret->hard);
	return error_new(ERROR_BAD_INPUT,
			 "ulimit soft limit must be less than or equal to hard limit: %jd > %jd",
			 (intmax_t)ret->soft, (intmax_t)ret->hard);
}

/* The entry of that name, or a new one. */
static struct engine_ulimit *ulimit_slot(struct host_config *host, const char *name)
{
	for (size_t i = 0; i < host->n_ulimits; i++)
		if (strcmp(host->ulimits[i].name, name) == 0)
			return &host->ulimits[i];
	host->ulimits = alloc_resize(host->ulimits, host->n_ulimits + 1, sizeof(*host->ulimits));
	host->ulimits[host->n_ulimits] = (struct engine_ulimit){ .name = alloc_string(name) };
	return &host->ulimits[host->n_ulimits++];
}

static struct error *set_ulimit(void *target, const char *value)
{
	const char *equals = strchr(value, '=');
	struct engine_ulimit limits = { .name = NULL }, *slot;
	char *name autofree = NULL;

	if (!equals)
		return error_new(ERROR_BAD_INPUT, "invalid ulimit argument: %s", value);
	name = alloc_string_n(value, (size_t)(equals - value));
	if (!strv_contains((char *const *)ulimit_names, name))
		return error_new(ERROR_BAD_INPUT, "invalid ulimit type: %s", name);
	TRY(parse_limits(equals + 1, &limits));
	slot = ulimit_slot(target, name);
	slot->soft = limits.soft;
	slot->hard = limits.hard;
	return NULL;
}

static bool is_device_mode(const char *text)
{
	return *text && strspn(text, "rwm") == strlen(text);
}

/* HOST, HOST:MODE, HOST:CONTAINER, HOST:CONTAINER:MODE */
static struct error *set_device(void *target, const char *value)
{
	struct host_config *host = target;
	char **parts autostrv = strv_split(value, ':');
	size_t n = strv_length(parts);
	const char *inside = parts[0], *mode = "rwm";

	if (!*parts[0] || n > 3)
		return error_new(ERROR_BAD_INPUT, "bad format for path: %s", value);
	if (n == 2 && is_device_mode(parts[1]))
		mode = parts[1];
	else if (n >= 2)
		inside = parts[1];
	if (n == 3)
		mode = parts[2];
	if (!is_device_mode(mode))
		return error_new(ERROR_BAD_INPUT, "bad mode specified: %s", mode);
	if (*inside != '/')
		return error_new(ERROR_BAD_INPUT, "%s is not an absolute path", inside);
	host->devices = alloc_resize(host->devices, host->n_devices + 1, sizeof(*host->devices));
	host->devices[host->n_devices++] = (struct engine_device){
		.path_on_host = alloc_string(parts[0]),
		.path_in_container = alloc_string(inside),
		.cgroup_permissions = alloc_string(mode),
	};
	return NULL;
}

struct error *value_absolute(const char *text, char **ret)
{
	char *cwd autofree = NULL, *joined autofree = NULL;

	if (strcmp(text, ".") != 0 && strcmp(text, "..") != 0 && !str_has_prefix(text, "./") &&
	    !str_has_prefix(text, "../")) {
		*ret = alloc_string(text);
		return NULL;
	}
	cwd = get_current_dir_name();
	if (!cwd)
		return error_sys("the current directory");
	joined = alloc_printf("%s/%s", cwd, text);
	*ret = path_normalize(joined);
	return NULL;
}

static struct error *add_volume(void *target, const char *value)
{
	const char *colon = strchr(value, ':');
	char *source autofree = NULL, *absolute autofree = NULL;

	if (!*value)
		return error_new(ERROR_BAD_INPUT, "invalid empty volume spec");
	if (!colon) {
		strv_add(target, value);
		return NULL;
	}
	source = alloc_string_n(value, (size_t)(colon - value));
	TRY(value_absolute(source, &absolute));
	strv_addf(target, "%s%s", absolute, colon);
	return NULL;
}

static void free_pointer(void *target)
{
	void **pointer = target;

	free(*pointer);
	*pointer = NULL;
}

static void free_texts(void *target)
{
	option_list.done(target);
}

const struct option_type option_size = { .metavar = "bytes", .set = set_size };
const struct option_type option_memory_limit = { .metavar = "bytes", .set = set_memory_limit };
const struct option_type option_swap = { .metavar = "bytes", .set = set_swap };
const struct option_type option_pids_limit = { .metavar = "int", .set = set_pids_limit };
const struct option_type option_cpus = { .metavar = "decimal", .set = set_cpus };
const struct option_type option_seconds = { .metavar = "int",
					    .set = set_seconds,
					    .done = free_pointer };
const struct option_type option_maybe = { .set = set_maybe, .done = free_pointer };
const struct option_type option_tmpfs = { .metavar = "list", .set = set_tmpfs, .done = free_texts };
const struct option_type option_label = { .metavar = "list", .set = set_label, .done = free_texts };
const struct option_type option_sysctl = { .metavar = "map",
					   .set = set_sysctl,
					   .done = free_texts };
const struct option_type option_env = { .metavar = "list", .set = set_env, .done = free_texts };
const struct option_type option_ulimit = { .metavar = "ulimit", .set = set_ulimit };
const struct option_type option_device = { .metavar = "list", .set = set_device };
const struct option_type option_volume = { .metavar = "list",
					   .set = add_volume,
					   .done = free_texts };
