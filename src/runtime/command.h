/*
 * The commands of `bulkhead-oci` as a table, and what a command gets from main(). One file
 * cmd_NAME.c defines each struct command; the table in commands.c names them all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/option.h"

/* What runc's exec ends with where no program was executed; every other failure is 1. */
#define COMMAND_STATUS_EXEC 255

struct runtime {
	/* global options */
	char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless, *criu;
	bool debug, systemd_cgroup, version;

	int root_dir;	  /* O_DIRECTORY of .root, by runtime_root(); -1 before */
	const char *name; /* of the command */
	int status;	  /* to exit with, where there is no error */
};

struct command {
	const char *name;
	const char *arguments; /* "CONTAINER" */
	const char *summary;
	const char *details; /* more of it in --help, or NULL */
	const struct option *options;
	const struct option *shared;	  /* a second table for the same struct, or NULL */
	size_t options_size;		  /* of that struct */
	const void *defaults;		  /* its initial value; NULL: zeroes */
	int min_arguments, max_arguments; /* max -1: any number */
	bool stop_at_argument;		  /* what follows the first argument is not ours */
	bool is_raw;			  /* takes any options, and reads none */
	bool hidden;			  /* from people */

	struct error *(*run)(struct runtime *rt, void *options, char **arguments);
};

extern const struct command *const commands[]; /* ends with NULL */
extern const struct option runtime_options[];  /* the global ones */
const struct command *command_find(const char *name) __attribute__((nonnull));

/* On stdout: the program's, or a command's. */
void help_print(const struct command *c);
void help_print_version(void);

/* The directory of all containers' run-time directories, made when missing. */
struct error *runtime_root(struct runtime *rt, int *ret_dir)
	__attribute__((nonnull, warn_unused_result));

/* The directory of compiled filters, below that; a name no container can have. */
#define RUNTIME_CACHE_NAME ".seccomp"
struct error *runtime_cache(struct runtime *rt, int *ret_dir)
	__attribute__((nonnull, warn_unused_result));

/* main() without the process around it; returns the exit status. */
int runtime_main(char **argv) __attribute__((nonnull));
