/* Capabilities and --security-opt. */
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "engine/validate.h"
#include "oci/oci.h"

#include "base/banned.h"

static struct error *check_capabilities(char *const *list, const char *what)
{
	int number;

	for (size_t i = 0; list && list[i]; i++)
		if (strcasecmp(list[i], "ALL") != 0)
			TRY(error_wrap(oci_capability_parse(list[i], &number), "invalid %s", what));
	return NULL;
}

/* Splits at the first '=' or, as docker still takes it, ':'. */
static const char *value_of(const char *option, size_t *ret_name_length)
{
	size_t length = strcspn(option, "=:");

	*ret_name_length = length;
	return option[length] ? option + length + 1 : "";
}

const char *validate_security_option(char *const *options, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; options && options[i]; i++) {
		size_t length;
		const char *value = value_of(options[i], &length);

		if (length == strlen(name) && strncmp(options[i], name, length) == 0)
			found = value;
	}
	return found;
}

bool validate_no_new_privileges(const struct host_config *host)
{
	const char *value = validate_security_option(host->security_opt, "no-new-privileges");
	struct error *err;
	bool on = true;

	if (!value)
		return !host->privileged;
	if (*value) {
		err = str_parse_bool(value, &on);
		error_ignore(err, "checked at create");
	}
	return on;
}

static struct error *check_no_new_privileges(const char *value)
{
	bool on;

	return *value ? str_parse_bool(value, &on) : NULL;
}

static struct error *check_seccomp(const char *value)
{
	if (strcmp(value, "unconfined") == 0 || strcmp(value, "builtin") == 0)
		return NULL;
	return error_wrap(oci_seccomp_check(value), "decoding seccomp profile failed");
}

static struct error *check_word(const char *value, const char *one, const char *other)
{
	if (strcmp(value, one) == 0 || strcmp(value, other) == 0)
		return NULL;
	return error_new(ERROR_BAD_INPUT, "\"%s\" is not %s%s%s", value, one,
			 one == other ? "" : " or ", one == other ? "" : other);
}

static struct error *check_landlock(const char *value)
{
	return check_word(value, "default", "unconfined");
}

static struct error *check_system_paths(const char *value)
{
	return check_word(value, "unconfined", "unconfined");
}

static struct error *check_seccomp_arch(const char *value)
{
	return check_word(value, "x86", "x86");
}

/* Asking for less than a kernel without it gives is fine; asking for more is not. */
static struct error *check_apparmor(const char *value)
{
	struct oci_features features;

	if (strcmp(value, "unconfined") == 0)
		return NULL;
	oci_features(&features);
	return error_new(ERROR_UNSUPPORTED, "profile \"%s\": %s", value,
			 features.apparmor ? "this version applies no AppArmor profiles"
					   : "this kernel has no AppArmor");
}

static struct error *check_label(const char *value)
{
	struct oci_features features;

	if (strcmp(value, "disable") == 0)
		return NULL;
	oci_features(&features);
	return error_new(ERROR_UNSUPPORTED, "label \"%s\": %s", value,
			 features.selinux ? "this version sets no SELinux labels"
					  : "this kernel does not run SELinux");
}

static const struct {
	const char *name;
	struct error *(*check)(const char *value);
} options[] = {
	{ "no-new-privileges", check_no_new_privileges },
	{ "seccomp", check_seccomp },
	{ "seccomp-arch", check_seccomp_arch },
	{ "landlock", check_landlock },
	{ "systempaths", check_system_paths },
	{ "apparmor", check_apparmor },
	{ "label", check_label },
};

static struct error *check_option(const char *option)
{
	char *quoted autofree = str_quote(option);
	size_t length;
	const char *value = value_of(option, &length);

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strlen(options[i].name) == length &&
		    strncmp(options[i].name, option, length) == 0)
			return error_wrap(options[i].check(value), "invalid --security-opt %s",
					  options[i].name);
	return error_new(ERROR_BAD_INPUT,
			 "invalid --security-opt: %s: there are no-new-privileges, seccomp,"
			 " seccomp-arch, landlock, systempaths, apparmor and label",
			 quoted);
}

struct error *validate_security(const struct host_config *host)
{
	TRY(check_capabilities(host->cap_add, "CapAdd"));
	TRY(check_capabilities(host->cap_drop, "CapDrop"));
	for (size_t i = 0; host->security_opt && host->security_opt[i]; i++)
		TRY(check_option(host->security_opt[i]));
	return NULL;
}
