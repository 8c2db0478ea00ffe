#include "engine/validate.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "oci/oci.h"

#include "base/banned.h"

#define ENV_ENTRY_MAX (128 * 1024) /* the kernel's MAX_ARG_STRLEN */

static struct error *check_env(char *const *env)
{
	for (size_t i = 0; env && env[i]; i++) {
		char *quoted autofree = str_quote(env[i]);

		if (!env[i][0] || env[i][0] == '=')
			return error_new(ERROR_BAD_INPUT, "invalid environment variable: %s",
					 quoted);
		if (strlen(env[i]) >= ENV_ENTRY_MAX)
			return error_new(ERROR_BAD_INPUT,
					 "invalid environment variable: %s: longer than %d bytes",
					 quoted, ENV_ENTRY_MAX - 1);
	}
	return NULL;
}

static struct error *check_absolute(char *const *paths, const char *what)
{
	for (size_t i = 0; paths && paths[i]; i++)
		if (paths[i][0] != '/')
			return error_new(ERROR_BAD_INPUT, "%s: %s is not an absolute path", what,
					 paths[i]);
	return NULL;
}

static struct error *check_working_dir(const char *dir)
{
	if (str_is_empty(dir) || dir[0] == '/')
		return NULL;
	return error_new(ERROR_BAD_INPUT,
			 "the working directory '%s' is invalid, it needs to be an absolute path",
			 dir);
}

static struct error *check_config(const struct container_config *config)
{
	int signal;

	TRY(check_env(config->env));
	TRY(check_working_dir(config->working_dir));
	TRY(check_absolute(config->volumes, "volume"));
	if (!str_is_empty(config->stop_signal))
		TRY(error_wrap(proc_parse_signal(config->stop_signal, &signal), "stop signal"));
	if (config->stop_timeout_s && *config->stop_timeout_s < -1)
		return error_new(ERROR_BAD_INPUT, "stop timeout: %lld is less than -1",
				 (long long)*config->stop_timeout_s);
	return NULL;
}

static struct error *check_device(const struct engine_device *d)
{
	const char *access = str_is_empty(d->cgroup_permissions) ? "rwm" : d->cgroup_permissions;
	struct stat st;

	if (access[strspn(access, "rwm")] || strlen(access) > 3)
		return error_new(ERROR_BAD_INPUT, "invalid device mode: %s", access);
	if (!str_is_empty(d->path_in_container) && d->path_in_container[0] != '/')
		return error_new(ERROR_BAD_INPUT, "'%s' is not an absolute path",
				 d->path_in_container);
	if (str_is_empty(d->path_on_host) || d->path_on_host[0] != '/')
		return error_new(ERROR_BAD_INPUT, "'%s' is not an absolute path",
				 d->path_on_host ? d->path_on_host : "");
	if (stat(d->path_on_host, &st) < 0)
		return error_new(ERROR_BAD_INPUT,
				 "error gathering device information while adding custom device"
				 " \"%s\": %s",
				 d->path_on_host,
				 errno == ENOENT ? "no such file or directory" : strerror(errno));
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode) &&
	    !(S_ISDIR(st.st_mode) && str_has_prefix(d->path_on_host, "/dev/")))
		return error_new(ERROR_BAD_INPUT,
				 "error gathering device information while adding custom device"
				 " \"%s\": not a device node",
				 d->path_on_host);
	return NULL;
}

static struct error *check_log_option(const char *name, const char *value)
{
	uint64_t files;
	int64_t size;

	if (strcmp(name, "max-file") == 0)
		return error_wrap(str_parse_u64(value, 1, 1000, &files), "log option max-file");
	if (strcmp(name, "max-size") != 0)
		return error_new(ERROR_BAD_INPUT, "unknown log opt '%s' for json-file log driver",
				 name);
	TRY(error_wrap(str_parse_size(value, &size), "log option max-size"));
	if (size < 4096)
		return error_new(ERROR_BAD_INPUT, "log option max-size: %s is less than 4096 bytes",
				 value);
	return NULL;
}

static struct error *check_log(const struct host_config *host)
{
	const char *driver = str_is_empty(host->log_driver) ? "json-file" : host->log_driver;
	char **options = host->log_options;

	if (strcmp(driver, "none") != 0 && strcmp(driver, "json-file") != 0)
		return error_new(ERROR_BAD_INPUT, "logger: no log driver named '%s' is registered",
				 driver);
	for (size_t i = 0; options && options[i]; i += 2) {
		if (strcmp(driver, "none") == 0)
			return error_new(ERROR_BAD_INPUT,
					 "unknown log opt '%s' for none log driver", options[i]);
		TRY(check_log_option(options[i], options[i + 1]));
	}
	return NULL;
}

static struct error *check_groups(char *const *groups)
{
	for (size_t i = 0; groups && groups[i]; i++)
		if (!*groups[i] || strpbrk(groups[i], ":\n"))
			return error_new(ERROR_BAD_INPUT, "group-add: \"%s\" is not a group",
					 groups[i]);
	return NULL;
}

static struct error *check_annotations(char *const *annotations)
{
	for (size_t i = 0; annotations && annotations[i]; i += 2)
		if (!*annotations[i])
			return error_new(ERROR_BAD_INPUT, "invalid annotation: the key is empty");
	return NULL;
}

/* Asked for by name, and of no use: the program will be refused all the same. */
static void warn_of_useless_capabilities(const struct host_config *host, char ***warnings)
{
	if (host->privileged || str_equal(host->userns_mode, "host"))
		return;
	for (char **name = host->cap_add; name && *name; name++) {
		struct error *err autoerror = NULL;
		int number;

		err = oci_capability_parse(*name, &number);
		if (!err && oci_capability_is_of_host_only(number))
			strv_addf(
				warnings,
				"--cap-add %s has no effect in a user namespace: use --userns=host",
				*name);
	}
}

/* Who has prepared a group at that place, as for docker, is to know that it is another one. */
static struct error *check_cgroup_parent(const char *parent, char ***warnings)
{
	if (str_is_empty(parent))
		return NULL;
	TRY(oci_check_cgroup_parent(parent));
	if (*parent == '/')
		strv_addf(warnings,
			  "--cgroup-parent %s: taken from the engine's own group, whose limit"
			  " leaves the host its reserve, not from the root",
			  parent);
	return NULL;
}

static struct error *check_privileged(const struct policy *policy, const struct host_config *host,
				      char ***warnings)
{
	if (!host->privileged)
		return NULL;
	if (!policy->privileged)
		return error_new(ERROR_REFUSED, "privileged containers are forbidden by %s",
				 policy->path);
	strv_add(warnings, "--privileged: nothing confines this container, its root is root of the"
			   " host");
	return NULL;
}

struct error *validate_container(const struct policy *policy, const struct container_config *config,
				 const struct host_config *host, char ***warnings)
{
	TRY(check_config(config));
	TRY(validate_namespaces(config, host));
	TRY(validate_resources(host));
	TRY(validate_security(host));
	for (size_t i = 0; i < host->n_devices; i++)
		TRY(check_device(&host->devices[i]));
	TRY(check_log(host));
	TRY(check_groups(host->group_add));
	TRY(check_annotations(host->annotations));
	TRY(check_absolute(host->masked_paths, "masked path"));
	TRY(check_absolute(host->readonly_paths, "read-only path"));
	warn_of_useless_capabilities(host, warnings);
	TRY(check_cgroup_parent(host->cgroup_parent, warnings));
	return check_privileged(policy, host, warnings);
}
