/*
 * Templates of --format, over data with a value of each kind: parsing and running end within their
 * bounds, whatever the text is. Bytes behind a NUL are data in place of the built-in one, if they
 * are JSON.
 */
#include <string.h>

#include "base/json.h"
#include "cli/template.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUTPUT_MAX 65536

static const char built_in[] =
	"{\"Name\": \"/web\", \"Real\": 1.5, \"Null\": null, \"List\": [\"a\", 2, {\"A\": [true]}],"
	" \"Labels\": {\"b\": \"<two>\", \"a\": \"1\"}, \"Empty\": [], \"State\": {\"Pid\": 42, \"Running\": true}}";

static const struct template_field fields[] = {
	{ "Labels", TEMPLATE_MAP },
	{ "Null", TEMPLATE_LIST },
	{ NULL, TEMPLATE_MAP },
};

static json_t *method(void *subject, const char *name, const char *argument)
{
	(void)subject;
	return strcmp(name, "Label") == 0 ? json_string(argument) : NULL;
}

static void render(const struct template *t, json_t *value, bool heading)
{
	struct template_options o = { .fields = fields, .method = method, .heading = heading };
	struct buf out autobuf = BUF_MAX(OUTPUT_MAX);

	error_free(template_execute(t, &o, value, &out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	size_t used = strlen(text) + 1;
	struct template *t autotemplate = NULL;
	json_t *value autojson = NULL;

	if (used < size)
		error_free(json_parse((const char *)data + used, size - used, &value));
	if (!value)
		error_free(json_parse(built_in, strlen(built_in), &value));
	error_free(template_parse(text, &t));
	if (t) {
		render(t, value, false);
		render(t, value, true);
	}
	return 0;
}
