/*
 * What no table can say of config.json: values that depend on one another, and rules of the
 * specification and of runc's validator (libcontainer/configs/validate). All errors are
 * ERROR_BAD_INPUT with their place, unless the host has to be asked.
 */
#pragma once

#include "config/config.h"

/* All of it; lines for the user go to @c->warnings. */
struct error *config_check(struct config *c) __attribute__((nonnull, warn_unused_result));

/* The parts. @where stands before each place: "process." or "". */
struct error *config_check_process(const char *where, const struct config_process *p,
				   char ***warnings) __attribute__((nonnull, warn_unused_result));
struct error *config_check_resources(const char *where, const struct config_resources *r,
				     char ***warnings) __attribute__((nonnull, warn_unused_result));
struct error *config_check_mounts(struct config *c) __attribute__((nonnull, warn_unused_result));
struct error *config_check_linux(struct config *c) __attribute__((nonnull, warn_unused_result));
struct error *config_check_namespaces(struct config *c)
	__attribute__((nonnull, warn_unused_result));
struct error *config_check_sysctl(const struct config *c)
	__attribute__((nonnull, warn_unused_result));
struct error *config_check_seccomp(const struct config_seccomp *s)
	__attribute__((nonnull, warn_unused_result));

/* A map of ids as the kernel takes it (user_namespaces(7)); @where is its whole place. */
struct error *config_check_map(const char *where, const struct id_map *map, size_t n)
	__attribute__((nonnull(1), warn_unused_result));

/* "PLACE: \"text\" is not WHAT" without the place. */
struct error *config_is_not(const char *text, const char *what)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));
