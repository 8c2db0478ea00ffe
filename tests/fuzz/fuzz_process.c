/*
 * The process object of `exec --process`: what is accepted keeps the rules that its users rely on,
 * and is the same as a part of a config.json.
 */
#include <assert.h>
#include <string.h>

#include "base/strv.h"
#include "config/config.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_user(const struct config_user *u)
{
	assert(u->uid < UINT32_MAX && u->gid < UINT32_MAX);
	assert(!u->umask || *u->umask <= 0777);
	for (size_t i = 0; i < u->n_additional_gids; i++)
		assert(u->additional_gids[i] < UINT32_MAX);
}

static void check_cpus(const char *list)
{
	assert(!list || (*list && !list[strspn(list, "0123456789-, \n")]));
}

static void check(const struct config_process *p)
{
	assert(*p->cwd == '/' && p->args && *p->args[0]);
	for (size_t i = 0; p->env && p->env[i]; i++)
		assert(strchr(p->env[i], '=') > p->env[i]);
	check_user(&p->user);
	for (size_t i = 0; i < p->n_rlimits; i++) {
		assert(json_find_word(&config_rlimits, p->rlimits[i].type));
		for (size_t k = 0; k < i; k++)
			assert(strcmp(p->rlimits[i].type, p->rlimits[k].type) != 0);
		assert(p->rlimits[i].soft <= p->rlimits[i].hard);
	}
	assert(!p->oom_score_adj || (*p->oom_score_adj >= -1000 && *p->oom_score_adj <= 1000));
	assert(!p->io_priority || (uint32_t)p->io_priority->priority < 8);
	if (p->exec_cpu_affinity) {
		check_cpus(p->exec_cpu_affinity->initial);
		check_cpus(p->exec_cpu_affinity->final);
	}
}

/* The same in a bundle, written and read again. */
static void check_in_bundle(const struct config_process *p)
{
	struct config_root root = { .path = (char *)"rootfs" };
	struct config whole = { .oci_version = (char *)"1.2.1",
				.root = &root,
				.process = (struct config_process *)p };
	struct config back autoconfig = { 0 };
	char *text autofree = config_encode(&whole), *again autofree = NULL;
	struct error *err = config_parse(text, strlen(text), &back);

	assert(!err && back.process);
	check(back.process);
	again = config_encode(&back);
	assert(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_process p = { 0 };
	char **warnings autostrv = NULL;
	struct error *err = config_process_parse((const char *)data, size, &p, &warnings);

	if (err) {
		assert(error_is(err, ERROR_BAD_INPUT));
		error_free(err);
		return 0;
	}
	check(&p);
	check_in_bundle(&p);
	config_process_done(&p);
	return 0;
}
