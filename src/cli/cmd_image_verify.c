/* bulkhead image verify */
#include <stdio.h>

#include "cli/command.h"

#include "base/banned.h"

struct verify_options {
	bool fix, quiet;
};

static const struct option options[] = {
	OPTION(struct verify_options, fix, "fix", 0, option_bool,
	       "Put what was unpacked anew in the place of what is damaged"),
	OPTION(struct verify_options, quiet, "quiet", 'q', option_bool,
	       "Print only what is damaged"),
	OPTION_END,
};

static void print_line(void *data, const char *line)
{
	(void)data;
	puts(line);
	fflush(stdout);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct verify_options *o = data;
	const struct image_verify what = { .references = arguments,
					   .fix = o->fix,
					   .said = print_line };
	struct image_verified sum;
	struct engine *e;

	TRY(cli_engine(cli, &e));
	TRY(engine_image_verify(e, &what, &sum));
	if (!o->quiet || sum.n_damaged)
		printf("%zu images, %zu layers, %zu blobs: %zu damaged%s\n", sum.n_images,
		       sum.n_layers, sum.n_blobs, sum.n_damaged,
		       sum.n_damaged && sum.n_healed == sum.n_damaged ? ", all healed"
		       : sum.n_healed				      ? ", some healed"
								      : "");
	cli->status = sum.n_damaged > sum.n_healed ? 1 : 0;
	return NULL;
}

const struct command cmd_image_verify = {
	.name = "verify",
	.arguments = "[IMAGE...]",
	.summary = "Compare what the image store has with its digests",
	.options = options,
	.options_size = sizeof(struct verify_options),
	.max_arguments = -1,
	.run = run,
};
