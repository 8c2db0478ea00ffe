/* config.json as a whole, the parts of it that come alone, and its words. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>

#include "base/caps.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/config_check.h"
#include "config/config_table.h"

#include "base/banned.h"

static const struct json_field root_fields[] = {
	REQUIRED(root, "path", path, JSON_TEXT, .check = config_check_not_empty),
	OPTIONAL(root, "readonly", readonly, JSON_BOOL),
	{ 0 },
};
static const struct json_type root_type = TABLE(root);

/* No rows: windows, solaris, freebsd, vm and zos, which are not for this system. */
#define MEMBER(json_name, member_, kind_, flags_, ...)                                             \
	{                                                                                          \
		.name = (json_name), .kind = (kind_), .flags = (flags_),                           \
		.offset = offsetof(struct config, member_), __VA_ARGS__                            \
	}
static const struct json_field config_fields[] = {
	MEMBER("ociVersion", oci_version, JSON_TEXT, JSON_REQUIRED, .check = config_check_version),
	MEMBER("process", process, JSON_POINTER, JSON_OMIT_EMPTY, .type = &config_process_type),
	MEMBER("root", root, JSON_POINTER, JSON_REQUIRED, .type = &root_type),
	MEMBER("hostname", hostname, JSON_TEXT, JSON_OMIT_EMPTY, .check = config_check_host_name),
	MEMBER("domainname", domainname, JSON_TEXT, JSON_OMIT_EMPTY,
	       .check = config_check_host_name),
	MEMBER("mounts", mounts, JSON_STRUCTS, JSON_OMIT_EMPTY, .type = &config_mount_type,
	       .count = offsetof(struct config, n_mounts)),
	MEMBER("hooks", hooks, JSON_NESTED, JSON_OMIT_EMPTY, .type = &config_hooks_type),
	MEMBER("annotations", annotations, JSON_MAP, JSON_OMIT_EMPTY, .check = config_check_key),
	MEMBER("linux", linux_, JSON_NESTED, JSON_OMIT_EMPTY, .type = &config_linux_type),
	{ 0 },
};
const struct json_type config_type = {
	.size = sizeof(struct config),
	.fields = config_fields,
};

static struct error *decode(const struct json_type *type, const char *text, size_t length,
			    void *ret)
{
	json_t *value autojson = NULL;

	if (length > CONFIG_BYTES_MAX)
		return error_new(ERROR_LIMIT, "longer than %d bytes", CONFIG_BYTES_MAX);
	TRY(json_parse_wide(text, length, &value));
	return json_decode(type, value, ret);
}

struct error *config_parse(const char *text, size_t length, struct config *ret)
{
	struct error *err;

	*ret = (struct config){ 0 };
	TRY(decode(&config_type, text, length, ret));
	err = config_check(ret);
	if (err)
		config_done(ret);
	return err;
}

struct error *config_read(int bundle_dir, const char *path, struct buf *ret)
{
	/* A FIFO of that name does not make us wait. */
	int fd autoclose = openat(bundle_dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return error_new(ERROR_NOT_FOUND, "%s: no such file in the bundle", path);
	if (fd < 0)
		return error_sys("%s", path);
	return error_wrap(fd_read_all(fd, ret), "%s", path);
}

struct error *config_load(int bundle_dir, const char *path, struct buf *text, struct config *ret)
{
	*ret = (struct config){ 0 };
	TRY(config_read(bundle_dir, path, text));
	return error_wrap(config_parse(buf_text(text), text->length, ret), "%s", path);
}

void config_done(struct config *c)
{
	json_done(&config_type, c);
	strv_free(c->warnings);
	c->warnings = NULL;
}

struct error *config_process_parse(const char *text, size_t length, struct config_process *ret,
				   char ***warnings)
{
	struct error *err;

	*ret = (struct config_process){ 0 };
	TRY(decode(&config_process_type, text, length, ret));
	err = config_check_process("", ret, warnings);
	if (err)
		config_process_done(ret);
	return err;
}

void config_process_done(struct config_process *p)
{
	json_done(&config_process_type, p);
}

struct error *config_resources_parse(const char *text, size_t length, struct config_resources *ret,
				     char ***warnings)
{
	struct error *err;

	*ret = (struct config_resources){ 0 };
	TRY(decode(&config_resources_type, text, length, ret));
	err = config_check_resources("", ret, warnings);
	if (err)
		config_resources_done(ret);
	return err;
}

void config_resources_done(struct config_resources *r)
{
	json_done(&config_resources_type, r);
}

char *config_encode(const struct config *c)
{
	return json_encode_lines(&config_type, c);
}

char *config_encode_seccomp(const struct config_seccomp *s)
{
	return json_encode_text(&config_seccomp_type, s);
}

uint64_t config_word(const struct json_words *words, const char *name)
{
	const struct json_word *word = json_find_word(words, name);

	return word ? word->value : 0;
}

uint64_t config_word_mask(const struct json_words *words, char *const *names)
{
	uint64_t mask = 0;

	for (size_t i = 0; names && names[i]; i++)
		mask |= config_word(words, names[i]);
	return mask;
}

uint64_t config_capabilities(char *const *names)
{
	const char *known;
	uint64_t mask = 0;

	for (int n = 0; names && (known = caps_name((unsigned int)n)); n++)
		if (strv_contains(names, known))
			mask |= UINT64_C(1) << n;
	return mask;
}

const struct config_namespace *config_namespace(const struct config *c, const char *type)
{
	for (size_t i = 0; i < c->linux_.n_namespaces; i++)
		if (str_equal(c->linux_.namespaces[i].type, type))
			return &c->linux_.namespaces[i];
	return NULL;
}
