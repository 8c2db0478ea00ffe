/* A small config.json, and changes to it: what the tests of src/runtime/ start from. */
#pragma once

#include "base/json.h"
#include "base/json_number.h"
#include "base/strv.h"
#include "config/config.h"
#include "unit/test.h"

#define CONFIG_SMALL                                                                               \
	"{'ociVersion':'1.2.0','root':{'path':'rootfs'},'process':{'cwd':'/','args':['sh']},"      \
	"'linux':{'namespaces':[{'type':'mount'}]}}"

/* @text with ' for ", so that it can be read in a C string; the caller json_decref()s. */
static inline json_t *config_tree(const char *text)
{
	char *quoted autofree = alloc_string(text);
	json_t *tree = NULL;

	for (char *c = quoted; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_ok(json_parse_wide(quoted, strlen(quoted), &tree));
	return tree;
}

/*
 * The small document changed by @patch: its objects are merged in, anything else replaces what was
 * there, and null takes it away. The caller frees.
 */
static inline char *config_text(const char *patch)
{
	json_t *whole autojson = config_tree(CONFIG_SMALL);
	json_t *change autojson = config_tree(patch);
	char *text;

	assert_int_equal(json_object_update_recursive(whole, change), 0);
	text = json_dumps(whole, JSON_COMPACT);
	json_unwrap_numbers(text);
	return text;
}

static inline struct error *config_try(const char *patch, struct config *ret)
{
	char *text autofree = config_text(patch);

	return config_parse(text, strlen(text), ret);
}

struct config_row {
	const char *patch, *message; /* NULL: it is good */
};

/* Each row is refused with exactly its message, or good and without a warning. */
static inline void config_check_rows(const struct config_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct config c autoconfig = { 0 };
		struct error *err autoerror = config_try(rows[i].patch, &c);
		const char *message = err ? error_message(err) : NULL;

		if (!message && !rows[i].message && !c.warnings)
			continue;
		if (!message || !rows[i].message || strcmp(message, rows[i].message) != 0)
			fail_msg("%s\n  is:     %s\n  not:    %s", rows[i].patch,
				 message      ? message
				 : c.warnings ? c.warnings[0]
					      : "good",
				 rows[i].message ? rows[i].message : "good");
	}
}
#define CHECK_ROWS(rows) config_check_rows(rows, sizeof(rows) / sizeof(*(rows)))
