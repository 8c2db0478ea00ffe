/* bulkhead inspect, container inspect, image inspect */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/template.h"

#include "base/banned.h"

#define OUTPUT_MAX (64 << 20)

struct inspect_options {
	char *format, *type;
	bool size;
	const char *only; /* the type a longer spelling of the command fixes */
};

#define FORMAT_HELP "Format output using a Go template: 'TEMPLATE' or 'json'"

static const struct option options[] = {
	OPTION(struct inspect_options, format, "format", 'f', option_text, FORMAT_HELP),
	OPTION(struct inspect_options, size, "size", 's', option_bool,
	       "Display total file sizes if the type is container"),
	OPTION(struct inspect_options, type, "type", 0, option_text,
	       "Only inspect objects of the given type (container, image)"),
	OPTION_END,
};

static const struct option container_options[] = {
	OPTION(struct inspect_options, format, "format", 'f', option_text, FORMAT_HELP),
	OPTION(struct inspect_options, size, "size", 's', option_bool, "Display total file sizes"),
	OPTION_END,
};

static const struct option image_options[] = {
	OPTION(struct inspect_options, format, "format", 'f', option_text, FORMAT_HELP),
	OPTION_END,
};

/* The fields whose Go types are maps or lists where their JSON may be null. */
static const struct template_field fields[] = {
	{ "Annotations", TEMPLATE_MAP },  { "Config", TEMPLATE_MAP },
	{ "Data", TEMPLATE_MAP },	  { "ExposedPorts", TEMPLATE_MAP },
	{ "Labels", TEMPLATE_MAP },	  { "Networks", TEMPLATE_MAP },
	{ "PortBindings", TEMPLATE_MAP }, { "Ports", TEMPLATE_MAP },
	{ "StorageOpt", TEMPLATE_MAP },	  { "Sysctls", TEMPLATE_MAP },
	{ "Tmpfs", TEMPLATE_MAP },	  { "Volumes", TEMPLATE_MAP },
	{ "Args", TEMPLATE_LIST },	  { "Binds", TEMPLATE_LIST },
	{ "CapAdd", TEMPLATE_LIST },	  { "CapDrop", TEMPLATE_LIST },
	{ "Cmd", TEMPLATE_LIST },	  { "Devices", TEMPLATE_LIST },
	{ "Dns", TEMPLATE_LIST },	  { "Entrypoint", TEMPLATE_LIST },
	{ "Env", TEMPLATE_LIST },	  { "ExecIDs", TEMPLATE_LIST },
	{ "ExtraHosts", TEMPLATE_LIST },  { "GroupAdd", TEMPLATE_LIST },
	{ "Layers", TEMPLATE_LIST },	  { "Links", TEMPLATE_LIST },
	{ "MaskedPaths", TEMPLATE_LIST }, { "Mounts", TEMPLATE_LIST },
	{ "OnBuild", TEMPLATE_LIST },	  { "ReadonlyPaths", TEMPLATE_LIST },
	{ "RepoDigests", TEMPLATE_LIST }, { "RepoTags", TEMPLATE_LIST },
	{ "SecurityOpt", TEMPLATE_LIST }, { "Shell", TEMPLATE_LIST },
	{ "Ulimits", TEMPLATE_LIST },	  { "VolumesFrom", TEMPLATE_LIST },
	{ NULL, TEMPLATE_MAP },
};

static struct error *inspect_container(struct engine *e, const struct inspect_options *o,
				       const char *ref, json_t **ret)
{
	return engine_inspect(e, ref, o->size, ret);
}

static struct error *inspect_image(struct engine *e, const struct inspect_options *o,
				   const char *ref, json_t **ret)
{
	(void)o;
	return image_inspect(engine_images(e), ref, ret);
}

static struct error *inspect_any(struct engine *e, const struct inspect_options *o, const char *ref,
				 json_t **ret)
{
	struct error *err = inspect_container(e, o, ref, ret);

	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_free(err);
	err = inspect_image(e, o, ref, ret);
	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_free(err);
	return error_new(ERROR_NOT_FOUND, "no such object: %s", ref);
}

typedef struct error *inspector(struct engine *e, const struct inspect_options *o, const char *ref,
				json_t **ret);

static struct error *choose(const struct inspect_options *o, inspector **ret)
{
	const char *type = o->only ? o->only : o->type;

	if (str_is_empty(type))
		*ret = inspect_any;
	else if (strcmp(type, "container") == 0)
		*ret = inspect_container;
	else if (strcmp(type, "image") == 0)
		*ret = inspect_image;
	else
		return error_new(ERROR_BAD_INPUT,
				 "unknown type: \"%s\": must be one of \"container\", \"image\"",
				 type);
	return NULL;
}

/* Every object that is there is shown, and each that is not is an error of its own. */
static struct error *collect(struct cli *cli, const struct inspect_options *o, char **refs,
			     json_t *objects)
{
	inspector *inspect;
	struct engine *e;

	TRY(choose(o, &inspect));
	TRY(cli_engine(cli, &e));
	for (; *refs; refs++) {
		json_t *object = NULL;
		struct error *err = inspect(e, o, *refs, &object);

		if (err) {
			cli_report(err);
			cli->status = 1;
		} else {
			json_array_append_new(objects, object);
		}
	}
	return NULL;
}

/* What comes before an error is printed all the same. */
static struct error *print_formatted(const char *format, const json_t *objects)
{
	struct template_options options_of = { .fields = fields };
	struct template *t autotemplate = NULL;
	struct buf out autobuf = BUF_MAX(OUTPUT_MAX);
	struct error *err;
	json_t *object;
	size_t i;

	TRY(template_parse(format, &t));
	json_array_foreach((json_t *)objects, i, object) {
		err = template_execute(t, &options_of, object, &out);
		fputs(buf_text(&out), stdout);
		if (err)
			return err;
		fputc('\n', stdout);
		buf_done(&out);
	}
	return NULL;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	const struct inspect_options *o = data;
	json_t *objects autojson = json_array();
	char *text autofree = NULL;

	TRY(collect(cli, o, arguments, objects));
	if (!str_is_empty(o->format) && strcmp(o->format, "json") != 0)
		return error_wrap(print_formatted(o->format, objects), "template parsing error");
	text = json_dumps(objects, o->format ? JSON_COMPACT : JSON_INDENT(4));
	puts(text);
	return NULL;
}

static const struct inspect_options container_defaults = { .only = "container" };
static const struct inspect_options image_defaults = { .only = "image" };

const struct command cmd_inspect = {
	.name = "inspect",
	.arguments = "NAME|ID [NAME|ID...]",
	.summary = "Return low-level information on containers and images",
	.options = options,
	.options_size = sizeof(struct inspect_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};

const struct command cmd_container_inspect = {
	.name = "container inspect",
	.arguments = "CONTAINER [CONTAINER...]",
	.summary = "Display detailed information on one or more containers",
	.options = container_options,
	.options_size = sizeof(struct inspect_options),
	.defaults = &container_defaults,
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};

const struct command cmd_image_inspect = {
	.name = "image inspect",
	.arguments = "IMAGE [IMAGE...]",
	.summary = "Display detailed information on one or more images",
	.options = image_options,
	.options_size = sizeof(struct inspect_options),
	.defaults = &image_defaults,
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
