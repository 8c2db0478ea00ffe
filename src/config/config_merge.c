/* A change of limits, on top of those that a container has. */
#include <string.h>

#include "base/strv.h"
#include "config/config_check.h"
#include "config/config_table.h"

#include "base/banned.h"

/* What the specification means something by when it is 0; of the rest 0 is "left alone". */
static bool counts_as_zero(const char *key)
{
	static const char *const keys[] = { "burst", "idle", "swappiness" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

/* Engines write all members of an update, those that are to stay as 0 or "". */
static void drop_unset(json_t *object)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, key, value) {
		bool empty = (json_is_integer(value) && json_integer_value(value) == 0) ||
			     (json_is_string(value) && json_string_length(value) == 0);

		if (json_is_object(value))
			drop_unset(value);
		else if (empty && !counts_as_zero(key))
			json_object_del(object, key);
	}
}

struct error *config_resources_merge(struct config_resources *r,
				     const struct config_resources *change)
{
	json_t *all autojson = json_encode(&config_resources_type, r);
	json_t *part autojson = json_encode(&config_resources_type, change);
	struct config_resources merged = { 0 };
	char **warnings = NULL;
	struct error *err;

	drop_unset(part);
	if (json_object_update_recursive(all, part) < 0)
		return error_new(ERROR_BUG, "resources that cannot be merged");
	err = json_decode(&config_resources_type, all, &merged);
	if (!err)
		err = config_check_resources("linux.resources.", &merged, &warnings);
	strv_free(warnings); /* told when the change was read */
	if (err) {
		json_done(&config_resources_type, &merged);
		return err;
	}
	json_done(&config_resources_type, r);
	*r = merged;
	return NULL;
}
