/*
 * Options of commands as tables, in docker's conventions (those of spf13/pflag): "--name value",
 * "--name=value", "-n value", "-nvalue", clusters "-it", switches with "--rm=false", "--" as the
 * end. A table says where each value goes in the command's struct; parser, --help, completion and
 * man page check all read the same table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* How the text of a value becomes a value. */
struct option_type {
	/* the word for the value in --help; NULL: a switch, set by its name alone */
	const char *metavar;
	/* may be called again for the same target */
	struct error *(*set)(void *target, const char *value);
	/* frees what set() made, leaving the empty value; NULL: nothing to free */
	void (*done)(void *target);
};

struct option {
	const char *name;
	char letter; /* 0: none */
	bool hidden; /* an older spelling: works, but is not shown */
	const struct option_type *type;
	size_t offset; /* of the value in the command's struct */
	const char *help;
};

/*
 * One row: OPTION(struct ps_options, all, "all", 'a', option_bool, "Show all containers"). A table
 * ends with OPTION_END.
 */
#define OPTION(struct_type, member, name_, letter_, type_, help_)                                  \
	{                                                                                          \
		.name = (name_), .letter = (letter_), .type = &(type_),                            \
		.offset = offsetof(struct_type, member), .help = (help_)                           \
	}
#define OPTION_ALIAS(struct_type, member, name_, letter_, type_)                                   \
	{                                                                                          \
		.name = (name_), .letter = (letter_), .type = &(type_),                            \
		.offset = offsetof(struct_type, member), .hidden = true, .help = ""                \
	}
#define OPTION_END                                                                                 \
	{                                                                                          \
		.name = NULL                                                                       \
	}

extern const struct option_type option_bool;  /* bool */
extern const struct option_type option_text;  /* char * */
extern const struct option_type option_list;  /* char **, a strv, one entry per use */
extern const struct option_type option_map;   /* char **, a strv of key, value: "key=value" */
extern const struct option_type option_int;   /* int */
extern const struct option_type option_int64; /* int64_t */

/* Sets @key in a strv of key, value pairs. */
void option_map_set(char ***map, const char *key, const char *value) __attribute__((nonnull));

/*
 * What to read, and the result: the arguments that are no options, a NULL-terminated array of its
 * own.
 */
struct option_parse {
	const struct option *tables[3]; /* NULL: no further table */
	void *targets[3];		/* the struct of each table */
	/* the first argument ends the options: what follows is a command's own */
	bool stop_at_argument;
	char **arguments; /* set: points into the caller's argv; the caller frees the array */
	bool help;	  /* set: --help was among them; nothing after it was read */
};

/*
 * Reads @argv (NULL-terminated, without the program's name). ERROR_BAD_INPUT with pflag's words:
 * "unknown flag: --x", "unknown shorthand flag: 'x' in -x", "flag needs an argument: --x", "invalid
 * argument \"v\" for \"-x, --xx\" flag: why".
 */
struct error *option_parse(struct option_parse *p, char **argv)
	__attribute__((nonnull, warn_unused_result));

/* Frees the values of @options in @target. */
void option_done(const struct option *options, void *target) __attribute__((nonnull(2)));

/*
 * The options of both tables that are shown, and --help, sorted by name and ended by NULL; the
 * caller frees the array. option_print() prints such a list under @title on stdout.
 */
const struct option **option_shown(const struct option *first, const struct option *second)
	__attribute__((returns_nonnull));
void option_print(const char *title, const struct option **list) __attribute__((nonnull));

/*
 * Such a list in other forms on stdout: one line an option, COMMAND, long name, letter, metavar and
 * help with tabs between; the words of the command line, a blank before each; and with a '|'
 * between those that a value follows, of which there may be none.
 */
void option_dump(const char *command, const struct option *const *list) __attribute__((nonnull));
void option_print_words(const struct option *const *list) __attribute__((nonnull));
bool option_print_valued(const struct option *const *list) __attribute__((nonnull));
