/*
 * Types of values that only options about containers have: text in docker's notation in, numbers
 * and structs out, with docker's words for what is wrong. Whether a value makes sense for a
 * container is the engine's question.
 */
#pragma once

#include "base/option.h"

extern const struct option_type option_size;	     /* int64_t bytes: 512m */
extern const struct option_type option_memory_limit; /* int64_t bytes; 0 is "no limit": -1 */
extern const struct option_type option_swap;	     /* int64_t bytes; -1 is "no limit" */
extern const struct option_type option_pids_limit;   /* int64_t; 0 is "no limit": -1 */
extern const struct option_type option_cpus;	     /* int64_t billionths: 1.5 */
extern const struct option_type option_seconds;	     /* int64_t *, allocated */
extern const struct option_type option_maybe;  /* bool *, allocated: not given is a third value */
extern const struct option_type option_tmpfs;  /* strv of path, options */
extern const struct option_type option_label;  /* strv of key, value; --label */
extern const struct option_type option_sysctl; /* strv of name, value */
extern const struct option_type option_env;    /* strv of NAME=VALUE, or NAME alone */
extern const struct option_type option_ulimit; /* struct host_config, its ulimits */
extern const struct option_type option_device; /* struct host_config, its devices */
extern const struct option_type option_mount;  /* struct host_config, its mounts */
extern const struct option_type option_volume; /* strv of "SOURCE:TARGET[:OPTIONS]" and "TARGET" */

/*
 * @text made absolute and clean when it is "." or begins with "./" or "../", else a copy; the
 * caller frees.
 */
struct error *value_absolute(const char *text, char **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Sets one variable in a list for a container: "NAME=VALUE", or "NAME" with the caller's value,
 * where there is one.
 */
struct error *value_add_env(char ***env, const char *text)
	__attribute__((nonnull, warn_unused_result));

/*
 * The same for a line of an --env-file: a bare name without a value of the caller's says nothing.
 */
struct error *value_add_env_line(void *env, const char *line)
	__attribute__((nonnull, warn_unused_result));
