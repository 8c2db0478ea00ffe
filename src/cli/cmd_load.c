/* bulkhead load */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/transfer.h"

#include "base/banned.h"

struct load_options {
	char *input, *platform;
	bool quiet;
	struct transfer_view *view; /* of a terminal; NULL: none */
};

static const struct option options[] = {
	OPTION(struct load_options, input, "input", 'i', option_text,
	       "Read from an archive file or OCI layout directory, instead of STDIN"),
	OPTION(struct load_options, platform, "platform", 0, option_text,
	       "Load only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
	OPTION(struct load_options, quiet, "quiet", 'q', option_bool, "Suppress the load output"),
	OPTION_END,
};

static void print_line(void *data, const char *line)
{
	const struct load_options *o = data;

	/* What was loaded is the result, which --quiet keeps, as docker does. */
	if (!line || (o->quiet && !str_has_prefix(line, "Loaded image")))
		return;
	if (o->view)
		transfer_view_said(o->view, line);
	else
		puts(line);
}

static void show_progress(void *data, const struct image_event *event)
{
	const struct load_options *o = data;

	if (o->view)
		transfer_view_watch(o->view, event);
}

static struct error *load(struct engine *e, int fd, struct load_options *o)
{
	const struct image_transfer transfer = {
		.platform = str_is_empty(o->platform) ? NULL : o->platform,
		.said = print_line,
		.watch = show_progress,
		.data = o,
	};
	struct error *err;

	if (!o->quiet && isatty(STDOUT_FILENO)) /* in a pipe docker tells of no layers */
		o->view = transfer_view_open(stdout, false);
	err = image_load(engine_images(e), fd, &transfer);
	transfer_view_close(o->view);
	return err;
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
	return error_wrap(load(e, fd, o), "load %s", from_stdin ? "standard input" : o->input);
}

const struct command cmd_load = {
	.name = "load",
	.arguments = "",
	.summary = "Load images from an archive, a directory or STDIN",
	.options = options,
	.options_size = sizeof(struct load_options),
	.run = run,
};
