/*
 * Limits, as `update` takes them: options, one a line, or a document for -r. What is accepted can
 * be merged into others, and is one value a file where it goes to the kernel, of either version and
 * for systemd.
 */
#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "oci/cgroup_limit.h"
#include "oci/systemd_property.h"
#include "runtime/commands.h"
#include "runtime/update.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From the text of options, or of a document. */
static struct error *resources_of(const char *text, size_t size, struct config_resources *ret)
{
	struct update_options o = { 0 };
	struct option_parse parse = { .tables = { cmd_update.options }, .targets = { &o } };
	char **lines autostrv = NULL, **warnings autostrv = NULL;
	struct error *err;

	if (*text == '{')
		return config_resources_parse(text, size, ret, &warnings);
	lines = strv_split(text, '\n');
	err = option_parse(&parse, lines);
	if (!err && !o.resources)
		err = update_resources(&o, ret);
	free(parse.arguments);
	option_done(cmd_update.options, &o);
	return err;
}

static void check_writes(struct error *err, struct cgroup_writes *w)
{
	if (err) {
		assert(error_is(err, ERROR_BAD_INPUT) || error_is(err, ERROR_UNSUPPORTED));
		error_free(err);
	}
	for (size_t i = 0; i < w->n; i++) {
		const struct cgroup_write *row = &w->list[i];

		assert(*row->file && !strchr(row->file, '/') && *row->file != '.');
		assert(*row->value);
		assert(!row->other_file || (!strchr(row->other_file, '/') && row->other_value));
	}
	cgroup_writes_done(w);
}

static void check_properties(const struct config_resources *r, bool unified)
{
	struct systemd_properties p autoproperties = { 0 };
	struct error *err = systemd_limits(&p, r, unified);

	assert(!err || error_is(err, ERROR_BAD_INPUT));
	error_free(err);
	for (size_t i = 0; i < p.n; i++) {
		const struct systemd_property *one = &p.list[i];

		assert(*one->name && *one->type);
		/* More CPU time is never less of it. */
		if (strcmp(one->name, "CPUQuotaPerSecUSec") == 0 && r->cpu.quota_us &&
		    *r->cpu.quota_us > 0 && r->cpu.period_us && *r->cpu.period_us)
			assert(one->number == UINT64_MAX ||
			       one->number >= (unsigned __int128)*r->cpu.quota_us * 1000000 /
						      *r->cpu.period_us);
	}
}

static void check(const struct config_resources *r)
{
	struct cgroup_writes v1 = { 0 }, v2 = { 0 }, common = { 0 };
	struct config_resources merged = { 0 };
	struct error *err;

	check_writes(cgroup_writes_v1(r, &v1), &v1);
	check_writes(cgroup_writes_v2(r, &v2), &v2);
	cgroup_writes_common(r, &common);
	check_writes(NULL, &common);
	check_properties(r, false);
	check_properties(r, true);
	for (size_t i = 0; r->unified && r->unified[i]; i += 2)
		assert(!strchr(r->unified[i], '/'));
	err = config_resources_merge(&merged, r);
	assert(!err || error_is(err, ERROR_BAD_INPUT));
	if (!err) { /* what was taken is taken again */
		err = config_resources_merge(&merged, r);
		assert(!err);
	}
	error_free(err);
	config_resources_done(&merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	struct config_resources r = { 0 };
	struct error *err = resources_of(text, strlen(text), &r);

	if (!err)
		check(&r);
	assert(!err || error_is(err, ERROR_BAD_INPUT));
	error_free(err);
	config_resources_done(&r);
	return 0;
}
