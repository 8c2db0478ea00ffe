/* bulkhead save */
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/output.h"

#include "base/banned.h"

struct save_options {
	char *output, *platform, *format;
};

static const struct option options[] = {
	OPTION(struct save_options, format, "format", 0, option_text,
	       "Format of the archive: 'docker-archive' (default) or 'oci'"),
	OPTION(struct save_options, output, "output", 'o', option_text,
	       "Write to a file, instead of STDOUT"),
	OPTION(struct save_options, platform, "platform", 0, option_text,
	       "Save only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
	OPTION_END,
};

static struct error *choose_format(const char *format, bool *ret_oci)
{
	*ret_oci = false;
	if (str_is_empty(format) || strcmp(format, "docker-archive") == 0 ||
	    strcmp(format, "docker") == 0)
		return NULL;
	*ret_oci = true;
	if (strcmp(format, "oci") == 0 || strcmp(format, "oci-archive") == 0)
		return NULL;
	return error_new(ERROR_BAD_INPUT,
			 "\"%s\" is no format of an archive: docker-archive or oci", format);
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct save_options *o = data;
	struct output out autooutput = { .fd = -1 };
	struct image_save what = {
		.references = arguments,
		.platform = str_is_empty(o->platform) ? NULL : o->platform,
	};
	struct engine *e;

	TRY(choose_format(o->format, &what.oci_layout));
	TRY(output_open(o->output, &out));
	TRY(cli_engine(cli, &e));
	TRY(image_save(engine_images(e), &what, out.fd));
	return output_finish(&out);
}

const struct command cmd_save = {
	.name = "save",
	.arguments = "IMAGE [IMAGE...]",
	.summary = "Save one or more images to a tar archive (streamed to STDOUT by default)",
	.options = options,
	.options_size = sizeof(struct save_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
