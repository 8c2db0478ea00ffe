/* bulkhead pull, and the pull before a run */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/transfer.h"

#include "base/banned.h"

struct pull_options {
	bool all_tags, quiet;
	char *platform;
};

static const struct option options[] = {
	OPTION(struct pull_options, all_tags, "all-tags", 'a', option_bool,
	       "Download all tagged images in the repository"),
	OPTION(struct pull_options, platform, "platform", 0, option_text,
	       "Pull the image of that platform where there are several"),
	OPTION(struct pull_options, quiet, "quiet", 'q', option_bool, "Suppress verbose output"),
	OPTION_END,
};

bool transfer_is_bare(const char *ref)
{
	const char *slash = strrchr(ref, '/');

	return !strchr(ref, '@') && !strchr(slash ? slash : ref, ':');
}

/* "docker.io/library/debian:latest": what docker prints last. The caller frees. */
static struct error *full_name(const char *ref, bool all_tags, char **ret)
{
	char *host autofree = NULL, *repository autofree = NULL, *rest autofree = NULL;

	TRY(image_reference_split(ref, &host, &repository, &rest));
	*ret = alloc_printf("%s/%s%s", host, repository, all_tags ? "" : rest);
	return NULL;
}

struct error *transfer_pull(struct engine *e, const char *ref, const char *platform,
			    unsigned int flags, FILE *out)
{
	bool all_tags = flags & TRANSFER_ALL_TAGS;
	bool quiet = flags & (TRANSFER_QUIET | TRANSFER_SILENT);
	struct transfer_view *view autoview = NULL;
	char *name autofree = NULL;
	struct image_transfer transfer = {
		.platform = str_is_empty(platform) ? NULL : platform,
		.all_tags = all_tags,
		.said = transfer_view_said,
		.watch = transfer_view_watch,
	};
	struct error *err;

	if (all_tags && !transfer_is_bare(ref))
		return error_new(ERROR_BAD_INPUT, "tag can't be used with --all-tags/-a");
	TRY(full_name(ref, all_tags, &name));
	if (!quiet && !all_tags && transfer_is_bare(ref))
		fprintf(out, "Using default tag: latest\n");
	fflush(out);
	view = transfer_view_open(out, quiet);
	transfer.data = view;
	err = engine_pull(e, ref, &transfer, NULL);
	transfer_view_close(view);
	view = NULL;
	TRY(err);
	if (!(flags & TRANSFER_SILENT))
		fprintf(out, "%s\n", name);
	return NULL;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct pull_options *o = data;
	unsigned int flags =
		(o->all_tags ? TRANSFER_ALL_TAGS : 0U) | (o->quiet ? TRANSFER_QUIET : 0U);
	struct engine *e;

	TRY(cli_engine(cli, &e));
	return transfer_pull(e, arguments[0], o->platform, flags, stdout);
}

const struct command cmd_pull = {
	.name = "pull",
	.arguments = "NAME[:TAG|@DIGEST]",
	.summary = "Download an image from a registry",
	.options = options,
	.options_size = sizeof(struct pull_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
