/*
 * The commands as a table, and what a command gets from main(). One file cmd_NAME.c defines each
 * struct command; the table in commands.c names them all, and docker's longer spellings ("container
 * ls") for the same ones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/option.h"
#include "engine/engine.h"

/* Docker's exit status for a bad option, and for what fails before a container's program runs. */
#define CLI_STATUS_USAGE 125

struct cli {
	char *root, *state;
	bool debug, version;
	const struct command *command;
	char *path;	       /* "bulkhead container ls", as typed */
	struct engine *engine; /* NULL until cli_engine() */
	int status;	       /* to exit with, where there is no error */
};

struct command {
	const char *name;
	const char *arguments; /* "CONTAINER [CONTAINER...]" */
	const char *summary;   /* one line, for the list of commands */
	const struct option *options;
	const struct option *shared;	  /* a second table for the same struct, or NULL */
	size_t options_size;		  /* of that struct */
	const void *defaults;		  /* its initial value; NULL: zeroes */
	int min_arguments, max_arguments; /* max -1: any number */
	bool stop_at_argument;		  /* what follows the first argument is not ours */
	bool hidden;
	int failure_status; /* exit status of an error that does not ask for one; 0: 1 */

	/* @options is the filled struct, @arguments what was no option; sets cli->status */
	struct error *(*run)(struct cli *cli, void *options, char **arguments);
	/* frees what the tables' own done functions do not; may be NULL */
	void (*done)(void *options);
};

/* A longer spelling of a command: "bulkhead GROUP NAME". */
struct command_alias {
	const char *group, *name;
	const struct command *command;
};

extern const struct command *const commands[];	     /* ends with NULL */
extern const struct command_alias command_aliases[]; /* ends with .group NULL */

/* The command of that name, or NULL. With @group NULL a plain command. */
const struct command *command_find(const char *group, const char *name) __attribute__((nonnull(2)));
bool command_is_group(const char *name) __attribute__((nonnull));

/* The engine of --root and --state, opened on first use and closed by main(). */
struct error *cli_engine(struct cli *cli, struct engine **ret)
	__attribute__((nonnull, warn_unused_result));

/* Prints @err as main() would and frees it, for commands that go on with their next argument. */
void cli_report(struct error *err) __attribute__((nonnull));

/*
 * Calls @each for every argument. A failure is reported and makes cli->status 1, and the next
 * argument has its turn, as with docker.
 */
typedef struct error *cli_each(struct engine *e, const char *argument, void *data);
struct error *cli_for_each(struct cli *cli, char **arguments, cli_each *each, void *data)
	__attribute__((nonnull(1, 2, 3), warn_unused_result));

/*
 * main() without the process around it: what to do with @argv (without the program's name); returns
 * the exit status.
 */
int cli_main(char **argv) __attribute__((nonnull));
