#include "engine/hostpaths.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#include "base/banned.h"

enum reach {
	REACH_ITSELF, /* the directory; what lies below is fine */
	REACH_BELOW,  /* and everything below */
};

/*
 * The links of a merged /usr resolve to directories of /usr, so those stand beside the short names.
 */
static const struct {
	const char *path;
	enum reach reach;
} writable_refused[] = {
	{ "/", REACH_ITSELF },
	{ "/etc", REACH_ITSELF },
	{ "/usr", REACH_ITSELF },
	{ "/bin", REACH_ITSELF },
	{ "/sbin", REACH_ITSELF },
	{ "/lib", REACH_ITSELF },
	{ "/lib32", REACH_ITSELF },
	{ "/lib64", REACH_ITSELF },
	{ "/libx32", REACH_ITSELF },
	{ "/lib/modules", REACH_BELOW },
	{ "/usr/bin", REACH_ITSELF },
	{ "/usr/sbin", REACH_ITSELF },
	{ "/usr/lib", REACH_ITSELF },
	{ "/usr/lib32", REACH_ITSELF },
	{ "/usr/lib64", REACH_ITSELF },
	{ "/usr/libx32", REACH_ITSELF },
	{ "/usr/lib/modules", REACH_BELOW },
	{ "/boot", REACH_BELOW },
	{ "/dev", REACH_ITSELF },
	{ "/proc", REACH_BELOW },
	{ "/sys", REACH_BELOW },
	{ "/run", REACH_ITSELF },
	{ "/var", REACH_ITSELF },
	{ "/root", REACH_ITSELF },
	{ "/root/.ssh", REACH_BELOW },
	{ "/etc/passwd", REACH_ITSELF },
	{ "/etc/shadow", REACH_ITSELF },
	{ "/etc/gshadow", REACH_ITSELF },
	{ "/etc/sudoers", REACH_ITSELF },
	{ "/etc/sudoers.d", REACH_BELOW },
	{ "/etc/ssh", REACH_BELOW },
	{ "/etc/crontab", REACH_ITSELF },
	{ "/etc/cron.d", REACH_BELOW },
	{ "/etc/cron.hourly", REACH_BELOW },
	{ "/etc/cron.daily", REACH_BELOW },
	{ "/etc/cron.weekly", REACH_BELOW },
	{ "/etc/cron.monthly", REACH_BELOW },
	{ "/etc/systemd", REACH_BELOW },
	{ "/etc/pam.d", REACH_BELOW },
	{ "/etc/bulkhead", REACH_BELOW },
};

/*
 * Who can connect to one of these is root of the host, and a read-only mount does not keep anybody
 * from connecting (unix(7)): refused in any mode, and so is a directory above one that exists.
 */
static const char *const engine_sockets[] = {
	"/run/docker.sock",
	"/run/bulkhead.sock",
	"/run/bulkhead/bulkhead.sock",
	"/run/containerd/containerd.sock",
	"/run/crio/crio.sock",
	"/run/podman/podman.sock",
	"/run/docker/containerd/containerd.sock",
};

static bool is_at_or_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	if (strcmp(top, "/") == 0)
		return true;
	return strncmp(path, top, length) == 0 && (path[length] == '/' || !path[length]);
}

static bool is_allowed(const struct policy *policy, const char *path)
{
	for (size_t i = 0; policy->allowed_paths && policy->allowed_paths[i]; i++)
		if (is_at_or_below(path, policy->allowed_paths[i]))
			return true;
	return false;
}

/* Sockets of rootless engines: /run/user/UID/docker.sock and /run/user/UID/podman/podman.sock. */
static bool is_user_socket(const char *path)
{
	const char *rest = str_has_prefix(path, "/run/user/") ? strchr(path + 10, '/') : NULL;

	return rest && (strcmp(rest, "/docker.sock") == 0 || str_has_prefix(rest, "/podman/") ||
			strcmp(rest, "/podman") == 0);
}

static const char *find_socket(const char *path)
{
	if (is_user_socket(path))
		return path;
	for (size_t i = 0; i < sizeof(engine_sockets) / sizeof(engine_sockets[0]); i++)
		if (strcmp(engine_sockets[i], path) == 0 ||
		    (is_at_or_below(engine_sockets[i], path) &&
		     access(engine_sockets[i], F_OK) == 0))
			return engine_sockets[i];
	return NULL;
}

static bool is_host_path(const char *path)
{
	for (size_t i = 0; i < sizeof(writable_refused) / sizeof(writable_refused[0]); i++)
		if (strcmp(writable_refused[i].path, path) == 0 ||
		    (writable_refused[i].reach == REACH_BELOW &&
		     is_at_or_below(path, writable_refused[i].path)))
			return true;
	return false;
}

static struct error *refuse(const struct policy *policy, const char *path, const char *why)
{
	return error_new(ERROR_REFUSED,
			 "host path %s: %s; \"mounts\": {\"allow\": [\"%s\"]} in %s permits it",
			 path, why, path, policy->path);
}

struct error *hostpaths_check(struct engine *e, const struct policy *policy, const char *path,
			      bool writable)
{
	const char *socket;

	if (!policy->refuse_host_paths || is_allowed(policy, path))
		return NULL;
	if (is_at_or_below(path, e->root) || is_at_or_below(path, e->state))
		return refuse(policy, path, "it is this engine's own state");
	socket = find_socket(path);
	if (socket) {
		char *why autofree =
			alloc_printf("the socket %s of a container engine gives the host"
				     " away, read-only too",
				     socket);

		return refuse(policy, path, why);
	}
	if (!writable && !policy->refuse_read_only)
		return NULL;
	if (is_host_path(path))
		return refuse(policy, path,
			      writable
				      ? "writing to it gives the host away, mount it read-only (ro)"
				      : "reading it is refused by policy");
	if (is_at_or_below(e->root, path) || is_at_or_below(e->state, path))
		return refuse(policy, path,
			      "this engine's own state lies below it, mount it read-only (ro)");
	return NULL;
}
