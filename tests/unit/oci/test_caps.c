#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "base/caps.h"
#include "base/strv.h"
#include "oci/oci.h"

#define BIT(name) (UINT64_C(1) << CAP_##name)
#define ALL_KNOWN (UINT64_MAX >> (63 - CAPS_LAST))

static void names_are_those_of_the_kernel_headers(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit <= CAPS_LAST; bit++) {
		unsigned int back = 99;

		assert_non_null(caps_name(bit));
		assert_null(caps_parse(caps_name(bit), &back));
		assert_int_equal(back, bit);
	}
	assert_null(caps_name(CAPS_LAST + 1));
	assert_string_equal(caps_name(CAP_SYS_ADMIN), "CAP_SYS_ADMIN");
	assert_string_equal(caps_name(CAP_CHECKPOINT_RESTORE), "CAP_CHECKPOINT_RESTORE");
}

static void parses_with_and_without_prefix_in_any_case(void **state)
{
	static const char *const spellings[] = { "CAP_NET_RAW", "NET_RAW", "net_raw",
						 "Cap_Net_Raw" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		unsigned int bit = 99;

		assert_null(caps_parse(spellings[i], &bit));
		assert_int_equal(bit, CAP_NET_RAW);
	}
}

static void refuses_what_is_no_name(void **state)
{
	static const char *const words[] = {
		"", "CAP_", "CAP_CAP_KILL", "FOO", "ALL", "KILL ", "5"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct error *err autoerror = NULL;
		unsigned int bit = 99;

		err = caps_parse(words[i], &bit);
		assert_true(error_is(err, ERROR_BAD_INPUT));
		assert_int_equal(bit, 99);
	}
}

static void says_which_name_is_wrong(void **state)
{
	char *drop[] = { (char *)"chmod", NULL };
	struct error *err autoerror = NULL;
	uint64_t mask, missing;

	(void)state;
	err = caps_from_options(NULL, drop, ALL_KNOWN, &mask, &missing);
	assert_string_equal(error_message(err), "drop a capability: \"chmod\" is not a capability");
}

/* capabilities(7): PR_CAPBSET_READ fails for numbers the kernel does not know. */
static void kernel_mask_is_what_the_kernel_knows(void **state)
{
	uint64_t mask = 0;

	(void)state;
	assert_null(caps_of_kernel(&mask));
	for (unsigned int bit = 0; bit <= CAPS_LAST; bit++)
		assert_int_equal(mask >> bit & 1, prctl(PR_CAPBSET_READ, bit) >= 0);
	assert_int_equal(mask & ~ALL_KNOWN, 0);
}

static uint64_t choose(const char *add, const char *drop, uint64_t host, uint64_t *ret_missing)
{
	char **adds autostrv = *add ? strv_split(add, ',') : NULL;
	char **drops autostrv = *drop ? strv_split(drop, ',') : NULL;
	uint64_t mask = 0;

	assert_null(caps_from_options(adds, drops, host, &mask, ret_missing));
	return mask;
}

static void follows_dockers_rules(void **state)
{
	const uint64_t base = caps_default();
	const struct {
		const char *add, *drop;
		uint64_t want;
	} cases[] = {
		{ "", "", base },
		{ "NET_RAW", "", base | BIT(NET_RAW) },
		{ "", "CHOWN,cap_kill", base & ~(BIT(CHOWN) | BIT(KILL)) },
		{ "KILL", "KILL", base },
		{ "ALL", "", ALL_KNOWN },
		{ "all", "SYS_ADMIN", ALL_KNOWN & ~BIT(SYS_ADMIN) },
		{ "", "ALL", 0 },
		{ "SYS_TIME", "all", BIT(SYS_TIME) },
		{ "ALL", "ALL", ALL_KNOWN },
		{ "ALL,KILL", "ALL,CHOWN", ALL_KNOWN & ~BIT(CHOWN) },
		{ "KILL,CHOWN", "ALL,CHOWN", BIT(KILL) | BIT(CHOWN) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t missing = 99;

		assert_int_equal(choose(cases[i].add, cases[i].drop, ALL_KNOWN, &missing),
				 cases[i].want);
		assert_int_equal(missing, 0);
	}
}

static void default_is_the_eleven(void **state)
{
	static const unsigned int eleven[] = {
		CAP_CHOWN,   CAP_DAC_OVERRIDE,	   CAP_FOWNER,	   CAP_FSETID,
		CAP_KILL,    CAP_NET_BIND_SERVICE, CAP_SETFCAP,	   CAP_SETGID,
		CAP_SETPCAP, CAP_SETUID,	   CAP_SYS_CHROOT,
	};
	uint64_t want = 0;

	(void)state;
	for (size_t i = 0; i < 11; i++)
		want |= UINT64_C(1) << eleven[i];
	assert_int_equal(caps_default(), want);
}

static void never_exceeds_the_host(void **state)
{
	uint64_t host = ALL_KNOWN & ~(BIT(SYS_RESOURCE) | BIT(CHOWN)), missing = 0;

	(void)state;
	assert_int_equal(choose("ALL", "", host, &missing), host);
	assert_int_equal(missing, 0);
	assert_int_equal(choose("SYS_RESOURCE,NET_RAW", "ALL", host, &missing), BIT(NET_RAW));
	assert_int_equal(missing, BIT(SYS_RESOURCE));
	assert_int_equal(choose("", "", host, &missing), caps_default() & ~BIT(CHOWN));
	assert_int_equal(missing, 0);
}

static void the_public_names_are_the_same(void **state)
{
	struct error *err autoerror = NULL;
	char *add[] = { (char *)"sys_ptrace", NULL };
	uint64_t mask = 0;
	int number = -1;

	(void)state;
	assert_null(oci_capability_parse("sys_admin", &number));
	assert_int_equal(number, CAP_SYS_ADMIN);
	assert_string_equal(oci_capability_name(number), "CAP_SYS_ADMIN");
	assert_null(oci_capability_name(-1));
	assert_null(oci_capability_name(CAPS_LAST + 1));
	assert_null(oci_capabilities(add, NULL, &mask));
	assert_int_equal(mask, (caps_default() | BIT(SYS_PTRACE)) & oci_capabilities_all());
	err = oci_capability_parse("root", &number);
	assert_true(error_is(err, ERROR_BAD_INPUT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_kernel_headers),
		cmocka_unit_test(parses_with_and_without_prefix_in_any_case),
		cmocka_unit_test(refuses_what_is_no_name),
		cmocka_unit_test(says_which_name_is_wrong),
		cmocka_unit_test(kernel_mask_is_what_the_kernel_knows),
		cmocka_unit_test(follows_dockers_rules),
		cmocka_unit_test(default_is_the_eleven),
		cmocka_unit_test(never_exceeds_the_host),
		cmocka_unit_test(the_public_names_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
