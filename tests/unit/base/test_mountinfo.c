/* base/mountinfo.c: the mounts of this process, their parents and names. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mountinfo.h"
#include "unit/test.h"

static const struct mountinfo_line *find(const struct mountinfo *m, const char *path)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->list[i].path, path) == 0)
			return &m->list[i];
	return NULL;
}

static void names_have_no_escapes(void **state)
{
	struct mountinfo m automountinfo = { 0 };
	const struct mountinfo_line *outer, *inner;
	char dir[32], odd[64], below[80];
	int fd = test_make_dir(dir);

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	snprintf(odd, sizeof(odd), "%s/a b\\c\t1", dir);
	snprintf(below, sizeof(below), "%s/below", odd);
	assert_int_equal(mkdir(odd, 0700), 0);
	assert_int_equal(mount("tmpfs", odd, "tmpfs", 0, "size=4k"), 0);
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(mount("tmpfs", below, "tmpfs", 0, "size=8k"), 0);
	assert_ok(mountinfo_read(&m));
	outer = find(&m, odd);
	inner = find(&m, below);
	assert_non_null(outer);
	assert_non_null(inner);
	assert_string_equal(outer->type, "tmpfs");
	assert_string_equal(outer->root, "/");
	assert_non_null(strstr(outer->super, "size=4k"));
	assert_true(inner->parent == outer->id);
	assert_true(inner > outer);
	assert_int_equal(umount2(odd, MNT_DETACH), 0);
	rmdir(odd);
	close(fd);
	rmdir(dir);
}

/* Only what stands after the fields is a separator: a name can be "-" as well. */
static void a_dash_is_a_name_too(void **state)
{
	struct mountinfo m automountinfo = { 0 };

	(void)state;
	mountinfo_parse(strdup("22 1 0:21 / - rw shared:1 master:2 - tmpfs none rw,size=4k\n"
			       "23 1 0:21 / /x rw - proc - rw\n"
			       "24 1 0:21 / /x rw\n"
			       "25 1 0:21 / /x rw - tmpfs none\n"),
			&m);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.list[0].path, "-");
	assert_string_equal(m.list[0].type, "tmpfs");
	assert_string_equal(m.list[0].super, "rw,size=4k");
	assert_string_equal(m.list[1].type, "proc");
	assert_string_equal(m.list[1].super, "rw");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_no_escapes),
		cmocka_unit_test(a_dash_is_a_name_too),
	};

	return TEST_MAIN(tests);
}
