/*
 * Every value that a container is made with, checked before anything is done with it (requirement
 * A4). What needs the host's other containers or paths is checked by create.c and mounts.c. All
 * errors are ERROR_BAD_INPUT, unless policy forbids (ERROR_REFUSED) or this host or version cannot
 * (ERROR_UNSUPPORTED).
 */
#pragma once

#include "engine/handle.h"

/*
 * Checks what was asked, before defaults are filled in; @warnings (a strv) gets lines for the user.
 */
struct error *validate_container(const struct policy *policy, const struct container_config *config,
				 const struct host_config *host, char ***warnings)
	__attribute__((nonnull, warn_unused_result));

/* The parts, each in a file of its own. */
struct error *validate_resources(const struct host_config *host)
	__attribute__((nonnull, warn_unused_result));
struct error *validate_security(const struct host_config *host)
	__attribute__((nonnull, warn_unused_result));
struct error *validate_namespaces(const struct container_config *config,
				  const struct host_config *host)
	__attribute__((nonnull, warn_unused_result));

/*
 * The value of security option @name in its last mention ("name=value" or "name:value"; "" for a
 * bare name), or NULL. It points into @options.
 */
const char *validate_security_option(char *const *options, const char *name)
	__attribute__((nonnull(2)));

/* "no-new-privileges" as asked: on unless an option says false. */
bool validate_no_new_privileges(const struct host_config *host) __attribute__((nonnull));

/* RLIMIT_* of an ulimit's name, or -1. */
int validate_ulimit_resource(const char *name) __attribute__((nonnull));
