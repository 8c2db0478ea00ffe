/* bulkhead commit */
#include <stdio.h>

#include "cli/command.h"

#include "base/banned.h"

struct commit_options {
	char *author, *message, **changes;
	bool pause;
};

static const struct option options[] = {
	OPTION(struct commit_options, author, "author", 'a', option_text,
	       "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"),
	OPTION(struct commit_options, changes, "change", 'c', option_list,
	       "Apply Dockerfile instruction to the created image"),
	OPTION(struct commit_options, message, "message", 'm', option_text, "Commit message"),
	OPTION(struct commit_options, pause, "pause", 'p', option_bool,
	       "Pause container during commit (default true)"),
	OPTION_END,
};

static const struct commit_options defaults = { .pause = true };

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct commit_options *o = data;
	const struct engine_commit request = {
		.reference = arguments[1],
		.author = o->author,
		.message = o->message,
		.changes = o->changes,
		.pause = o->pause,
	};
	char id[DIGEST_SIZE];
	struct engine *e;

	TRY(cli_engine(cli, &e));
	TRY(engine_commit(e, arguments[0], &request, id));
	puts(id);
	return NULL;
}

const struct command cmd_commit = {
	.name = "commit",
	.arguments = "CONTAINER [REPOSITORY[:TAG]]",
	.summary = "Create a new image from a container's changes",
	.options = options,
	.options_size = sizeof(struct commit_options),
	.defaults = &defaults,
	.min_arguments = 1,
	.max_arguments = 2,
	.run = run,
};
