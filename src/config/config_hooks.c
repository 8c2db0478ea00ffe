/* config.json: "hooks" (config.md, POSIX-platform Hooks). */
#include "config/config_table.h"

#include "base/banned.h"

static const struct json_field hook_fields[] = {
	REQUIRED(hook, "path", path, JSON_TEXT, .check = config_check_absolute),
	OPTIONAL(hook, "args", args, JSON_TEXTS),
	OPTIONAL(hook, "env", env, JSON_TEXTS, .check = config_check_env),
	OPTIONAL(hook, "timeout", timeout_s, JSON_INT64_POINTER, .min = 1, .max = INT32_MAX),
	{ 0 },
};
static const struct json_type hook_type = TABLE(hook);

#define HOOKS(json_name, member) LIST(hooks, json_name, member, JSON_STRUCTS, .type = &hook_type)
static const struct json_field hooks_fields[] = {
	HOOKS("prestart", prestart),
	HOOKS("createRuntime", create_runtime),
	HOOKS("createContainer", create_container),
	HOOKS("startContainer", start_container),
	HOOKS("poststart", poststart),
	HOOKS("poststop", poststop),
	{ 0 },
};
const struct json_type config_hooks_type = TABLE(hooks);
