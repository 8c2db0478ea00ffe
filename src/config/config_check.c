#include "config/config_check.h"

#include <string.h>

#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

/* Names of the host itself are not a container's to change. */
static struct error *check_uts(const struct config *c)
{
	const char *name = !str_is_empty(c->hostname)	  ? "hostname"
			   : !str_is_empty(c->domainname) ? "domainname"
							  : NULL;

	if (!name || config_namespace(c, "uts"))
		return NULL;
	return error_new(ERROR_BAD_INPUT, "%s: needs a \"uts\" namespace", name);
}

struct error *config_check(struct config *c)
{
	TRY(check_uts(c));
	if (c->process)
		TRY(config_check_process("process.", c->process, &c->warnings));
	TRY(config_check_namespaces(c));
	TRY(config_check_mounts(c));
	TRY(config_check_linux(c));
	return config_check_resources("linux.resources.", &c->linux_.resources, &c->warnings);
}

/* The kernel's own bound on the lines of a map. */
#define MAP_LINES_MAX 340

static bool overlap(uint32_t a, uint32_t n_a, uint32_t b, uint32_t n_b)
{
	return (uint64_t)a < (uint64_t)b + n_b && (uint64_t)b < (uint64_t)a + n_a;
}

static struct error *check_map_line(const char *where, const struct id_map *map, size_t i)
{
	const struct id_map *line = &map[i];

	if ((uint64_t)line->inside + line->length > UINT32_MAX ||
	    (uint64_t)line->outside + line->length > UINT32_MAX)
		return error_new(ERROR_BAD_INPUT, "%s[%zu]: goes beyond the last id", where, i);
	for (size_t j = 0; j < i; j++) {
		if (overlap(line->inside, line->length, map[j].inside, map[j].length))
			return error_new(ERROR_BAD_INPUT, "%s[%zu]: has container ids of [%zu]",
					 where, i, j);
		if (overlap(line->outside, line->length, map[j].outside, map[j].length))
			return error_new(ERROR_BAD_INPUT, "%s[%zu]: has host ids of [%zu]", where,
					 i, j);
	}
	return NULL;
}

struct error *config_check_map(const char *where, const struct id_map *map, size_t n)
{
	if (n > MAP_LINES_MAX)
		return error_new(ERROR_BAD_INPUT, "%s: more than %d lines", where, MAP_LINES_MAX);
	for (size_t i = 0; i < n; i++)
		TRY(check_map_line(where, map, i));
	return NULL;
}

static bool is_bind(const struct config_mount *m)
{
	return strv_contains(m->options, "bind") || strv_contains(m->options, "rbind") ||
	       str_equal(m->type, "bind");
}

/* mount_setattr(2), MOUNT_ATTR_IDMAP: a map of each kind, from the mount or the container. */
static struct error *check_idmapped(const struct config *c, const struct config_mount *m,
				    const char *where)
{
	bool asked = strv_contains(m->options, "idmap") || strv_contains(m->options, "ridmap");
	bool mapped = m->n_uid_mappings || m->n_gid_mappings;
	char *uids autofree = alloc_printf("%s.uidMappings", where);
	char *gids autofree = alloc_printf("%s.gidMappings", where);

	if (!asked && !mapped)
		return NULL;
	if (!is_bind(m))
		return error_new(ERROR_BAD_INPUT, "%s: ids are mapped only in bind mounts", where);
	if (!mapped && !config_namespace(c, "user"))
		return error_new(ERROR_BAD_INPUT, "%s: missing, there is no \"user\" namespace",
				 uids);
	if (mapped && !m->n_uid_mappings)
		return error_new(ERROR_BAD_INPUT, "%s: missing, there are gidMappings", uids);
	if (mapped && !m->n_gid_mappings)
		return error_new(ERROR_BAD_INPUT, "%s: missing, there are uidMappings", gids);
	TRY(config_check_map(uids, m->uid_mappings, m->n_uid_mappings));
	return config_check_map(gids, m->gid_mappings, m->n_gid_mappings);
}

/* A relative destination is an error in the specification, and below the root in runc. */
struct error *config_check_mounts(struct config *c)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct config_mount *m = &c->mounts[i];
		char *where autofree = alloc_printf("mounts[%zu]", i);

		TRY(check_idmapped(c, m, where));
		if (*m->destination != '/') {
			char *quoted autofree = str_quote(m->destination);

			strv_addf(&c->warnings, "%s.destination: %s is not absolute", where,
				  quoted);
		}
	}
	return NULL;
}
