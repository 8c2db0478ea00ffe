/* What this host has, and capabilities by name, for the folders above. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/cgroup.h"
#include "oci/landlock.h"
#include "oci/oci.h"

#include "base/banned.h"

/* Of the module itself, because securityfs need not be mounted. */
static bool apparmor_is_enabled(void)
{
	char *text autofree = NULL;
	struct error *err =
		path_read_text(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 64, &text);

	error_ignore(err, "a kernel that was built without it");
	return text && *text == 'Y';
}

void oci_features(struct oci_features *ret)
{
	const struct cgroup_ops *ops = NULL;
	struct error *err = cgroup_detect(&ops);

	error_ignore(err, "a host without cgroups has version 0");
	*ret = (struct oci_features){
		.cgroup_version = !ops		      ? 0
				  : ops == &cgroup_v2 ? 2
						      : 1,
		.systemd = access("/run/systemd/system", F_OK) == 0,
		.landlock_abi = landlock_abi(),
		.apparmor = apparmor_is_enabled(),
		.selinux = access("/sys/fs/selinux/enforce", F_OK) == 0,
	};
}

struct error *oci_capability_parse(const char *text, int *ret_number)
{
	unsigned int bit;

	TRY(caps_parse(text, &bit));
	*ret_number = (int)bit;
	return NULL;
}

const char *oci_capability_name(int number)
{
	return number < 0 ? NULL : caps_name((unsigned int)number);
}

uint64_t oci_capabilities_all(void)
{
	uint64_t mask = 0;

	error_ignore(caps_of_kernel(&mask), "a kernel that does not say has none");
	return mask;
}

bool oci_capability_is_of_host_only(int number)
{
	return number >= 0 && number <= CAPS_LAST && (caps_of_host_only() >> number & 1);
}

struct error *oci_capabilities(char *const *add, char *const *drop, uint64_t *ret_mask)
{
	uint64_t missing;

	TRY(caps_from_options(add, drop, oci_capabilities_all(), ret_mask, &missing));
	for (unsigned int bit = 0; missing; bit++, missing >>= 1)
		if (missing & 1)
			return error_new(ERROR_UNSUPPORTED, "this kernel has no %s",
					 caps_name(bit));
	return NULL;
}
