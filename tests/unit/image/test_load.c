#include "unit/image/store_fixture.h"

static void assert_layer(struct fixture *f, const char *ref, size_t i, const char *path,
			 const char *content)
{
	char *text autofree = layer_text(f, ref, i, path);

	assert_string_equal(text, content);
}

static void test_docker(void **state)
{
	struct fixture *f = *state;
	struct image *image autoimage = NULL;

	assert_ok(load(f, docker_archive("app:1", "etc/name", "app")));
	assert_int_equal(strv_length(f->said), 1);
	assert_string_equal(f->said[0], "Loaded image: app:1");
	assert_ok(image_find(f->store, "app:1", &image));
	assert_string_equal(image->names[0], "app:1");
	assert_null(image->digests);
	assert_string_equal(image->config.cmd[0], "/bin/sh");
	assert_string_equal(image->created, "2020-02-02T02:02:02Z");
	assert_int_equal(image->size_bytes, 3);
	assert_int_equal(strv_length(image->layers), 1);
	assert_layer(f, "app:1", 0, "etc/name", "app");
	assert_int_equal(fixture_count(f, "layers"), 1);
	assert_int_equal(fixture_count(f, "blobs/sha256"), 2); /* config and layer */
	assert_int_equal(fixture_count(f, "tmp"), 0);
}

static void test_without_a_name(void **state)
{
	struct fixture *f = *state;

	assert_ok(load(f, docker_archive(NULL, "a", "b")));
	assert_memory_equal(f->said[0], "Loaded image ID: sha256:", 24);
	assert_layer(f, f->said[0] + strlen("Loaded image ID: "), 0, "a", "b");
}

/* Names are bytes for the confined helper too, which has no tables to convert them by. */
static void test_names_are_bytes(void **state)
{
	static const char *const names[] = { "e\xcc\x81", "\xc3\xa9", "\xff\xfe" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		assert_ok(load(f, docker_archive("app:1", names[i], names[i])));
		assert_layer(f, "app:1", 0, names[i], names[i]);
	}
}

/* docker save before version 25 writes a layer that two images share once, and a link to it. */
static void test_linked_layer(void **state)
{
	struct fixture *f = *state;
	struct blob plain autoblob = BLOB_NONE, unused autoblob = BLOB_NONE;
	struct blob config autoblob = BLOB_NONE;
	const struct blob *layers[] = { &plain, &plain };
	struct tar t = tar_begin("zstd"); /* and the archive itself compressed */

	blob_layer(&plain, &unused, "gzip", "f", "x");
	blob_config(&config, layers, 2, "");
	put_bytes(&t, "c.json", config.bytes.data, config.bytes.length);
	put_bytes(&t, "one/layer.tar", plain.bytes.data, plain.bytes.length);
	tar_symlink(&t, "two/layer.tar", "../one/layer.tar");
	tar_file(&t, "manifest.json",
		 "[{\"Config\":\"c.json\",\"RepoTags\":[\"l:1\",\"l:2\"],\"Layers\":"
		 "[\"one/layer.tar\",\"two/layer.tar\"]}]");
	assert_ok(load(f, tar_end(&t)));
	assert_layer(f, "l:1", 0, "f", "x");
	assert_layer(f, "l:2", 1, "f", "x");
	assert_int_equal(fixture_count(f, "tmp"), 0);
}

struct oci {
	struct blob plain[2], packed[2], config, manifest;
};

/* An OCI image of two layers, one of them gzip and one zstd. */
static void make_oci(struct oci *o)
{
	const struct blob *plain[] = { &o->plain[0], &o->plain[1] };
	const struct blob *packed[] = { &o->packed[0], &o->packed[1] };

	*o = (struct oci){
		.plain = { BLOB_NONE, BLOB_NONE },
		.packed = { BLOB_NONE, BLOB_NONE },
		.config = BLOB_NONE,
		.manifest = BLOB_NONE,
	};
	blob_layer(&o->plain[0], &o->packed[0], "gzip", "lower", "1");
	blob_layer(&o->plain[1], &o->packed[1], "zstd", "upper", "2");
	blob_config(&o->config, plain, 2, "\"Env\":[\"A=b\"]");
	blob_manifest(&o->manifest, &o->config, packed, 2);
}

static void oci_done(struct oci *o)
{
	blob_done(&o->plain[0]);
	blob_done(&o->plain[1]);
	blob_done(&o->packed[0]);
	blob_done(&o->packed[1]);
	blob_done(&o->config);
	blob_done(&o->manifest);
}
#define autooci __attribute__((cleanup(oci_done)))

static void put_oci(struct tar *t, const struct oci *o)
{
	put_blob(t, &o->packed[0]);
	put_blob(t, &o->packed[1]);
	put_blob(t, &o->config);
	put_blob(t, &o->manifest);
	tar_file(t, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
}

/* index.json with one manifest that has these further members. */
static char *index_of(const struct blob *manifest, const char *more)
{
	return alloc_printf("{\"manifests\":[{\"digest\":\"%s\",\"size\":%zu%s}]}",
			    manifest->digest, manifest->bytes.length, more);
}

static void test_oci(void **state)
{
	struct fixture *f = *state;
	struct oci o autooci;
	struct image *image autoimage = NULL;
	char *index autofree = NULL, *by_digest autofree = NULL;
	struct tar t = tar_begin(NULL);

	make_oci(&o);
	index = index_of(&o.manifest, ",\"annotations\":{\"io.containerd.image.name\":"
				      "\"docker.io/library/app:3\","
				      "\"org.opencontainers.image.ref.name\":\"3\"}");
	put_oci(&t, &o);
	tar_file(&t, "index.json", index);
	assert_ok(load(f, tar_end(&t)));
	assert_string_equal(f->said[0], "Loaded image: app:3");
	assert_layer(f, "app:3", 0, "lower", "1");
	assert_layer(f, "app:3", 1, "upper", "2");
	by_digest = alloc_printf("app@%s", o.manifest.digest);
	assert_ok(image_find(f->store, by_digest, &image));
	assert_string_equal(image->id, o.config.digest);
	assert_string_equal(image->digests[0], by_digest);
	assert_string_equal(image->config.env[0], "A=b");
	assert_int_equal(fixture_count(f, "blobs/sha256"), 4); /* manifest, config, two layers */
}

static void write_blob(int dir, const struct blob *b)
{
	int fd = openat(dir, digest_hex(b->digest), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_ok(fd_write_all(fd, b->bytes.data, b->bytes.length));
	close(fd);
}

/* An OCI layout as a directory; names by the annotation that podman and buildah write. */
static int make_layout(char path[32], const struct oci *o)
{
	char *index autofree = index_of(
		&o->manifest,
		",\"annotations\":{\"org.opencontainers.image.ref.name\":\"localhost/app:4\"}");
	int dir = test_make_dir(path), blobs;

	assert_int_equal(mkdirat(dir, "blobs", 0755), 0);
	assert_int_equal(mkdirat(dir, "blobs/sha256", 0755), 0);
	blobs = openat(dir, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_blob(blobs, &o->packed[0]);
	write_blob(blobs, &o->packed[1]);
	write_blob(blobs, &o->config);
	write_blob(blobs, &o->manifest);
	close(blobs);
	test_write_file(dir, "index.json", index);
	return dir;
}

static void test_directory(void **state)
{
	struct fixture *f = *state;
	struct oci o autooci;
	char path[32];
	int dir;

	make_oci(&o);
	dir = make_layout(path, &o);
	assert_ok(load(f, dir));
	assert_string_equal(f->said[0], "Loaded image: localhost/app:4");
	assert_layer(f, "localhost/app:4", 1, "upper", "2");
	assert_ok(path_remove_tree(AT_FDCWD, path));
}

/* A link in a layout directory could name any file of the host. */
static void test_directory_with_links(void **state)
{
	struct fixture *f = *state;
	struct oci o autooci;
	char path[32];
	int dir;

	make_oci(&o);
	dir = make_layout(path, &o);
	assert_int_equal(renameat(dir, "index.json", dir, "real.json"), 0);
	assert_int_equal(symlinkat("real.json", dir, "index.json"), 0);
	assert_fails(load(f, dir), ERROR_SYSTEM, "Too many levels of symbolic links");
	assert_ok(path_remove_tree(AT_FDCWD, path));
	fixture_assert_empty(f);
}

static void test_platforms(void **state)
{
	struct fixture *f = *state;
	struct oci o autooci;
	char *index autofree = NULL, *foreign autofree = NULL;
	struct tar t = tar_begin(NULL);

	make_oci(&o);
	index = alloc_printf(
		"{\"manifests\":[{\"digest\":\"sha256:%064d\",\"size\":1,\"platform\":"
		"{\"architecture\":\"mips\",\"os\":\"linux\"}},{\"digest\":\"%s\",\"size\":%zu,"
		"\"platform\":{\"architecture\":\"%s\",\"os\":\"linux\"}},{\"digest\":"
		"\"sha256:%064d\",\"size\":1,\"platform\":{\"architecture\":\"unknown\",\"os\":"
		"\"unknown\"}}]}",
		0, o.manifest.digest, o.manifest.bytes.length, config_host_architecture(), 1);
	put_oci(&t, &o);
	tar_file(&t, "index.json", index);
	assert_ok(load(f, tar_end(&t)));
	assert_layer(f, o.config.digest, 1, "upper", "2");

	foreign =
		alloc_printf("{\"manifests\":[{\"digest\":\"sha256:%064d\",\"size\":1,\"platform\":"
			     "{\"architecture\":\"mips\",\"os\":\"linux\"}},{\"digest\":"
			     "\"sha256:%064d\",\"size\":1,\"platform\":{\"architecture\":\"vax\","
			     "\"os\":\"bsd\",\"variant\":\"v1\"}}]}",
			     0, 1);
	t = tar_begin(NULL);
	tar_file(&t, "index.json", foreign);
	assert_fails(load(f, tar_end(&t)), ERROR_UNSUPPORTED, "only for linux/mips, bsd/vax/v1");
}

/* An index inside index.json, as buildx and skopeo --all write it. */
static void test_nested_index(void **state)
{
	struct fixture *f = *state;
	struct oci o autooci;
	struct blob nested autoblob = BLOB_NONE;
	char *index autofree = NULL;
	struct tar t = tar_begin(NULL);

	make_oci(&o);
	assert_ok(buf_printf(&nested.bytes,
			     "{\"manifests\":[{\"digest\":\"%s\",\"size\":%zu,\"platform\":"
			     "{\"architecture\":\"%s\",\"os\":\"linux\"}}]}",
			     o.manifest.digest, o.manifest.bytes.length,
			     config_host_architecture()));
	blob_seal(&nested);
	index = index_of(&nested, ",\"mediaType\":\"application/vnd.oci.image.index.v1+json\"");
	put_oci(&t, &o);
	put_blob(&t, &nested);
	tar_file(&t, "index.json", index);
	assert_ok(load(f, tar_end(&t)));
	assert_layer(f, o.config.digest, 0, "lower", "1");
}

/* Loads the OCI archive with one of its blobs changed under its old name. */
static struct error *load_changed(struct fixture *f, struct oci *o, struct blob *changed)
{
	char *index autofree = index_of(&o->manifest, "");
	struct tar t = tar_begin(NULL);

	changed->bytes.data[changed->bytes.length / 2] ^= 1;
	put_oci(&t, o);
	tar_file(&t, "index.json", index);
	return load(f, tar_end(&t));
}

static void test_wrong_digests(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++) {
		struct oci o autooci;
		struct blob *all[] = { &o.manifest, &o.config, &o.packed[0], &o.packed[1] };

		make_oci(&o);
		assert_fails(load_changed(f, &o, all[i]), ERROR_UNTRUSTED,
			     "does not match its digest");
		fixture_assert_empty(f);
	}
}

/* Right blobs, but the config says that the layers are others. */
static void test_wrong_diff_id(void **state)
{
	struct fixture *f = *state;
	struct oci o autooci;
	const struct blob *packed[] = { &o.packed[0], &o.packed[1] };
	char *index autofree = NULL;
	struct tar t = tar_begin(NULL);

	make_oci(&o);
	buf_done(&o.config.bytes);
	blob_config(&o.config, packed, 2, "");
	buf_done(&o.manifest.bytes);
	blob_manifest(&o.manifest, &o.config, packed, 2);
	index = index_of(&o.manifest, "");
	put_oci(&t, &o);
	tar_file(&t, "index.json", index);
	assert_fails(load(f, tar_end(&t)), ERROR_UNTRUSTED, "diff id");
	fixture_assert_empty(f);
}

/* The length of the archive without the zeros at its end, which nobody would miss. */
static off_t length_of_content(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char byte = 0;

	while (!byte)
		assert_int_equal(pread(fd, &byte, 1, --end), 1);
	return end;
}

static void test_truncated(void **state)
{
	struct fixture *f = *state;
	int fd = docker_archive("t:1", "a", "b");
	off_t length = length_of_content(fd);

	close(fd);
	for (off_t at = 100; at < length; at += 700) {
		fd = docker_archive("t:1", "a", "b");
		assert_int_equal(ftruncate(fd, at), 0);
		assert_fails(load(f, fd), ERROR_BAD_INPUT, "");
		fixture_assert_empty(f);
	}
}

static void test_not_an_archive(void **state)
{
	static const struct {
		const char *file, *text, *error;
	} cases[] = {
		{ "other", "x", "not an image archive" },
		{ "manifest.json", "{", "manifest.json: line 1" },
		{ "manifest.json", "[]", "has no image" },
		{ "manifest.json", "[{\"Config\":\"c\",\"Layers\":[]}]", "c: not in the archive" },
		{ "manifest.json", "[{\"Config\":\"c\",\"RepoTags\":[\"A B\"],\"Layers\":[]}]",
		  "invalid reference format" },
		{ "index.json", "{\"manifests\":[{\"digest\":\"../../x\",\"size\":1}]}",
		  "not a sha256 digest" },
		{ "index.json", "{\"manifests\":[]}", "has no image" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tar t = tar_begin(NULL);
		struct error *err;

		tar_file(&t, cases[i].file, cases[i].text);
		err = load(f, tar_end(&t));
		assert_non_null(err);
		if (!strstr(error_message(err), cases[i].error))
			fail_msg("%s", error_message(err));
		error_free(err);
		fixture_assert_empty(f);
	}
}

static void test_missing_layer(void **state)
{
	struct fixture *f = *state;
	struct oci o autooci;
	char *index autofree = NULL;
	struct tar t = tar_begin(NULL);

	make_oci(&o);
	index = index_of(&o.manifest, "");
	put_blob(&t, &o.packed[0]);
	put_blob(&t, &o.config);
	put_blob(&t, &o.manifest);
	tar_file(&t, "index.json", index);
	assert_fails(load(f, tar_end(&t)), ERROR_NOT_FOUND, "not in the archive");
	fixture_assert_empty(f);
}

static void test_name_moves(void **state)
{
	struct fixture *f = *state;
	struct image *old autoimage = NULL;
	struct image *now autoimage = NULL;
	struct image *again autoimage = NULL;

	assert_ok(load(f, docker_archive("app:1", "f", "old")));
	assert_ok(image_find(f->store, "app:1", &old));
	assert_ok(load(f, docker_archive("app:1", "f", "new")));
	assert_int_equal(strv_length(f->said), 2);
	assert_memory_equal(f->said[0], "The image app:1 already exists, renaming", 40);
	assert_layer(f, "app:1", 0, "f", "new");
	assert_ok(image_find(f->store, old->id, &now));
	assert_null(now->names);
	/* the same once more changes nothing and says nothing of it */
	assert_ok(load(f, docker_archive("app:1", "f", "new")));
	assert_int_equal(strv_length(f->said), 1);
	assert_ok(image_find(f->store, "app:1", &again));
}

static void test_from_a_pipe(void **state)
{
	struct fixture *f = *state;
	int archive = docker_archive("app:1", "f", "piped"), ends[2];
	struct buf bytes autobuf = BUF_MAX(1 << 20);

	assert_ok(fd_read_all(archive, &bytes));
	close(archive);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > (int)bytes.length);
	assert_ok(fd_write_all(ends[1], bytes.data, bytes.length));
	close(ends[1]);
	assert_ok(load(f, ends[0]));
	assert_layer(f, "app:1", 0, "f", "piped");
	assert_int_equal(fixture_count(f, "tmp"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_docker),
		STORE_TEST(test_without_a_name),
		STORE_TEST(test_names_are_bytes),
		STORE_TEST(test_linked_layer),
		STORE_TEST(test_oci),
		STORE_TEST(test_directory),
		STORE_TEST(test_directory_with_links),
		STORE_TEST(test_platforms),
		STORE_TEST(test_nested_index),
		STORE_TEST(test_wrong_digests),
		STORE_TEST(test_wrong_diff_id),
		STORE_TEST(test_truncated),
		STORE_TEST(test_not_an_archive),
		STORE_TEST(test_missing_layer),
		STORE_TEST(test_name_moves),
		STORE_TEST(test_from_a_pipe),
	};

	return TEST_MAIN(tests);
}
