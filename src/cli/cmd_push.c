/* bulkhead push */
#include <stdio.h>

#include "cli/command.h"
#include "cli/transfer.h"

#include "base/banned.h"

struct push_options {
	bool all_tags, quiet;
};

static const struct option options[] = {
	OPTION(struct push_options, all_tags, "all-tags", 'a', option_bool,
	       "Push all tags of an image to the repository"),
	OPTION(struct push_options, quiet, "quiet", 'q', option_bool, "Suppress verbose output"),
	OPTION_END,
};

static struct error *push(struct engine *e, const struct push_options *o, const char *ref)
{
	struct transfer_view *view autoview = transfer_view_open(stdout, o->quiet);
	struct image_transfer transfer = {
		.all_tags = o->all_tags,
		.said = transfer_view_said,
		.watch = transfer_view_watch,
		.data = view,
	};

	return engine_push(e, ref, &transfer);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct push_options *o = data;
	char *host autofree = NULL, *repository autofree = NULL, *rest autofree = NULL;
	struct engine *e;

	TRY(image_reference_split(arguments[0], &host, &repository, &rest));
	if (o->all_tags && !transfer_is_bare(arguments[0]))
		return error_new(ERROR_BAD_INPUT, "tag can't be used with --all-tags/-a");
	TRY(cli_engine(cli, &e));
	if (!o->quiet && !o->all_tags && transfer_is_bare(arguments[0]))
		puts("Using default tag: latest");
	TRY(push(e, o, arguments[0]));
	if (o->quiet)
		printf("%s/%s%s\n", host, repository, o->all_tags ? "" : rest);
	return NULL;
}

const struct command cmd_push = {
	.name = "push",
	.arguments = "NAME[:TAG]",
	.summary = "Upload an image to a registry",
	.options = options,
	.options_size = sizeof(struct push_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
