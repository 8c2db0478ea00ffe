/*
 * bulkhead-oci checkpoint and restore: not done, and said so, whatever the options; --help too,
 * because podman takes its success for support.
 */
#include "runtime/commands.h"

#include "base/banned.h"

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	(void)data;
	(void)arguments;
	return error_new(ERROR_UNSUPPORTED, "%s is not supported: CRIU is not part of this runtime",
			 rt->name);
}

const struct command cmd_checkpoint = {
	.name = "checkpoint",
	.arguments = "CONTAINER",
	.summary = "Not supported",
	.is_raw = true,
	.run = run,
};

const struct command cmd_restore = {
	.name = "restore",
	.arguments = "CONTAINER",
	.summary = "Not supported",
	.is_raw = true,
	.run = run,
};
