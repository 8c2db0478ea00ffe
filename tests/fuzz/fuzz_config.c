/*
 * config.json of an OCI bundle: what is accepted keeps the rules that its users rely on, and is the
 * same when it is written and read again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "config/config.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_map(const struct id_map *map, size_t n)
{
	assert(n <= 340);
	for (size_t i = 0; i < n; i++) {
		assert(map[i].length > 0 && map[i].inside + map[i].length > map[i].inside);
		assert(map[i].outside + map[i].length > map[i].outside);
	}
}

static void check_linux(const struct config *c)
{
	const struct config_linux *l = &c->linux_;

	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct config_namespace *ns = &l->namespaces[i];

		assert(config_word(&config_namespaces, ns->type));
		assert(config_namespace(c, ns->type) == ns); /* none is there twice */
		assert(!ns->path || *ns->path == '/');
	}
	check_map(l->uid_mappings, l->n_uid_mappings);
	check_map(l->gid_mappings, l->n_gid_mappings);
	for (size_t i = 0; l->masked_paths && l->masked_paths[i]; i++)
		assert(l->masked_paths[i][0] == '/');
	for (size_t i = 0; l->sysctl && l->sysctl[i]; i += 2) {
		char *path autofree = config_sysctl_path(l->sysctl[i]);

		assert(*path != '/' && !strstr(path, "//") && !strstr(path, "/../"));
	}
	for (size_t i = 0; i < l->n_net_devices; i++)
		assert(strlen(l->net_devices[i].device) < 16);
	for (size_t i = 0; i < l->n_devices; i++)
		assert(config_word(&config_device_types, l->devices[i].type));
	for (size_t i = 0; l->seccomp && i < l->seccomp->n_syscalls; i++)
		assert(strv_length(l->seccomp->syscalls[i].names) > 0);
}

static void check(const struct config *c)
{
	assert(strncmp(c->oci_version, "1.", 2) == 0);
	assert(c->root && *c->root->path);
	if (c->process) {
		assert(*c->process->cwd == '/' && *c->process->args[0]);
		for (size_t i = 0; c->process->env && c->process->env[i]; i++)
			assert(strchr(c->process->env[i], '='));
	}
	for (size_t i = 0; i < c->n_mounts; i++)
		assert(*c->mounts[i].destination);
	check_linux(c);
}

/* The parts that come alone read the same bytes. */
static void try_parts(const char *text, size_t size)
{
	struct config_resources resources = { 0 };
	struct config_process process = { 0 };
	char **warnings autostrv = NULL;

	error_ignore(config_process_parse(text, size, &process, &warnings), "fuzzing");
	error_ignore(config_resources_parse(text, size, &resources, &warnings), "fuzzing");
	config_process_done(&process);
	config_resources_done(&resources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c autoconfig = { 0 }, back autoconfig = { 0 };
	struct error *err = config_parse((const char *)data, size, &c);
	char *text autofree = NULL, *again autofree = NULL;

	try_parts((const char *)data, size);
	if (err) {
		/* A namespace to be joined is looked at, where a setting of it is asked for. */
		assert(error_is(err, ERROR_BAD_INPUT) || error_is(err, ERROR_SYSTEM));
		error_free(err);
		return 0;
	}
	check(&c);
	text = config_encode(&c);
	err = config_parse(text, strlen(text), &back);
	assert(!err);
	again = config_encode(&back);
	assert(strcmp(text, again) == 0);
	return 0;
}
