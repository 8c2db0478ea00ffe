/* bulkhead load */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/command.h"

#include "base/banned.h"

struct load_options {
	char *input;
	bool quiet;
};

static const struct option options[] = {
	OPTION(struct load_options, input, "input", 'i', option_text,
	       "Read from an archive file or OCI layout directory, instead of STDIN"),
	OPTION(struct load_options, quiet, "quiet", 'q', option_bool, "Suppress the load output"),
	OPTION_END,
};

static void print_line(void *data, const char *line)
{
	const struct load_options *o = data;

	/* What was loaded is the result, which --quiet keeps, as docker does. */
	if (line && (!o->quiet || str_has_prefix(line, "Loaded image")))
		puts(line);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	struct load_options *o = data;
	bool from_stdin = str_is_empty(o->input) || strcmp(o->input, "-") == 0;
	int fd autoclose = -1;
	struct engine *e;

	(void)arguments;
	if (from_stdin && isatty(STDIN_FILENO))
		return error_new(ERROR_BAD_INPUT, "requested load from stdin, but stdin is empty");
	fd = from_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			: open(o->input, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_sys("open %s", from_stdin ? "stdin" : o->input);
	TRY(cli_engine(cli, &e));
	return error_wrap(image_load(engine_images(e), fd, print_line, o), "load %s",
			  from_stdin ? "standard input" : o->input);
}

const struct command cmd_load = {
	.name = "load",
	.arguments = "",
	.summary = "Load images from an archive, a directory or STDIN",
	.options = options,
	.options_size = sizeof(struct load_options),
	.run = run,
};
