/* Single texts of config.json: the form each has to have. */
#include <linux/if.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "config/config_check.h"
#include "config/config_table.h"

#include "base/banned.h"

#define DIGITS "0123456789"

struct error *config_is_not(const char *text, const char *what)
{
	char *quoted autofree = str_quote(text);

	return error_new(ERROR_BAD_INPUT, "%s is not %s", quoted, what);
}

static bool consists_of(const char *text, const char *bytes)
{
	return text[strspn(text, bytes)] == '\0';
}

/* Skips a number without leading zeros; NULL where there is none. */
static const char *skip_number(const char *text)
{
	size_t n = strspn(text, DIGITS);

	return n && (*text != '0' || n == 1) ? text + n : NULL;
}

/*
 * Semantic versioning 2.0.0 in its form; the specification promises to stay the same for all of 1.
 */
struct error *config_check_version(const char *text)
{
	const char *minor = str_has_prefix(text, "1.") ? skip_number(text + 2) : NULL;
	const char *rest = minor && *minor == '.' ? skip_number(minor + 1) : NULL;
	bool is_version = rest && (!*rest || ((*rest == '-' || *rest == '+') && rest[1]));

	return is_version ? NULL : config_is_not(text, "a version 1 of the specification");
}

struct error *config_check_not_empty(const char *text)
{
	return *text ? NULL : error_new(ERROR_BAD_INPUT, "empty");
}

struct error *config_check_absolute(const char *text)
{
	return *text == '/' ? NULL : config_is_not(text, "absolute");
}

struct error *config_check_key(const char *text)
{
	return *text ? NULL : error_new(ERROR_BAD_INPUT, "an empty key");
}

/* What is written to a file of the kernel as one line. */
struct error *config_check_line(const char *text)
{
	return strchr(text, '\n') ? config_is_not(text, "one line") : NULL;
}

/* uts_namespaces(7): struct new_utsname. */
struct error *config_check_host_name(const char *text)
{
	return strlen(text) <= 64 ? NULL : error_new(ERROR_BAD_INPUT, "longer than 64 bytes");
}

struct error *config_check_env(const char *text)
{
	return strchr(text, '=') > text ? NULL : config_is_not(text, "NAME=VALUE");
}

struct error *config_check_cpu_list(const char *text)
{
	return consists_of(text, DIGITS ", -") ? NULL : config_is_not(text, "a list of numbers");
}

struct error *config_check_access(const char *text)
{
	return consists_of(text, "rwm") ? NULL
					: config_is_not(text, "made of \"r\", \"w\" and \"m\"");
}

struct error *config_check_page_size(const char *text)
{
	const char *unit = skip_number(text);
	bool is_size =
		unit && *text != '0' && *unit && strchr("KMG", *unit) && str_equal(unit + 1, "B");

	return is_size ? NULL : config_is_not(text, "a size of pages");
}

/* The kernel's dev_valid_name(); and "%d" in a new name would be a pattern. */
struct error *config_check_interface(const char *text)
{
	size_t n = strlen(text);
	bool is_name = n > 0 && n < IFNAMSIZ && !strpbrk(text, "/:% \t\n\v\f\r") &&
		       strcmp(text, ".") != 0 && strcmp(text, "..") != 0;

	return is_name ? NULL : config_is_not(text, "a network device's name");
}

/* "DEVICE hca_handle=N" is a line of rdma.max. */
struct error *config_check_rdma_device(const char *text)
{
	bool is_name = *text && !strpbrk(text, " \t\n=/");

	return is_name ? NULL : config_is_not(text, "a device's name");
}

struct error *config_check_cgroup_file(const char *text)
{
	bool is_name =
		*text && !strchr(text, '/') && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;

	return is_name ? NULL : config_is_not(text, "a file's name");
}

struct error *config_check_clos_id(const char *text)
{
	bool is_name = !strchr(text, '/') && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;

	return is_name ? NULL : config_is_not(text, "a file's name");
}

struct error *config_check_bandwidth(const char *text)
{
	bool is_line = str_has_prefix(text, "MB:") && !strchr(text, '\n');

	return is_line ? NULL : config_is_not(text, "one line that starts with \"MB:\"");
}

char *config_sysctl_path(const char *key)
{
	char *path = alloc_string_n(key, strlen(key));
	char first = path[strcspn(path, "./")];

	if (first != '.')
		return path;
	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

/* No part may be empty, or lead elsewhere. */
struct error *config_check_sysctl_key(const char *text)
{
	char *path autofree = config_sysctl_path(text);
	char **parts autostrv = strv_split(path, '/');

	for (size_t i = 0; parts[i]; i++)
		if (!*parts[i] || strcmp(parts[i], ".") == 0 || strcmp(parts[i], "..") == 0)
			return config_is_not(text, "a name below /proc/sys");
	return NULL;
}
