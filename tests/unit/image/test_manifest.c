#include "unit/test.h"

#include "image/manifest.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DESCRIPTOR "{\"mediaType\":\"m\",\"digest\":\"" A "\",\"size\":7}"

static void test_index(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		"\"digest\":\"" A "\",\"size\":7,\"annotations\":{\"k\":\"v\"},"
		"\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}}," DESCRIPTOR
		"]}";
	struct oci_index index autoindex = { 0 };

	(void)state;
	assert_ok(manifest_decode_index(text, strlen(text), &index));
	assert_int_equal(index.n_manifests, 2);
	assert_true(manifest_is_index(&index.manifests[0]));
	assert_false(manifest_is_index(&index.manifests[1]));
	assert_string_equal(manifest_annotation(&index.manifests[0], "k"), "v");
	assert_null(manifest_annotation(&index.manifests[0], "x"));
	assert_null(manifest_annotation(&index.manifests[1], "k"));
	assert_string_equal(index.manifests[0].platform->variant, "v8");
	assert_null(index.manifests[1].platform);
}

static void test_manifest(void **state)
{
	static const char text[] = "{\"config\":" DESCRIPTOR ",\"layers\":[" DESCRIPTOR "]}";
	struct oci_manifest manifest automanifest = { 0 };

	(void)state;
	assert_ok(manifest_decode(text, strlen(text), &manifest));
	assert_int_equal(manifest.n_layers, 1);
	assert_string_equal(manifest.layers[0].digest, A);
	assert_int_equal(manifest.config.size_bytes, 7);
}

/* A digest becomes a file name: nothing but a digest may pass. */
static void test_bad_manifests(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"config\":{\"digest\":\"sha256:../../../etc/passwd\",\"size\":1},\"layers\":[]}",
		  "config: digest" },
		{ "{\"config\":{\"digest\":\"sha512:abc\",\"size\":1},\"layers\":[]}",
		  "not a sha256" },
		{ "{\"config\":" DESCRIPTOR ",\"layers\":[{\"digest\":\"x\",\"size\":1}]}",
		  "layers[0]: digest" },
		{ "{\"config\":{\"digest\":\"" A "\",\"size\":-1},\"layers\":[]}",
		  "size: negative" },
		{ "{\"config\":" DESCRIPTOR "}", "layers: missing" },
		{ "{\"layers\":[]}", "config: missing" },
		{ "nonsense", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct oci_manifest manifest automanifest = { 0 };
		struct error *err = manifest_decode(cases[i][0], strlen(cases[i][0]), &manifest);

		assert_non_null(err);
		if (!strstr(error_message(err), cases[i][1]))
			fail_msg("%s", error_message(err));
		error_free(err);
		assert_null(manifest.layers);
	}
}

static void test_docker(void **state)
{
	static const char text[] =
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"x/layer.tar\"]},"
		"{\"Config\":\"d.json\",\"RepoTags\":null,\"Layers\":null}]";
	struct docker_manifest manifest autodocker = { 0 }, bad autodocker = { 0 };

	(void)state;
	assert_ok(manifest_decode_docker(text, strlen(text), &manifest));
	assert_int_equal(manifest.n_images, 2);
	assert_string_equal(manifest.images[0].layers[0], "x/layer.tar");
	assert_null(manifest.images[1].repo_tags);
	assert_fails(manifest_decode_docker("{}", 2, &bad), ERROR_BAD_INPUT, "not an array");
	assert_fails(manifest_decode_docker("[{}]", 4, &bad), ERROR_BAD_INPUT, "Config: missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_bad_manifests),
		cmocka_unit_test(test_docker),
	};

	return TEST_MAIN(tests);
}
