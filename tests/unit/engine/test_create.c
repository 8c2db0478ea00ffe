/* engine/create.c, record.c, list.c, inspect.c, volumes.c: containers that never run. */
#include <sys/stat.h>

#include "base/json.h"
#include "engine/handle.h"
#include "unit/engine/engine_fixture.h"

static size_t count(struct fixture *f, unsigned int flags)
{
	struct container **list;
	size_t n;

	assert_ok(engine_list(f->e, flags, &list, &n));
	for (size_t i = 0; i < n; i++)
		container_free(list[i]);
	free(list);
	return n;
}

static bool exists(struct fixture *f, const char *below, const char *name)
{
	char *path autofree = alloc_printf("%s/%s", below, name);

	return faccessat(f->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool volume_exists(struct fixture *f, const char *name)
{
	char *data autofree = alloc_printf("%s/_data", name);

	return exists(f, "root/volumes", data);
}

static void a_created_container_is_found_by_all_its_names(void **state)
{
	struct fixture *f = *state;
	struct container *c;
	char id[ENGINE_ID_SIZE], prefix[7];
	const char *refs[4];

	assert_ok(fixture_create(f, "web", "{}", id));
	memcpy(prefix, id, 6);
	prefix[6] = '\0';
	refs[0] = "web";
	refs[1] = "/web";
	refs[2] = id;
	refs[3] = prefix;
	for (int i = 0; i < 4; i++) {
		assert_ok(engine_find(f->e, refs[i], &c));
		assert_string_equal(c->id, id);
		assert_string_equal(c->argv[0], "sh");
		assert_int_equal(c->status, CONTAINER_CREATED);
		assert_int_equal(strlen(c->config.hostname), 12);
		assert_int_equal(c->host.pids_limit, 4096);
		container_free(c);
	}
	assert_int_equal(count(f, 0), 0);
	assert_int_equal(count(f, ENGINE_LIST_ALL), 1);
	assert_int_equal(count(f, ENGINE_LIST_ALL | ENGINE_LIST_BRIEF), 1);
	assert_fails(engine_find(f->e, "nobody", &c), ERROR_NOT_FOUND, "no such container: nobody");
	assert_fails(engine_find(f->e, "", &c), ERROR_NOT_FOUND, "no such container");
	assert_fails(engine_find(f->e, "%", &c), ERROR_NOT_FOUND, "no such container");
}

static void an_ambiguous_prefix_is_bad_input(void **state)
{
	struct fixture *f = *state;
	struct container *c;
	char id[ENGINE_ID_SIZE];
	int seen[16] = { 0 };

	for (;;) { /* at most 17 containers until two ids begin alike */
		int digit;

		assert_ok(fixture_create(f, NULL, "{}", id));
		digit = id[0] <= '9' ? id[0] - '0' : id[0] - 'a' + 10;
		if (seen[digit]++)
			break;
	}
	id[1] = '\0';
	assert_fails(engine_find(f->e, id, &c), ERROR_BAD_INPUT, "more than one container");
}

static void a_name_is_used_once(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE], other[ENGINE_ID_SIZE];

	assert_ok(fixture_create(f, "web", "{}", id));
	assert_fails(fixture_create(f, "web", "{}", other), ERROR_CONFLICT,
		     "\"/web\" is already in use by container");
	assert_fails(fixture_create(f, "web", "{}", other), ERROR_CONFLICT, id);
	assert_int_equal(count(f, ENGINE_LIST_ALL), 1);
	assert_fails(fixture_create(f, "a/b", "{}", other), ERROR_BAD_INPUT,
		     "invalid container name");
}

static void failure_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE], other[ENGINE_ID_SIZE];
	int fds = test_count_fds();

	assert_ok(fixture_create(f, "web", "{}", id));
	assert_fails(fixture_create(f, "web", "{\"Binds\":[\"fresh:/v\"]}", other), ERROR_CONFLICT,
		     "in use");
	assert_fails(fixture_create(f, NULL, "{\"CapAdd\":[\"NONE_SUCH\"]}", other),
		     ERROR_BAD_INPUT, "CapAdd");
	assert_false(volume_exists(f, "fresh"));
	assert_int_equal(count(f, ENGINE_LIST_ALL), 1);
	assert_true(exists(f, "root/containers", id));
	assert_true(test_count_fds() <= fds + 5); /* directories opened on first use */
}

static void missing_image_and_owner(void **state)
{
	struct fixture *f = *state;
	struct create_request request = { 0 };
	char **warnings = NULL;
	char id[ENGINE_ID_SIZE];

	assert_fails(engine_create(f->e, &request, id, &warnings), ERROR_BAD_INPUT,
		     "no image specified");
	request.config.image = (char[]){ "absent" };
	assert_fails(engine_create(f->e, &request, id, &warnings), ERROR_NOT_FOUND,
		     "no such image: absent");
	assert_fails(fixture_create(f, NULL, "{\"PidMode\":\"container:ghost\"}", id),
		     ERROR_NOT_FOUND, "no such container: ghost");
}

static void a_shared_namespace_is_pinned_by_id(void **state)
{
	struct fixture *f = *state;
	struct container *c autocontainer = NULL;
	char owner[ENGINE_ID_SIZE], id[ENGINE_ID_SIZE];

	assert_ok(fixture_create(f, "owner", "{}", owner));
	assert_ok(fixture_create(f, "guest", "{\"PidMode\":\"container:owner\"}", id));
	assert_ok(engine_find(f->e, "guest", &c));
	assert_string_equal(c->host.pid_mode + strlen("container:"), owner);
}

static void volumes_live_as_long_as_they_should(void **state)
{
	struct fixture *f = *state;
	struct container *c autocontainer = NULL;
	char id[ENGINE_ID_SIZE], second[ENGINE_ID_SIZE];
	struct stat st;
	char *anonymous autofree = NULL;

	assert_ok(fixture_create(f, "one", "{\"Binds\":[\"named:/v\"]}", id));
	assert_ok(engine_find(f->e, "one", &c));
	assert_int_equal(c->n_mounts, 2);
	assert_true(c->mounts[0].anonymous); /* /data of the image */
	anonymous = alloc_string(c->mounts[0].name);
	assert_true(volume_exists(f, "named"));
	assert_true(volume_exists(f, anonymous));
	assert_int_equal(fstatat(f->dir, "root/volumes", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);

	assert_ok(engine_remove(f->e, "one", false, false));
	assert_true(volume_exists(f, anonymous)); /* without -v it stays */
	assert_ok(fixture_create(f, "two", "{\"Binds\":[\"named:/v\"]}", id));
	container_free(c);
	c = NULL;
	assert_ok(engine_find(f->e, "two", &c));
	free(anonymous);
	anonymous = alloc_string(c->mounts[0].name);
	{ /* an anonymous volume that another container uses too stays */
		char *host autofree = alloc_printf("{\"Binds\":[\"%s:/v\"]}", anonymous);

		assert_ok(fixture_create(f, "three", host, second));
	}
	assert_ok(engine_remove(f->e, "two", false, true));
	assert_true(volume_exists(f, anonymous));
	assert_true(volume_exists(f, "named"));
}

static void rm_v_takes_anonymous_volumes(void **state)
{
	struct fixture *f = *state;
	struct container *c autocontainer = NULL;
	char id[ENGINE_ID_SIZE];

	assert_ok(fixture_create(f, "one", "{\"Binds\":[\"named:/v\"]}", id));
	assert_ok(engine_find(f->e, "one", &c));
	assert_ok(engine_remove(f->e, "one", false, true));
	assert_false(volume_exists(f, c->mounts[0].name));
	assert_true(volume_exists(f, "named"));
	assert_false(exists(f, "root/containers", id));
	assert_false(exists(f, "state/locks", id));
	assert_fails(engine_remove(f->e, "one", true, true), ERROR_NOT_FOUND, "no such container");
}

static const char *text_at(json_t *object, const char *first, const char *second)
{
	return json_string_value(json_object_get(json_object_get(object, first), second));
}

static void inspect_has_dockers_names(void **state)
{
	static const char *const names[] = {
		"Id",
		"Created",
		"Path",
		"Args",
		"State",
		"Image",
		"ResolvConfPath",
		"HostnamePath",
		"HostsPath",
		"LogPath",
		"Name",
		"RestartCount",
		"Driver",
		"Platform",
		"MountLabel",
		"ProcessLabel",
		"AppArmorProfile",
		"ExecIDs",
		"HostConfig",
		"GraphDriver",
		"Mounts",
		"Config",
		"NetworkSettings",
	};
	struct fixture *f = *state;
	json_t *object autojson = NULL, *sized autojson = NULL;
	char id[ENGINE_ID_SIZE];

	assert_ok(fixture_create(f, "web", "{\"SecurityOpt\":[\"no-new-privileges\"]}", id));
	assert_ok(engine_inspect(f->e, "web", false, &object));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!json_object_get(object, names[i]))
			fail_msg("%s is missing", names[i]);
	assert_string_equal(json_string_value(json_object_get(object, "Name")), "/web");
	assert_string_equal(json_string_value(json_object_get(object, "Image")), FAKE_IMAGE_ID);
	assert_string_equal(text_at(object, "State", "Status"), "created");
	assert_string_equal(text_at(object, "State", "StartedAt"), "0001-01-01T00:00:00Z");
	assert_string_equal(text_at(object, "HostConfig", "NetworkMode"), "none");
	assert_true(json_integer_value(
			    json_object_get(json_object_get(object, "HostConfig"), "Memory")) > 0);
	assert_true(json_array_size(json_object_get(json_object_get(object, "HostConfig"),
						    "MaskedPaths")) > 5);
	assert_null(json_object_get(object, "SizeRw"));
	assert_ok(engine_inspect(f->e, "web", true, &sized));
	assert_int_equal(json_integer_value(json_object_get(sized, "SizeRootFs")), 1000);
}

static void an_image_in_use_is_kept(void **state)
{
	struct fixture *f = *state;
	char **lines autostrv = NULL;
	char id[ENGINE_ID_SIZE];

	fake_image_removed = 0;
	assert_ok(fixture_create(f, "web", "{}", id));
	assert_fails(engine_image_remove(f->e, "busy", false, &lines), ERROR_CONFLICT,
		     "unable to remove repository reference \"busy\" (must force)");
	assert_fails(engine_image_remove(f->e, "1111", false, &lines), ERROR_CONFLICT,
		     "must be forced");
	assert_int_equal(fake_image_removed, 0);
	assert_ok(engine_image_remove(f->e, "busy", true, &lines));
	assert_ok(engine_remove(f->e, "web", false, true));
	assert_ok(engine_image_remove(f->e, "busy", false, &lines));
	assert_int_equal(fake_image_removed, 2);
}

static void directories_of_others_are_refused(void **state)
{
	struct fixture *f = *state;
	struct engine *e;

	assert_int_equal(mkdirat(f->dir, "open", 0700), 0);
	assert_int_equal(fchmodat(f->dir, "open", 0777, 0), 0);
	{
		char *open autofree = alloc_printf("%s/open", f->path);

		assert_fails(engine_open(open, f->state, &e), ERROR_REFUSED,
			     "other users may write");
		assert_fails(engine_open(f->root, open, &e), ERROR_REFUSED, "state directory");
	}
	assert_fails(engine_open("", f->state, &e), ERROR_BAD_INPUT, "empty path");
}

static void orphans_are_put_aside(void **state)
{
	static const char name[] = "root/containers/"
				   "0123456789abcdef0123456789abcdef"
				   "0123456789abcdef0123456789abcdef";
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];

	assert_ok(fixture_create(f, "web", "{}", id));
	assert_int_equal(mkdirat(f->dir, name, 0700), 0);
	assert_int_equal(count(f, ENGINE_LIST_ALL), 1);
	assert_true(exists(f, ".", name)); /* young: a create may still be about to record it */
	assert_int_equal(utimensat(f->dir, name, old, 0), 0);
	assert_int_equal(count(f, 0), 0);
	assert_false(exists(f, ".", name));
	assert_true(exists(f, "root/orphans", path_last(name)));
	assert_true(exists(f, "root/containers", id));
}

static void info_tells_what_is_in_force(void **state)
{
	struct fixture *f = *state;
	json_t *info autojson = NULL, *version autojson = engine_version();
	char id[ENGINE_ID_SIZE];

	assert_ok(fixture_create(f, "web", "{}", id));
	assert_ok(engine_info(f->e, &info));
	assert_int_equal(json_integer_value(json_object_get(info, "Containers")), 1);
	assert_int_equal(json_integer_value(json_object_get(info, "ContainersStopped")), 1);
	assert_int_equal(json_integer_value(json_object_get(info, "Images")), 1);
	assert_non_null(json_object_get(json_object_get(info, "Policy"), "limits"));
	assert_non_null(json_object_get(json_object_get(info, "Walls"), "LandlockABI"));
	assert_string_equal(json_string_value(json_object_get(version, "ApiVersion")), "1.47");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_created_container_is_found_by_all_its_names),
		FIXTURE_TEST(an_ambiguous_prefix_is_bad_input),
		FIXTURE_TEST(a_name_is_used_once),
		FIXTURE_TEST(failure_leaves_nothing),
		FIXTURE_TEST(missing_image_and_owner),
		FIXTURE_TEST(a_shared_namespace_is_pinned_by_id),
		FIXTURE_TEST(volumes_live_as_long_as_they_should),
		FIXTURE_TEST(rm_v_takes_anonymous_volumes),
		FIXTURE_TEST(inspect_has_dockers_names),
		FIXTURE_TEST(an_image_in_use_is_kept),
		FIXTURE_TEST(directories_of_others_are_refused),
		FIXTURE_TEST(orphans_are_put_aside),
		FIXTURE_TEST(info_tells_what_is_in_force),
	};

	return TEST_MAIN(tests);
}
