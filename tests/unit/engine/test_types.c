/* engine/types.c: the API's JSON in and out. */
#include "engine/types.h"

#include "base/strv.h"
#include "unit/test.h"

static const char host_text[] =
	"{\"Binds\":[\"/a:/b:ro\"],\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}},"
	"\"NetworkMode\":\"none\",\"AutoRemove\":true,\"CapAdd\":[\"NET_ADMIN\"],\"Memory\":1048576,"
	"\"PidsLimit\":-1,\"Init\":false,\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":20,\"Soft\":10}],"
	"\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"/dev/x\","
	"\"CgroupPermissions\":\"r\"}],"
	"\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":\"/t\",\"ReadOnly\":true,"
	"\"BindOptions\":{\"Propagation\":\"rslave\",\"NonRecursive\":true}},"
	"{\"Type\":\"tmpfs\",\"Target\":\"/u\",\"TmpfsOptions\":{\"SizeBytes\":64,\"Mode\":511}},"
	"{\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/w\",\"VolumeOptions\":{\"NoCopy\":true}}],"
	"\"Tmpfs\":{\"/run\":\"size=1m\"},\"Sysctls\":{\"net.core.somaxconn\":\"5\"}}";

static void host_config_is_read(void **state)
{
	struct host_config h = { 0 };

	(void)state;
	assert_ok(json_decode_text(&host_config_type, host_text, strlen(host_text), &h));
	assert_string_equal(h.binds[0], "/a:/b:ro");
	assert_string_equal(h.log_driver, "json-file");
	assert_string_equal(h.log_options[1], "1m");
	assert_true(h.auto_remove);
	assert_int_equal(h.pids_limit, -1);
	assert_non_null(h.init);
	assert_false(*h.init);
	assert_int_equal(h.ulimits[0].hard, 20);
	assert_string_equal(h.devices[0].cgroup_permissions, "r");
	assert_int_equal(h.n_mounts, 3);
	assert_string_equal(h.mounts[0].propagation, "rslave");
	assert_true(h.mounts[0].non_recursive);
	assert_int_equal(h.mounts[1].mode, 0777);
	assert_true(h.mounts[2].no_copy);
	assert_string_equal(h.tmpfs[1], "size=1m");
	json_done(&host_config_type, &h);
}

static void what_is_stored_comes_back(void **state)
{
	struct host_config first = { 0 }, second = { 0 };
	char *stored autofree = NULL, *once autofree = NULL, *twice autofree = NULL;

	(void)state;
	assert_ok(json_decode_text(&host_config_type, host_text, strlen(host_text), &first));
	stored = types_store(&host_config_type, &first);
	assert_null(strstr(stored, "CpuShares")); /* empty, so left out */
	assert_ok(json_decode_text(&host_config_type, stored, strlen(stored), &second));
	once = json_encode_text(&host_config_type, &first);
	twice = json_encode_text(&host_config_type, &second);
	assert_string_equal(once, twice);
	json_done(&host_config_type, &first);
	json_done(&host_config_type, &second);
}

static void an_absent_stop_timeout_is_not_zero(void **state)
{
	static const char zero[] = "{\"StopTimeout\":0}";
	struct container_config c = { 0 };

	(void)state;
	assert_ok(json_decode_text(&container_config_type, "{}", 2, &c));
	assert_null(c.stop_timeout_s);
	assert_ok(json_decode_text(&container_config_type, zero, strlen(zero), &c));
	assert_non_null(c.stop_timeout_s);
	assert_int_equal(*c.stop_timeout_s, 0);
	json_done(&container_config_type, &c);
}

static void a_copy_shares_nothing(void **state)
{
	struct container_config from = { 0 }, to = { 0 };

	(void)state;
	from.user = alloc_string("me");
	strv_add(&from.env, "A=b");
	types_copy(&container_config_type, &from, &to);
	json_done(&container_config_type, &from);
	assert_string_equal(to.user, "me");
	assert_string_equal(to.env[0], "A=b");
	json_done(&container_config_type, &to);
}

/*
 * As Go does: what a terminal passes on as an argument need not be UTF-8, the database's text is.
 */
static void bytes_that_are_not_utf8_are_replaced(void **state)
{
	char broken[] = "a\xff";
	struct container_config c = { .user = broken };
	char *stored autofree = types_store(&container_config_type, &c);

	(void)state;
	assert_string_equal(stored, "{\"User\":\"a\xef\xbf\xbd\"}");
}

static void wrong_types_are_named(void **state)
{
	static const char text[] = "{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":\"x\"}]}";
	struct host_config h = { 0 };

	(void)state;
	assert_fails(json_decode_text(&host_config_type, text, strlen(text), &h), ERROR_BAD_INPUT,
		     "Ulimits[0]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_config_is_read),
		cmocka_unit_test(what_is_stored_comes_back),
		cmocka_unit_test(an_absent_stop_timeout_is_not_zero),
		cmocka_unit_test(a_copy_shares_nothing),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
		cmocka_unit_test(wrong_types_are_named),
	};

	return TEST_MAIN(tests);
}
