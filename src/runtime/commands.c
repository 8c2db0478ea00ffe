#include "runtime/commands.h"

#include "base/banned.h"

const struct command *const commands[] = {
	&cmd_create, &cmd_delete, &cmd_exec, &cmd_features, &cmd_kill,	&cmd_list,  &cmd_pause,
	&cmd_ps,     &cmd_resume, &cmd_run,  &cmd_spec,	    &cmd_start, &cmd_state, NULL,
};
