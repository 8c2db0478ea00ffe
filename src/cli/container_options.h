/* What run and create share: their options, and the struct create_request these become. */
#pragma once

#include "base/option.h"
#include "engine/engine.h"

/* The first member of a command's options struct; zeroed at first. */
struct container_options {
	struct create_request request; /* what needs no second look is set in place */
	char *name, *pull, *platform, *entrypoint;
	bool quiet;
	char **attach, **env, **env_files, **labels, **label_files, **volumes, **security_opt;
};
extern const struct option container_options[];

/*
 * Completes .request from the rest of @o and the command's arguments: IMAGE [COMMAND] [ARG...].
 * @detached: nobody will attach. Reads the files that options name.
 */
struct error *container_options_finish(struct container_options *o, char *const *arguments,
				       bool detached) __attribute__((nonnull, warn_unused_result));

/* Frees the request; the table's own values are option_done()'s. */
void container_options_done(struct container_options *o) __attribute__((nonnull));
