/* The rest of "linux": devices, memory policy, personality. */
#include "base/str.h"
#include "base/strv.h"
#include "config/config_check.h"

#include "base/banned.h"

static struct error *check_devices(const struct config_linux *l)
{
	for (size_t i = 0; i < l->n_devices; i++) {
		const struct config_device *d = &l->devices[i];

		if (!str_equal(d->type, "p") && (!d->major || !d->minor))
			return error_new(ERROR_BAD_INPUT, "linux.devices[%zu].%s: missing", i,
					 d->major ? "minor" : "major");
	}
	return NULL;
}

/* set_mempolicy(2). */
static struct error *check_memory_policy(const struct config_memory_policy *p)
{
	bool nodes = !str_is_empty(p->nodes);
	bool none = str_equal(p->mode, "MPOL_DEFAULT") || str_equal(p->mode, "MPOL_LOCAL");

	if (nodes && none)
		return error_new(ERROR_BAD_INPUT, "linux.memoryPolicy.nodes: %s has none", p->mode);
	if (!nodes && !none && !str_equal(p->mode, "MPOL_PREFERRED"))
		return error_new(ERROR_BAD_INPUT, "linux.memoryPolicy.nodes: missing for %s",
				 p->mode);
	if (!p->flags)
		return NULL;
	if (strv_contains(p->flags, "MPOL_F_STATIC_NODES") &&
	    strv_contains(p->flags, "MPOL_F_RELATIVE_NODES"))
		return error_new(ERROR_BAD_INPUT, "linux.memoryPolicy.flags: nodes are either "
						  "static or relative");
	if (strv_length(p->flags) && none)
		return error_new(ERROR_BAD_INPUT, "linux.memoryPolicy.flags: %s has none", p->mode);
	return NULL;
}

struct error *config_check_linux(struct config *c)
{
	const struct config_linux *l = &c->linux_;

	TRY(check_devices(l));
	if (l->seccomp)
		TRY(config_check_seccomp(l->seccomp));
	if (l->memory_policy)
		TRY(check_memory_policy(l->memory_policy));
	for (size_t i = 0; l->personality && l->personality->flags && l->personality->flags[i]; i++)
		strv_addf(&c->warnings, "linux.personality.flags[%zu]: has no effect", i);
	return NULL;
}
