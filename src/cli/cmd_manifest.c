/* bulkhead manifest inspect */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"

#include "base/banned.h"

struct manifest_options {
	bool referrers;
};

static const struct option options[] = {
	OPTION(struct manifest_options, referrers, "referrers", 0, option_bool,
	       "List what refers to the manifest: signatures and the like"),
	OPTION_END,
};

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct manifest_options *o = data;
	json_t *document autojson = NULL;
	char *text autofree = NULL, *lines autofree = NULL;
	struct engine *e;

	TRY(cli_engine(cli, &e));
	TRY(engine_remote_manifest(e, arguments[0], o->referrers, &text));
	TRY(error_wrap(json_parse(text, strlen(text), &document), "manifest of %s", arguments[0]));
	/* Anew, so that nothing in it is for the terminal. */
	lines = json_dumps(document, JSON_INDENT(3) | JSON_ENSURE_ASCII);
	if (!lines)
		return error_new(ERROR_BUG, "print the manifest of %s", arguments[0]);
	puts(lines);
	return NULL;
}

const struct command cmd_manifest_inspect = {
	.name = "inspect",
	.arguments = "NAME[:TAG|@DIGEST]",
	.summary = "Show a manifest or index of a registry",
	.options = options,
	.options_size = sizeof(struct manifest_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
