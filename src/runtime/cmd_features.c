/* bulkhead-oci features: what this runtime and host can do (runtime-spec, features.md). */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "config/config.h"
#include "oci/oci.h"
#include "runtime/commands.h"

#include "base/banned.h"

#if defined(__x86_64__)
static const char *const architectures[] = { "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",
					     NULL };
#elif defined(__aarch64__)
static const char *const architectures[] = { "SCMP_ARCH_AARCH64", NULL };
#else
static const char *const architectures[] = { NULL };
#endif

static const char *const hooks[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
	NULL
};

static json_t *texts(const char *const *list)
{
	json_t *array = json_array();

	for (; *list; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

static json_t *words(const struct json_words *w)
{
	json_t *array = json_array();

	for (const struct json_word *word = w->list; word->name; word++)
		json_array_append_new(array, json_string(word->name));
	return array;
}

static json_t *mount_options(void)
{
	json_t *array = json_array();
	const char *name;

	for (size_t i = 0; (name = oci_mount_option(i)); i++)
		json_array_append_new(array, json_string(name));
	return array;
}

static json_t *capabilities(void)
{
	json_t *array = json_array();
	const char *name;

	for (int i = 0; (name = oci_capability_name(i)); i++)
		json_array_append_new(array, json_string(name));
	return array;
}

static json_t *enabled(bool value)
{
	json_t *object = json_object();

	json_object_set_new(object, "enabled", json_boolean(value));
	return object;
}

static json_t *cgroups(void)
{
	json_t *object = json_object();

	json_object_set_new(object, "v1", json_true());
	json_object_set_new(object, "v2", json_true());
	json_object_set_new(object, "systemd", json_false());
	json_object_set_new(object, "systemdUser", json_false());
	json_object_set_new(object, "rdma", json_false());
	return object;
}

static json_t *seccomp(void)
{
	json_t *object = enabled(true);

	json_object_set_new(object, "actions", words(&config_seccomp_actions));
	json_object_set_new(object, "operators", words(&config_seccomp_operators));
	json_object_set_new(object, "archs", texts(architectures));
	json_object_set_new(object, "knownFlags", words(&config_seccomp_flags));
	json_object_set_new(object, "supportedFlags", words(&config_seccomp_flags));
	return object;
}

static json_t *memory_policy(void)
{
	json_t *object = json_object();

	json_object_set_new(object, "modes", words(&config_memory_modes));
	json_object_set_new(object, "flags", words(&config_memory_flags));
	return object;
}

static json_t *linux_features(void)
{
	json_t *object = json_object(), *mounts = json_object();
	struct oci_features host;

	oci_features(&host);
	json_object_set_new(object, "namespaces", words(&config_namespaces));
	json_object_set_new(object, "capabilities", capabilities());
	json_object_set_new(object, "cgroup", cgroups());
	json_object_set_new(object, "seccomp", seccomp());
	json_object_set_new(object, "apparmor", enabled(host.apparmor));
	json_object_set_new(object, "selinux", enabled(host.selinux));
	json_object_set_new(object, "intelRdt", enabled(false));
	json_object_set_new(mounts, "idmap", enabled(true));
	json_object_set_new(object, "mountExtensions", mounts);
	json_object_set_new(object, "netDevices", enabled(true));
	json_object_set_new(object, "memoryPolicy", memory_policy());
	return object;
}

/* What is not the specification's: the version, and that there is no checkpoint. */
static json_t *annotations(void)
{
	json_t *object = json_object();

	json_object_set_new(object, "bulkhead.version", json_string(BULKHEAD_VERSION));
	json_object_set_new(object, "org.opencontainers.runc.checkpoint.enabled",
			    json_string("false"));
	return object;
}

/* Annotations of config.json that change what we do; "." at the end: all that begin so. */
static const char *const heeded[] = {
	"org.systemd.property.",
	"run.oci.hooks.stderr",
	"run.oci.hooks.stdout",
	"run.oci.keep_original_groups",
	"run.oci.pidfd_receiver",
	"run.oci.seccomp_fail_unknown_syscall",
	NULL,
};

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	json_t *object autojson = json_object();
	char *text autofree = NULL;

	(void)rt;
	(void)data;
	(void)arguments;
	json_object_set_new(object, "ociVersionMin", json_string("1.0.0"));
	json_object_set_new(object, "ociVersionMax", json_string(CONFIG_VERSION));
	json_object_set_new(object, "hooks", texts(hooks));
	json_object_set_new(object, "mountOptions", mount_options());
	json_object_set_new(object, "linux", linux_features());
	json_object_set_new(object, "annotations", annotations());
	json_object_set_new(object, "potentiallyUnsafeConfigAnnotations", texts(heeded));
	text = json_dumps(object, JSON_INDENT(2));
	if (!text)
		return error_new(ERROR_SYSTEM, "cannot write the features as JSON");
	puts(text);
	return NULL;
}

const struct command cmd_features = {
	.name = "features",
	.arguments = "",
	.summary = "Print what the runtime can do, as JSON",
	.min_arguments = 0,
	.max_arguments = 0,
	.run = run,
};
