/* bulkhead ps */
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/container_row.h"
#include "cli/filter.h"
#include "cli/human.h"

#include "base/banned.h"

struct ps_options {
	bool all, quiet, no_trunc, latest, size;
	int last;
	char *format, **filters;
};

static const struct option options[] = {
	OPTION(struct ps_options, all, "all", 'a', option_bool,
	       "Show all containers (default shows just running)"),
	OPTION(struct ps_options, filters, "filter", 'f', option_filter,
	       "Filter output based on conditions provided"),
	OPTION(struct ps_options, format, "format", 0, option_text,
	       "Format output using a Go template: 'TEMPLATE', 'table TEMPLATE' or 'json'"),
	OPTION(struct ps_options, last, "last", 'n', option_int,
	       "Show n last created containers (includes all states) (default -1)"),
	OPTION(struct ps_options, latest, "latest", 'l', option_bool,
	       "Show the latest created container (includes all states)"),
	OPTION(struct ps_options, no_trunc, "no-trunc", 0, option_bool, "Don't truncate output"),
	OPTION(struct ps_options, quiet, "quiet", 'q', option_bool, "Only display container IDs"),
	OPTION(struct ps_options, size, "size", 's', option_bool, "Display total file sizes"),
	OPTION_END,
};

/* All containers, and which of them are shown. */
struct listed {
	struct engine *engine;
	struct container **all, **shown;
	size_t n_all, n_shown;
};

static void listed_done(struct listed *l)
{
	for (size_t i = 0; i < l->n_all; i++)
		container_free(l->all[i]);
	free(l->all);
	free(l->shown);
}

/* What a test of one container needs. */
struct subject {
	struct engine *engine;
	const struct container *c;
};

static struct error *matches(const char *pattern, const char *text, bool *ret)
{
	regex_t re;
	int why = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB);
	char reason[128];

	if (why) {
		regerror(why, &re, reason, sizeof(reason));
		return error_new(ERROR_BAD_INPUT, "filter '%s': %s", pattern, reason);
	}
	*ret = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return NULL;
}

static const struct container *container_of(const void *subject)
{
	return ((const struct subject *)subject)->c;
}

static struct error *test_id(const void *subject, const char *value, bool *ret)
{
	*ret = str_has_prefix(container_of(subject)->id, value);
	return NULL;
}

/* Docker's names carry a '/', which patterns may name. */
static struct error *test_name(const void *subject, const char *value, bool *ret)
{
	const char *name = container_of(subject)->name;
	char *with_slash autofree = alloc_printf("/%s", name);

	TRY(matches(value, name, ret));
	return *ret ? NULL : matches(value, with_slash, ret);
}

static struct error *test_label(const void *subject, const char *value, bool *ret)
{
	*ret = filter_label(container_of(subject)->config.labels, value);
	return NULL;
}

static struct error *test_ancestor(const void *subject, const char *value, bool *ret)
{
	const struct container *c = container_of(subject);
	struct image *image autoimage = NULL;
	struct error *err =
		image_find(engine_images(((const struct subject *)subject)->engine), value, &image);

	*ret = str_equal(c->config.image, value) || (image && str_equal(image->id, c->image_id));
	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_free(err);
	return NULL;
}

/* How the moment @subject was made compares with that of the container @ref: below 0 is before. */
static struct error *compare_age(const void *subject, const char *ref, int *ret)
{
	struct container *other autocontainer = NULL;
	int64_t ours = container_of(subject)->created_ns;

	TRY(engine_find(((const struct subject *)subject)->engine, ref, &other));
	*ret = (ours > other->created_ns) - (ours < other->created_ns);
	return NULL;
}

static struct error *test_before(const void *subject, const char *value, bool *ret)
{
	int order;

	TRY(compare_age(subject, value, &order));
	*ret = order < 0;
	return NULL;
}

static struct error *test_since(const void *subject, const char *value, bool *ret)
{
	int order;

	TRY(compare_age(subject, value, &order));
	*ret = order > 0;
	return NULL;
}

static struct error *test_volume(const void *subject, const char *value, bool *ret)
{
	const struct container *c = container_of(subject);

	*ret = false;
	for (size_t i = 0; i < c->n_mounts && !*ret; i++)
		*ret = str_equal(c->mounts[i].name, value) ||
		       str_equal(c->mounts[i].source, value) ||
		       str_equal(c->mounts[i].destination, value);
	return NULL;
}

static struct error *test_network(const void *subject, const char *value, bool *ret)
{
	*ret = str_equal(container_of(subject)->host.network_mode, value);
	return NULL;
}

static struct error *test_status(const void *subject, const char *value, bool *ret)
{
	static const char *const states[] = { "created", "restarting", "running", "removing",
					      "paused",	 "exited",     "dead",	  NULL };

	if (!strv_contains((char *const *)states, value))
		return error_new(ERROR_BAD_INPUT, "invalid filter 'status=%s'", value);
	*ret = strcmp(container_row_state(container_of(subject)->status), value) == 0;
	return NULL;
}

static struct error *test_exited(const void *subject, const char *value, bool *ret)
{
	const struct container *c = container_of(subject);
	int64_t code;

	TRY(error_wrap(str_parse_i64(value, INT_MIN, INT_MAX, &code), "invalid filter 'exited=%s'",
		       value));
	*ret = c->status == CONTAINER_EXITED && c->exit_code == code;
	return NULL;
}

static const struct filter filters[] = {
	{ "id", test_id },
	{ "name", test_name },
	{ "label", test_label },
	{ "ancestor", test_ancestor },
	{ "before", test_before },
	{ "since", test_since },
	{ "volume", test_volume },
	{ "network", test_network },
	{ "status", test_status },
	{ "exited", test_exited },
	{ NULL, NULL },
};

static bool filters_name(char *const *given, const char *name)
{
	for (; given && *given; given += 2)
		if (strcmp(*given, name) == 0)
			return true;
	return false;
}

/* Filters on the state look at all containers, as do -n and -l. Ids alone need little of each. */
static unsigned int wants(const struct ps_options *o)
{
	bool all = o->all || o->latest || o->last >= 0 || filters_name(o->filters, "status") ||
		   filters_name(o->filters, "exited");
	bool brief = o->quiet && !o->format && !o->filters;

	return (all ? ENGINE_LIST_ALL : 0) | (brief ? ENGINE_LIST_BRIEF : 0);
}

static struct error *select_shown(const struct ps_options *o, struct listed *l)
{
	size_t max = o->last >= 0 ? (size_t)o->last : o->latest ? 1 : SIZE_MAX;

	TRY(filter_check(o->filters, filters));
	TRY(engine_list(l->engine, wants(o), &l->all, &l->n_all));
	l->shown = alloc_zeroed(l->n_all + 1, sizeof(struct container *));
	for (size_t i = 0; i < l->n_all && l->n_shown < max; i++) {
		struct subject s = { l->engine, l->all[i] };
		bool passes;

		TRY(filter_passes(o->filters, filters, &s, &passes));
		if (passes)
			l->shown[l->n_shown++] = l->all[i];
	}
	return NULL;
}

/* "12kB (virtual 117MB)", as the engine measures it now. */
static struct error *size_of(struct engine *e, const struct container *c, char **ret)
{
	json_t *details autojson = NULL;
	char *own autofree = NULL, *all autofree = NULL;

	TRY(engine_inspect(e, c->id, true, &details));
	own = human_size((uint64_t)json_integer_value(json_object_get(details, "SizeRw")));
	all = human_size((uint64_t)json_integer_value(json_object_get(details, "SizeRootFs")));
	*ret = alloc_printf("%s (virtual %s)", own, all);
	return NULL;
}

static struct error *print_rows(const struct ps_options *o, const struct listed *l)
{
	json_t *rows autojson = json_array();
	struct listing listing = {
		.columns = container_columns,
		.format = o->format,
		.default_format =
			"table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
		.method = container_row_method,
		.subjects = (void *const *)l->shown,
	};

	if (o->size)
		listing.default_format =
			"table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}\t{{.Size}}";
	for (size_t i = 0; i < l->n_shown; i++) {
		char *size autofree = NULL;

		if (o->size)
			TRY(size_of(l->engine, l->shown[i], &size));
		json_array_append_new(rows,
				      container_row(l->shown[i], !o->no_trunc, size ? size : "0B"));
	}
	return listing_print(&listing, rows);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct ps_options *o = data;
	struct listed l __attribute__((cleanup(listed_done))) = { .n_all = 0 };

	(void)arguments;
	TRY(cli_engine(cli, &l.engine));
	TRY(select_shown(o, &l));
	if (!o->quiet || o->format)
		return print_rows(o, &l);
	for (size_t i = 0; i < l.n_shown; i++)
		printf("%.*s\n", o->no_trunc ? ENGINE_ID_SIZE : 12, l.shown[i]->id);
	return NULL;
}

static const struct ps_options defaults = { .last = -1 };

const struct command cmd_ps = {
	.name = "ps",
	.arguments = "",
	.summary = "List containers",
	.options = options,
	.options_size = sizeof(struct ps_options),
	.defaults = &defaults,
	.run = run,
};
