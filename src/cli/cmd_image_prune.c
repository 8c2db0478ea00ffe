/* bulkhead image prune */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/confirm.h"
#include "cli/filter.h"
#include "cli/image_filter.h"

#include "base/banned.h"

#define WARN_ALL                                                                                    \
	"WARNING! This will remove all images without at least one container associated to them.\n" \
	"Are you sure you want to continue?"
#define WARN_DANGLING                                                                              \
	"WARNING! This will remove all dangling images.\nAre you sure you want to continue?"

struct prune_options {
	bool all, force;
	char **filters;
};

static const struct option options[] = {
	OPTION(struct prune_options, all, "all", 'a', option_bool,
	       "Remove all unused images, not just dangling ones"),
	OPTION(struct prune_options, filters, "filter", 0, option_filter,
	       "Provide filter values (e.g. \"until=<timestamp>\")"),
	OPTION(struct prune_options, force, "force", 'f', option_bool,
	       "Do not prompt for confirmation"),
	OPTION_END,
};

static struct error *test_until(const void *subject, const char *value, bool *ret)
{
	return image_filter_until(subject, value, ret);
}

static struct error *test_label(const void *subject, const char *value, bool *ret)
{
	*ret = filter_label(((const struct image *)subject)->config.labels, value);
	return NULL;
}

static struct error *test_no_label(const void *subject, const char *value, bool *ret)
{
	*ret = !filter_label(((const struct image *)subject)->config.labels, value);
	return NULL;
}

/*
 * dangling=false is docker's older way to say --all; it is taken out before the others are asked.
 */
static struct error *test_dangling(const void *subject, const char *value, bool *ret)
{
	bool unused;

	(void)subject;
	*ret = true;
	return error_wrap(str_parse_bool(value, &unused), "invalid filter 'dangling=%s'", value);
}

static const struct filter filters[] = {
	{ "until", test_until },       { "label", test_label }, { "label!", test_no_label },
	{ "dangling", test_dangling }, { NULL, NULL },
};

static struct error *test(void *data, const struct image *image, bool *ret)
{
	const struct prune_options *o = data;

	return filter_passes(o->filters, filters, image, ret);
}

static struct error *read_dangling(struct prune_options *o)
{
	bool dangling;

	for (char **f = o->filters; f && *f; f += 2)
		if (strcmp(*f, "dangling") == 0) {
			TRY(error_wrap(str_parse_bool(f[1], &dangling),
				       "invalid filter 'dangling=%s'", f[1]));
			o->all = o->all || !dangling;
		}
	return NULL;
}

static void print_result(char *const *lines, uint64_t bytes)
{
	char *size autofree = str_human_size(bytes);

	if (lines)
		puts("Deleted Images:");
	for (size_t i = 0; lines && lines[i]; i++) {
		char *line autofree = alloc_string(lines[i]);

		*line = (char)tolower(
			(unsigned char)*line); /* "untagged: …", as docker has it here */
		puts(line);
	}
	if (lines)
		putchar('\n');
	printf("Total reclaimed space: %s\n", size);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	struct prune_options *o = data;
	const struct engine_image_prune *prune;
	char **lines autostrv = NULL;
	struct engine *e;
	uint64_t bytes;

	(void)arguments;
	TRY(filter_check(o->filters, filters));
	TRY(read_dangling(o));
	prune = &(const struct engine_image_prune){ .all = o->all, .test = test, .data = o };
	if (!o->force)
		TRY(confirm(o->all ? WARN_ALL : WARN_DANGLING, "image prune"));
	TRY(cli_engine(cli, &e));
	TRY(engine_image_prune(e, prune, &lines, &bytes));
	print_result(lines, bytes);
	return NULL;
}

const struct command cmd_image_prune = {
	.name = "prune",
	.arguments = "",
	.summary = "Remove unused images",
	.options = options,
	.options_size = sizeof(struct prune_options),
	.run = run,
};
