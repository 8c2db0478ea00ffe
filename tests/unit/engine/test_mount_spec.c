/* engine/mount_spec.c: mounts as users write them. */
#include "engine/mount_spec.h"

#include <sys/mount.h>

#include "base/str.h"
#include "engine/types.h"
#include "unit/test.h"

struct bind_case {
	const char *text;
	const char *type, *source, *destination, *propagation, *idmap;
	bool rw;
};

static void binds(void **state)
{
	static const struct bind_case cases[] = {
		{ "/a:/b", "bind", "/a", "/b", "rprivate", NULL, true },
		{ "/a/../c//:/b/", "bind", "/c", "/b", "rprivate", NULL, true },
		{ "/a:/b:ro", "bind", "/a", "/b", "rprivate", NULL, false },
		{ "/a:/b:ro,z,noexec", "bind", "/a", "/b", "rprivate", NULL, false },
		{ "/a:/b:rshared", "bind", "/a", "/b", "rshared", NULL, true },
		{ "/a:/b:slave,rw", "bind", "/a", "/b", "slave", NULL, true },
		{ "/a:/b:idmap=host", "bind", "/a", "/b", "rprivate", "host", true },
		{ "/a:/b:idmap=off,ro", "bind", "/a", "/b", "rprivate", "off", false },
		{ "data:/b", "volume", NULL, "/b", NULL, NULL, true },
		{ "data.1:/b:ro,nocopy", "volume", NULL, "/b", NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct bind_case *c = &cases[i];
		struct engine_mount m = { 0 };

		assert_ok(mount_parse_bind(c->text, &m));
		assert_string_equal(m.type, c->type);
		assert_true(str_equal(m.source, c->source));
		assert_string_equal(m.destination, c->destination);
		assert_true(str_equal(m.propagation, c->propagation));
		assert_true(str_equal(m.idmap, c->idmap));
		assert_int_equal(m.rw, c->rw);
		assert_int_equal(m.create_source, strcmp(c->type, "bind") == 0);
		json_done(&engine_mount_type, &m);
	}
}

static void only_a_target_is_an_anonymous_volume(void **state)
{
	static const char *const texts[] = { "/b", "/b:ro" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct engine_mount m = { 0 };

		assert_ok(mount_parse_bind(texts[i], &m));
		assert_string_equal(m.type, "volume");
		assert_true(m.anonymous);
		assert_true(m.copy_up);
		assert_int_equal(strlen(m.name), 64);
		assert_string_equal(m.destination, "/b");
		assert_int_equal(m.rw, i == 0);
		json_done(&engine_mount_type, &m);
	}
}

static void bad_binds(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "invalid volume specification: ''" },
		{ ":", "SOURCE:TARGET" },
		{ "/a:", "SOURCE:TARGET" },
		{ ":/b", "SOURCE:TARGET" },
		{ "/a:/b:ro:x", "SOURCE:TARGET" },
		{ "/a:b", "mount path must be absolute" },
		{ "/a:b", "invalid volume specification: '/a:b': invalid mount config for type" },
		{ "/a:/", "destination can't be '/'" },
		{ "/a:/x/..", "destination can't be '/'" },
		{ "/a:/b:rx", "invalid mode: rx" },
		{ "/a:/b:ro,rw", "two options of a kind" },
		{ "/a:/b:", "invalid mode: " },
		{ "/a:/b:nocopy", "invalid mode" },
		{ "v1:/b:shared", "invalid mode" },
		{ "v1:/b:idmap=host", "invalid mode" },
		{ "/a:/b:idmap=0:0:1", "SOURCE:TARGET" },
		{ "a/b:/c", "invalid characters for a volume name" },
		{ "a:/c", "too short" },
		{ "../etc:/c", "invalid characters" },
		{ "relative", "must be absolute" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct engine_mount m = { 0 };

		assert_fails(mount_parse_bind(cases[i].text, &m), ERROR_BAD_INPUT,
			     cases[i].message);
		assert_null(m.destination);
		assert_null(m.type);
	}
}

static void nothing_goes_over_proc(void **state)
{
	struct engine_mount m = { 0 };

	(void)state;
	assert_fails(mount_parse_bind("/a:/proc", &m), ERROR_REFUSED, "/proc");
	assert_fails(mount_parse_bind("/a:/x/../proc/sys", &m), ERROR_REFUSED, "/proc/sys");
	assert_fails(mount_parse_tmpfs("/proc/acpi", "", &m), ERROR_REFUSED, "/proc/acpi");
	assert_ok(mount_parse_bind("/a:/proc/cpuinfo", &m));
	json_done(&engine_mount_type, &m);
	assert_ok(mount_parse_bind("/a:/process", &m));
	json_done(&engine_mount_type, &m);
}

/* One entry of "Mounts" in HostConfig. */
static struct error *parse_request(const char *text, struct engine_mount *m)
{
	char *whole autofree = alloc_printf("{\"Mounts\":[%s]}", text);
	struct host_config host = { 0 };
	struct error *err;

	assert_ok(json_decode_text(&host_config_type, whole, strlen(whole), &host));
	err = mount_parse_request(&host.mounts[0], m);
	json_done(&host_config_type, &host);
	return err;
}

static void requests(void **state)
{
	struct engine_mount m = { 0 };

	(void)state;
	assert_ok(parse_request("{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\","
				"\"ReadOnly\":true,\"BindOptions\":{\"IdMap\":\"host\"}}",
				&m));
	assert_false(m.rw);
	assert_false(m.create_source);
	assert_string_equal(m.idmap, "host");
	assert_string_equal(m.propagation, "rprivate");
	json_done(&engine_mount_type, &m);
	assert_ok(parse_request("{\"Type\":\"volume\",\"Source\":\"vol\",\"Target\":\"/v\"}", &m));
	assert_string_equal(m.name, "vol");
	assert_true(m.copy_up);
	json_done(&engine_mount_type, &m);
	assert_ok(parse_request("{\"Type\":\"volume\",\"Target\":\"/v\","
				"\"VolumeOptions\":{\"NoCopy\":true}}",
				&m));
	assert_int_equal(strlen(m.name), 64);
	assert_true(m.anonymous);
	assert_false(m.copy_up);
	json_done(&engine_mount_type, &m);
	assert_ok(parse_request("{\"Type\":\"tmpfs\",\"Target\":\"/t\","
				"\"TmpfsOptions\":{\"SizeBytes\":65536,\"Mode\":1016}}",
				&m));
	assert_string_equal(m.options, "noexec,size=65536,mode=1770");
	json_done(&engine_mount_type, &m);
}

static void bad_requests(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{\"Type\":\"nfs\",\"Target\":\"/b\"}", "mount type unknown" },
		{ "{\"Type\":\"bind\",\"Target\":\"/b\"}", "Source must not be empty" },
		{ "{\"Type\":\"bind\",\"Source\":\"a\",\"Target\":\"/b\"}", "must be absolute" },
		{ "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"b\"}", "must be absolute" },
		{ "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"\"}",
		  "Target must not be empty" },
		{ "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\","
		  "\"BindOptions\":{\"Propagation\":\"ro\"}}",
		  "invalid propagation mode" },
		{ "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\","
		  "\"BindOptions\":{\"IdMap\":\"x\"}}",
		  "idmap" },
		{ "{\"Type\":\"tmpfs\",\"Source\":\"/a\",\"Target\":\"/b\"}",
		  "must not be specified" },
		{ "{\"Type\":\"tmpfs\",\"Target\":\"/b\",\"TmpfsOptions\":{\"SizeBytes\":-1}}",
		  "a size below 0" },
		{ "{\"Type\":\"volume\",\"Source\":\"/a\",\"Target\":\"/b\"}", "volume name" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct engine_mount m = { 0 };

		assert_fails(parse_request(cases[i].text, &m), ERROR_BAD_INPUT, cases[i].message);
		assert_null(m.destination);
	}
}

static void tmpfs_options(void **state)
{
	static const struct {
		const char *options;
		uint64_t attributes;
		const char *data; /* NULL: none */
	} cases[] = {
		{ "", MOUNT_ATTR_NOEXEC, NULL },
		{ "exec", 0, NULL },
		{ "rw,size=64m,mode=1777", MOUNT_ATTR_NOEXEC, "size=64m,mode=1777" },
		{ "ro,nosuid,nodev",
		  MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		  NULL },
		{ "size=50%,uid=1000,gid=5,nr_inodes=10k", MOUNT_ATTR_NOEXEC,
		  "size=50%,uid=1000,gid=5,nr_inodes=10k" },
	};
	static const char *const bad[] = {
		"size=5x",     "size=101%", "mode=8", "mode=77777",  "uid=70000",
		"huge=always", "foo",	    "size",   "mpol=bind:0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct engine_mount m = { 0 };
		char *data autofree = NULL;
		uint64_t attributes;

		assert_ok(mount_parse_tmpfs("/t", cases[i].options, &m));
		assert_ok(mount_spec_attributes(&m, &attributes, &data));
		assert_true(attributes == cases[i].attributes);
		assert_true(str_equal(data, cases[i].data));
		json_done(&engine_mount_type, &m);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct engine_mount m = { 0 };

		assert_fails(mount_parse_tmpfs("/t", bad[i], &m), ERROR_BAD_INPUT,
			     "invalid tmpfs option");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds),
		cmocka_unit_test(only_a_target_is_an_anonymous_volume),
		cmocka_unit_test(bad_binds),
		cmocka_unit_test(nothing_goes_over_proc),
		cmocka_unit_test(requests),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(tmpfs_options),
	};

	return TEST_MAIN(tests);
}
