/* bulkhead-oci spec: writes a config.json to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "config/config.h"
#include "oci/oci.h"
#include "runtime/commands.h"
#include "runtime/files.h"

#include "base/banned.h"

struct spec_options {
	char *bundle, *file;
	bool rootless;
};

static const struct option options[] = {
	OPTION(struct spec_options, bundle, "bundle", 'b', option_text,
	       "Directory that gets it (default: the current one)"),
	OPTION(struct spec_options, file, "file", 'f', option_text,
	       "File to write instead of config.json, relative to that directory"),
	OPTION(struct spec_options, rootless, "rootless", 0, option_bool,
	       "For an ordinary user: a user namespace, no resources"),
	OPTION_END,
};

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct spec_options *o = data;
	const char *path = o->file ? o->file : CONFIG_NAME;
	struct config c autoconfig = { 0 };
	char *text autofree = NULL;
	struct oci_features host;
	int dir autoclose = open(o->bundle ? o->bundle : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)rt;
	(void)arguments;
	if (dir < 0)
		return error_sys("bundle %s", o->bundle);
	if (faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_new(ERROR_CONFLICT, "File %s exists. Remove it first", path);
	oci_features(&host);
	config_default(o->rootless, host.cgroup_version == 2, &c);
	text = config_encode(&c);
	return files_replace(dir, path, text, 0666);
}

const struct command cmd_spec = {
	.name = "spec",
	.arguments = "",
	.summary = "Write a new config.json",
	.options = options,
	.options_size = sizeof(struct spec_options),
	.min_arguments = 0,
	.max_arguments = 0,
	.run = run,
};
