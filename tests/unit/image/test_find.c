#include "unit/image/store_fixture.h"

static void test_by_name_and_id(void **state)
{
	static const char *const names[] = { "app:1", "docker.io/library/app:1", "library/app:1" };
	struct fixture *f = *state;
	char id[DIGEST_SIZE], part[13];

	assert_ok(load(f, docker_archive("app:1", "f", "x")));
	for (size_t i = 0; i < 3; i++) {
		struct image *image autoimage = NULL;

		assert_ok(image_find(f->store, names[i], &image));
		memcpy(id, image->id, DIGEST_SIZE);
	}
	memcpy(part, digest_hex(id), 12);
	part[12] = '\0';
	for (size_t i = 0; i < 3; i++) {
		struct image *image autoimage = NULL;
		char *ref autofree = i == 0   ? alloc_string(id)
				     : i == 1 ? alloc_string(part)
					      : alloc_printf("sha256:%s", part);

		assert_ok(image_find(f->store, ref, &image));
		assert_string_equal(image->id, id);
	}
}

static void test_not_found(void **state)
{
	static const char *const refs[] = { "app", "app:2", "other/app:1", "abc",
					    "example.org/app:1" };
	struct fixture *f = *state;
	struct image *image = NULL;

	assert_ok(load(f, docker_archive("app:1", "f", "x")));
	for (size_t i = 0; i < sizeof(refs) / sizeof(*refs); i++) {
		char *text autofree = alloc_printf("no such image: %s", refs[i]);

		assert_fails(image_find(f->store, refs[i], &image), ERROR_NOT_FOUND, text);
	}
	assert_fails(image_find(f->store, "Not A Name", &image), ERROR_BAD_INPUT,
		     "invalid reference format");
	assert_fails(image_find(f->store, "", &image), ERROR_BAD_INPUT, "invalid reference format");
}

/* Sixteen hexadecimal digits cannot all begin different ids of seventeen images. */
static void test_ambiguous(void **state)
{
	struct fixture *f = *state;
	size_t ambiguous = 0;

	for (int i = 0; i < 17; i++) {
		char *content autofree = alloc_printf("%d", i);

		assert_ok(load(f, docker_archive(NULL, "f", content)));
	}
	for (int digit = 0; digit < 16; digit++) {
		struct image *image autoimage = NULL;
		char ref[2] = { "0123456789abcdef"[digit], '\0' };
		struct error *err = image_find(f->store, ref, &image);

		if (error_is(err, ERROR_BAD_INPUT)) {
			assert_non_null(strstr(error_message(err), "ambiguous"));
			ambiguous++;
		}
		error_free(err);
	}
	assert_true(ambiguous > 0);
}

/* A name that looks like the beginning of an id means the name. */
static void test_name_before_id(void **state)
{
	struct fixture *f = *state;
	struct image *first autoimage = NULL;
	struct image *image autoimage = NULL;
	char name[9];

	assert_ok(load(f, docker_archive("app:1", "f", "x")));
	assert_ok(image_find(f->store, "app:1", &first));
	memcpy(name, digest_hex(first->id), 8);
	name[8] = '\0';
	assert_ok(load(f, docker_archive(name, "f", "y")));
	assert_ok(image_find(f->store, name, &image));
	assert_string_not_equal(image->id, first->id);
}

static void test_list(void **state)
{
	struct fixture *f = *state;
	struct image **list = NULL;
	size_t n = 0;

	assert_ok(load(f, docker_archive("b:1", "f", "x")));
	assert_ok(load(f, docker_archive("a:1", "f", "y")));
	assert_ok(image_tag(f->store, "a:1", "c:1"));
	assert_ok(image_list(f->store, &list, &n));
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		if (strv_contains(list[i]->names, "a:1"))
			assert_true(strv_contains(list[i]->names, "c:1"));
		image_free(list[i]);
	}
	free(list);
}

static void test_tag(void **state)
{
	struct fixture *f = *state;
	struct image *image autoimage = NULL;

	assert_ok(load(f, docker_archive("app:1", "f", "x")));
	assert_ok(image_tag(f->store, "app:1", "example.org/other"));
	assert_ok(image_find(f->store, "example.org/other:latest", &image));
	assert_int_equal(strv_length(image->names), 2);
	assert_fails(image_tag(f->store, "none", "x"), ERROR_NOT_FOUND, "no such image: none");
	assert_fails(image_tag(f->store, "app:1", "X Y"), ERROR_BAD_INPUT, "invalid reference");
}

static void assert_removed(struct fixture *f, const char *ref, bool force, const char *lines)
{
	char **said autostrv = NULL;
	char *joined autofree = NULL;

	assert_ok(image_remove(f->store, ref, force, &said));
	joined = strv_join(said, ",");
	if (strncmp(joined, lines, strlen(lines)) != 0)
		fail_msg("%s", joined);
}

static void test_remove(void **state)
{
	struct fixture *f = *state;

	assert_ok(load(f, docker_archive("app:1", "f", "x")));
	assert_ok(image_tag(f->store, "app:1", "app:2"));
	assert_removed(f, "app:1", false, "Untagged: app:1");
	assert_int_equal(fixture_count(f, "layers"), 1);
	assert_removed(f, "app:2", false, "Untagged: app:2,Deleted: sha256:");
	fixture_assert_empty(f);
}

static void test_remove_by_id(void **state)
{
	struct fixture *f = *state;
	struct image *image autoimage = NULL;
	char **said autostrv = NULL;

	assert_ok(load(f, docker_archive("app:1", "f", "x")));
	assert_ok(image_tag(f->store, "app:1", "app:2"));
	assert_ok(image_find(f->store, "app:1", &image));
	assert_fails(image_remove(f->store, image->id, false, &said), ERROR_CONFLICT,
		     "must be forced");
	assert_int_equal(fixture_count(f, "layers"), 1);
	assert_removed(f, image->id, true, "Untagged: app:1,Untagged: app:2,Deleted: sha256:");
	fixture_assert_empty(f);
	assert_fails(image_remove(f->store, image->id, true, &said), ERROR_NOT_FOUND,
		     "no such image");
}

/* A layer goes with the last image that has it. */
static void test_shared_layer(void **state)
{
	struct fixture *f = *state;
	struct blob plain[3] = { BLOB_NONE, BLOB_NONE, BLOB_NONE };
	struct blob unused[3] = { BLOB_NONE, BLOB_NONE, BLOB_NONE };
	struct blob configs[2] = { BLOB_NONE, BLOB_NONE };
	const struct blob *first[] = { &plain[0], &plain[1] }, *second[] = { &plain[0], &plain[2] };
	char *text autofree = NULL;
	struct tar t = tar_begin(NULL);

	blob_layer(&plain[0], &unused[0], NULL, "f", "shared");
	blob_layer(&plain[1], &unused[1], NULL, "f", "first");
	blob_layer(&plain[2], &unused[2], NULL, "f", "second");
	blob_config(&configs[0], first, 2, "");
	blob_config(&configs[1], second, 2, "");
	for (int i = 0; i < 3; i++) {
		char *name autofree = alloc_printf("%d/layer.tar", i);

		put_bytes(&t, name, plain[i].bytes.data, plain[i].bytes.length);
	}
	put_bytes(&t, "c0", configs[0].bytes.data, configs[0].bytes.length);
	put_bytes(&t, "c1", configs[1].bytes.data, configs[1].bytes.length);
	tar_file(&t, "manifest.json",
		 "[{\"Config\":\"c0\",\"RepoTags\":[\"first:1\"],\"Layers\":[\"0/layer.tar\","
		 "\"1/layer.tar\"]},{\"Config\":\"c1\",\"RepoTags\":[\"second:1\"],\"Layers\":["
		 "\"0/layer.tar\",\"2/layer.tar\"]}]");
	assert_ok(load(f, tar_end(&t)));
	assert_int_equal(fixture_count(f, "layers"), 3);
	assert_removed(f, "first:1", false, "Untagged: first:1,Deleted: sha256:");
	assert_int_equal(fixture_count(f, "layers"), 2);
	text = layer_text(f, "second:1", 0, "f");
	assert_string_equal(text, "shared");
	assert_removed(f, "second:1", false, "Untagged: second:1");
	fixture_assert_empty(f);
	for (int i = 0; i < 3; i++) {
		blob_done(&plain[i]);
		blob_done(&unused[i]);
	}
	blob_done(&configs[0]);
	blob_done(&configs[1]);
}

static void test_inspect(void **state)
{
	struct fixture *f = *state;
	json_t *value autojson = NULL;
	const char *id, *tag, *cmd;

	assert_ok(load(f, docker_archive("app:1", "f", "xyz")));
	assert_ok(image_inspect(f->store, "app:1", &value));
	assert_int_equal(json_unpack(value, "{s:s, s:[s], s:{s:[s]}}", "Id", &id, "RepoTags", &tag,
				     "Config", "Cmd", &cmd),
			 0);
	assert_true(digest_is_valid(id));
	assert_string_equal(tag, "app:1");
	assert_string_equal(cmd, "/bin/sh");
	assert_int_equal(json_integer_value(json_object_get(value, "Size")), 3);
	assert_string_equal(json_string_value(json_object_get(value, "Os")), "linux");
	assert_true(json_is_array(json_object_get(json_object_get(value, "RootFS"), "Layers")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_by_name_and_id), STORE_TEST(test_not_found),
		STORE_TEST(test_ambiguous),	 STORE_TEST(test_name_before_id),
		STORE_TEST(test_list),		 STORE_TEST(test_tag),
		STORE_TEST(test_remove),	 STORE_TEST(test_remove_by_id),
		STORE_TEST(test_shared_layer),	 STORE_TEST(test_inspect),
	};

	return TEST_MAIN(tests);
}
