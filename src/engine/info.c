/*
 * What this engine and this host are: GET /info and GET /version, with our policy and walls beside
 * docker's names.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/path.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/handle.h"
#include "oci/oci.h"

#include "base/banned.h"

#define API_VERSION "1.47"
#define API_VERSION_MIN "1.24"

static void set_text(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string_nocheck(value));
}

static void add_counts(struct container *const *list, size_t n, json_t *info)
{
	int running = 0, paused = 0;

	for (size_t i = 0; i < n; i++) {
		running += list[i]->status == CONTAINER_RUNNING;
		paused += list[i]->status == CONTAINER_PAUSED;
	}
	json_object_set_new(info, "Containers", json_integer((json_int_t)n));
	json_object_set_new(info, "ContainersRunning", json_integer(running));
	json_object_set_new(info, "ContainersPaused", json_integer(paused));
	json_object_set_new(info, "ContainersStopped",
			    json_integer((json_int_t)n - running - paused));
}

static struct error *add_containers(struct engine *e, json_t *info)
{
	struct container **list;
	size_t n;

	TRY(engine_list(e, ENGINE_LIST_ALL | ENGINE_LIST_BRIEF, &list, &n));
	add_counts(list, n, info);
	for (size_t i = 0; i < n; i++)
		container_free(list[i]);
	free(list);
	return NULL;
}

static struct error *add_images(struct engine *e, json_t *info)
{
	struct image **list;
	size_t n;

	TRY(image_list(engine_images(e), &list, &n));
	json_object_set_new(info, "Images", json_integer((json_int_t)n));
	for (size_t i = 0; i < n; i++)
		image_free(list[i]);
	free(list);
	return NULL;
}

/* PRETTY_NAME of os-release(5). */
static char *os_name(void)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(AT_FDCWD, "/etc/os-release", 65536, &text);
	const char *found = err ? NULL : strstr(text, "PRETTY_NAME=");

	error_ignore(err, "the name is only shown");
	if (!found)
		return alloc_string("Linux");
	found += strlen("PRETTY_NAME=");
	found += *found == '"';
	return alloc_string_n(found, strcspn(found, "\"\n"));
}

static void add_host(json_t *info)
{
	char *os autofree = os_name();
	struct utsname names = { 0 };
	struct sysinfo memory = { 0 };

	uname(&names);
	sysinfo(&memory);
	set_text(info, "Name", names.nodename);
	set_text(info, "KernelVersion", names.release);
	set_text(info, "Architecture", names.machine);
	set_text(info, "OperatingSystem", os);
	set_text(info, "OSType", "linux");
	json_object_set_new(info, "NCPU", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(info, "MemTotal",
			    json_integer((json_int_t)memory.totalram * memory.mem_unit));
}

/*
 * The active Linux security modules, as the kernel lists them; empty where securityfs is not
 * mounted.
 */
static char *active_lsms(void)
{
	char *text = NULL;
	struct error *err = path_read_text(AT_FDCWD, "/sys/kernel/security/lsm", 1024, &text);

	error_ignore(err, "securityfs is not mounted");
	if (err)
		return alloc_string("");
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void add_walls(json_t *info)
{
	struct oci_features features;
	char *lsms autofree = active_lsms();
	json_t *options = json_array();
	json_t *walls;

	oci_features(&features);
	json_array_append_new(options, json_string("name=userns"));
	json_array_append_new(options, json_string("name=seccomp,profile=builtin"));
	json_array_append_new(options, json_string("name=no-new-privileges"));
	if (features.landlock_abi)
		json_array_append_new(options, json_string("name=landlock"));
	json_object_set_new(info, "SecurityOptions", options);
	set_text(info, "CgroupVersion", features.cgroup_version == 2 ? "2" : "1");
	set_text(info, "CgroupDriver", features.systemd ? "systemd" : "cgroupfs");
	walls = json_pack("{s:i,s:b,s:b,s:s}", "LandlockABI", features.landlock_abi, "AppArmor",
			  features.apparmor, "SELinux", features.selinux, "LSM", lsms);
	json_object_set_new(info, "Walls", walls);
}

struct error *engine_info(struct engine *e, json_t **ret)
{
	json_t *info autojson = json_object();
	const struct policy *policy;

	TRY(add_containers(e, info));
	TRY(add_images(e, info));
	TRY(handle_policy(e, &policy));
	add_host(info);
	add_walls(info);
	set_text(info, "ServerVersion", BULKHEAD_VERSION);
	set_text(info, "Driver", "bulkhead-overlay");
	set_text(info, "LoggingDriver", "json-file");
	set_text(info, "DockerRootDir", e->root);
	set_text(info, "StateDir", e->state);
	set_text(info, "DefaultRuntime", "bulkhead");
	set_text(info, "PolicyFile", policy->path);
	json_object_set_new(info, "Policy", policy_encode(policy));
	json_object_set_new(info, "Warnings", json_array());
	*ret = json_incref(info);
	return NULL;
}

json_t *engine_version(void)
{
	struct utsname names = { 0 };

	uname(&names);
	return json_pack("{s:{s:s},s:s,s:s,s:s,s:s,s:s,s:s,s:[{s:s,s:s}]}", "Platform", "Name",
			 "Bulkhead", "Version", BULKHEAD_VERSION, "ApiVersion", API_VERSION,
			 "MinAPIVersion", API_VERSION_MIN, "Os", "linux", "Arch", names.machine,
			 "KernelVersion", names.release, "Components", "Name", "Engine", "Version",
			 BULKHEAD_VERSION);
}
