/* bulkhead import */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/command.h"

#include "base/banned.h"

struct import_options {
	char **changes, *message;
};

static const struct option options[] = {
	OPTION(struct import_options, changes, "change", 'c', option_list,
	       "Apply Dockerfile instruction to the created image"),
	OPTION(struct import_options, message, "message", 'm', option_text,
	       "Set commit message for imported image"),
	OPTION_END,
};

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct import_options *o = data;
	bool from_stdin = strcmp(arguments[0], "-") == 0;
	int fd autoclose = from_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				      : open(arguments[0], O_RDONLY | O_CLOEXEC);
	struct image_import import = { .reference = arguments[1],
				       .message = o->message,
				       .changes = o->changes };
	char id[DIGEST_SIZE];
	struct engine *e;

	if (fd < 0)
		return error_sys("open %s", arguments[0]);
	TRY(cli_engine(cli, &e));
	TRY(error_wrap(image_import(engine_images(e), fd, &import, id), "import %s",
		       from_stdin ? "standard input" : arguments[0]));
	puts(id);
	return NULL;
}

const struct command cmd_import = {
	.name = "import",
	.arguments = "FILE|- [REPOSITORY[:TAG]]",
	.summary = "Import the contents from a tarball to create a filesystem image",
	.options = options,
	.options_size = sizeof(struct import_options),
	.min_arguments = 1,
	.max_arguments = 2,
	.run = run,
};
