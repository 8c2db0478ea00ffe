/*
 * The files in /etc that belong to the container, not to its image: hosts, hostname, resolv.conf.
 */
#pragma once

#include <stdbool.h>

#include "oci/setup.h"

/* Whether file @i of etc.c is wanted: parent and child count alike. */
bool etc_is_wanted(const struct oci_spec *spec, int i) __attribute__((nonnull));
