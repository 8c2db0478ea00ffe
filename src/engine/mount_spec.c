#include "engine/mount_spec.h"

#include <string.h>
#include <sys/mount.h>

#include "base/path.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/types.h"
#include "engine/volumes.h"

#include "base/banned.h"

/* At most one option of each class may be given. */
enum option_class {
	CLASS_ACCESS,
	CLASS_LABEL,
	CLASS_PROPAGATION,
	CLASS_COPY,
	CLASS_CONSISTENCY,
	CLASS_SUID,
	CLASS_DEV,
	CLASS_EXEC,
	CLASS_RECURSION,
	CLASS_IDMAP,
};

static const struct {
	const char *name;
	enum option_class class;
	bool bind_only, volume_only;
} bind_options[] = {
	{ "ro", CLASS_ACCESS, false, false },
	{ "rw", CLASS_ACCESS, false, false },
	{ "z", CLASS_LABEL, false, false },
	{ "Z", CLASS_LABEL, false, false },
	{ "private", CLASS_PROPAGATION, true, false },
	{ "rprivate", CLASS_PROPAGATION, true, false },
	{ "shared", CLASS_PROPAGATION, true, false },
	{ "rshared", CLASS_PROPAGATION, true, false },
	{ "slave", CLASS_PROPAGATION, true, false },
	{ "rslave", CLASS_PROPAGATION, true, false },
	{ "nocopy", CLASS_COPY, false, true },
	{ "consistent", CLASS_CONSISTENCY, true, false },
	{ "cached", CLASS_CONSISTENCY, true, false },
	{ "delegated", CLASS_CONSISTENCY, true, false },
	{ "nosuid", CLASS_SUID, false, false },
	{ "suid", CLASS_SUID, false, false },
	{ "nodev", CLASS_DEV, false, false },
	{ "dev", CLASS_DEV, false, false },
	{ "noexec", CLASS_EXEC, false, false },
	{ "exec", CLASS_EXEC, false, false },
	{ "nonrecursive", CLASS_RECURSION, true, false },
	{ "idmap=host", CLASS_IDMAP, true, false },
	{ "idmap=off", CLASS_IDMAP, true, false },
};
#define N_BIND_OPTIONS (sizeof(bind_options) / sizeof(bind_options[0]))

/* Those of tmpfs(5) that only set flags; the ones with a value are checked one by one. */
static const char *const tmpfs_flags[] = {
	"ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec", NULL,
};

static bool is_listed(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

static ssize_t find_option(const char *name)
{
	for (size_t i = 0; i < N_BIND_OPTIONS; i++)
		if (strcmp(bind_options[i].name, name) == 0)
			return (ssize_t)i;
	return -1;
}

static void add_option(struct engine_mount *m, const char *option)
{
	char *longer = str_is_empty(m->options) ? alloc_string(option)
						: alloc_printf("%s,%s", m->options, option);

	free(m->options);
	m->options = longer;
}

static void apply_option(struct engine_mount *m, size_t index)
{
	const char *name = bind_options[index].name;

	switch (bind_options[index].class) {
	case CLASS_ACCESS:
		m->rw = strcmp(name, "rw") == 0;
		break;
	case CLASS_PROPAGATION:
		free(m->propagation);
		m->propagation = alloc_string(name);
		break;
	case CLASS_COPY:
		m->copy_up = false;
		break;
	case CLASS_RECURSION:
		m->non_recursive = true;
		break;
	case CLASS_IDMAP:
		free(m->idmap);
		m->idmap = alloc_string(strchr(name, '=') + 1);
		break;
	case CLASS_SUID:
	case CLASS_DEV:
	case CLASS_EXEC:
		add_option(m, name);
		break;
	case CLASS_LABEL: /* given where the kernel runs SELinux, else there is nothing to do */
	case CLASS_CONSISTENCY: /* for hosts that share files with a virtual machine */
		break;
	}
}

static struct error *parse_mode(const char *mode, struct engine_mount *m)
{
	char **options autostrv = strv_split(mode, ',');
	bool is_bind = strcmp(m->type, "bind") == 0;
	unsigned int seen = 0;

	for (size_t i = 0; options[i]; i++) {
		ssize_t found = find_option(options[i]);

		if (found < 0 || (bind_options[found].bind_only && !is_bind) ||
		    (bind_options[found].volume_only && is_bind))
			return error_new(ERROR_BAD_INPUT, "invalid mode: %s", mode);
		if (seen & 1u << bind_options[found].class)
			return error_new(ERROR_BAD_INPUT, "invalid mode: %s: two options of a kind",
					 mode);
		seen |= 1u << bind_options[found].class;
		apply_option(m, (size_t)found);
	}
	return NULL;
}

static bool is_mode(const char *text)
{
	char **options autostrv = strv_split(text, ',');

	for (size_t i = 0; options[i]; i++)
		if (find_option(options[i]) < 0)
			return false;
	return true;
}

/* runc's list: files of /proc that lxcfs and its like put others over. */
static const char *const proc_allowed[] = {
	"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg",
	"/proc/meminfo", "/proc/stat",	    "/proc/swaps",
	"/proc/uptime",	 "/proc/slabinfo",  NULL,
};

static struct error *set_destination(const char *text, struct engine_mount *m)
{
	if (text[0] != '/')
		return error_new(ERROR_BAD_INPUT,
				 "invalid mount path: '%s' mount path must be absolute", text);
	m->destination = path_normalize(text);
	if (strcmp(m->destination, "/") == 0)
		return error_new(ERROR_BAD_INPUT,
				 "invalid specification: destination can't be '/'");
	if ((strcmp(m->destination, "/proc") == 0 || str_has_prefix(m->destination, "/proc/")) &&
	    !is_listed(proc_allowed, m->destination))
		return error_new(
			ERROR_REFUSED,
			"%s: nothing is mounted over /proc, where masks and privileges are set",
			m->destination);
	return NULL;
}

/* An absolute path is a bind mount, anything else the name of a volume. */
static struct error *set_source(const char *text, struct engine_mount *m)
{
	if (text[0] == '/') {
		m->type = alloc_string("bind");
		m->source = path_normalize(text);
		m->propagation = alloc_string("rprivate");
		m->create_source = true;
		return NULL;
	}
	TRY(volumes_check_name(text));
	m->type = alloc_string("volume");
	m->name = alloc_string(text);
	m->copy_up = true;
	return NULL;
}

static struct error *parse_parts(char *const *parts, struct engine_mount *m)
{
	size_t n = strv_length(parts);
	char name[ENGINE_ID_SIZE];

	m->rw = true;
	if (n > 3 || !*parts[0] || (n > 1 && !*parts[1]))
		return error_new(ERROR_BAD_INPUT, "expected SOURCE:TARGET[:OPTIONS]");
	if (n == 1 || (n == 2 && is_mode(parts[1]))) { /* only a target: a volume without a name */
		rand_hex(name, sizeof(name) - 1);
		TRY(set_source(name, m));
		m->anonymous = true;
		TRY(set_destination(parts[0], m));
		return n == 2 ? parse_mode(parts[1], m) : NULL;
	}
	TRY(set_source(parts[0], m));
	TRY(error_wrap(set_destination(parts[1], m), "invalid mount config for type \"%s\"",
		       m->type));
	if (n < 3)
		return NULL;
	m->mode = alloc_string(parts[2]);
	return parse_mode(parts[2], m);
}

static struct error *or_empty(struct error *err, struct engine_mount *m)
{
	if (err)
		json_done(&engine_mount_type, m);
	return err;
}

struct error *mount_parse_bind(const char *text, struct engine_mount *ret)
{
	char **parts autostrv = strv_split(text, ':');

	return error_wrap(or_empty(parse_parts(parts, ret), ret),
			  "invalid volume specification: '%s'", text);
}

struct error *mount_anonymous(const char *path, struct engine_mount *ret)
{
	char *parts[] = { (char *)path, NULL };

	return error_wrap(or_empty(parse_parts(parts, ret), ret), "volume %s", path);
}

static struct error *check_tmpfs_value(const char *name, const char *value)
{
	uint32_t mode;
	uint64_t number;
	int64_t size;

	if (strcmp(name, "size") == 0 && str_has_suffix(value, "%")) {
		char *digits autofree = alloc_string_n(value, strlen(value) - 1);

		return str_parse_u64(digits, 1, 100, &number);
	}
	if (strcmp(name, "size") == 0)
		return str_parse_size(value, &size);
	if (strcmp(name, "mode") == 0)
		return str_parse_octal(value, 07777, &mode);
	if (strcmp(name, "uid") == 0 || strcmp(name, "gid") == 0)
		return str_parse_u64(value, 0, 65535, &number);
	if (strcmp(name, "nr_inodes") == 0)
		return str_parse_size(value, &size);
	return error_new(ERROR_BAD_INPUT, "no such option");
}

static struct error *add_tmpfs_option(struct engine_mount *m, const char *option)
{
	const char *equals = strchr(option, '=');
	char *name autofree = equals ? alloc_string_n(option, (size_t)(equals - option)) : NULL;
	char *quoted autofree = str_quote(option);

	if (strcmp(option, "ro") == 0 || strcmp(option, "rw") == 0) {
		m->rw = option[1] == 'w';
		return NULL;
	}
	if (!equals && !is_listed(tmpfs_flags, option))
		return error_new(ERROR_BAD_INPUT, "invalid tmpfs option %s", quoted);
	if (equals)
		TRY(error_wrap(check_tmpfs_value(name, equals + 1), "invalid tmpfs option %s",
			       quoted));
	add_option(m, option);
	return NULL;
}

static struct error *fill_tmpfs(const char *path, const char *options, struct engine_mount *m)
{
	char **list autostrv = strv_split(options, ',');

	m->type = alloc_string("tmpfs");
	m->rw = true;
	TRY(set_destination(path, m));
	add_option(m, "noexec"); /* docker's defaults; a later "exec" undoes it */
	for (size_t i = 0; list[i]; i++)
		if (*list[i])
			TRY(add_tmpfs_option(m, list[i]));
	return NULL;
}

struct error *mount_parse_tmpfs(const char *path, const char *options, struct engine_mount *ret)
{
	return error_wrap(or_empty(fill_tmpfs(path, options, ret), ret),
			  "invalid mount config for type \"tmpfs\"");
}

static struct error *fill_bind(const struct engine_mount_request *r, struct engine_mount *m)
{
	ssize_t found = str_is_empty(r->propagation) ? -1 : find_option(r->propagation);

	if (str_is_empty(r->source))
		return error_new(ERROR_BAD_INPUT, "field Source must not be empty");
	if (r->source[0] != '/')
		return error_new(ERROR_BAD_INPUT,
				 "invalid mount path: '%s' mount path must be absolute", r->source);
	m->source = path_normalize(r->source);
	m->create_source = r->create_source;
	m->non_recursive = r->non_recursive;
	if (!str_is_empty(r->propagation) &&
	    (found < 0 || bind_options[found].class != CLASS_PROPAGATION))
		return error_new(ERROR_BAD_INPUT, "invalid propagation mode: %s", r->propagation);
	m->propagation = alloc_string(found < 0 ? "rprivate" : r->propagation);
	if (!str_is_empty(r->idmap) && strcmp(r->idmap, "host") != 0 &&
	    strcmp(r->idmap, "off") != 0)
		return error_new(ERROR_BAD_INPUT, "idmap: \"%s\" is not host or off", r->idmap);
	m->idmap = alloc_string(r->idmap);
	return NULL;
}

static struct error *fill_volume(const struct engine_mount_request *r, struct engine_mount *m)
{
	char name[ENGINE_ID_SIZE];

	m->anonymous = str_is_empty(r->source);
	rand_hex(name, sizeof(name) - 1);
	m->name = alloc_string(m->anonymous ? name : r->source);
	m->copy_up = !r->no_copy;
	return volumes_check_name(m->name);
}

static struct error *fill_request_tmpfs(const struct engine_mount_request *r,
					struct engine_mount *m)
{
	char *size autofree = alloc_printf("size=%lld", (long long)r->size_bytes);
	char *mode autofree = alloc_printf("mode=%o", (unsigned int)r->mode);

	if (!str_is_empty(r->source))
		return error_new(ERROR_BAD_INPUT, "field Source must not be specified");
	if (r->size_bytes < 0 || r->mode < 0 || r->mode > 07777)
		return error_new(ERROR_BAD_INPUT, "a size below 0 or a mode that is none");
	add_option(m, "noexec");
	if (r->size_bytes)
		add_option(m, size);
	if (r->mode)
		add_option(m, mode);
	return NULL;
}

static struct error *fill_request(const struct engine_mount_request *r, struct engine_mount *m)
{
	if (str_is_empty(r->target))
		return error_new(ERROR_BAD_INPUT, "field Target must not be empty");
	m->type = alloc_string(r->type);
	m->rw = !r->read_only;
	TRY(set_destination(r->target, m));
	if (str_equal(r->type, "bind"))
		return fill_bind(r, m);
	if (str_equal(r->type, "volume"))
		return fill_volume(r, m);
	if (str_equal(r->type, "tmpfs"))
		return fill_request_tmpfs(r, m);
	return error_new(ERROR_BAD_INPUT, "mount type unknown");
}

struct error *mount_parse_request(const struct engine_mount_request *request,
				  struct engine_mount *ret)
{
	return error_wrap(or_empty(fill_request(request, ret), ret),
			  "invalid mount config for type \"%s\"",
			  request->type ? request->type : "");
}

static const struct {
	const char *set, *clear;
	uint64_t attribute;
} attributes[] = {
	{ "nosuid", "suid", MOUNT_ATTR_NOSUID },
	{ "nodev", "dev", MOUNT_ATTR_NODEV },
	{ "noexec", "exec", MOUNT_ATTR_NOEXEC },
};

static bool apply_attribute(const char *option, uint64_t *mask)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (strcmp(option, attributes[i].set) == 0)
			*mask |= attributes[i].attribute;
		else if (strcmp(option, attributes[i].clear) == 0)
			*mask &= ~attributes[i].attribute;
		else
			continue;
		return true;
	}
	return false;
}

struct error *mount_spec_attributes(const struct engine_mount *m, uint64_t *ret_attributes,
				    char **ret_data)
{
	char **options autostrv = strv_split(m->options ? m->options : "", ',');
	uint64_t mask = m->rw ? 0 : MOUNT_ATTR_RDONLY;
	char **data autostrv = NULL;

	for (size_t i = 0; options[i]; i++)
		if (*options[i] && !apply_attribute(options[i], &mask))
			strv_add(&data, options[i]);
	if (data && strcmp(m->type, "tmpfs") != 0)
		return error_new(ERROR_BUG, "mount %s: option %s", m->destination, data[0]);
	*ret_attributes = mask;
	*ret_data = data ? strv_join(data, ",") : NULL;
	return NULL;
}
