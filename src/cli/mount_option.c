/*
 * --mount: one record of comma-separated values (RFC 4180, quotes included), each KEY=VALUE. The
 * keys are docker's, and "idmap", which is ours. Defaults of a mount and what its target may be are
 * the engine's.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/strv.h"
#include "cli/value.h"
#include "engine/engine.h"

#include "base/banned.h"

/* Reads a quoted field from behind its opening quote; *@cursor moves behind the closing one. */
static struct error *quoted_field(const char **cursor, char **ret)
{
	const char *c = *cursor;
	char *field autofree = alloc_string(c);
	size_t n = 0;

	for (; *c && (*c != '"' || c[1] == '"'); c++) {
		if (*c == '"')
			c++;
		field[n++] = *c;
	}
	if (*c != '"' || (c[1] && c[1] != ','))
		return error_new(ERROR_BAD_INPUT, "extraneous or missing \" in quoted-field");
	field[n] = '\0';
	*cursor = c + 1;
	*ret = take(field);
	return NULL;
}

static struct error *split_csv(const char *text, char ***fields)
{
	for (const char *c = text;; c++) {
		if (*c == '"') {
			char *field = NULL;

			c++;
			TRY(quoted_field(&c, &field));
			strv_add_owned(fields, field);
		} else {
			size_t n = strcspn(c, ",");

			if (memchr(c, '"', n))
				return error_new(ERROR_BAD_INPUT, "bare \" in non-quoted field");
			strv_add_owned(fields, alloc_string_n(c, n));
			c += n;
		}
		if (!*c)
			return NULL;
	}
}

static void set(char **field, const char *value)
{
	free(*field);
	*field = alloc_string(value);
}

static struct error *set_type(struct engine_mount_request *m, const char *value)
{
	char *lower autofree = alloc_string(value);

	for (char *c = lower; *c; c++)
		*c |= *c >= 'A' && *c <= 'Z' ? 0x20 : 0;
	set(&m->type, lower);
	return NULL;
}

static struct error *set_source(struct engine_mount_request *m, const char *value)
{
	char *absolute autofree = NULL;

	TRY(value_absolute(value, &absolute));
	set(&m->source, absolute);
	return NULL;
}

static struct error *set_target(struct engine_mount_request *m, const char *value)
{
	set(&m->target, value);
	return NULL;
}

static struct error *set_read_only(struct engine_mount_request *m, const char *value)
{
	return str_parse_bool(value, &m->read_only);
}

static struct error *set_propagation(struct engine_mount_request *m, const char *value)
{
	set(&m->propagation, value);
	return NULL;
}

static struct error *set_non_recursive(struct engine_mount_request *m, const char *value)
{
	return str_parse_bool(value, &m->non_recursive);
}

/*
 * Docker's newer word for the same; "enabled" is the default, the other two ask for what this
 * engine does not do.
 */
static struct error *set_recursive(struct engine_mount_request *m, const char *value)
{
	m->non_recursive = strcmp(value, "disabled") == 0;
	if (m->non_recursive || strcmp(value, "enabled") == 0)
		return NULL;
	return error_new(ERROR_BAD_INPUT, "neither \"enabled\" nor \"disabled\"");
}

/* For Docker's virtual machines on other systems: on Linux all of them mean the same. */
static struct error *set_consistency(struct engine_mount_request *m, const char *value)
{
	static const char *const words[] = { "consistent", "cached", "delegated", "default" };

	(void)m;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return NULL;
	return error_new(ERROR_BAD_INPUT,
			 "not \"consistent\", \"cached\", \"delegated\" or \"default\"");
}

static struct error *set_driver(struct engine_mount_request *m, const char *value)
{
	(void)m;
	if (!*value || strcmp(value, "local") == 0)
		return NULL;
	return error_new(ERROR_UNSUPPORTED, "there is no volume driver but \"local\"");
}

static struct error *refuse(struct engine_mount_request *m, const char *value)
{
	(void)m;
	(void)value;
	return error_new(ERROR_UNSUPPORTED, "volumes have neither labels nor options");
}

static struct error *set_create_source(struct engine_mount_request *m, const char *value)
{
	return str_parse_bool(value, &m->create_source);
}

static struct error *set_no_copy(struct engine_mount_request *m, const char *value)
{
	return str_parse_bool(value, &m->no_copy);
}

static struct error *set_size(struct engine_mount_request *m, const char *value)
{
	return str_parse_size(value, &m->size_bytes);
}

static struct error *set_mode(struct engine_mount_request *m, const char *value)
{
	uint32_t mode;

	TRY(str_parse_octal(value, 07777, &mode));
	m->mode = mode;
	return NULL;
}

static struct error *set_idmap(struct engine_mount_request *m, const char *value)
{
	if (strcmp(value, "host") != 0 && strcmp(value, "off") != 0)
		return error_new(ERROR_BAD_INPUT, "neither \"host\" nor \"off\"");
	set(&m->idmap, value);
	return NULL;
}

static const struct mount_key {
	const char *name;
	bool is_switch; /* may stand without "=true" */
	struct error *(*set)(struct engine_mount_request *m, const char *value);
} mount_keys[] = {
	{ "type", false, set_type },
	{ "source", false, set_source },
	{ "src", false, set_source },
	{ "target", false, set_target },
	{ "destination", false, set_target },
	{ "dst", false, set_target },
	{ "readonly", true, set_read_only },
	{ "ro", true, set_read_only },
	{ "idmap", false, set_idmap },
	{ "consistency", false, set_consistency },
	{ "bind-propagation", false, set_propagation },
	{ "bind-nonrecursive", true, set_non_recursive },
	{ "bind-recursive", false, set_recursive },
	{ "bind-create-src", true, set_create_source },
	{ "volume-nocopy", true, set_no_copy },
	{ "volume-driver", false, set_driver },
	{ "volume-label", false, refuse },
	{ "volume-opt", false, refuse },
	{ "tmpfs-size", false, set_size },
	{ "tmpfs-mode", false, set_mode },
	{ NULL, false, NULL },
};

/* "bind", "volume" or "tmpfs" where @key is only for one type of mount: the part before its '-'. */
static struct error *check_family(const char *field, const char *type)
{
	static const char *const families[] = { "bind", "volume", "tmpfs" };

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(families[i]);

		if (strncasecmp(field, families[i], n) == 0 && field[n] == '-' &&
		    strcmp(type, families[i]) != 0)
			return error_new(ERROR_BAD_INPUT,
					 "cannot mix '%s-*' options with mount type '%s'",
					 families[i], type);
	}
	return NULL;
}

static struct error *read_field(struct engine_mount_request *m, const char *field)
{
	size_t length = strcspn(field, "=");
	const struct mount_key *key = mount_keys;
	struct error *err;

	while (key->name && (strncasecmp(field, key->name, length) != 0 || key->name[length]))
		key++;
	if (!field[length] && !key->is_switch)
		return error_new(ERROR_BAD_INPUT, "invalid field '%s' must be a key=value pair",
				 field);
	if (!key->name)
		return error_new(ERROR_BAD_INPUT, "unexpected key '%.*s' in '%s'", (int)length,
				 field, field);
	err = key->set(m, field[length] ? field + length + 1 : "true");
	return error_wrap(err, "invalid value for %s", key->name);
}

static struct error *read_mount(const char *value, struct engine_mount_request *m)
{
	char **fields autostrv = NULL;

	if (!*value)
		return error_new(ERROR_BAD_INPUT, "target is required");
	m->type = alloc_string("volume");
	TRY(split_csv(value, &fields));
	for (char **f = fields; *f; f++)
		TRY(read_field(m, *f));
	if (!*m->type)
		return error_new(ERROR_BAD_INPUT, "type is required");
	if (str_is_empty(m->target))
		return error_new(ERROR_BAD_INPUT, "target is required");
	for (char **f = fields; *f; f++)
		TRY(check_family(*f, m->type));
	return NULL;
}

static void free_mount(struct engine_mount_request *m)
{
	char *texts[] = { m->type, m->source, m->target, m->propagation, m->idmap };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		alloc_free_pointer(&texts[i]);
}

static struct error *add_mount(void *target, const char *value)
{
	struct host_config *host = target;
	struct engine_mount_request m = { .type = NULL };
	struct error *err = read_mount(value, &m);

	if (err) {
		free_mount(&m);
		return err;
	}
	host->mounts = alloc_resize(host->mounts, host->n_mounts + 1, sizeof(*host->mounts));
	host->mounts[host->n_mounts++] = m;
	return NULL;
}

const struct option_type option_mount = { .metavar = "mount", .set = add_mount };
