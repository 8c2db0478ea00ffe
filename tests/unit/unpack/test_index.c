#include "unit/tar.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/msg.h"
#include "helpers/unpack/index.h"

/* One reported entry, and whether the bytes at its offset are what was put there. */
struct listed {
	char *name, *link;
	uint64_t type, size, offset;
};

static void listed_done(struct listed *e)
{
	free(e->name);
	free(e->link);
}
#define autolisted __attribute__((cleanup(listed_done)))

static uint32_t next(int report, struct listed *ret)
{
	struct buf payload autobuf = BUF_MAX(UNPACK_PAYLOAD_MAX);
	struct msg_cursor c;
	uint32_t type;

	assert_ok(msg_read(report, &type, &payload));
	if (type != UNPACK_ENTRY)
		return type;
	c = msg_begin(&payload);
	assert_ok(msg_get_text(&c, 4096, &ret->name));
	assert_ok(msg_get_u64(&c, &ret->type));
	assert_ok(msg_get_u64(&c, &ret->size));
	assert_ok(msg_get_u64(&c, &ret->offset));
	assert_ok(msg_get_text(&c, 4096, &ret->link));
	assert_ok(msg_end(&c));
	return type;
}

static struct error *list(int archive, int *ret_report)
{
	struct report report = { .fd = memfd_create("report", MFD_CLOEXEC) };
	struct error *err = index_archive(archive, &report);

	assert_int_equal(lseek(report.fd, 0, SEEK_SET), 0);
	*ret_report = report.fd;
	return err;
}

/* The archive, and what is reported of it. */
struct source {
	int archive, report;
};

static void assert_entry(struct source s, const char *name, uint64_t type, const char *content,
			 const char *link)
{
	struct listed e autolisted = { 0 };
	char *bytes autofree = NULL;

	assert_int_equal(next(s.report, &e), UNPACK_ENTRY);
	assert_string_equal(e.name, name);
	assert_int_equal(e.type, type);
	assert_int_equal(e.size, strlen(content));
	assert_string_equal(e.link, link);
	bytes = alloc_zeroed(e.size + 1, 1);
	assert_int_equal(pread(s.archive, bytes, e.size, (off_t)e.offset), e.size);
	assert_string_equal(bytes, content);
}

static void test_entries(void **state)
{
	char *long_name autofree = alloc_printf("%0200d/%0200d", 0, 1);
	struct listed none autolisted = { 0 };
	struct tar t = tar_begin(NULL);
	int archive, report;

	(void)state;
	tar_dir(&t, "dir/");
	tar_file(&t, "dir/file", "content");
	tar_file(&t, "empty", "");
	tar_file(&t, long_name, "after a longer header");
	tar_symlink(&t, "link", "dir/file");
	tar_hard_link(&t, "hard", "dir/file");
	tar_put(&t, tar_entry("fifo", S_IFIFO | 0600), NULL);
	archive = tar_end(&t);
	assert_ok(list(archive, &report));
	assert_entry((struct source){ archive, report }, "dir/", UNPACK_DIRECTORY, "", "");
	assert_entry((struct source){ archive, report }, "dir/file", UNPACK_FILE, "content", "");
	assert_entry((struct source){ archive, report }, "empty", UNPACK_FILE, "", "");
	assert_entry((struct source){ archive, report }, long_name, UNPACK_FILE,
		     "after a longer header", "");
	assert_entry((struct source){ archive, report }, "link", UNPACK_SYMLINK, "", "dir/file");
	assert_entry((struct source){ archive, report }, "hard", UNPACK_HARD_LINK, "", "dir/file");
	assert_entry((struct source){ archive, report }, "fifo", UNPACK_OTHER, "", "");
	assert_int_equal(next(report, &none), UNPACK_DONE);
	close(archive);
	close(report);
}

/* Large members are skipped, not read; the offsets stay right. */
static void test_large_members(void **state)
{
	struct tar t = tar_begin(NULL);
	int archive, report;

	(void)state;
	for (int i = 0; i < 3; i++) {
		char *name autofree = alloc_printf("%d", i);
		struct archive_entry *e = tar_entry(name, S_IFREG | 0644);
		static char piece[3 << 20];

		memset(piece, '0' + i, sizeof(piece) - 1);
		tar_put(&t, e, piece);
	}
	archive = tar_end(&t);
	assert_ok(list(archive, &report));
	for (int i = 0; i < 3; i++) {
		struct listed e autolisted = { 0 };
		char first, last;

		assert_int_equal(next(report, &e), UNPACK_ENTRY);
		assert_int_equal(e.size, (3 << 20) - 1);
		assert_int_equal(pread(archive, &first, 1, (off_t)e.offset), 1);
		assert_int_equal(pread(archive, &last, 1, (off_t)(e.offset + e.size - 1)), 1);
		assert_int_equal(first, '0' + i);
		assert_int_equal(last, '0' + i);
	}
	close(archive);
	close(report);
}

static void test_refused(void **state)
{
	char *long_name autofree = alloc_printf("%05000d", 0);
	struct tar t = tar_begin(NULL);
	int archive, report;

	(void)state;
	tar_file(&t, long_name, "x");
	archive = tar_end(&t);
	assert_fails(list(archive, &report), ERROR_LIMIT, "longer than 4096");
	close(archive);
	close(report);
	archive = memfd_create("text", MFD_CLOEXEC);
	assert_ok(fd_write_all(archive, "no archive", 10));
	assert_int_equal(lseek(archive, 0, SEEK_SET), 0);
	assert_fails(list(archive, &report), ERROR_BAD_INPUT, "tar");
	close(archive);
	close(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_large_members),
		cmocka_unit_test(test_refused),
	};

	return TEST_MAIN(tests);
}
