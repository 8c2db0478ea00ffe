/* bulkhead-oci state: one container as JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/commands.h"
#include "runtime/status.h"

#include "base/banned.h"

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	struct container c autocontainer = CONTAINER_NONE;
	json_t *state autojson = NULL;
	char *text autofree = NULL;

	(void)data;
	TRY(container_look(rt, arguments[0], &c));
	state = status_json(&c);
	text = json_dumps(state, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	if (!text)
		return error_new(ERROR_SYSTEM, "cannot write the state as JSON");
	puts(text);
	return NULL;
}

const struct command cmd_state = {
	.name = "state",
	.arguments = "CONTAINER",
	.summary = "Print the state of a container",
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
