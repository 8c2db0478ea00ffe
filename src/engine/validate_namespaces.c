/*
 * Host name, sharing of namespaces, and the sysctls that a namespace of the container's own has
 * (sysctl names: runc).
 */
#include <string.h>

#include "base/str.h"
#include "engine/validate.h"

#include "base/banned.h"

#define HOSTNAME_MAX_LENGTH 64 /* the kernel's __NEW_UTS_LEN */
#define HOSTNAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

static struct error *check_hostname(const char *name, const char *what)
{
	if (str_is_empty(name))
		return NULL;
	if (strlen(name) > HOSTNAME_MAX_LENGTH || strchr("-.", name[0]) ||
	    name[strspn(name, HOSTNAME_CHARACTERS)]) {
		char *quoted autofree = str_quote(name);

		return error_new(ERROR_BAD_INPUT, "invalid %s format: %s", what, quoted);
	}
	return NULL;
}

/* @allowed are the words beside "", "private", "host", and "container:NAME". */
static struct error *check_mode(const char *mode, const char *what, const char *allowed)
{
	if (str_is_empty(mode) || strcmp(mode, "private") == 0 || strcmp(mode, "host") == 0)
		return NULL;
	if (str_has_prefix(mode, "container:") && mode[strlen("container:")])
		return NULL;
	if (*allowed) {
		const char *found = strstr(allowed, mode);

		if (found && (found == allowed || found[-1] == ' ') &&
		    (found[strlen(mode)] == ' ' || !found[strlen(mode)]))
			return NULL;
	}
	return error_new(ERROR_BAD_INPUT, "invalid %s mode: %s", what, mode);
}

static struct error *check_network(const char *mode)
{
	if (str_is_empty(mode) || strcmp(mode, "none") == 0 || strcmp(mode, "host") == 0 ||
	    strcmp(mode, "default") == 0)
		return NULL;
	return error_new(ERROR_UNSUPPORTED, "network %s: only none and host are supported", mode);
}

static bool is_own(const char *mode)
{
	return str_is_empty(mode) || strcmp(mode, "private") == 0 ||
	       strcmp(mode, "shareable") == 0 || strcmp(mode, "none") == 0 ||
	       strcmp(mode, "default") == 0;
}

static const char *const ipc_sysctls[] = {
	"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",	    "kernel.sem", "kernel.shmall",
	"kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", NULL,
};

static bool is_listed(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

/* A sysctl that belongs to no namespace of the container's would change the host. */
static struct error *check_sysctl(const struct host_config *host, const char *name,
				  const char *value)
{
	bool is_ipc = is_listed(ipc_sysctls, name) || str_has_prefix(name, "fs.mqueue.");
	bool is_net = str_has_prefix(name, "net.");

	if (name[strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./@:")] ||
	    strstr(name, "..") || strstr(name, "//") || strchr(value, '\n'))
		return error_new(ERROR_BAD_INPUT, "sysctl '%s': malformed", name);
	if (!is_ipc && !is_net)
		return error_new(ERROR_BAD_INPUT,
				 "sysctl '%s' is not allowed: it is not of a"
				 " container's namespaces",
				 name);
	if (is_ipc && !is_own(host->ipc_mode))
		return error_new(ERROR_BAD_INPUT,
				 "sysctl '%s' is not allowed in the ipc namespace of others", name);
	if (is_net && !is_own(host->network_mode))
		return error_new(ERROR_BAD_INPUT,
				 "sysctl '%s' is not allowed in the network namespace of others",
				 name);
	return NULL;
}

struct error *validate_namespaces(const struct container_config *config,
				  const struct host_config *host)
{
	char **sysctls = host->sysctls;

	TRY(check_hostname(config->hostname, "hostname"));
	TRY(check_hostname(config->domainname, "domain name"));
	TRY(check_mode(host->pid_mode, "PID", ""));
	TRY(check_mode(host->ipc_mode, "IPC", "none shareable"));
	TRY(check_mode(host->uts_mode, "UTS", ""));
	TRY(check_network(host->network_mode));
	if (!str_is_empty(host->userns_mode) && strcmp(host->userns_mode, "host") != 0 &&
	    strcmp(host->userns_mode, "private") != 0)
		return error_new(ERROR_BAD_INPUT, "invalid USER mode: %s", host->userns_mode);
	if (host->privileged && str_equal(host->userns_mode, "private"))
		return error_new(ERROR_BAD_INPUT, "conflicting options: --privileged is without a"
						  " user namespace");
	if (!is_own(host->uts_mode) && !str_is_empty(config->hostname))
		return error_new(ERROR_BAD_INPUT, "conflicting options: hostname and the UTS mode");
	for (size_t i = 0; sysctls && sysctls[i]; i += 2)
		TRY(check_sysctl(host, sysctls[i], sysctls[i + 1]));
	return NULL;
}
