/* Properties of systemd's units, as D-Bus has them (org.freedesktop.systemd1(5)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

struct cgroup_devices;

struct systemd_property {
	char *name;
	const char *type; /* D-Bus signature: "s", "b", "i", "u", "x", "t", "as", "ay", "a(ss)" */
	uint64_t number;  /* of "b" to "t"; those with a sign as two's complement */
	char *text;	  /* of "s" */
	char **list;	  /* of "as", "a(ss)": a strv */
	uint8_t *bytes;	  /* of "ay" */
	size_t n_bytes;
};

struct systemd_properties {
	struct systemd_property *list;
	size_t n;
};
void systemd_properties_done(struct systemd_properties *p) __attribute__((nonnull));
#define autoproperties __attribute__((cleanup(systemd_properties_done)))

void systemd_add_text(struct systemd_properties *p, const char *name, const char *text)
	__attribute__((nonnull));
void systemd_add_number(struct systemd_properties *p, const char *name, const char *type,
			uint64_t number) __attribute__((nonnull));

/*
 * From an annotation "org.systemd.property.@name": @text in GVariant's text form, of the types
 * above without the last two. A name that ends in "Sec" is a time in seconds, set as "…USec".
 */
struct error *systemd_parse_property(struct systemd_properties *p, const char *name,
				     const char *text) __attribute__((nonnull, warn_unused_result));

/* Every such annotation of the list of key, value. */
struct error *systemd_parse_annotations(struct systemd_properties *p, char *const *annotations)
	__attribute__((nonnull(1), warn_unused_result));

/* The limits of @r that systemd has too: for groups of version 2, or 1. */
struct error *systemd_limits(struct systemd_properties *p, const struct config_resources *r,
			     bool unified) __attribute__((nonnull, warn_unused_result));

/*
 * DevicePolicy and DeviceAllow, so that systemd, when it applies its rules, does not narrow ours.
 */
void systemd_devices(struct systemd_properties *p, const struct cgroup_devices *d)
	__attribute__((nonnull));
