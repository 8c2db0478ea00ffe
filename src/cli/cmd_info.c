/* bulkhead info, version: the API's JSON as lines for people, or through a template. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/template.h"

#include "base/banned.h"

#define OUTPUT_MAX (16 << 20)

struct info_options {
	char *format;
};

static const struct option options[] = {
	OPTION(struct info_options, format, "format", 'f', option_text,
	       "Format output using a Go template: 'TEMPLATE' or 'json'"),
	OPTION_END,
};

static struct error *print_formatted(const char *format, json_t *value)
{
	static const struct template_options to = { .fields = NULL };
	struct template *t autotemplate = NULL;
	struct buf out autobuf = BUF_MAX(OUTPUT_MAX);

	if (strcmp(format, "json") == 0)
		format = "{{json .}}";
	TRY(template_parse(format, &t));
	TRY(template_execute(t, &to, value, &out));
	puts(buf_text(&out));
	return NULL;
}

static void print_scalar(const char *name, const json_t *value, int indent)
{
	printf("%*s%s: ", indent, "", name);
	if (json_is_string(value))
		puts(json_string_value(value));
	else if (json_is_integer(value))
		printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	else
		puts(json_is_true(value) ? "true" : "false");
}

/* Names whose capitals do not tell where a word begins. */
static const struct {
	const char *name, *shown;
} odd_names[] = {
	{ "ApiVersion", "API Version" },
	{ "MinAPIVersion", "Minimum API Version" },
	{ "Os", "OS" },
	{ "NCPU", "CPUs" },
	{ "MemTotal", "Total Memory" },
	{ "AppArmor", "AppArmor" },
};

/*
 * "KernelVersion" as people write it: "Kernel Version"; runs of capitals stay together. A small
 * letter begins a key of the policy file, which is shown as it is written there.
 */
static char *spaced(const char *name)
{
	struct buf text autobuf = BUF_MAX(1024);

	for (size_t i = 0; i < sizeof(odd_names) / sizeof(*odd_names); i++)
		if (strcmp(name, odd_names[i].name) == 0)
			return alloc_string(odd_names[i].shown);
	if (*name >= 'a' && *name <= 'z')
		return alloc_string(name);
	for (const char *c = name; *c; c++) {
		bool upper = *c >= 'A' && *c <= 'Z',
		     after_lower = c > name && c[-1] >= 'a' && c[-1] <= 'z';

		if (upper && after_lower)
			error_ignore(buf_add_text(&text, " "), "a name of over 1 KiB is cut");
		error_ignore(buf_add(&text, c, 1), "a name of over 1 KiB is cut");
	}
	return buf_take(&text);
}

static void print_members(const json_t *object, int indent);

static void print_items(const char *name, const json_t *array, int indent)
{
	json_t *item;
	size_t i;

	printf("%*s%s:\n", indent, "", name);
	json_array_foreach((json_t *)array, i, item) {
		if (json_is_string(item))
			printf("%*s%s\n", indent + 1, "", json_string_value(item));
		else if (json_is_array(item) && json_array_size(item) == 2)
			printf("%*s%s: %s\n", indent + 1, "",
			       json_string_value(json_array_get(item, 0)),
			       json_string_value(json_array_get(item, 1)));
		else if (json_is_object(item))
			print_members(item, indent + 1);
	}
}

/* What is empty is not shown. */
static void print_members(const json_t *object, int indent)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		char *name autofree = spaced(key);

		if (json_is_object(value) && json_object_size(value)) {
			printf("%*s%s:\n", indent, "", name);
			print_members(value, indent + 1);
		} else if (json_is_array(value) && json_array_size(value)) {
			print_items(name, value, indent);
		} else if (json_is_boolean(value) || json_is_integer(value) ||
			   (json_is_string(value) && json_string_length(value))) {
			print_scalar(name, value, indent);
		}
	}
}

/* Warnings are for people and stand apart, on stderr, as docker's. */
static void print_warnings(const json_t *info)
{
	json_t *line;
	size_t i;

	json_array_foreach(json_object_get(info, "Warnings"), i, line)
		if (json_is_string(line))
			fprintf(stderr, "%s\n", json_string_value(line));
}

static struct error *run_info(struct cli *cli, void *data, char **arguments)
{
	const struct info_options *o = data;
	json_t *info autojson = NULL, *shown autojson = NULL;
	struct engine *e;

	(void)arguments;
	TRY(cli_engine(cli, &e));
	TRY(engine_info(e, &info));
	if (!str_is_empty(o->format))
		return error_wrap(print_formatted(o->format, info), "template parsing error");
	shown = json_copy(info);
	json_object_del(shown, "Warnings");
	print_members(shown, 0);
	print_warnings(info);
	return NULL;
}

/* Client and server are one program: both names, which docker's templates use, give the same. */
static struct error *run_version(struct cli *cli, void *data, char **arguments)
{
	const struct info_options *o = data;
	static const char *const for_programs[] = { "Platform", "Components", "ApiVersion",
						    "MinAPIVersion" };
	json_t *version autojson = engine_version(), *both autojson = NULL;

	(void)cli;
	(void)arguments;
	if (str_is_empty(o->format)) {
		for (size_t i = 0; i < sizeof(for_programs) / sizeof(*for_programs); i++)
			json_object_del(version, for_programs[i]);
		puts("Bulkhead:");
		print_members(version, 1);
		return NULL;
	}
	both = json_pack("{s:O, s:O}", "Client", version, "Server", version);
	return error_wrap(print_formatted(o->format, both), "template parsing error");
}

const struct command cmd_info = {
	.name = "info",
	.arguments = "",
	.summary = "Display system-wide information",
	.options = options,
	.options_size = sizeof(struct info_options),
	.run = run_info,
};

const struct command cmd_version = {
	.name = "version",
	.arguments = "",
	.summary = "Show the Bulkhead version information",
	.options = options,
	.options_size = sizeof(struct info_options),
	.run = run_version,
};
