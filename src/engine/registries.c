/* Registries as the policy has them (bulkhead.json(5), "registries"). */
#include "engine/handle.h"
#include "engine/policy.h"
#include "registry/registry.h"

#include "base/banned.h"

static struct error *options_of(struct engine *e, struct registry_options *ret)
{
	const struct policy *policy;

	TRY(handle_policy(e, &policy));
	*ret = (struct registry_options){
		.insecure = policy->insecure_registries,
		.mirrors = policy->registry_mirrors,
		.stall_ms = (uint64_t)policy->registry_stall_s * 1000,
	};
	return NULL;
}

struct error *engine_pull(struct engine *e, const char *ref, const struct image_transfer *transfer,
			  char *ret_id)
{
	struct image_transfer with = *transfer;
	struct registry_options options;

	TRY(options_of(e, &options));
	with.registry = &options;
	return image_pull(e->images, ref, &with, ret_id);
}

struct error *engine_push(struct engine *e, const char *ref, const struct image_transfer *transfer)
{
	struct image_transfer with = *transfer;
	struct registry_options options;

	TRY(options_of(e, &options));
	with.registry = &options;
	return image_push(e->images, ref, &with);
}

struct error *engine_remote_manifest(struct engine *e, const char *ref, bool referrers,
				     char **ret_text)
{
	struct registry_options options;

	TRY(options_of(e, &options));
	return image_remote_manifest(ref, &options, referrers, ret_text);
}

struct error *engine_try_login(struct engine *e, const char *host, const char *user,
			       const char *secret)
{
	struct registry *registry autoregistry = NULL;
	struct registry_options options;

	TRY(options_of(e, &options));
	options.user = user;
	options.secret = secret;
	TRY(registry_open(&options, host, "", &registry));
	return registry_ping(registry);
}
