/*
 * oci/cgroup_bundle.c, systemd_property.c: linux.cgroupsPath in both forms, and units' properties.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "config/config.h"
#include "oci/cgroup.h"
#include "oci/cgroup_bundle.h"
#include "oci/systemd.h"
#include "unit/test.h"

static void paths(void **state)
{
	static const struct {
		const char *path, *own, *expected;
	} cases[] = {
		{ NULL, "/mine", "id" },
		{ "", "/mine", "id" },
		{ "/a/b", "/mine", "a/b" },
		{ "a/b", "/mine", "mine/a/b" },
		{ "a", "/", "a" },
		{ "/a/../../b/./c/", "/mine", "b/c" },
		{ "../../b", "/mine", "mine/b" },
		{ "/", "/mine", "" },
		{ "/..", "/mine", "" },
		{ ".", "/", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char **names autostrv = cgroup_bundle_names(cases[i].path, "id", cases[i].own);
		char *joined autofree = strv_join(names, "/");

		assert_string_equal(joined, cases[i].expected);
	}
}

static void own_group(void **state)
{
	static const char text[] = "5:name=systemd:/user.slice\n4:memory:/a/b\n"
				   "3:cpu,cpuacct:/docker/x/y\n0::/user.slice/s.scope\n";
	static const struct {
		const char *text, *controllers, *root, *expected;
	} cases[] = {
		{ text, "memory", "/", "/a/b" },
		{ text, "pids", "/", "/" },
		{ text, "cpu,cpuacct", "/docker/x", "/y" },
		{ text, "cpu,cpuacct", "/docker/x/y", "/" },
		{ text, "cpu,cpuacct", "/dock", "/docker/x/y" },
		{ text, "name=systemd", "/", "/user.slice" },
		{ text, "", "/", "/user.slice" }, /* version 2: the one above */
		{ "0::/\n", "", "/", "/" },
		{ "0::/one\n", "", "/", "/" },
		{ "0::/../other\n", "", "/", "/" },
		{ "4:memory:/a/../../b\n", "memory", "/", "/" },
		{ "4:memory:/..b\n", "memory", "/", "/..b" },
		{ "4:memory:a/b\n", "memory", "/", "/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *own autofree = cgroup_own(cases[i].text, cases[i].controllers, cases[i].root);

		assert_string_equal(own, cases[i].expected);
	}
}

static void units(void **state)
{
	static const struct {
		const char *path, *slice, *names;
	} good[] = {
		{ NULL, "system.slice", "system.slice/bulkhead-id.scope" },
		{ "machine.slice:libpod:x", "machine.slice", "machine.slice/libpod-x.scope" },
		{ ":docker:x", "system.slice", "system.slice/docker-x.scope" },
		{ "a-b.slice::x", "a-b.slice", "a.slice/a-b.slice/x.scope" },
		{ "-.slice:p:x", "-.slice", "p-x.scope" },
		{ "a.slice:p:b.slice", "a.slice", "a.slice/b.slice" },
	};
	static const char *const bad[] = { "/a/b",	     "a",
					   "a.slice:b",	     "a:b:c",
					   "a.slice:b:",     "a.slice:b:c:d",
					   "a--b.slice:b:c", "-a.slice:b:c",
					   "x/a.slice:b:c",  "a.slice:b/:c",
					   "a.slice:b:/c" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct cgroup_unit u = { 0 };
		char *joined autofree = NULL;

		assert_null(cgroup_unit_parse(good[i].path, "id", &u));
		joined = strv_join(u.names, "/");
		assert_string_equal(u.slice, good[i].slice);
		assert_string_equal(joined, good[i].names);
		cgroup_unit_done(&u);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct cgroup_unit u = { 0 };
		struct error *err autoerror = cgroup_unit_parse(bad[i], "id", &u);

		assert_true(error_is(err, ERROR_BAD_INPUT));
		cgroup_unit_done(&u);
	}
}

/* "Name type value" of each property. */
static char *shown(const struct systemd_properties *p)
{
	char **all autostrv = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct systemd_property *one = &p->list[i];
		char *list autofree = strv_join(one->list, "+");

		if (one->text || one->list)
			strv_addf(&all, "%s %s %s", one->name, one->type,
				  one->text ? one->text : list);
		else if (one->bytes)
			strv_addf(&all, "%s %s %02x", one->name, one->type, one->bytes[0]);
		else
			strv_addf(&all, "%s %s %jd", one->name, one->type, (intmax_t)one->number);
	}
	return strv_join(all, "; ");
}

static void annotations(void **state)
{
	static const char *const list[] = { "org.systemd.property.TimeoutStopSec",
					    "uint64 5",
					    "org.systemd.property.CollectMode",
					    "'inactive-or-failed'",
					    "org.systemd.property.After",
					    "[\"a.service\", 'b.target']",
					    "org.systemd.property.SendSIGHUP",
					    "true",
					    "org.systemd.property.Nice",
					    "-5",
					    "org.systemd.property.CPUWeight",
					    "@t 7",
					    "com.example",
					    "left alone",
					    NULL };
	static const char *const bad[] = { "'open", "[", "['a' 'b']", "uint64 x",
					   "five",  "",	 "'a' b" };
	struct systemd_properties p autoproperties = { 0 };
	char *text autofree = NULL;

	(void)state;
	assert_null(systemd_parse_annotations(&p, (char *const *)list));
	text = shown(&p);
	assert_string_equal(text, "TimeoutStopUSec t 5000000; CollectMode s inactive-or-failed; "
				  "After as a.service+b.target; SendSIGHUP b 1; Nice i -5; "
				  "CPUWeight t 7");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error *err autoerror = systemd_parse_property(&p, "Name", bad[i]);

		assert_true(error_is(err, ERROR_BAD_INPUT));
	}
	for (size_t i = 0; i < 3; i++) {
		const char *names[] = { "ab", "A-b", "" };
		struct error *err autoerror = systemd_parse_property(&p, names[i], "1");

		assert_true(error_is(err, ERROR_BAD_INPUT));
	}
}

/* A time in microseconds must not come round, nor be one before now. */
static void seconds(void **state)
{
	static const char *const bad[] = { "-1", "int64 -9223372036854775808",
					   "uint64 18446744073709551615", "uint64 18446744073710" };
	struct systemd_properties p autoproperties = { 0 };

	(void)state;
	assert_ok(systemd_parse_property(&p, "RuntimeMaxSec", "uint64 18446744073709"));
	assert_string_equal(p.list[0].name, "RuntimeMaxUSec");
	assert_true(p.list[0].number == UINT64_C(18446744073709000000));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(systemd_parse_property(&p, "RuntimeMaxSec", bad[i]), ERROR_BAD_INPUT,
			     "no time in seconds");
}

/* More than the bus has a number for is no limit there, not a small one. */
static void large_quota(void **state)
{
	static const char json[] = "{\"cpu\":{\"quota\":9223372036854775807,\"period\":1000}}";
	struct systemd_properties p autoproperties = { 0 };
	struct config_resources r = { 0 };
	char **warnings = NULL;

	(void)state;
	assert_ok(config_resources_parse(json, strlen(json), &r, &warnings));
	assert_ok(systemd_limits(&p, &r, true));
	assert_string_equal(p.list[1].name, "CPUQuotaPerSecUSec");
	assert_true(p.list[1].number == UINT64_MAX);
	config_resources_done(&r);
}

static void limits(void **state)
{
	static const char json[] =
		"{\"memory\":{\"limit\":100,\"swap\":150,\"reservation\":50},\"cpu\":{\"shares\":"
		"1024,\"quota\":12345,\"period\":100000,\"cpus\":\"0,2-3\"},\"pids\":{\"limit\":-1}"
		",\"blockIO\":{\"weight\":10}}";
	struct systemd_properties v1 autoproperties = { 0 }, v2 autoproperties = { 0 };
	struct config_resources r = { 0 };
	char **warnings = NULL;
	char *one autofree = NULL, *two autofree = NULL;

	(void)state;
	assert_null(config_resources_parse(json, strlen(json), &r, &warnings));
	assert_null(systemd_limits(&v1, &r, false));
	assert_null(systemd_limits(&v2, &r, true));
	one = shown(&v1);
	two = shown(&v2);
	assert_string_equal(one, "MemoryLimit t 100; CPUShares t 1024; CPUQuotaPeriodUSec t 100000;"
				 " CPUQuotaPerSecUSec t 130000; BlockIOWeight t 10; TasksMax t -1");
	assert_string_equal(two, "MemoryMax t 100; MemoryLow t 50; MemorySwapMax t 50; "
				 "CPUWeight t 100; CPUQuotaPeriodUSec t 100000; "
				 "CPUQuotaPerSecUSec t 130000; IOWeight t 1; TasksMax t -1; "
				 "AllowedCPUs ay 0d");
	config_resources_done(&r);
}

static void devices(void **state)
{
	struct systemd_properties p autoproperties = { 0 };
	struct cgroup_devices d autodevices = { 0 };
	char *text autofree = NULL;

	(void)state;
	assert_null(cgroup_devices_from_rules(NULL, 0, &d));
	systemd_devices(&p, &d);
	text = shown(&p);
	assert_true(str_has_prefix(text, "DevicePolicy s strict; DeviceAllow a(ss) char-*+m+block-*"
					 "+m+/dev/char/1:3+rwm"));
	assert_true(str_has_suffix(text, "char-136+rwm"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),   cmocka_unit_test(own_group),
		cmocka_unit_test(units),   cmocka_unit_test(annotations),
		cmocka_unit_test(seconds), cmocka_unit_test(large_quota),
		cmocka_unit_test(limits),  cmocka_unit_test(devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
