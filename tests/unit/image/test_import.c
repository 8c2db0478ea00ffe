#include "unit/image/store_fixture.h"

#include <sys/stat.h>
#include <sys/xattr.h>

/* An archive of a small root file system through @filter. */
static int root_archive(const char *filter)
{
	struct tar t = tar_begin(filter);
	struct archive_entry *e = tar_entry("home/user", S_IFDIR | 0750);

	tar_dir(&t, ".");
	tar_file(&t, "etc/hostname", "imported");
	archive_entry_set_uid(e, 1000);
	archive_entry_set_gid(e, 100);
	tar_put(&t, e, NULL);
	return tar_end(&t);
}

static struct error *import_from(struct fixture *f, int fd, const struct image_import *import,
				 char id[DIGEST_SIZE])
{
	struct error *err = image_import(f->store, fd, import, id);

	close(fd);
	return err;
}

static void test_formats(void **state)
{
	static const char *const filters[] = { NULL, "gzip", "zstd", "xz", "bzip2" };
	struct fixture *f = *state;
	const struct image_import import = { .reference = "root:1" };

	for (size_t i = 0; i < 5; i++) {
		char *text autofree = NULL;
		char id[DIGEST_SIZE];

		assert_ok(import_from(f, root_archive(filters[i]), &import, id));
		text = layer_text(f, "root:1", 0, "etc/hostname");
		assert_string_equal(text, "imported");
	}
	assert_int_equal(fixture_count(f, "layers"), 1); /* the same bytes each time */
	assert_int_equal(fixture_count(f, "tmp"), 0);
}

static void test_config(void **state)
{
	struct fixture *f = *state;
	char *changes[] = { (char *)"CMD [\"/bin/sh\"]", (char *)"ENV A=b", (char *)"USER user",
			    NULL };
	const struct image_import import = {
		.reference = "root:1",
		.message = "made by hand",
		.changes = changes,
	};
	struct image *image autoimage = NULL;
	char id[DIGEST_SIZE];

	assert_ok(import_from(f, root_archive(NULL), &import, id));
	assert_ok(image_find(f->store, id, &image));
	assert_string_equal(image->names[0], "root:1");
	assert_string_equal(image->comment, "made by hand");
	assert_string_equal(image->config.cmd[0], "/bin/sh");
	assert_string_equal(image->config.env[0], "A=b");
	assert_string_equal(image->config.user, "user");
	assert_string_equal(image->architecture, config_host_architecture());
	assert_int_equal(strv_length(image->diff_ids), 1);
	assert_string_equal(image->layers[0], digest_hex(image->diff_ids[0]));
}

static void test_without_a_name(void **state)
{
	struct fixture *f = *state;
	const struct image_import import = { 0 };
	struct image *image autoimage = NULL;
	char id[DIGEST_SIZE];

	assert_ok(import_from(f, root_archive(NULL), &import, id));
	assert_ok(image_find(f->store, id, &image));
	assert_null(image->names);
}

/* What is on disk holds the ids of the archive, whoever unpacked it. */
static void test_ids_on_disk(void **state)
{
	struct fixture *f = *state;
	const struct image_import import = { .reference = "root:1" };
	struct image *image autoimage = NULL;
	char id[DIGEST_SIZE];
	struct stat st;
	size_t n;
	int fd;

	assert_ok(import_from(f, root_archive(NULL), &import, id));
	assert_ok(image_find(f->store, "root:1", &image));
	assert_ok(image_open_layers(f->store, image, &fd, 1, &n));
	assert_int_equal(fstatat(fd, "home/user", &st, 0), 0);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_gid, 100);
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_int_equal(fstatat(fd, "etc/hostname", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
	close(fd);
}

/* A file capability is every container's own root's: no root id is stored with it but 0. */
static void test_capability_on_disk(void **state)
{
	static const char cap[20] = "\1\0\0\2\0\4";
	struct fixture *f = *state;
	const struct image_import import = { .reference = "root:1" };
	struct tar t = tar_begin(NULL);
	struct archive_entry *e = tar_entry("program", S_IFREG | 0755);
	struct image *image autoimage = NULL;
	char id[DIGEST_SIZE], value[32];
	size_t n;
	int fd;

	archive_entry_xattr_add_entry(e, "security.capability", cap, sizeof(cap));
	tar_put(&t, e, "x");
	assert_ok(import_from(f, tar_end(&t), &import, id));
	assert_ok(image_find(f->store, "root:1", &image));
	assert_ok(image_open_layers(f->store, image, &fd, 1, &n));
	assert_int_equal(fchdir(fd), 0);
	/* read by the host's root, to whom version 3 with root id 0 is shown as version 2 */
	assert_int_equal(getxattr("program", "security.capability", value, sizeof(value)), 20);
	assert_memory_equal(value, cap, 20);
	assert_int_equal(chdir("/"), 0);
	close(fd);
}

static void test_records(void **state)
{
	struct fixture *f = *state;
	const struct image_import import = { .reference = "root:1" };
	struct tar t = tar_begin(NULL);
	struct archive_entry *e = tar_entry("dev/sda", S_IFBLK | 0660);
	struct image *image autoimage = NULL;
	char *devices autofree = NULL, *owners autofree = NULL, *path autofree = NULL;
	char *owners_path autofree = NULL;
	char id[DIGEST_SIZE];

	archive_entry_set_rdevmajor(e, 8);
	archive_entry_set_gid(e, 6);
	tar_put(&t, e, NULL);
	e = tar_entry("quote\"d", S_IFREG | 0644);
	archive_entry_set_uid(e, 70000);
	tar_put(&t, e, "x");
	assert_ok(import_from(f, tar_end(&t), &import, id));
	assert_ok(image_find(f->store, "root:1", &image));
	path = alloc_printf("layers/%s/devices", image->layers[0]);
	owners_path = alloc_printf("layers/%s/owners", image->layers[0]);
	assert_ok(path_read_text(f->root, path, 4096, &devices));
	assert_string_equal(devices,
			    "{\"path\":\"dev/sda\",\"type\":\"b\",\"mode\":432,\"major\":8,"
			    "\"minor\":0,\"uid\":0,\"gid\":6}\n");
	assert_ok(path_read_text(f->root, owners_path, 4096, &owners));
	assert_string_equal(owners, "{\"path\":\"quote\\\"d\",\"uid\":70000,\"gid\":0}\n");
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	char *changes[] = { (char *)"RUN true", NULL };
	const struct image_import bad_name = { .reference = "Bad Name" };
	const struct image_import bad_change = { .changes = changes };
	const struct image_import good = { 0 };
	char id[DIGEST_SIZE];
	int fd;

	assert_fails(import_from(f, root_archive(NULL), &bad_name, id), ERROR_BAD_INPUT,
		     "invalid reference format");
	assert_fails(import_from(f, root_archive(NULL), &bad_change, id), ERROR_BAD_INPUT,
		     "is not a change");
	assert_fails(import_from(f, open(f->path, O_RDONLY | O_CLOEXEC), &good, id),
		     ERROR_BAD_INPUT, "a directory");
	fd = memfd_create("text", MFD_CLOEXEC);
	assert_ok(fd_write_all(fd, "this is not an archive", 22));
	assert_fails(import_from(f, fd, &good, id), ERROR_BAD_INPUT, "tar");
	fd = root_archive("gzip");
	assert_int_equal(ftruncate(fd, 60), 0);
	assert_fails(import_from(f, fd, &good, id), ERROR_BAD_INPUT, "gzip data: it ends early");
	fixture_assert_empty(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_formats),
		STORE_TEST(test_config),
		STORE_TEST(test_without_a_name),
		STORE_TEST(test_ids_on_disk),
		STORE_TEST(test_capability_on_disk),
		STORE_TEST(test_records),
		STORE_TEST(test_refused),
	};

	return TEST_MAIN(tests);
}
