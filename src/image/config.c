#include "image/config.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/strv.h"

#include "base/banned.h"

static const struct json_field image_config_fields[] = {
	JSON_FIELD(image_config, "User", user, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "ExposedPorts", exposed_ports, JSON_SET, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "Env", env, JSON_TEXTS, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "Entrypoint", entrypoint, JSON_TEXTS, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "Cmd", cmd, JSON_TEXTS, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "Volumes", volumes, JSON_SET, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "WorkingDir", working_dir, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "Labels", labels, JSON_MAP, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "StopSignal", stop_signal, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "Healthcheck", healthcheck, JSON_ANY, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "Shell", shell, JSON_TEXTS, JSON_OMIT_EMPTY),
	JSON_FIELD(image_config, "OnBuild", on_build, JSON_TEXTS, JSON_OMIT_EMPTY),
	{ 0 },
};
const struct json_type image_config_type = { .size = sizeof(struct image_config),
					     .fields = image_config_fields };

static const struct json_field rootfs_fields[] = {
	JSON_FIELD(config_rootfs, "type", type, JSON_TEXT, JSON_REQUIRED),
	JSON_FIELD(config_rootfs, "diff_ids", diff_ids, JSON_TEXTS, 0),
	{ 0 },
};
static const struct json_type rootfs_type = { .size = sizeof(struct config_rootfs),
					      .fields = rootfs_fields };

static const struct json_field config_file_fields[] = {
	JSON_FIELD(config_file, "architecture", architecture, JSON_TEXT, JSON_REQUIRED),
	JSON_FIELD(config_file, "variant", variant, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(config_file, "os", os, JSON_TEXT, JSON_REQUIRED),
	JSON_FIELD(config_file, "os.version", os_version, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(config_file, "created", created, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(config_file, "author", author, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_FIELD(config_file, "comment", comment, JSON_TEXT, JSON_OMIT_EMPTY),
	JSON_STRUCT(config_file, "config", config, JSON_NESTED, &image_config_type, 0),
	JSON_STRUCT(config_file, "rootfs", rootfs, JSON_NESTED, &rootfs_type, JSON_REQUIRED),
	JSON_FIELD(config_file, "history", history, JSON_ANY, JSON_OMIT_EMPTY),
	{ 0 },
};
const struct json_type config_file_type = { .size = sizeof(struct config_file),
					    .fields = config_file_fields };

static struct error *check(const struct config_file *config)
{
	size_t n = strv_length(config->rootfs.diff_ids);

	if (strcmp(config->rootfs.type, "layers") != 0)
		return error_new(ERROR_BAD_INPUT, "rootfs.type: not \"layers\"");
	if (n > CONFIG_LAYERS_MAX)
		return error_new(ERROR_LIMIT, "rootfs.diff_ids: %zu layers, more than %d", n,
				 CONFIG_LAYERS_MAX);
	for (size_t i = 0; i < n; i++)
		if (!digest_is_valid(config->rootfs.diff_ids[i]))
			return error_new(ERROR_BAD_INPUT,
					 "rootfs.diff_ids[%zu]: not a sha256 digest", i);
	return NULL;
}

struct error *config_decode(const char *text, size_t length, struct config_file *ret)
{
	struct error *err;

	TRY(error_wrap(json_decode_text(&config_file_type, text, length, ret), "image config"));
	err = check(ret);
	if (err)
		config_file_done(ret);
	return error_wrap(err, "image config");
}

void config_file_done(struct config_file *config)
{
	json_done(&config_file_type, config);
}

struct error *config_chain(char *const *diff_ids, char ***ret)
{
	char **chain autostrv = NULL;
	char last[DIGEST_SIZE];

	for (size_t i = 0; diff_ids && diff_ids[i]; i++) {
		if (i == 0) {
			memcpy(last, diff_ids[0], DIGEST_SIZE);
		} else {
			char *pair autofree = alloc_printf("%s %s", last, diff_ids[i]);

			TRY(digest_of(pair, strlen(pair), last));
		}
		strv_add(&chain, digest_hex(last));
	}
	*ret = take(chain);
	return NULL;
}

const char *config_host_architecture(void)
{
	static const char *const names[][2] = {
		{ "x86_64", "amd64" },	  { "aarch64", "arm64" },	{ "armv7l", "arm" },
		{ "i686", "386" },	  { "ppc64le", "ppc64le" },	{ "s390x", "s390x" },
		{ "riscv64", "riscv64" }, { "loongarch64", "loong64" },
	};
	struct utsname host;

	if (uname(&host) == 0)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strcmp(host.machine, names[i][0]) == 0)
				return names[i][1];
	return "unknown";
}

bool config_created(const char *text, int64_t *ret_seconds)
{
	struct tm utc = { 0 };
	int hours = 0, minutes = 0;
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;

	if (!rest)
		return false;
	rest += strcspn(rest, "+-");
	if (*rest && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2)
		hours = minutes = 0;
	*ret_seconds =
		(int64_t)timegm(&utc) - (*rest == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

char *config_now(void)
{
	struct timespec now;
	struct tm utc;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return alloc_printf("%s.%09ldZ", text, now.tv_nsec);
}
